/* SPDX-License-Identifier: MIT
 *
 * Act 3 broken: the question's datagram spoilt in every way, handed to the server's real device, and what it
 * made of it. Each trial has a run of its own, up to the moment when the datagram would arrive; afterwards
 * time goes on without a word from anybody's apps, and what the server sends is written down.
 */
#ifndef EXPLAIN_JOURNEY_BROKEN_H
#define EXPLAIN_JOURNEY_BROKEN_H

#include "explain/chance.h"

#include <jansson.h>

/* A new list, see journey_act.h: "trials". */
json_t *journey_trials_new(const uint8_t seed[static CHANCE_SEED_BYTES]);
/* A new object, see journey_act.h: "flips". */
json_t *journey_flips_new(const uint8_t seed[static CHANCE_SEED_BYTES]);

#endif
