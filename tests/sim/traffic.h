/* SPDX-License-Identifier: MIT
 *
 * What the hosts have to say to each other: one flow per direction, whose habit the director changes.
 */
#ifndef SIM_TRAFFIC_H
#define SIM_TRAFFIC_H

#include "host.h"

/* What two hosts do with each other for a while. */
enum pattern {
    PATTERN_BOTH = 1,    /* both send about two packets a second */
    PATTERN_ONE = 2,     /* one sends, the other only listens; which one is drawn */
    PATTERN_BURSTS = 4,  /* both send bursts of packets every second or two */
    PATTERN_SPARSE = 8,  /* both send a packet every few minutes or so */
    PATTERN_SILENCE = 16 /* nobody sends */
};

enum flow_habit { FLOW_SILENT, FLOW_STEADY, FLOW_BURSTS, FLOW_SPARSE };

struct flow {
    unsigned from, to;
    enum flow_habit habit;
    uint64_t next_ns; /* anything scheduled for another moment is outdated */
};

struct traffic {
    struct flow flows[WORLD_HOSTS][WORLD_HOSTS];
};

void traffic_init(struct world *world);
/* Draws a pattern, of those in the mask, for every two hosts. */
void traffic_change(struct world *world, unsigned patterns);

#endif
