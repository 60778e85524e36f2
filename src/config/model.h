/* SPDX-License-Identifier: MIT
 *
 * The configuration and state of one interface, as data: a device and its peers in the order they were told.
 *
 * It is made by model_init(), filled by a reader (uapi_get.h), and ended by model_free(), the one place that
 * wipes and frees its keys. Growing an array moves it: pointers to peers live until the next peer is added.
 * Replaced arrays held keys too and are wiped before they are given back.
 * Used by one thread at a time. Errors: negative errno. Times are wall clock seconds since 1970.
 */
#ifndef CONFIG_MODEL_H
#define CONFIG_MODEL_H

#include "config/address.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model_peer {
    uint8_t public_key[VOLE_KEY_BYTES];
    uint8_t preshared_key[VOLE_KEY_BYTES]; /* secret; all zero: none */
    struct vole_endpoint endpoint;         /* address.family 0: none */
    char zone[ADDRESS_ZONE_BYTES];         /* the endpoint's zone if it names no interface here, else "" */
    uint16_t persistent_keepalive_s;       /* 0: off */
    uint32_t latest_handshake_ns;
    int64_t latest_handshake_s; /* 0: never */
    uint64_t received_bytes;
    uint64_t sent_bytes;
    struct vole_prefix *allowed_ips;
    size_t allowed_ip_count;
    size_t allowed_ip_capacity;
};

struct model_device {
    bool has_private_key;
    uint8_t private_key[VOLE_KEY_BYTES]; /* secret */
    uint8_t public_key[VOLE_KEY_BYTES];  /* derived from the private key */
    uint16_t listen_port;                /* 0: not known */
    uint32_t fwmark;                     /* 0: off */
    struct model_peer *peers;
    size_t peer_count;
    size_t peer_capacity;
};

/* An empty device in the caller's memory. */
void model_init(struct model_device *device);
/* Wipes and frees everything below device and makes it empty again. */
void model_free(struct model_device *device);
/* Stores the key and derives the public one; all zero removes both. */
void model_set_private_key(struct model_device *device, const uint8_t private_key[static VOLE_KEY_BYTES]);
/* Appends an empty peer. NULL: out of memory. Valid until the next call. */
VOLE_MUST_CHECK struct model_peer *model_add_peer(struct model_device *device,
                                                  const uint8_t public_key[static VOLE_KEY_BYTES]);
/* Appends a prefix. -ENOMEM. */
VOLE_MUST_CHECK int model_allow(struct model_peer *peer, const struct vole_prefix *prefix);

#endif
