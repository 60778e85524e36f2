/* SPDX-License-Identifier: MIT
 *
 * Four unsigned 64-bit numbers side by side, as IFMA computes with them in registers of 256 bits (AVX512VL):
 * on processors that do 512 bits in two halves, four lanes take half the time of eight.
 *
 * All operations are modulo 2^64. lanes_add_low() and lanes_add_high() see only the lowest 52 bits of the
 * factors.
 */
#ifndef CRYPTO_LANES_IFMA4_H
#define CRYPTO_LANES_IFMA4_H

#include <immintrin.h>
#include <stdint.h>

enum { LANES = 4 };
typedef __m256i lanes;
typedef __mmask8 lanes_choice; /* a bit for each lane, the upper four unused */

static inline lanes lanes_load(const uint64_t from[static LANES])
{
    return _mm256_loadu_si256((const __m256i *)from);
}

static inline void lanes_store(uint64_t to[static LANES], lanes a)
{
    _mm256_storeu_si256((__m256i *)to, a);
}

/* The same number in every lane. */
static inline lanes lanes_all(uint64_t number)
{
    return _mm256_set1_epi64x((long long)number);
}

static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm256_add_epi64(a, b);
}

static inline lanes lanes_subtract(lanes a, lanes b)
{
    return _mm256_sub_epi64(a, b);
}

static inline lanes lanes_and(lanes a, lanes b)
{
    return _mm256_and_si256(a, b);
}

static inline lanes lanes_shift_right(lanes a, unsigned bits)
{
    return _mm256_srli_epi64(a, (int)bits);
}

/* The product modulo 2^64. Compilers would make shifts and additions of a constant factor, which are more
 * work for the units that are busiest here; so they may not know it. */
static inline lanes lanes_multiply(lanes a, lanes b)
{
    __asm__("" : "+v"(b));
    return _mm256_mullo_epi64(a, b);
}

/* sum + the lowest 52 bits of the product a b. */
static inline lanes lanes_add_low(lanes sum, lanes a, lanes b)
{
    return _mm256_madd52lo_epu64(sum, a, b);
}

/* sum + the product a b shifted right by 52 bits. */
static inline lanes lanes_add_high(lanes sum, lanes a, lanes b)
{
    return _mm256_madd52hi_epu64(sum, a, b);
}

/* Whether this bit of a is set, for each lane. */
static inline lanes_choice lanes_bit(lanes a, unsigned bit)
{
    return _mm256_test_epi64_mask(a, lanes_all(UINT64_C(1) << bit));
}

/* In each lane, b where the choice is set and a where it is not. */
static inline lanes lanes_select(lanes_choice choice, lanes a, lanes b)
{
    return _mm256_mask_blend_epi64(choice, a, b);
}

#endif
