/* SPDX-License-Identifier: MIT
 *
 * The notes of a handshake (handshake_record.h) read as moves, under the names that protocol §4 gives them.
 * Who makes a message and who reads it makes the same moves in the same order, which is why both end up with
 * the same C and H; what differs is whose private key is used, and that a reader opens what a maker seals.
 */
#ifndef EXPLAIN_HANDSHAKE_MOVES_H
#define EXPLAIN_HANDSHAKE_MOVES_H

#include "explain/handshake_record.h"

enum handshake_move_name {
    HANDSHAKE_MOVE_START,
    HANDSHAKE_MOVE_E, /* the initiation's */
    HANDSHAKE_MOVE_ES,
    HANDSHAKE_MOVE_S,
    HANDSHAKE_MOVE_SS,
    HANDSHAKE_MOVE_TIMESTAMP,
    HANDSHAKE_MOVE_RESPONSE_E,
    HANDSHAKE_MOVE_EE,
    HANDSHAKE_MOVE_SE,
    HANDSHAKE_MOVE_PSK,
    HANDSHAKE_MOVE_EMPTY,
    HANDSHAKE_MOVES
};

struct handshake_move {
    bool made;
    uint8_t C_before[32], C[32], H_before[32], H[32];
    uint8_t mixed[32]; /* into C, if mixes */
    bool mixes, yields_k;
    uint8_t k[32]; /* the key that the next seal is made with; of a seal: that it was made with */
    uint8_t hashed[HANDSHAKE_RECORD_BYTES]; /* into H */
    size_t hashed_length;
    uint8_t temporary[32]; /* psk: the third output */
    bool exchanged; /* a Diffie-Hellman of these keys gave what was mixed in; of a maker's e: its public
                     * key, by the base point */
    uint8_t private_key[32], public_key[32];
    bool seals, opens, authentic; /* hashed is a sealed thing: made, or opened and found authentic */
    uint8_t plaintext[32];
    size_t plaintext_length;
};

/* Reads a record into the moves, of which it makes those from first on: START or RESPONSE_E. The others stay
 * as they are. */
void handshake_moves_read(struct handshake_move moves[static HANDSHAKE_MOVES],
                          const struct handshake_record *record, enum handshake_move_name first);
/* "start", "e", ... "response_e", ... "empty". */
const char *handshake_move_name(enum handshake_move_name move);
/* The move whose seal did not open, or HANDSHAKE_MOVES. */
enum handshake_move_name handshake_moves_refused(const struct handshake_move moves[static HANDSHAKE_MOVES]);
/* The tag that would have been right for this ciphertext under the move's k and H: what the move's own last
 * 16 sealed bytes were compared with. */
void handshake_move_tag(uint8_t tag[static 16], const struct handshake_move *move);

#endif
