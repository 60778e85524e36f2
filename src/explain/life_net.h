/* SPDX-License-Identifier: MIT
 *
 * More than two: places with devices of libvole, what their tables say, and the walk of one packet through
 * them, hop by hop. What a host's own kernel does around the tunnel (forward, or not; hand on to a local
 * network) is done here by the rule of every router; everything else by the devices.
 *
 *     PLACE: {"name", "kind": "laptop" or "server", "inside": "10.0.0.2", "address": "address:port",
 *       "forwards", "behind": "10.1.0.0/24" or null, "beyond": its name or null,
 *       "peers": [{"name", "allowed": ["10.0.0.5/32", ...], "endpoint": "address:port" or null}]}
 *     WALK: {"title", "source", "destination", "arrives", "hops": [HOP]}
 *     HOP: {"number" from 1, "at": place, "words", "ttl", "inner": the packet inside as it is here,
 *       "what": "app", "route", "wire", "open", "forward", "local", "arrives" or "dropped",
 *       "peer", "prefix": who won the look-up, "from", "to": outer addresses, "bytes": of the datagram,
 *       "reason": of a drop (all these may be null)}
 *
 * A net must stay where it is. One thread.
 */
#ifndef EXPLAIN_LIFE_NET_H
#define EXPLAIN_LIFE_NET_H

#include "explain/cast.h"

#include <jansson.h>

#define LIFE_PLACES 6

struct life_place {
    struct cast_member *member;
    const char *kind;
    const char *inside; /* its address in the tunnel */
    const char *behind; /* a network it is the router of, or NULL */
    const char *beyond; /* its name, or NULL */
    bool forwards;      /* its kernel passes on what is not for itself */
};

struct life_net {
    struct cast cast;
    struct life_place places[LIFE_PLACES];
    size_t count;
};

void life_net_init(struct life_net *net, const uint8_t seed[static CHANCE_SEED_BYTES]);
void life_net_fini(struct life_net *net);
/* A new place. place->member is made. */
struct life_place *life_net_add(struct life_net *net, const char *name, const struct vole_endpoint *address,
                                const struct life_place *place);
/* `at` gets `of` as peer with these allowed IPs. */
void life_net_introduce(struct life_place *at, const struct life_place *of, const char *allowed,
                        bool knows_where);
/* Everybody who can makes a session with each peer, so that walks show packets only. */
void life_net_greet(struct life_net *net);
/* PLACEs at the end of the list. */
void life_net_put_places(const struct life_net *net, json_t *places);
/* Sends a packet between these inner addresses, beginning at the place `from`, and follows it. Adds a WALK to
 * the list. Whether it arrived. */
bool life_net_walk(struct life_net *net, json_t *walks, const char *title, const struct life_place *from,
                   const char *source, const char *destination, bool answer);

#endif
