/* SPDX-License-Identifier: MIT
 *
 * Eight blocks of ChaCha20 (RFC 8439 §2.3) at once, with AVX2: for aead_avx2.c only.
 *
 * A block's state is sixteen words. Here word w of all eight blocks lies in one vector, lane i belonging to
 * block i, so every step of the cipher is one vector operation and the lanes know nothing of each other:
 * each may have a nonce and a block number of its own. After the rounds the words are transposed, which
 * makes of sixteen vectors of one word each the eight blocks of 64 bytes.
 *
 * Where four lanes are enough, a block is four vectors' halves instead, one per row of the state, and all
 * four quarter rounds on columns are one; turning the rows by 1, 2 and 3 words makes columns of the
 * diagonals. That is more work per block, but half the steps one after the other.
 *
 * Rotations by 16 and 8 move whole bytes, which one shuffle does; 12 and 7 take two shifts and an or.
 */
#ifndef CRYPTO_CHACHA20_AVX2_H
#define CRYPTO_CHACHA20_AVX2_H

#include "crypto/little_endian.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define CHACHA20_LANES       8
#define CHACHA20_FEW_LANES   4
#define CHACHA20_BLOCK_BYTES 64

/* Which block each lane makes. */
struct chacha20_lanes {
    _Alignas(32) uint32_t block[CHACHA20_LANES];        /* its number in its stream */
    _Alignas(32) uint32_t counter_low[CHACHA20_LANES];  /* the nonce: four zero bytes, then a counter */
    _Alignas(32) uint32_t counter_high[CHACHA20_LANES]; /* as 64 bits little endian */
};

static inline __m256i chacha20_rotate16(__m256i x)
{
    const __m256i bytes = _mm256_set_epi8(13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2, 13, 12, 15,
                                          14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2);

    return _mm256_shuffle_epi8(x, bytes);
}

static inline __m256i chacha20_rotate8(__m256i x)
{
    const __m256i bytes = _mm256_set_epi8(14, 13, 12, 15, 10, 9, 8, 11, 6, 5, 4, 7, 2, 1, 0, 3, 14, 13, 12,
                                          15, 10, 9, 8, 11, 6, 5, 4, 7, 2, 1, 0, 3);

    return _mm256_shuffle_epi8(x, bytes);
}

static inline __m256i chacha20_rotate12(__m256i x)
{
    return _mm256_or_si256(_mm256_slli_epi32(x, 12), _mm256_srli_epi32(x, 20));
}

static inline __m256i chacha20_rotate7(__m256i x)
{
    return _mm256_or_si256(_mm256_slli_epi32(x, 7), _mm256_srli_epi32(x, 25));
}

/* The quarter round (RFC 8439 §2.1) on words a, b, c, d of all lanes. */
static inline __attribute__((always_inline)) void chacha20_quarter(__m256i *a, __m256i *b, __m256i *c,
                                                                   __m256i *d)
{
    *a = _mm256_add_epi32(*a, *b);
    *d = chacha20_rotate16(_mm256_xor_si256(*d, *a));
    *c = _mm256_add_epi32(*c, *d);
    *b = chacha20_rotate12(_mm256_xor_si256(*b, *c));
    *a = _mm256_add_epi32(*a, *b);
    *d = chacha20_rotate8(_mm256_xor_si256(*d, *a));
    *c = _mm256_add_epi32(*c, *d);
    *b = chacha20_rotate7(_mm256_xor_si256(*b, *c));
}

/* Columns, then diagonals (RFC 8439 §2.3). */
static inline __attribute__((always_inline)) void chacha20_double_round(__m256i x[16])
{
    chacha20_quarter(&x[0], &x[4], &x[8], &x[12]);
    chacha20_quarter(&x[1], &x[5], &x[9], &x[13]);
    chacha20_quarter(&x[2], &x[6], &x[10], &x[14]);
    chacha20_quarter(&x[3], &x[7], &x[11], &x[15]);
    chacha20_quarter(&x[0], &x[5], &x[10], &x[15]);
    chacha20_quarter(&x[1], &x[6], &x[11], &x[12]);
    chacha20_quarter(&x[2], &x[7], &x[8], &x[13]);
    chacha20_quarter(&x[3], &x[4], &x[9], &x[14]);
}

