/* SPDX-License-Identifier: MIT
 *
 * A table of allowed IPs in a real device, and its peers around it: what is asked here is answered by
 * libvole. Packets are really sent, datagrams really opened, and what the table compared on the way is the
 * table's own record (walk_record.h).
 *
 * The device is the story's server. Up to ROUTING_WORLD_MEMBERS of the table's peers, from first_member on,
 * are devices too: who is asked about as a sender must be one of them. All keys are made from the seed; what
 * the table's peers are called is all that is known of them. No time passes.
 *
 * The table and the seed are borrowed. One thread. Out of memory ends the program (explain/value.h).
 * Spec: cryptokey-routing §1, §3, §4.
 */
#ifndef EXPLAIN_ROUTING_WORLD_H
#define EXPLAIN_ROUTING_WORLD_H

#include "explain/cast.h"
#include "explain/routing_table.h"
#include "explain/walk_record.h"
#include "packet/icmp.h"
#include "vole.h"

#define ROUTING_WORLD_MEMBERS (CAST_MEMBERS - 1)
#define ROUTING_NOBODY        SIZE_MAX /* in the place of a peer's position in the table */
#define ROUTING_PACKET_BYTES  128

/* A prefix that a peer was given, and another has now. */
struct routing_loss {
    struct vole_prefix prefix; /* masked */
    size_t from, to;
};

struct routing_world {
    const struct routing_table *table;
    struct cast cast;
    struct cast_member *server;
    struct vole_peer **peers; /* at the server, as in the table */
    struct cast_member *members[ROUTING_WORLD_MEMBERS];
    char member_names[ROUTING_WORLD_MEMBERS][ROUTING_TABLE_NAME_BYTES + 8];
    size_t first_member, member_count;
    struct routing_loss *losses;
    size_t loss_count, loss_capacity;
};

/* What became of a packet. */
struct routing_answer {
    struct walk_record walk; /* the server's lookup */
    size_t winner;           /* whose the looked up address is */
    enum vole_outcome outcome;
    enum vole_drop reason;                /* if dropped */
    uint8_t packet[ROUTING_PACKET_BYTES]; /* the inner packet */
    size_t packet_length;
    size_t datagram;                      /* number on the cast's wire of what carries it; SIZE_MAX: none */
    uint8_t icmp[ICMP_UNREACHABLE_BYTES]; /* what the sender is told */
    size_t icmp_length;                   /* 0: nothing */
};

/* Tells a new device the table. To be ended with routing_world_fini(). */
void routing_world_init(struct routing_world *world, const struct routing_table *table,
                        const uint8_t seed[static CHANCE_SEED_BYTES], size_t first_member);
void routing_world_fini(struct routing_world *world);
/* The members have a handshake with the server, so that both sides have keys. */
void routing_world_meet(struct routing_world *world);

/* The server's host sends a packet to this address. */
void routing_world_send(struct routing_world *world, const struct vole_address *to,
                        struct routing_answer *answer);
/* A peer, which must be a member that has met the server, sends the server's host a packet that claims to be
 * from this address. */
void routing_world_receive(struct routing_world *world, size_t peer, const struct vole_address *claimed,
                           struct routing_answer *answer);
/* The position of a peer of the server. NULL: ROUTING_NOBODY. */
size_t routing_world_position(const struct routing_world *world, const struct vole_peer *peer);
/* The same of who owns exactly this prefix (masked); by a real lookup. */
size_t routing_world_owner(const struct routing_world *world, const struct vole_prefix *prefix);

#endif
