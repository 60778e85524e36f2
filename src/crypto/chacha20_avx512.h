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

/* What sixteen lanes (or the first eight) work on. The arrays have room for more, as runs of lanes are
 * written as whole vectors. */
struct chacha20_lanes {
    _Alignas(64) uint32_t block[2 * CHACHA20_LANES]; /* number of the block in its packet */
    uint32_t counter_low[2 * CHACHA20_LANES];        /* the nonce: halves of the packet's counter */
    uint32_t counter_high[2 * CHACHA20_LANES];
    uint8_t *bytes[2 * CHACHA20_LANES]; /* what the key stream is added to */
    uint8_t size[2 * CHACHA20_LANES];   /* of it, 0..64 bytes */
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

static inline __attribute__((always_inline)) __m512i chacha20_rotate(__m512i words, int bits)
{
    return bits == 16   ? _mm512_rol_epi32(words, 16)
           : bits == 12 ? _mm512_rol_epi32(words, 12)
           : bits == 8  ? _mm512_rol_epi32(words, 8)
                        : _mm512_rol_epi32(words, 7);
}

/* A quarter of a quarter round, for four of them: sum += add, mix ^= sum, mix <<<= bits. The vectors are
 * those from sum, add and mix on, in the order in which the diagonal has turned the rows: row r by r *
 * diagonal. */
static inline __attribute__((always_inline)) void chacha20_mix(struct chacha20_vectors *state, int sum,
                                                               int add, int mix, int bits, int diagonal)
{
    __m512i *x = state->x;

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const int s = sum + (i + sum / 4 * diagonal) % 4;

        x[s] = _mm512_add_epi32(x[s], x[add + (i + add / 4 * diagonal) % 4]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const int m = mix + (i + mix / 4 * diagonal) % 4;

        x[m] = _mm512_xor_si512(x[m], x[sum + (i + sum / 4 * diagonal) % 4]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const int m = mix + (i + mix / 4 * diagonal) % 4;

        x[m] = chacha20_rotate(x[m], bits);
    }
}

/* Four quarter rounds in step, so that each instruction has three others between it and the next of its own:
 * of the columns, or with diagonal 1 of the diagonals. */
static inline __attribute__((always_inline)) void chacha20_round(struct chacha20_vectors *state, int diagonal)
{
    chacha20_mix(state, 0, 4, 12, 16, diagonal);
    chacha20_mix(state, 8, 12, 4, 12, diagonal);
    chacha20_mix(state, 0, 4, 12, 8, diagonal);
    chacha20_mix(state, 8, 12, 4, 7, diagonal);
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
