/* SPDX-License-Identifier: MIT
 *
 * What core/handshake.c did, note by note, as its observer told (core/handshake_observer.h): where C and H
 * stood, which bytes were mixed into them, which keys met in a Diffie-Hellman, what was sealed and whether
 * what was opened was authentic.
 *
 * Between handshake_record_begin() and handshake_record_end() the notes of the calling thread go into one
 * record. Only the first of several handshakes side by side is kept, and only as many notes as fit: a whole
 * handshake of one side takes about thirty. A record is full of secrets: of keys that protect nothing.
 */
#ifndef EXPLAIN_HANDSHAKE_RECORD_H
#define EXPLAIN_HANDSHAKE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HANDSHAKE_RECORD_NOTES 96
#define HANDSHAKE_RECORD_BYTES 48 /* the longest thing mixed in: a sealed public key */

enum handshake_note_kind {
    HANDSHAKE_NOTE_STANDS,          /* C and H, with which a function begins or goes on */
    HANDSHAKE_NOTE_EXCHANGES,       /* private_key meets public_key */
    HANDSHAKE_NOTE_MIXED_HASH,      /* bytes into H */
    HANDSHAKE_NOTE_MIXED_KEY,       /* bytes into C, and k if there are two outputs */
    HANDSHAKE_NOTE_MIXED_PRESHARED, /* bytes, the preshared key, into C and k; temporary is mixed into H next
                                     */
    HANDSHAKE_NOTE_SEALED,          /* bytes: the plaintext */
    HANDSHAKE_NOTE_OPENED           /* bytes: the plaintext, if opened */
};

struct handshake_note {
    enum handshake_note_kind kind;
    uint8_t C[32], H[32], k[32]; /* after it */
    uint8_t bytes[HANDSHAKE_RECORD_BYTES];
    size_t length;
    unsigned outputs; /* of the key derivation: 1 to 3 */
    uint8_t temporary[32];
    uint8_t private_key[32], public_key[32];
    bool opened;
};

struct handshake_record {
    size_t count;
    struct handshake_note notes[HANDSHAKE_RECORD_NOTES];
};

/* Empties the record and fills it from now on. It must stay where it is until the end. */
void handshake_record_begin(struct handshake_record *record);
void handshake_record_end(void);
/* For the observer: a note that goes on from the latest one, or NULL if nobody wants it. */
struct handshake_note *handshake_record_note(size_t lane, enum handshake_note_kind kind, const uint8_t *bytes,
                                             size_t length);

#endif
