/* SPDX-License-Identifier: MIT
 *
 * The parts of the fourth act, each in a file of its own (life_NAME.c), which life_act.c puts together. All
 * return a new JSON value that is the caller's; life_act.h says what is in them.
 */
#ifndef EXPLAIN_LIFE_PARTS_H
#define EXPLAIN_LIFE_PARTS_H

#include "explain/story.h"

json_t *life_session_new(const struct story_options *options);
json_t *life_silence_new(const struct story_options *options);
json_t *life_retries_new(const struct story_options *options);
json_t *life_roaming_new(const struct story_options *options);
json_t *life_window_new(void);
json_t *life_scanner_new(const struct story_options *options);
/* Lists of topologies: those that work, and those in which something is wrong. */
json_t *life_topologies_new(const struct story_options *options);
json_t *life_misrouted_new(const struct story_options *options);
/* A list of films. */
json_t *life_broken_new(const struct story_options *options);

#endif
