/* SPDX-License-Identifier: MIT
 *
 * The kernel's own WireGuard over generic netlink: reading an interface, changing one, listing, making and
 * removing them (kernel-netlink §1 to §6).
 *
 * Reading hands out pieces as they come, in the kernel's order: the device once, then each peer once,
 * followed by its allowed IPs; a peer that the kernel split over messages is put together again. If the
 * configuration changed meanwhile (NLM_F_DUMP_INTR), restart() is called and everything comes again from the
 * beginning. Changing takes pieces in the same way, packs as many as fit into each message, sends, and waits
 * for each acknowledgement; what was applied before an error stays (the kernel has no rollback).
 *
 * Structures and callers are those of any client: nothing of vole's configuration model is known here.
 * Buffers that carried keys are wiped. One thread per session. Results: 0 or a negative errno, the kernel's
 * own where it answered with one; a callback's error ends the reading and is returned.
 */
#ifndef VOLE_LINUX_WIREGUARD_NETLINK_H
#define VOLE_LINUX_WIREGUARD_NETLINK_H

#include "vole.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- reading ---- */

struct wireguard_device {
    char name[IFNAMSIZ];
    uint32_t index;
    bool has_private_key;
    uint8_t private_key[VOLE_KEY_BYTES]; /* secret */
    uint8_t public_key[VOLE_KEY_BYTES];
    uint16_t listen_port;
    uint32_t fwmark;
};

struct wireguard_peer {
    uint8_t public_key[VOLE_KEY_BYTES];
    uint8_t preshared_key[VOLE_KEY_BYTES]; /* secret; zeros: none */
    struct vole_endpoint endpoint;         /* address.family 0: none */
    uint16_t persistent_keepalive_s;
    int64_t latest_handshake_s; /* 0: never */
    uint32_t latest_handshake_ns;
    uint64_t received_bytes;
    uint64_t sent_bytes;
};

/* All called from wireguard_netlink_get(); negative errno ends it. */
struct wireguard_reader {
    void *context;
    int (*restart)(void *context); /* forget what came so far */
    int (*device)(void *context, const struct wireguard_device *device);
    int (*peer)(void *context, const struct wireguard_peer *peer);
    int (*allowed_ip)(void *context, const struct vole_prefix *prefix); /* of the latest peer */
};

/* -ENODEV, -EOPNOTSUPP: no WireGuard interface, -EPROTONOSUPPORT: no such driver, -EPERM, -ENAMETOOLONG;
 * -EBADMSG: not what a kernel answers; -EBUSY: it never stays the same while it is read. */
VOLE_MUST_CHECK int wireguard_netlink_get(const char *name, const struct wireguard_reader *reader);

/* Calls each(context, name) for every WireGuard interface of the kernel in this namespace. */
VOLE_MUST_CHECK int wireguard_netlink_list(int (*each)(void *context, const char *name), void *context);

/* ---- changing ---- */

struct wireguard_device_change {
    bool has_private_key, has_listen_port, has_fwmark, replace_peers;
    const uint8_t *private_key; /* borrowed; zeros remove it */
    uint16_t listen_port;
    uint32_t fwmark;
};

struct wireguard_peer_change {
    const uint8_t *public_key; /* borrowed */
    bool remove, replace_allowed_ips;
    bool update; /* a peer that is not there does not come */
    bool has_preshared_key, has_endpoint, has_persistent_keepalive;
    const uint8_t *preshared_key; /* borrowed; zeros remove it */
    const struct vole_endpoint *endpoint;
    uint16_t persistent_keepalive_s;
};

/* One change of one interface, on its way. Opaque: it holds a socket and a message that may carry keys. */
struct wireguard_change;

/* NULL and *error: as of wireguard_netlink_get(), or -ENOMEM. */
VOLE_MUST_CHECK struct wireguard_change *wireguard_change_begin(const char *name,
                                                                const struct wireguard_device_change *device,
                                                                int *error);
/* Starts the next peer; the allowed IPs that follow are its. After an error nothing more is sent, and the
 * same error comes again. */
VOLE_MUST_CHECK int wireguard_change_peer(struct wireguard_change *change,
                                          const struct wireguard_peer_change *peer);
VOLE_MUST_CHECK int wireguard_change_allowed_ip(struct wireguard_change *change,
                                                const struct vole_prefix *prefix, bool remove);
/* Sends what is left, wipes and frees. Returns the first error. */
VOLE_MUST_CHECK int wireguard_change_end(struct wireguard_change *change);

/* ---- interfaces ---- */

/* -EOPNOTSUPP: the kernel has no WireGuard; -EEXIST; -EPERM. */
VOLE_MUST_CHECK int wireguard_link_create(const char *name);

#endif
