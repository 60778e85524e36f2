/* SPDX-License-Identifier: MIT
 *
 * One packet's way from an app on one side to an app on the other, station by station, each played by the
 * core's own function and written down: what went in, what came out, who decided it.
 *
 * The bytes at the stations are also a list of stages, for drawing: the same packet, growing to the outside
 * world's size and shrinking again, with its fields' names and places (protocol §3, §6).
 */
#ifndef EXPLAIN_JOURNEY_WAY_H
#define EXPLAIN_JOURNEY_WAY_H

#include "explain/journey_run.h"

#include <jansson.h>

/* The sender's app sends packet, which arrives, is judged and delivered: time goes on by JOURNEY_TRAVEL_NS.
 * A new object; what is in it is said in journey_act.h under "way". name: borrowed. There is a session, and
 * no other datagram under way. */
json_t *journey_way_new(struct journey_run *run, const char *name, struct cast_member *sender,
                        struct cast_member *receiver, const uint8_t *packet, size_t length);
/* Adds the fields of a whole outer IPv4 packet around a transport message (journey_layout.h). */
void journey_way_put_outer(json_t *fields, const uint8_t *outer, size_t length);

#endif
