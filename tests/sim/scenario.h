/* SPDX-License-Identifier: MIT
 *
 * The scenarios: who lives in the world, what happens to them, and what may be expected then.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "statistics.h"

#include <stdbool.h>
#include <stddef.h>

#define SCENARIO_MUSTS 8

struct scenario {
    const char *name, *words;
    unsigned hosts;
    unsigned disturbances, patterns; /* masks of enum disturbance_kind and enum pattern */
    bool one_knows;                  /* only the first host is configured with the others' addresses */
    bool preshared, stranger;
    bool queued;                         /* handshakes are queued, as workers do */
    bool translated;                     /* the first host is behind a translator, and one_knows */
    unsigned keepalive_s;                /* the first host's persistent keepalive, 0: off */
    unsigned recovery_s;                 /* ledger.h: when both speak */
    unsigned recovery_alone_s;           /* and when only one does */
    unsigned patience_ms;                /* and how long an owed packet may take */
    double hours;                        /* unless told otherwise */
    enum statistic must[SCENARIO_MUSTS]; /* may not be zero in the end; 0 (PACKETS_SENT) fills up */
};

/* NULL: no such scenario. */
const struct scenario *scenario_find(const char *name);
/* NULL: that was the last. */
const struct scenario *scenario_at(size_t position);

#endif
