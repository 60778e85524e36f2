/* SPDX-License-Identifier: MIT
 *
 * ChaCha20 (RFC 8439, 2.3) on sixteen blocks at once with AVX-512, and on eight for what is left over. For
 * the AVX-512 kernels alone: only files compiled for it may include this.
 *
 * The state of a block is sixteen words of 32 bits. Here word w of all blocks stands in vector w, one block
 * per lane, so a quarter round of sixteen blocks is the textbook's with wider words. Any block of any packet
 * may be in any lane: only the words 12 (number of the block) and 14, 15 (the nonce's counter) differ, and
 * they are loaded from arrays. Word 13 is the first of the nonce, which is zero (aead.h).
 *
 * What comes out of the rounds has to be turned: block b wants word b of all sixteen vectors. Four vectors
 * hold four successive words of sixteen blocks; interleaving them, first words, then pairs of words, makes
 * every 128 bits four successive words of one block (vector i: of the blocks i, i + 4, i + 8, i + 12).
 * Collecting the quarters then makes blocks. That is four shuffles per block, cheaper than anything that
 * keeps a block together in the rounds.
 *
 * Everything is inlined: a state is sixteen of the 32 registers and never lies in memory.
 */
#ifndef CRYPTO_CHACHA20_AVX512_H
#define CRYPTO_CHACHA20_AVX512_H

#include "vole.h"

#include <immintrin.h>

#define CHACHA20_BLOCK_BYTES 64
#define CHACHA20_LANES       16

/* What sixteen lanes (or the first eight) work on. */
struct chacha20_lanes {
    _Alignas(64) uint32_t block[CHACHA20_LANES]; /* number of the block in its packet */
    uint32_t counter_low[CHACHA20_LANES];        /* the nonce: halves of the packet's counter */
    uint32_t counter_high[CHACHA20_LANES];
    uint8_t *bytes[CHACHA20_LANES]; /* what the key stream is added to; may be anything if size is 0 */
    size_t size[CHACHA20_LANES];    /* of it, 0..64 bytes */
};

/* Sixteen vectors: one word each of sixteen blocks, or, once turned, one block each. */
struct chacha20_vectors {
    __m512i x[16];
};

/* The same for eight blocks; turned, each is half a block. */
struct chacha20_half_vectors {
    __m256i x[16];
};

static const uint32_t chacha20_constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

static inline __attribute__((always_inline)) void chacha20_quarter(struct chacha20_vectors *state, int a,
                                                                   int b, int c, int d)
{
    __m512i *x = state->x;

    x[a] = _mm512_add_epi32(x[a], x[b]);
    x[d] = _mm512_rol_epi32(_mm512_xor_si512(x[d], x[a]), 16);
    x[c] = _mm512_add_epi32(x[c], x[d]);
    x[b] = _mm512_rol_epi32(_mm512_xor_si512(x[b], x[c]), 12);
    x[a] = _mm512_add_epi32(x[a], x[b]);
    x[d] = _mm512_rol_epi32(_mm512_xor_si512(x[d], x[a]), 8);
    x[c] = _mm512_add_epi32(x[c], x[d]);
    x[b] = _mm512_rol_epi32(_mm512_xor_si512(x[b], x[c]), 7);
}

static inline __attribute__((always_inline)) void chacha20_double_round(struct chacha20_vectors *state)
{
    chacha20_quarter(state, 0, 4, 8, 12);
    chacha20_quarter(state, 1, 5, 9, 13);
    chacha20_quarter(state, 2, 6, 10, 14);
    chacha20_quarter(state, 3, 7, 11, 15);
    chacha20_quarter(state, 0, 5, 10, 15);
    chacha20_quarter(state, 1, 6, 11, 12);
    chacha20_quarter(state, 2, 7, 8, 13);
    chacha20_quarter(state, 3, 4, 9, 14);
}

