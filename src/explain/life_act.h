/* SPDX-License-Identifier: MIT
 *
 * The fourth act, life: what two devices do from the first packet until the keys are gone, when nobody
 * answers, when one of them moves, when packets come late or twice, when a stranger knocks, and when there
 * are more than two of them.
 *
 *     {"constants": {"rekey_after_time": 120, ...} of core/constants.h in seconds,
 *      "session": FILM (life_film.h),
 *      "silence": {"minutes", "interval", "off": SAID, "on": SAID}, SAID: {"datagrams", "bytes",
 * "keepalives", "handshakes"}, without and with a persistent keepalive, "retries": {"tries": [{"number",
 * "at", "time", "after", "gap", "index", "ephemeral"}], "transmissions", "bytes", "last", "last_time",
 * "gave_up", "gave_up_time", "waiting", "dropped", "dropped_words", "after_next_packet": initiations in all
 * after one more packet, "film": FILM}, "roaming": {"home", "away", "server", "stranger": "address:port",
 * "handshakes_before", "handshakes_after", "film": FILM}, "window": {"bits", "reach", "words", "steps":
 * [{"number", "name", "title", "tries": [{"counter": text, "accepted", "verdict", "why", "behind": text or
 * null}], "taken", "newest", "lowest", "set": bits, "ring": hex}]}, "scanner": {"from", "to", "knocks":
 * [{"name", "title", "needs", "length", "bytes", "dropped", "reason", "words", "answers": datagrams,
 * "answered_bytes"}]}, "topologies", "misrouted": [{"name", "title", "places": [PLACE], "walks": [WALK],
 * "peers": entries in all configurations, "tunnels": pairs}] (life_net.h), "broken": [{"name", "button",
 * "verdict", "answers": what the other side sent since, "film": FILM}]}
 */
#ifndef EXPLAIN_LIFE_ACT_H
#define EXPLAIN_LIFE_ACT_H

#include "explain/story.h"

/* The caller's. */
json_t *life_act_new(const struct story_options *options);

#endif