/* Eight words of eight lanes become eight words (half a block) of each lane: lane i's at stream[i]. */
static inline __attribute__((always_inline)) void chacha20_transpose(uint8_t (*stream)[CHACHA20_BLOCK_BYTES],
                                                                     const __m256i x[8])
{
    __m256i pair[8];
    __m256i four[8];

    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_epi32(x[i], x[i + 1]);
        pair[i + 1] = _mm256_unpackhi_epi32(x[i], x[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        four[i] = _mm256_unpacklo_epi64(pair[i], pair[i + 2]);
        four[i + 1] = _mm256_unpackhi_epi64(pair[i], pair[i + 2]);
        four[i + 2] = _mm256_unpacklo_epi64(pair[i + 1], pair[i + 3]);
        four[i + 3] = _mm256_unpackhi_epi64(pair[i + 1], pair[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        _mm256_store_si256((__m256i *)stream[i], _mm256_permute2x128_si256(four[i], four[i + 4], 0x20));
        _mm256_store_si256((__m256i *)stream[i + 4], _mm256_permute2x128_si256(four[i], four[i + 4], 0x31));
    }
}

/* The first four words of every state. */
static inline __m256i chacha20_constant(int i)
{
    static const int32_t words[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    return _mm256_set1_epi32(words[i]);
}

static inline __m256i chacha20_key_word(const uint8_t key[static 32], int i)
{
    return _mm256_set1_epi32((int32_t)little_endian_load32(key + (ptrdiff_t)4 * i));
}

/* The states of the blocks that lanes name, under one key. Ten double rounds and chacha20_finish() follow. */
static inline __attribute__((always_inline)) void chacha20_begin(__m256i x[16],
                                                                 const struct chacha20_lanes *lanes,
                                                                 const uint8_t key[static 32])
{
    for (int i = 0; i < 4; i++)
        x[i] = chacha20_constant(i);
    for (int i = 0; i < 8; i++)
        x[4 + i] = chacha20_key_word(key, i);
    x[12] = _mm256_load_si256((const __m256i *)lanes->block);
    x[13] = _mm256_setzero_si256();
    x[14] = _mm256_load_si256((const __m256i *)lanes->counter_low);
    x[15] = _mm256_load_si256((const __m256i *)lanes->counter_high);
}

/* Adds the first states again and writes each lane's block. stream is aligned to 32 bytes and as secret as
 * the key. */
static inline __attribute__((always_inline)) void chacha20_finish(
    uint8_t stream[CHACHA20_LANES][CHACHA20_BLOCK_BYTES], __m256i x[16], const struct chacha20_lanes *lanes,
    const uint8_t key[static 32])
{
    for (int i = 0; i < 4; i++)
        x[i] = _mm256_add_epi32(x[i], chacha20_constant(i));
    for (int i = 0; i < 8; i++)
        x[4 + i] = _mm256_add_epi32(x[4 + i], chacha20_key_word(key, i));
    x[12] = _mm256_add_epi32(x[12], _mm256_load_si256((const __m256i *)lanes->block));
    x[14] = _mm256_add_epi32(x[14], _mm256_load_si256((const __m256i *)lanes->counter_low));
    x[15] = _mm256_add_epi32(x[15], _mm256_load_si256((const __m256i *)lanes->counter_high));
    chacha20_transpose(stream, x);
    chacha20_transpose((uint8_t(*)[CHACHA20_BLOCK_BYTES])(stream[0] + 32), x + 8);
}

/* A row of a state in both halves of a vector. */
static inline __m256i chacha20_row(const uint8_t bytes[static 16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)bytes));
}

/* The last row of the blocks of lanes i and i + 1. */
static inline __m256i chacha20_last_row(const struct chacha20_lanes *lanes, int i)
{
    return _mm256_set_epi32((int32_t)lanes->counter_high[i + 1], (int32_t)lanes->counter_low[i + 1], 0,
                            (int32_t)lanes->block[i + 1], (int32_t)lanes->counter_high[i],
                            (int32_t)lanes->counter_low[i], 0, (int32_t)lanes->block[i]);
}

/* Columns, then diagonals, of two blocks in rows. */
static inline __attribute__((always_inline)) void chacha20_rows_round(__m256i *a, __m256i *b, __m256i *c,
                                                                      __m256i *d)
{
    chacha20_quarter(a, b, c, d);
    *b = _mm256_shuffle_epi32(*b, 0x39);
    *c = _mm256_shuffle_epi32(*c, 0x4e);
    *d = _mm256_shuffle_epi32(*d, 0x93);
    chacha20_quarter(a, b, c, d);
    *b = _mm256_shuffle_epi32(*b, 0x93);
    *c = _mm256_shuffle_epi32(*c, 0x4e);
    *d = _mm256_shuffle_epi32(*d, 0x39);
}

static inline void chacha20_rows_store(uint8_t (*stream)[CHACHA20_BLOCK_BYTES], __m256i a, __m256i b,
                                       __m256i c, __m256i d)
{
    _mm256_store_si256((__m256i *)stream[0], _mm256_permute2x128_si256(a, b, 0x20));
    _mm256_store_si256((__m256i *)(stream[0] + 32), _mm256_permute2x128_si256(c, d, 0x20));
    _mm256_store_si256((__m256i *)stream[1], _mm256_permute2x128_si256(a, b, 0x31));
    _mm256_store_si256((__m256i *)(stream[1] + 32), _mm256_permute2x128_si256(c, d, 0x31));
}

/* All of it for the first four lanes alone, in less time. */
static inline void chacha20_avx2_few(uint8_t stream[CHACHA20_LANES][CHACHA20_BLOCK_BYTES],
                                     const struct chacha20_lanes *lanes, const uint8_t key[static 32])
{
    const __m256i row0 = _mm256_set_epi32(0x6b206574, 0x79622d32, 0x3320646e, 0x61707865, 0x6b206574,
                                          0x79622d32, 0x3320646e, 0x61707865);
    const __m256i row1 = chacha20_row(key);
    const __m256i row2 = chacha20_row(key + 16);
    const __m256i row3[2] = {chacha20_last_row(lanes, 0), chacha20_last_row(lanes, 2)};
    __m256i a[2] = {row0, row0};
    __m256i b[2] = {row1, row1};
    __m256i c[2] = {row2, row2};
    __m256i d[2] = {row3[0], row3[1]};

    for (int i = 0; i < 10; i++) {
        chacha20_rows_round(&a[0], &b[0], &c[0], &d[0]);
        chacha20_rows_round(&a[1], &b[1], &c[1], &d[1]);
    }
    for (int i = 0; i < 2; i++)
        chacha20_rows_store(stream + (ptrdiff_t)2 * i, _mm256_add_epi32(a[i], row0),
                            _mm256_add_epi32(b[i], row1), _mm256_add_epi32(c[i], row2),
                            _mm256_add_epi32(d[i], row3[i]));
}

#endif