/* The state before the rounds. */
static inline __attribute__((always_inline)) struct chacha20_vectors chacha20_start(
    const struct chacha20_lanes *lanes, const uint32_t key[static 8])
{
    struct chacha20_vectors state;

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        state.x[i] = _mm512_set1_epi32((int)chacha20_constants[i]);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        state.x[4 + i] = _mm512_set1_epi32((int)key[i]);
    state.x[12] = _mm512_load_si512(lanes->block);
    state.x[13] = _mm512_setzero_si512();
    state.x[14] = _mm512_load_si512(lanes->counter_low);
    state.x[15] = _mm512_load_si512(lanes->counter_high);
    return state;
}

/* The last addition: the state before the rounds to the one after them. */
static inline __attribute__((always_inline)) void chacha20_add_start(struct chacha20_vectors *state,
                                                                     const struct chacha20_lanes *lanes,
                                                                     const uint32_t key[static 8])
{
    const struct chacha20_vectors first = chacha20_start(lanes, key);

#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
        state->x[i] = _mm512_add_epi32(state->x[i], first.x[i]);
}

/* Makes the vectors first .. first + 3, four words of sixteen blocks, quarters of blocks. */
static inline __attribute__((always_inline)) void chacha20_interleave(struct chacha20_vectors *state,
                                                                      int first)
{
    __m512i *x = state->x + first;
    const __m512i low01 = _mm512_unpacklo_epi32(x[0], x[1]);
    const __m512i high01 = _mm512_unpackhi_epi32(x[0], x[1]);
    const __m512i low23 = _mm512_unpacklo_epi32(x[2], x[3]);
    const __m512i high23 = _mm512_unpackhi_epi32(x[2], x[3]);

    x[0] = _mm512_unpacklo_epi64(low01, low23);
    x[1] = _mm512_unpackhi_epi64(low01, low23);
    x[2] = _mm512_unpacklo_epi64(high01, high23);
    x[3] = _mm512_unpackhi_epi64(high01, high23);
}

/* Adds 64 bytes of key stream to the first size bytes, and touches no other. */
static inline __attribute__((always_inline)) void chacha20_xor(uint8_t *bytes, size_t size, __m512i stream)
{
    if (size == CHACHA20_BLOCK_BYTES) {
        _mm512_storeu_si512(bytes, _mm512_xor_si512(_mm512_loadu_si512(bytes), stream));
    } else {
        const __mmask64 mask = (UINT64_C(1) << size) - 1;

        _mm512_mask_storeu_epi8(bytes, mask, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, bytes), stream));
    }
}

/* Collects the quarters of the blocks i, i + 4, i + 8, i + 12 and adds them to their bytes. */
static inline __attribute__((always_inline)) void chacha20_collect(const struct chacha20_vectors *state,
                                                                   const struct chacha20_lanes *lanes, int i)
{
    const __m512i even01 = _mm512_shuffle_i32x4(state->x[i], state->x[i + 4], 0x88);
    const __m512i odd01 = _mm512_shuffle_i32x4(state->x[i], state->x[i + 4], 0xdd);
    const __m512i even23 = _mm512_shuffle_i32x4(state->x[i + 8], state->x[i + 12], 0x88);
    const __m512i odd23 = _mm512_shuffle_i32x4(state->x[i + 8], state->x[i + 12], 0xdd);

    chacha20_xor(lanes->bytes[i], lanes->size[i], _mm512_shuffle_i32x4(even01, even23, 0x88));
    chacha20_xor(lanes->bytes[i + 4], lanes->size[i + 4], _mm512_shuffle_i32x4(odd01, odd23, 0x88));
    chacha20_xor(lanes->bytes[i + 8], lanes->size[i + 8], _mm512_shuffle_i32x4(even01, even23, 0xdd));
    chacha20_xor(lanes->bytes[i + 12], lanes->size[i + 12], _mm512_shuffle_i32x4(odd01, odd23, 0xdd));
}

/* After the rounds: adds the key stream to what the lanes work on. */
static inline __attribute__((always_inline)) void chacha20_finish(struct chacha20_vectors *state,
                                                                  const struct chacha20_lanes *lanes,
                                                                  const uint32_t key[static 8])
{
    chacha20_add_start(state, lanes, key);
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4)
        chacha20_interleave(state, i);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        chacha20_collect(state, lanes, i);
}

#endif
