/* SPDX-License-Identifier: MIT
 *
 * Which packets coalescing must merge (offload §5), told by what a group is rather than by how it grows: the
 * whole group is judged anew for each packet that may join.
 *
 * Packets stay the caller's. A batch is slow_groups_begin(), slow_groups_add() for each packet, and then
 * read.
 */
#ifndef SLOW_GROUPS_H
#define SLOW_GROUPS_H

#include "slow_packet.h"

#define SLOW_MOST 256 /* packets in a batch */

enum slow_kind {
    SLOW_FLOW,   /* in a flow that takes part: its order counts */
    SLOW_OTHER,  /* in no such flow */
    SLOW_BARRIER /* its flow cannot be told: nothing may be moved across it */
};

struct slow_member {
    const uint8_t *bytes;
    size_t length;
    struct slow_packet headers;
    enum slow_kind kind;
    bool mergeable;      /* as far as it alone decides */
    size_t header_bytes; /* of a mergeable one: IP and transport */
};

struct slow_group {
    size_t count;
    size_t members[SLOW_MOST]; /* numbers of packets, in their order */
};

struct slow_groups {
    bool tcp, udp;
    size_t udp_segments; /* most in a group */
    size_t member_count, group_count;
    size_t closed; /* groups before this one take no more */
    size_t flow_count;
    struct slow_member members[SLOW_MOST];
    struct slow_group groups[SLOW_MOST];
};

void slow_groups_begin(struct slow_groups *batch, bool tcp, bool udp, size_t udp_segments);
void slow_groups_add(struct slow_groups *batch, const uint8_t *packet, size_t length);
bool slow_same_flow(const struct slow_member *one, const struct slow_member *other);

#endif
