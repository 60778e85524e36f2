/* SPDX-License-Identifier: MIT
 *
 * The observer of src/core/handshake_observer.h for who explains: it keeps what it is told
 * (explain/handshake_record.h).
 */
#ifndef CORE_HANDSHAKE_OBSERVER_H
#define CORE_HANDSHAKE_OBSERVER_H

#include "explain/handshake_record.h"

#include <string.h>

static inline void handshake_observer_stands(size_t lane, const uint8_t C[static 32],
                                             const uint8_t H[static 32])
{
    struct handshake_note *note = handshake_record_note(lane, HANDSHAKE_NOTE_STANDS, NULL, 0);

    if (note == NULL)
        return;
    memcpy(note->C, C, 32);
    memcpy(note->H, H, 32);
}

static inline void handshake_observer_exchanges(const uint8_t private_key[static 32],
                                                const uint8_t public_key[static 32])
{
    struct handshake_note *note = handshake_record_note(0, HANDSHAKE_NOTE_EXCHANGES, NULL, 0);

    if (note == NULL)
        return;
    memcpy(note->private_key, private_key, 32);
    memcpy(note->public_key, public_key, 32);
}

static inline void handshake_observer_mixed_hash(size_t lane, const uint8_t *bytes, size_t length,
                                                 const uint8_t H[static 32])
{
    struct handshake_note *note = handshake_record_note(lane, HANDSHAKE_NOTE_MIXED_HASH, bytes, length);

    if (note != NULL)
        memcpy(note->H, H, 32);
}

static inline void handshake_observer_mixed_key(size_t lane, const uint8_t bytes[static 32], unsigned outputs,
                                                const uint8_t C[static 32], const uint8_t k[static 32])
{
    struct handshake_note *note = handshake_record_note(lane, HANDSHAKE_NOTE_MIXED_KEY, bytes, 32);

    if (note == NULL)
        return;
    note->outputs = outputs;
    memcpy(note->C, C, 32);
    if (outputs > 1)
        memcpy(note->k, k, 32);
}

static inline void handshake_observer_mixed_preshared(size_t lane, const uint8_t bytes[static 32],
                                                      const uint8_t C[static 32],
                                                      const uint8_t temporary[static 32],
                                                      const uint8_t k[static 32])
{
    struct handshake_note *note = handshake_record_note(lane, HANDSHAKE_NOTE_MIXED_PRESHARED, bytes, 32);

    if (note == NULL)
        return;
    note->outputs = 3;
    memcpy(note->C, C, 32);
    memcpy(note->temporary, temporary, 32);
    memcpy(note->k, k, 32);
}

static inline void handshake_observer_sealed(size_t lane, const uint8_t *plaintext, size_t length)
{
    (void)handshake_record_note(lane, HANDSHAKE_NOTE_SEALED, plaintext, length);
}

static inline void handshake_observer_opened(size_t lane, const uint8_t *plaintext, size_t length,
                                             bool opened)
{
    struct handshake_note *note =
        handshake_record_note(lane, HANDSHAKE_NOTE_OPENED, plaintext, opened ? length : 0);

    if (note != NULL)
        note->opened = opened;
}

#endif
