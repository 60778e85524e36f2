/* SPDX-License-Identifier: MIT
 *
 * Handshakes that do not work: each case is played with real devices, and the devices say why (vole_drops.h).
 * All but flipped bits, which are handshake_flips.h's.
 */
#ifndef EXPLAIN_HANDSHAKE_BROKEN_H
#define EXPLAIN_HANDSHAKE_BROKEN_H

#include "explain/chance.h"
#include "explain/handshake_course.h"

#include <jansson.h>

/* [{"name", "title", "what": was done, "next": what follows, in words, and a RESULT}] of the cases
 * wrong_server_key, unknown_laptop, wrong_preshared_key, clock_back, replayed, replayed_after_restart. */
json_t *handshake_broken_new(const uint8_t seed[static CHANCE_SEED_BYTES], json_t *courses);
/* A RESULT: handshake_verdict_new() and "answers", "works_at" ("5.28 s"; null: it did not get to work as long
 * as it was watched), "course": a number in the list courses. Takes course->happened. */
json_t *handshake_broken_result(struct handshake_course *course, json_t *courses);

#endif
