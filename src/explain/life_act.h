/* SPDX-License-Identifier: MIT
 *
 * The fourth act, life: what two devices do from the first packet until the keys are gone, when nobody
 * answers, when one of them moves, when packets come late or twice, when a stranger knocks, and when there
 * are more than two of them.
 *
 *     {"constants": {"rekey_after_time": 120, ...} of core/constants.h in seconds,
 *      "session": FILM (life_film.h),
 *      "silence": {"minutes", "interval", "off": SAID, "on": SAID} without and with persistent keepalives,
 *      "retries": {"tries": [TRY], "transmissions", "bytes", "last", "last_time", "gave_up", "gave_up_time",
 *        "waiting", "dropped", "dropped_words", "after_next_packet": tries with that, "film": FILM},
 *      "roaming": {"home", "away", "server", "stranger": "address:port", "handshakes_before",
 *        "handshakes_after", "film": FILM},
 *      "window": {"bits", "reach", "words", "steps": [STEP], "accepted", "refused", "newest": in the end},
 *      "scanner": {"from", "to", "knocks": [KNOCK]},
 *      "topologies", "misrouted": [{"name", "title", "places": [PLACE], "walks": [WALK] (life_net.h),
 *        "peers": entries in all configurations, "tunnels": pairs}],
 *      "broken": [{"name", "button", "verdict", "answers": what the server sent since, "film": FILM}]}
 *     SAID: {"datagrams", "bytes", "keepalives", "handshakes"}
 *     TRY: {"number", "at", "time", "after": text since the one before, "gap", "index", "ephemeral"}
 *     STEP: {"number", "name", "title", "taken", "newest", "lowest", "set": bits, "ring": hex
 * (life_window.c), "tries": [{"counter": text, "accepted", "verdict", "why", "behind": text or null}]} KNOCK:
 * {"name", "title", "needs", "length", "bytes", "dropped", "reason", "words", "heard", "answers": datagrams,
 * "answered_bytes"}
 */
#ifndef EXPLAIN_LIFE_ACT_H
#define EXPLAIN_LIFE_ACT_H

#include "explain/story.h"

/* The caller's. */
json_t *life_act_new(const struct story_options *options);

#endif
