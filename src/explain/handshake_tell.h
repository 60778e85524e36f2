/* SPDX-License-Identifier: MIT
 *
 * The moves of a handshake told as JSON: what stood before and after, what was mixed in, with whose keys each
 * side came to it, and whether both came to the same. Each move is
 *
 *     {"by", "c_before", "c", "c_changes", "h_before", "h", "h_changes", "k" or null, "k_changes",
 *      "reader": {"c", "h"} after it at the other side, "agrees": these are the same}
 *
 * and, where there is such a thing, "mixed" (into C), "hashed" (into H), "private" (of a one-time key),
 * "temporary" (psk), "plaintext", "sealed", "ciphertext", "tag", and of a Diffie-Hellman "laptop" and
 * "server",
 * {"private", "private_name", "public", "public_name"} each.
 */
#ifndef EXPLAIN_HANDSHAKE_TELL_H
#define EXPLAIN_HANDSHAKE_TELL_H

#include "explain/handshake_run.h"

#include <jansson.h>

json_t *handshake_tell_moves(const struct handshake_run *run);
#endif
