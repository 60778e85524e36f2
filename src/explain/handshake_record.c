/* SPDX-License-Identifier: MIT */
#include "explain/handshake_record.h"

#include <string.h>

static _Thread_local struct handshake_record *current;

void handshake_record_begin(struct handshake_record *record)
{
    record->count = 0;
    current = record;
}

void handshake_record_end(void)
{
    current = NULL;
}

struct handshake_note *handshake_record_note(size_t lane, enum handshake_note_kind kind, const uint8_t *bytes,
                                             size_t length)
{
    struct handshake_note *note;

    if (current == NULL || lane != 0 || current->count == HANDSHAKE_RECORD_NOTES ||
        length > HANDSHAKE_RECORD_BYTES)
        return NULL;
    note = &current->notes[current->count];
    if (current->count > 0)
        *note = current->notes[current->count - 1];
    else
        memset(note, 0, sizeof *note);
    current->count++;
    note->kind = kind;
    note->length = length;
    if (length > 0)
        memcpy(note->bytes, bytes, length);
    return note;
}
