/* SPDX-License-Identifier: MIT
 *
 * Whose each allowed IP is before and after a difference of change_between() is applied, and from that, what
 * each peer gains and loses, and to whom: a prefix has one owner at a time.
 *
 * Keys are borrowed from the running device and the difference, which must stay as they are meanwhile. Zeros
 * are empty; freed by allowed_ip_owners_free(). O(n log n) of all allowed IPs. Spec: cryptokey-routing §2.
 */
#ifndef CLI_ALLOWED_IP_OWNERS_H
#define CLI_ALLOWED_IP_OWNERS_H

#include "config/change.h"
#include "config/model.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct allowed_ip_owner {
    struct vole_prefix network; /* masked */
    const uint8_t *before;      /* public key; NULL: nobody */
    const uint8_t *after;
};

/* A peer gains or loses a network. */
struct allowed_ip_move {
    const uint8_t *peer;
    struct vole_prefix network;
    const uint8_t *other; /* who had it, or who has it then; NULL: nobody */
    bool gained;
};

struct allowed_ip_running {
    const struct model_peer *peer;
};

struct allowed_ip_owners {
    struct allowed_ip_running *running; /* all peers of the running device, by key */
    size_t running_count;
    struct allowed_ip_owner *networks; /* by family, address, length */
    size_t count;
    struct allowed_ip_move *moves; /* by peer, lost before gained, network */
    size_t move_count;
};

/* -ENOMEM. To be freed whatever the result. */
VOLE_MUST_CHECK int allowed_ip_owners_find(struct allowed_ip_owners *owners,
                                           const struct model_device *running,
                                           const struct change *difference);
void allowed_ip_owners_free(struct allowed_ip_owners *owners);

/* NULL: there is no such peer now. */
const struct model_peer *allowed_ip_owners_running(const struct allowed_ip_owners *owners,
                                                   const uint8_t peer[static VOLE_KEY_BYTES]);
/* NULL: nobody's, before or after. network must be masked. */
const struct allowed_ip_owner *allowed_ip_owners_of(const struct allowed_ip_owners *owners,
                                                    const struct vole_prefix *network);
/* The first move of a peer; *count: how many there are in a row. */
const struct allowed_ip_move *allowed_ip_owners_moves(const struct allowed_ip_owners *owners,
                                                      const uint8_t peer[static VOLE_KEY_BYTES],
                                                      size_t *count);

#endif
