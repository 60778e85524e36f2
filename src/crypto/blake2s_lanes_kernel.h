/* SPDX-License-Identifier: MIT
 *
 * The compression function of BLAKE2s (RFC 7693 §3.2) on as many blocks at once as a vector has words: for
 * blake2s_avx2.c and blake2s_avx512.c alone, which say how wide `lane_words` is before they include this.
 *
 * Lane i of every vector belongs to block i, so the arithmetic is that of one block, word for word, with
 * vectors in the place of numbers. No lane ever meets another one: nothing is shuffled or gathered, and no
 * branch or address comes from data.
 */
#ifndef CRYPTO_BLAKE2S_LANES_KERNEL_H
#define CRYPTO_BLAKE2S_LANES_KERNEL_H

#include "crypto/blake2s_lanes.h"

#define LANES_INLINE static inline __attribute__((always_inline))

LANES_INLINE lane_words rotate_right(lane_words words, unsigned bits)
{
    return words >> bits | words << (32 - bits);
}

/* §3.1: the mixing function G. */
LANES_INLINE void mix(lane_words v[static 16], unsigned a, unsigned b, unsigned c, unsigned d, lane_words x,
                      lane_words y)
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

/* Word `position` of `round` in the message, of each lane from `first` on. */
LANES_INLINE lane_words message_words(const struct blake2s_lanes_block *message, unsigned first,
                                      unsigned round, unsigned position)
{
    return *(const lane_words *)&message->word[blake2s_schedule[round][position]][first];
}

LANES_INLINE void mix_round(lane_words v[static 16], const struct blake2s_lanes_block *m, unsigned first,
                            unsigned round)
{
    mix(v, 0, 4, 8, 12, message_words(m, first, round, 0), message_words(m, first, round, 1));
    mix(v, 1, 5, 9, 13, message_words(m, first, round, 2), message_words(m, first, round, 3));
    mix(v, 2, 6, 10, 14, message_words(m, first, round, 4), message_words(m, first, round, 5));
    mix(v, 3, 7, 11, 15, message_words(m, first, round, 6), message_words(m, first, round, 7));
    mix(v, 0, 5, 10, 15, message_words(m, first, round, 8), message_words(m, first, round, 9));
    mix(v, 1, 6, 11, 12, message_words(m, first, round, 10), message_words(m, first, round, 11));
    mix(v, 2, 7, 8, 13, message_words(m, first, round, 12), message_words(m, first, round, 13));
    mix(v, 3, 4, 9, 14, message_words(m, first, round, 14), message_words(m, first, round, 15));
}

/* The lanes from `first` on, as many as a vector has. */
LANES_INLINE void compress_lanes(struct blake2s_lanes *lanes, const struct blake2s_lanes_block *message,
                                 unsigned first, uint64_t counter, uint32_t last)
{
    lane_words v[16], h[8];

    for (unsigned i = 0; i < 8; i++) {
        h[i] = v[i] = *(const lane_words *)&lanes->h[i][first];
        v[8 + i] = (lane_words){0} + blake2s_initialization_vector[i];
    }
    v[12] ^= (uint32_t)counter;
    v[13] ^= (uint32_t)(counter >> 32);
    v[14] ^= last;
    mix_round(v, message, first, 0);
    mix_round(v, message, first, 1);
    mix_round(v, message, first, 2);
    mix_round(v, message, first, 3);
    mix_round(v, message, first, 4);
    mix_round(v, message, first, 5);
    mix_round(v, message, first, 6);
    mix_round(v, message, first, 7);
    mix_round(v, message, first, 8);
    mix_round(v, message, first, 9);
    for (unsigned i = 0; i < 8; i++)
        *(lane_words *)&lanes->h[i][first] = h[i] ^ v[i] ^ v[8 + i];
}

#endif
