/* SPDX-License-Identifier: MIT
 *
 * What became of one handshake message at the one who got it: the check that it failed, as the device itself
 * said (vole_drops.h), and where a check compares two things, both of them. The thing expected is computed
 * here from what the receiver had in its hands: its keys, and the moves it made (handshake_moves.h).
 */
#ifndef EXPLAIN_HANDSHAKE_VERDICT_H
#define EXPLAIN_HANDSHAKE_VERDICT_H

#include "explain/cast.h"
#include "explain/handshake_moves.h"

#include <jansson.h>

#define HANDSHAKE_VERDICT_MOST 148 /* bytes of a message */

struct handshake_verdict {
    const struct cast_member *receiver;
    enum vole_outcome outcome;
    enum vole_drop reason;                        /* if it was dropped */
    uint8_t computed[64], received[64];           /* what was compared, */
    size_t computed_length, received_length;      /* 0: nothing */
    struct handshake_move moves[HANDSHAKE_MOVES]; /* the receiver's */
};

/* Hands the message to the receiver, as if from there, and watches. */
void handshake_verdict_take(struct handshake_verdict *verdict, struct cast_member *receiver,
                            const uint8_t *message, size_t length, const struct vole_endpoint *from);
/* {"outcome": "handshake", "dropped", ..., "by": name, "check": name of the check that failed or null,
 *  "reason", "text": of the drop or null, "computed", "received": bytes or null} */
json_t *handshake_verdict_new(const struct handshake_verdict *verdict);
/* The checks of an initiation or a response in their order: [{"name", "title", "text"}], for verdicts' names.
 */
json_t *handshake_verdict_checks(bool initiation);
/* "handshake", "dropped", ... */
const char *handshake_verdict_outcome(enum vole_outcome outcome);
/* Which check a drop belongs to. */
const char *handshake_verdict_check(enum vole_drop reason);
/* Makes mac1 right again, as anybody can who knows the receiver's public key. */
void handshake_verdict_repair(uint8_t *message, size_t length, const uint8_t receiver_public[static 32]);
/* HASH("mac1----" || public_key), and the same with "cookie--". */
void handshake_verdict_label_key(uint8_t key[static 32], const char label[static 8],
                                 const uint8_t public_key[static 32]);

#endif
