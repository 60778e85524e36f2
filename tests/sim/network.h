/* SPDX-License-Identifier: MIT
 *
 * The network: takes datagrams from hosts and brings them to the address they were sent to: late, in another
 * order, twice, damaged, or not at all. Every directed link has its own quality.
 *
 * An address names its host and how often that host has moved; what arrives at an address its host has left
 * is lost. Each datagram a host sends gets a number that its copies and replays keep.
 */
#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include "host.h"

#define NETWORK_NO_NUMBER UINT64_MAX /* of a datagram no host ever sent */

struct link {
    uint32_t loss, duplicates, damage; /* per million */
    uint64_t delay_least_ns, delay_most_ns;
    uint64_t latest_arrival_ns; /* of anything under way or arrived */
    size_t most_bytes;          /* longer datagrams are lost; 0: none is too long */
};

struct datagram {
    struct datagram *previous, *next; /* under way */
    uint64_t number;
    struct vole_endpoint from, to;
    uint8_t traffic_class;
    unsigned sender; /* host number */
    bool damaged;    /* in a part that matters */
    size_t length;
    uint8_t bytes[2048];
};

struct network {
    struct random_source random;
    struct link links[WORLD_HOSTS][WORLD_HOSTS]; /* [from][to] */
    struct datagram *under_way;
    uint64_t next_number;
    bool *accepted; /* by number: some copy was */
    size_t accepted_capacity;
};

void network_init(struct world *world);
void network_fini(struct world *world);
/* All links good: 1 to 20 ms, nothing lost. Recovery is only asked for on such a network. */
void network_calm(struct world *world);
/* Both directions between two hosts lose so many of a million, and all else that can go wrong does. */
void network_trouble(struct world *world, unsigned a, unsigned b);
/* Between the two, longer datagrams are lost without a word. */
void network_narrow(struct world *world, unsigned a, unsigned b, size_t most_bytes);
/* Nothing arrives. */
void network_cut(struct world *world, unsigned from, unsigned to);

/* An address of a host; moves counts from 0. */
struct vole_endpoint network_address(unsigned host, unsigned moves, bool version6);
bool network_same_place(const struct vole_endpoint *a, const struct vole_endpoint *b);
unsigned network_host_of(const struct vole_endpoint *endpoint);

void network_send(struct world *world, struct host *sender, const struct vole_endpoint *to,
                  uint8_t traffic_class, const uint8_t *bytes, size_t length);
/* Flips some bits, or cuts the end off. Damage to nothing but mac2 does not count: it is looked at under load
 * only. */
void network_damage(struct random_source *random, struct datagram *datagram);
/* Hands a datagram to whoever is at its address now, and judges what became of it. The bytes may change. */
void network_arrive(struct world *world, struct datagram *datagram);
/* Whether an initiation from one host to the other is under way. */
bool network_initiation_under_way(const struct world *world, unsigned from, unsigned to);

#endif
