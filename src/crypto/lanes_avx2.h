/* SPDX-License-Identifier: MIT
 *
 * Four unsigned 64-bit numbers side by side, as AVX2 computes with them: the place that field25519_avx2.h and
 * x25519_ladder.h stand on.
 *
 * All operations are modulo 2^64. The multiplication sees only the lowest 32 bits of its factors.
 */
#ifndef CRYPTO_LANES_AVX2_H
#define CRYPTO_LANES_AVX2_H

#include <immintrin.h>
#include <stdint.h>

enum { LANES = 4 };
typedef __m256i lanes;
typedef __m256d lanes_choice; /* the highest bit of each lane counts */

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

/* Makes the compiler have a ready here. Left to itself it puts off long rows of additions, to balance them,
 * and runs out of registers for all it has put off. */
static inline void lanes_settle(lanes *a)
{
    __asm__("" : "+x"(*a));
}

static inline lanes lanes_shift_left(lanes a, unsigned bits)
{
    return _mm256_slli_epi64(a, (int)bits);
}

static inline lanes lanes_multiply(lanes a, lanes b)
{
    return _mm256_mul_epu32(a, b);
}

/* Whether this bit of a is set, for each lane. */
static inline lanes_choice lanes_bit(lanes a, unsigned bit)
{
    return _mm256_castsi256_pd(_mm256_sll_epi64(a, _mm_cvtsi32_si128((int)(63 - bit))));
}

/* In each lane, b where the choice is set and a where it is not. */
static inline lanes lanes_select(lanes_choice choice, lanes a, lanes b)
{
    return _mm256_castpd_si256(_mm256_blendv_pd(_mm256_castsi256_pd(a), _mm256_castsi256_pd(b), choice));
}

#endif
