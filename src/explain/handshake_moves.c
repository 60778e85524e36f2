/* SPDX-License-Identifier: MIT */
#include "explain/handshake_moves.h"

#include "crypto/aead.h"
#include "crypto/x25519.h"

#include <assert.h>
#include <string.h>

static const char *const names[HANDSHAKE_MOVES] = {"start",      "e",  "es", "s",   "ss",   "timestamp",
                                                   "response_e", "ee", "se", "psk", "empty"};

const char *handshake_move_name(enum handshake_move_name move)
{
    return names[move];
}

/* What is read so far. Exchanges are noted before they are mixed in, sometimes several at once. */
struct reading {
    struct handshake_move *moves, *latest;
    size_t next;
    const struct handshake_note *before;
    const struct handshake_note *exchanges[4];
    size_t exchange_count, exchanges_used;
    const struct handshake_note *ephemeral; /* makes a key pair */
};

static bool is_exchange(size_t move)
{
    return move == HANDSHAKE_MOVE_ES || move == HANDSHAKE_MOVE_EE || move == HANDSHAKE_MOVE_SE;
}

static bool is_ephemeral(size_t move)
{
    return move == HANDSHAKE_MOVE_E || move == HANDSHAKE_MOVE_RESPONSE_E;
}

static void note_keys(struct handshake_move *move, const struct handshake_note *keys)
{
    move->exchanged = true;
    memcpy(move->private_key, keys->private_key, 32);
    memcpy(move->public_key, keys->public_key, 32);
}

static void begin_move(struct reading *reading, const struct handshake_note *note)
{
    struct handshake_move *move = &reading->moves[reading->next];

    assert(reading->next < HANDSHAKE_MOVES);
    *move = (struct handshake_move){.made = true};
    if (reading->before != NULL) {
        memcpy(move->C_before, reading->before->C, 32);
        memcpy(move->H_before, reading->before->H, 32);
    }
    memcpy(move->C, note->C, 32);
    memcpy(move->H, note->H, 32);
    memcpy(move->k, note->k, 32);
    reading->latest = move;
    reading->next++;
}

static void mix(struct reading *reading, const struct handshake_note *note)
{
    struct handshake_move *move;

    begin_move(reading, note);
    move = reading->latest;
    move->mixes = true;
    move->yields_k = note->outputs > 1;
    memcpy(move->mixed, note->bytes, 32);
    memcpy(move->temporary, note->temporary, 32);
    if (is_exchange(reading->next - 1) && reading->exchanges_used < reading->exchange_count)
        note_keys(move, reading->exchanges[reading->exchanges_used++]);
    if (is_ephemeral(reading->next - 1) && reading->ephemeral != NULL)
        note_keys(move, reading->ephemeral);
}

static void seal_or_open(struct reading *reading, const struct handshake_note *note)
{
    struct handshake_move *move;

    begin_move(reading, note);
    move = reading->latest;
    move->seals = note->kind == HANDSHAKE_NOTE_SEALED;
    move->opens = !move->seals;
    move->authentic = move->seals || note->opened;
    move->plaintext_length = note->length;
    assert(note->length <= sizeof move->plaintext);
    memcpy(move->plaintext, note->bytes, note->length);
}

static void hash(struct reading *reading, const struct handshake_note *note)
{
    struct handshake_move *move = reading->latest;

    assert(move != NULL); /* no hash is mixed before a move begins */
    memcpy(move->H, note->H, 32);
    memcpy(move->hashed, note->bytes, note->length);
    move->hashed_length = note->length;
}

static void read_note(struct reading *reading, const struct handshake_note *note)
{
    switch (note->kind) {
    case HANDSHAKE_NOTE_STANDS:
        if (reading->next == HANDSHAKE_MOVE_START)
            begin_move(reading, note);
        break;
    case HANDSHAKE_NOTE_EXCHANGES:
        if (memcmp(note->public_key, x25519_base_point, 32) == 0)
            reading->ephemeral = note;
        else if (reading->exchange_count < 4)
            reading->exchanges[reading->exchange_count++] = note;
        break;
    case HANDSHAKE_NOTE_MIXED_KEY:
    case HANDSHAKE_NOTE_MIXED_PRESHARED:
        mix(reading, note);
        break;
    case HANDSHAKE_NOTE_SEALED:
    case HANDSHAKE_NOTE_OPENED:
        seal_or_open(reading, note);
        break;
    case HANDSHAKE_NOTE_MIXED_HASH:
        hash(reading, note);
        break;
    }
}

void handshake_moves_read(struct handshake_move moves[static HANDSHAKE_MOVES],
                          const struct handshake_record *record, enum handshake_move_name first)
{
    struct reading reading = {.moves = moves, .next = first};

    for (size_t i = 0; i < record->count; i++) {
        read_note(&reading, &record->notes[i]);
        reading.before = &record->notes[i];
    }
}

enum handshake_move_name handshake_moves_refused(const struct handshake_move moves[static HANDSHAKE_MOVES])
{
    for (size_t i = 0; i < HANDSHAKE_MOVES; i++)
        if (moves[i].made && moves[i].opens && !moves[i].authentic)
            return (enum handshake_move_name)i;
    return HANDSHAKE_MOVES;
}

void handshake_move_tag(uint8_t tag[static 16], const struct handshake_move *move)
{
    uint8_t text[HANDSHAKE_RECORD_BYTES] = {0}, sealed[HANDSHAKE_RECORD_BYTES + AEAD_TAG_BYTES];
    size_t length = move->hashed_length - AEAD_TAG_BYTES;

    /* Zeros sealed are the key stream; with it the ciphertext becomes what it decrypts to, right or wrong,
     * and sealing that again gives the same ciphertext and its tag. */
    aead_seal(sealed, text, length, move->H_before, 32, 0, move->k);
    for (size_t i = 0; i < length; i++)
        text[i] = sealed[i] ^ move->hashed[i];
    aead_seal(sealed, text, length, move->H_before, 32, 0, move->k);
    memcpy(tag, sealed + length, AEAD_TAG_BYTES);
}
