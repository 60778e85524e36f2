/* SPDX-License-Identifier: MIT
 *
 * The fourth act, life: what two devices do from the first packet until the keys are gone, when nobody
 * answers, when one of them moves, when packets come late or twice, when a stranger knocks, and when there
 * are more than two of them.
 *
 *     {"constants": {...}, "session": FILM, "silence": {...}, "retries": {...}, "roaming": {...},
 *      "window": {...}, "scanner": {...}, "topologies": [...], "broken": [...]}
 */
#ifndef EXPLAIN_LIFE_ACT_H
#define EXPLAIN_LIFE_ACT_H

#include "explain/story.h"

/* The caller's. */
json_t *life_act_new(const struct story_options *options);

#endif
