/* SPDX-License-Identifier: MIT
 *
 * ChaCha20 on eight blocks with vectors half as wide: as chacha20_avx512.h, in half the time of sixteen, for
 * small batches and for what is left at the end of large ones. The first eight lanes are used.
 *
 * Turning differs in its last step: after the interleaving every 128 bits are a quarter of a block, and a
 * vector has two of them, vector i those of the blocks i and i + 4. Two vectors make two halves of blocks.
 */
#ifndef CRYPTO_CHACHA20_HALF_AVX512_H
#define CRYPTO_CHACHA20_HALF_AVX512_H

#include "crypto/chacha20_avx512.h"

#define CHACHA20_HALF_LANES 8

static inline __attribute__((always_inline)) void chacha20_half_quarter(struct chacha20_half_vectors *state,
                                                                        int a, int b, int c, int d)
{
    __m256i *x = state->x;

    x[a] = _mm256_add_epi32(x[a], x[b]);
    x[d] = _mm256_rol_epi32(_mm256_xor_si256(x[d], x[a]), 16);
    x[c] = _mm256_add_epi32(x[c], x[d]);
    x[b] = _mm256_rol_epi32(_mm256_xor_si256(x[b], x[c]), 12);
    x[a] = _mm256_add_epi32(x[a], x[b]);
    x[d] = _mm256_rol_epi32(_mm256_xor_si256(x[d], x[a]), 8);
    x[c] = _mm256_add_epi32(x[c], x[d]);
    x[b] = _mm256_rol_epi32(_mm256_xor_si256(x[b], x[c]), 7);
}

static inline __attribute__((always_inline)) void chacha20_half_double_round(
    struct chacha20_half_vectors *state)
{
    chacha20_half_quarter(state, 0, 4, 8, 12);
    chacha20_half_quarter(state, 1, 5, 9, 13);
    chacha20_half_quarter(state, 2, 6, 10, 14);
    chacha20_half_quarter(state, 3, 7, 11, 15);
    chacha20_half_quarter(state, 0, 5, 10, 15);
    chacha20_half_quarter(state, 1, 6, 11, 12);
    chacha20_half_quarter(state, 2, 7, 8, 13);
    chacha20_half_quarter(state, 3, 4, 9, 14);
}

static inline __attribute__((always_inline)) struct chacha20_half_vectors chacha20_half_start(
    const struct chacha20_lanes *lanes, const uint32_t key[static 8])
{
    struct chacha20_half_vectors state;

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        state.x[i] = _mm256_set1_epi32((int)chacha20_constants[i]);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        state.x[4 + i] = _mm256_set1_epi32((int)key[i]);
    state.x[12] = _mm256_load_si256((const __m256i *)lanes->block);
    state.x[13] = _mm256_setzero_si256();
    state.x[14] = _mm256_load_si256((const __m256i *)lanes->counter_low);
    state.x[15] = _mm256_load_si256((const __m256i *)lanes->counter_high);
    return state;
}

static inline __attribute__((always_inline)) void chacha20_half_interleave(
    struct chacha20_half_vectors *state, int first)
{
    __m256i *x = state->x + first;
    const __m256i low01 = _mm256_unpacklo_epi32(x[0], x[1]);
    const __m256i high01 = _mm256_unpackhi_epi32(x[0], x[1]);
    const __m256i low23 = _mm256_unpacklo_epi32(x[2], x[3]);
    const __m256i high23 = _mm256_unpackhi_epi32(x[2], x[3]);

    x[0] = _mm256_unpacklo_epi64(low01, low23);
    x[1] = _mm256_unpackhi_epi64(low01, low23);
    x[2] = _mm256_unpacklo_epi64(high01, high23);
    x[3] = _mm256_unpackhi_epi64(high01, high23);
}

/* Collects the quarters of the blocks i and i + 4 and adds them to their bytes. */
static inline __attribute__((always_inline)) void chacha20_half_collect(
    const struct chacha20_half_vectors *state, const struct chacha20_lanes *lanes, int i)
{
    const __m256i *x = state->x;
    const __m256i low = _mm256_permute2x128_si256(x[i], x[i + 4], 0x20);
    const __m256i low4 = _mm256_permute2x128_si256(x[i], x[i + 4], 0x31);
    const __m256i high = _mm256_permute2x128_si256(x[i + 8], x[i + 12], 0x20);
    const __m256i high4 = _mm256_permute2x128_si256(x[i + 8], x[i + 12], 0x31);

    chacha20_xor(lanes->bytes[i], lanes->size[i], _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1));
    chacha20_xor(lanes->bytes[i + 4], lanes->size[i + 4],
                 _mm512_inserti64x4(_mm512_castsi256_si512(low4), high4, 1));
}

/* Adds the key stream of eight blocks to what the first eight lanes work on. */
static inline __attribute__((always_inline)) void chacha20_half(const struct chacha20_lanes *lanes,
                                                                const uint32_t key[static 8])
{
    struct chacha20_half_vectors state = chacha20_half_start(lanes, key);
    const struct chacha20_half_vectors first = state;

    for (int i = 0; i < 10; i++)
        chacha20_half_double_round(&state);
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
        state.x[i] = _mm256_add_epi32(state.x[i], first.x[i]);
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4)
        chacha20_half_interleave(&state, i);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        chacha20_half_collect(&state, lanes, i);
}

#endif
