/* SPDX-License-Identifier: MIT
 *
 * See blake2s.h. Written from RFC 7693; section numbers below are that document's.
 *
 * Two things differ from its sample code. Whole blocks are compressed where they lie instead of being copied
 * first. And the stack is wiped after each block: there are more working words than registers, so compilers
 * keep some on the stack in places of their own, message words among them, which may be a key; wiping the
 * variables alone would miss those.
 */
#include "crypto/blake2s.h"

#include "crypto/blake2s_lanes.h"
#include "crypto/little_endian.h"
#include "crypto/memory.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOT_INLINE    __attribute__((noinline))

/* More than the frame of mix_block(), which is some 200 bytes; without optimization each inlined function
 * adds its own variables. */
#ifdef __OPTIMIZE__
#define FRAME_BYTES 512
#else
#define FRAME_BYTES 16384
#endif

static ALWAYS_INLINE uint32_t rotate_right(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

/* §3.1: the mixing function G. */
static ALWAYS_INLINE void mix(uint32_t v[static 16], size_t a, size_t b, size_t c, size_t d, uint32_t x,
                              uint32_t y)
{
    v[a] += v[b] + x;
    v[d] = rotate_right(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 12);
    v[a] += v[b] + y;
    v[d] = rotate_right(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 7);
}

static ALWAYS_INLINE uint32_t message_word(const uint8_t *block, size_t round, size_t position)
{
    return little_endian_load32(block + 4 * (size_t)blake2s_schedule[round][position]);
}

/* One round: the columns, then the diagonals. Written out, and inlined, so that the schedule becomes
 * constants and the working words become registers. */
static ALWAYS_INLINE void mix_round(uint32_t v[static 16], const uint8_t *block, size_t round)
{
    mix(v, 0, 4, 8, 12, message_word(block, round, 0), message_word(block, round, 1));
    mix(v, 1, 5, 9, 13, message_word(block, round, 2), message_word(block, round, 3));
    mix(v, 2, 6, 10, 14, message_word(block, round, 4), message_word(block, round, 5));
    mix(v, 3, 7, 11, 15, message_word(block, round, 6), message_word(block, round, 7));
    mix(v, 0, 5, 10, 15, message_word(block, round, 8), message_word(block, round, 9));
    mix(v, 1, 6, 11, 12, message_word(block, round, 10), message_word(block, round, 11));
    mix(v, 2, 7, 8, 13, message_word(block, round, 12), message_word(block, round, 13));
    mix(v, 3, 4, 9, 14, message_word(block, round, 14), message_word(block, round, 15));
}

/* §3.2: the compression function F. counter is the number of bytes up to the end of this block. */
static NOT_INLINE void mix_block(uint32_t h[static 8], const uint8_t *block, uint64_t counter, bool last)
{
    uint32_t v[16];

    for (size_t i = 0; i < 8; i++) {
        v[i] = h[i];
        v[8 + i] = blake2s_initialization_vector[i];
    }
    v[12] ^= (uint32_t)counter;
    v[13] ^= (uint32_t)(counter >> 32);
    if (last)
        v[14] = ~v[14];
    mix_round(v, block, 0);
    mix_round(v, block, 1);
    mix_round(v, block, 2);
    mix_round(v, block, 3);
    mix_round(v, block, 4);
    mix_round(v, block, 5);
    mix_round(v, block, 6);
    mix_round(v, block, 7);
    mix_round(v, block, 8);
    mix_round(v, block, 9);
    for (size_t i = 0; i < 8; i++)
        h[i] ^= v[i] ^ v[8 + i];
}

/* Wipes what mix_block() left in its frame, being called from where it was called. */
static NOT_INLINE void frame_wipe(void)
{
    uint8_t frame[FRAME_BYTES];

    memory_wipe(frame, sizeof(frame));
}

static ALWAYS_INLINE void compress(uint32_t h[static 8], const uint8_t *block, uint64_t counter, bool last)
{
    mix_block(h, block, counter, last);
    frame_wipe();
}

void blake2s_init_keyed(struct blake2s *state, size_t output_length, const uint8_t *key, size_t key_length)
{
    assert(output_length >= 1 && output_length <= BLAKE2S_HASH_BYTES);
    assert(key_length <= BLAKE2S_KEY_BYTES);

    /* §2.5: the parameter block's first word: output length, key length, and a tree of one leaf. */
    memcpy(state->h, blake2s_initialization_vector, sizeof(state->h));
    state->h[0] ^= (uint32_t)output_length | (uint32_t)key_length << 8 | UINT32_C(0x01010000);
    state->counter = 0;
    state->used = 0;
    state->output_length = output_length;
    memset(state->block, 0, sizeof(state->block));
    if (key_length > 0) {
        memcpy(state->block, key, key_length);
        state->used = BLAKE2S_BLOCK_BYTES;
    }
}

void blake2s_init(struct blake2s *state, size_t output_length)
{
    blake2s_init_keyed(state, output_length, NULL, 0);
}

void blake2s_update(struct blake2s *state, const uint8_t *bytes, size_t length)
{
    size_t room = BLAKE2S_BLOCK_BYTES - state->used;

    if (length == 0)
        return;
    if (length > room) {
        if (state->used > 0) {
            memcpy(state->block + state->used, bytes, room);
            bytes += room;
            length -= room;
            state->counter += BLAKE2S_BLOCK_BYTES;
            compress(state->h, state->block, state->counter, false);
            state->used = 0;
        }
        /* The last block is compressed differently, so one is always kept back. */
        for (; length > BLAKE2S_BLOCK_BYTES; bytes += BLAKE2S_BLOCK_BYTES, length -= BLAKE2S_BLOCK_BYTES) {
            state->counter += BLAKE2S_BLOCK_BYTES;
            compress(state->h, bytes, state->counter, false);
        }
    }
    memcpy(state->block + state->used, bytes, length);
    state->used += length;
}

void blake2s_final(struct blake2s *state, uint8_t *hash)
{
    memset(state->block + state->used, 0, BLAKE2S_BLOCK_BYTES - state->used);
    compress(state->h, state->block, state->counter + state->used, true);
    for (size_t i = 0; i < state->output_length; i++)
        hash[i] = (uint8_t)(state->h[i / 4] >> 8 * (i % 4));
    memory_wipe(state, sizeof(*state));
}

void blake2s_hash(uint8_t hash[static BLAKE2S_HASH_BYTES], const uint8_t *bytes, size_t length)
{
    blake2s_hash2(hash, bytes, length, NULL, 0);
}

void blake2s_hash2(uint8_t hash[static BLAKE2S_HASH_BYTES], const uint8_t *a, size_t a_length,
                   const uint8_t *b, size_t b_length)
{
    struct blake2s state;

    blake2s_init(&state, BLAKE2S_HASH_BYTES);
    blake2s_update(&state, a, a_length);
    blake2s_update(&state, b, b_length);
    blake2s_final(&state, hash);
}

void blake2s_mac(uint8_t mac[static BLAKE2S_MAC_BYTES], const uint8_t *key, size_t key_length,
                 const uint8_t *bytes, size_t length)
{
    struct blake2s state;

    blake2s_init_keyed(&state, BLAKE2S_MAC_BYTES, key, key_length);
    blake2s_update(&state, bytes, length);
    blake2s_final(&state, mac);
}

void blake2s_keyed_init(struct blake2s_keyed *keyed, const uint8_t *key, size_t key_length)
{
    struct blake2s state;

    assert(key_length >= 1);
    blake2s_init_keyed(&state, BLAKE2S_MAC_BYTES, key, key_length);
    memcpy(keyed->h, state.h, sizeof(keyed->h));
    compress(keyed->h, state.block, BLAKE2S_BLOCK_BYTES, false);
    blake2s_final(&state, keyed->empty);
}

void blake2s_keyed_mac(const struct blake2s_keyed *keyed, uint8_t mac[static BLAKE2S_MAC_BYTES],
                       const uint8_t *bytes, size_t length)
{
    struct blake2s state;

    if (length == 0) {
        memcpy(mac, keyed->empty, BLAKE2S_MAC_BYTES);
        return;
    }
    memcpy(state.h, keyed->h, sizeof(state.h));
    state.counter = BLAKE2S_BLOCK_BYTES;
    state.used = 0;
    state.output_length = BLAKE2S_MAC_BYTES;
    blake2s_update(&state, bytes, length);
    blake2s_final(&state, mac);
}
