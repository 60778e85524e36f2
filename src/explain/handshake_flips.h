/* SPDX-License-Identifier: MIT
 *
 * One bit of a handshake message is flipped on its way, and the whole thing is run again: once for every byte
 * of both messages, as it is and with mac1 made right again by somebody who knows the receiver's public key.
 * What is not protected by mac1 alone, or by nothing, shows here: mac2 when nobody asks for it, and the
 * indices, which are only names.
 */
#ifndef EXPLAIN_HANDSHAKE_FLIPS_H
#define EXPLAIN_HANDSHAKE_FLIPS_H

#include "explain/chance.h"

#include <jansson.h>

#define HANDSHAKE_FLIPS_MASK 4 /* the bit */

/* {"initiation": [FLIP...], "response": [FLIP...]}, one for each byte, FLIP = {"byte", "was", "became",
 * "as_is": RESULT, "repaired": RESULT}; RESULT as handshake_verdict_new() with "answers", "works_at" (null:
 * never in that time) and "course": the number of what happened in `courses`, to which new ones are added. */
json_t *handshake_flips_new(const uint8_t seed[static CHANCE_SEED_BYTES], json_t *courses);
/* The same in short, for who cannot pick bytes: [{"message", "field", "from", "to", "as_is", "repaired"}], a
 * reason or "taken" for all bytes from there to before there. */
json_t *handshake_flips_summary(const json_t *flips);

#endif
