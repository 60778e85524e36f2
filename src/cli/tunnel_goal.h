/* SPDX-License-Identifier: MIT
 *
 * What is to run of a tunnel, and getting there from whatever runs now while touching only what differs.
 *
 * A goal is made of a file (tunnel_plan.h) or of an earlier state, to go back to it; both ways are gone by
 * the same function, which looks at what runs before each kind of thing, so that it may begin anywhere, also
 * in the middle of another attempt. The order is MTU, addresses, routes, name servers, and the peers last:
 * what a removed peer loses, its session, cannot be given back.
 * Zeros are a goal with nothing; ended by tunnel_goal_free(), which wipes its keys. One thread.
 */
#ifndef CLI_TUNNEL_GOAL_H
#define CLI_TUNNEL_GOAL_H

#include "cli/tunnel_state.h"
#include "config/change.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tunnel_goal_route {
    uint32_t table;
    struct vole_prefix network;
};

struct tunnel_goal_routes {
    struct tunnel_goal_route *items;
    size_t count;
    size_t capacity;
};

struct tunnel_goal {
    struct change change;                        /* the whole device; what is not given stays */
    uint8_t (*without_endpoint)[VOLE_KEY_BYTES]; /* public keys of peers that must have none */
    size_t without_endpoint_count;
    struct vole_prefix *addresses;
    size_t address_count;
    struct tunnel_goal_routes routes; /* to be there */
    struct tunnel_goal_routes gone;   /* not to be there; others stay as they are */
    uint32_t mtu;                     /* 0: stays */
    bool up;
    bool has_dns; /* else it stays */
    struct dns_state dns;
    bool firewall[2]; /* IPv4, IPv6: there is one, which names the addresses */
};

/* Back to the state, from wherever `forward` leads to or stops. -ENOMEM. To be freed whatever the result. */
VOLE_MUST_CHECK int tunnel_goal_of_state(struct tunnel_goal *goal, const struct tunnel_state *state,
                                         const struct tunnel_goal *forward);
void tunnel_goal_free(struct tunnel_goal *goal);
/* -ENOMEM. */
VOLE_MUST_CHECK int tunnel_goal_add_route(struct tunnel_goal_routes *routes, uint32_t table,
                                          const struct vole_prefix *network);
VOLE_MUST_CHECK bool tunnel_goal_has_route(const struct tunnel_goal_routes *routes, uint32_t table,
                                           const struct vole_prefix *network);
VOLE_MUST_CHECK bool tunnel_goal_has_address(const struct tunnel_goal *goal,
                                             const struct vole_prefix *address);

/* Makes it so, saying each step. go_on: past what fails, and whatever asks us to end. False: something failed
 * and was said by name, or we are asked to end. */
VOLE_MUST_CHECK bool tunnel_goal_reach(const struct tunnel_goal *goal, struct tunnel *tunnel, bool go_on);

#endif
