/* SPDX-License-Identifier: MIT
 *
 * The detour: a stranger who knows the server's public key floods it with initiations, and the laptop wants
 * to shake hands meanwhile. The server asks everybody to prove that they get mail at their address (cookies
 * §2 to §4); the laptop's next attempt carries the proof.
 */
#ifndef EXPLAIN_HANDSHAKE_LOAD_H
#define EXPLAIN_HANDSHAKE_LOAD_H

#include "explain/chance.h"

#include <jansson.h>

/* An object with
 *
 * - flood: the stranger's messages at each of both times; threshold: waiting messages that are load
 * - first: the laptop's initiation, {bytes, at, at_text, mac1, mac2, refused: how many were, reason, text}
 * - secret, source, cookie: the server's secret, the laptop's address and port, and their MAC
 * - wanted: the mac2 that the first should have had
 * - reply: {bytes, fields (handshake_fields.h), key, nonce, sealed, data: what is authenticated with it}
 * - kept: {outcome, cookie: what the laptop has then}
 * - second: {bytes, at, at_text, mac1, mac2, answered: truth, answer: bytes}
 *
 * The same as a case of handshake_broken.h, under_load, goes to the end of cases. */
json_t *handshake_load_new(const uint8_t seed[static CHANCE_SEED_BYTES], json_t *cases, json_t *courses);

#endif
