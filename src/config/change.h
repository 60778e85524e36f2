/* SPDX-License-Identifier: MIT
 *
 * What is to be changed on a device: the one thing that `set`, `setconf`, `addconf`, `syncconf`, `up` and
 * `apply` produce, and that both kinds of interface (config/uapi_change.h, linux/wireguard_netlink.h) are
 * told.
 *
 * Only what is marked as given changes. Peers and their allowed IPs are applied in order; the same peer may
 * occur twice. A zero key, port, mark or interval that is given means "none".
 * Made by change_init(), ended by change_free(), the one place that wipes and frees its keys; growing an
 * array moves it: pointers to peers live until the next peer is added. Used by one thread at a time. Errors:
 * negative errno. Spec: uapi §3, kernel-netlink §3 and §5.
 */
#ifndef CONFIG_CHANGE_H
#define CONFIG_CHANGE_H

#include "config/model.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct change_allowed_ip {
    struct vole_prefix prefix; /* host bits as they were written */
    bool remove;               /* take it from this peer, if it is this peer's */
};

struct change_peer {
    uint8_t public_key[VOLE_KEY_BYTES];
    uint8_t preshared_key[VOLE_KEY_BYTES]; /* secret */
    struct vole_endpoint endpoint;         /* without source */
    uint16_t persistent_keepalive_s;
    bool remove; /* nothing else of this peer is looked at then */
    bool update; /* a peer that is not there (any more) does not come */
    bool has_preshared_key;
    bool has_endpoint;
    bool has_persistent_keepalive;
    bool replace_allowed_ips; /* those it has go first */
    struct change_allowed_ip *allowed_ips;
    size_t allowed_ip_count;
    size_t allowed_ip_capacity;
};

struct change {
    uint8_t private_key[VOLE_KEY_BYTES]; /* secret */
    uint32_t fwmark;
    uint16_t listen_port; /* 0: any free one */
    bool has_private_key;
    bool has_listen_port;
    bool has_fwmark;
    bool replace_peers; /* those it has go first */
    struct change_peer *peers;
    size_t peer_count;
    size_t peer_capacity;
};

/* An empty change in the caller's memory. */
void change_init(struct change *change);
/* Wipes and frees everything below change and makes it empty again. */
void change_free(struct change *change);
/* Nothing is given: applying it would do nothing. */
VOLE_MUST_CHECK bool change_is_empty(const struct change *change);
/* Appends a peer of which nothing is given. NULL: out of memory. Valid until the next call. */
VOLE_MUST_CHECK struct change_peer *change_add_peer(struct change *change,
                                                    const uint8_t public_key[static VOLE_KEY_BYTES]);
/* Appends a prefix. -ENOMEM. */
VOLE_MUST_CHECK int change_allow(struct change_peer *peer, const struct vole_prefix *prefix, bool remove);

/* Turns the change that describes a whole configuration (replace_peers, as setconf's) into the smallest one
 * that makes it out of running, keeping sessions: peers that are only running are removed, others are written
 * with what differs only. What a peer does not give is reset: preshared key and interval to none; an endpoint
 * that is not given stays. With whole_device, a private key, port or mark that is not given is reset as well.
 * Both lists may have any order; a peer that wanted has twice counts as one. difference must be initialised
 * and is to be freed whatever the result. -ENOMEM. Spec: config §5. */
VOLE_MUST_CHECK int change_between(struct change *difference, const struct model_device *running,
                                   const struct change *wanted, bool whole_device);

#endif
