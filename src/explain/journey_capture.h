/* SPDX-License-Identifier: MIT
 *
 * The whole of act 3 as a capture file, as somebody sees it who listens between laptop and server and has the
 * laptop's keys: ping and handshake, question and answer, the keepalive of ten seconds later, and after two
 * minutes a second handshake, which the server, under load, first answers with a cookie.
 */
#ifndef EXPLAIN_JOURNEY_CAPTURE_H
#define EXPLAIN_JOURNEY_CAPTURE_H

#include "explain/capture.h"
#include "explain/chance.h"

#include <jansson.h>

/* Plays the run of this seed, and what was on the wire is the capture, which is initialized by this. */
void journey_capture_init(struct capture *capture, const uint8_t seed[static CHANCE_SEED_BYTES]);
/* Writes it into a file, "-": standard output. 0 or a negative errno. */
VOLE_MUST_CHECK int journey_capture_write(const uint8_t seed[static CHANCE_SEED_BYTES], const char *path);
/* What the page needs of it, as a new object:
 *   name     of the file
 *   length   in bytes, and base64, the file itself
 *   packets  [{number, at, from, to, length (of the WireGuard message), outer_length, says,
 *            inside (ping, echo, question, answer, or null)}]
 *   response, question, answer, keepalive   their numbers among these */
json_t *journey_capture_new(const uint8_t seed[static CHANCE_SEED_BYTES]);

#endif
