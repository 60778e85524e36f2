/* SPDX-License-Identifier: MIT
 *
 * Eight unsigned 64-bit numbers side by side, as AVX-512 with IFMA computes with them. One of the places that
 * field25519_ifma.h and x25519_ladder.h can stand on; which one is the choice of the file that includes them.
 *
 * All operations are modulo 2^64. lanes_add_low() and lanes_add_high() see only the lowest 52 bits of the
 * factors.
 */
#ifndef CRYPTO_LANES_IFMA8_H
#define CRYPTO_LANES_IFMA8_H

#include <immintrin.h>
#include <stdint.h>

enum { LANES = 8 };
typedef __m512i lanes;
typedef __mmask8 lanes_choice; /* a bit for each lane */

static inline lanes lanes_load(const uint64_t from[static LANES])
{
    return _mm512_loadu_si512(from);
}

static inline void lanes_store(uint64_t to[static LANES], lanes a)
{
    _mm512_storeu_si512(to, a);
}

/* The same number in every lane. */
static inline lanes lanes_all(uint64_t number)
{
    return _mm512_set1_epi64((long long)number);
}

static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm512_add_epi64(a, b);
}

static inline lanes lanes_subtract(lanes a, lanes b)
{
    return _mm512_sub_epi64(a, b);
}

static inline lanes lanes_and(lanes a, lanes b)
{
    return _mm512_and_si512(a, b);
}

static inline lanes lanes_shift_right(lanes a, unsigned bits)
{
    return _mm512_srli_epi64(a, bits);
}

/* The product modulo 2^64. Compilers would make shifts and additions of a constant factor, which are more
 * work for the units that are busiest here; so they may not know it. */
static inline lanes lanes_multiply(lanes a, lanes b)
{
    __asm__("" : "+v"(b));
    return _mm512_mullo_epi64(a, b);
}

/* sum + the lowest 52 bits of the product a b. */
static inline lanes lanes_add_low(lanes sum, lanes a, lanes b)
{
    return _mm512_madd52lo_epu64(sum, a, b);
}

/* sum + the product a b shifted right by 52 bits. */
static inline lanes lanes_add_high(lanes sum, lanes a, lanes b)
{
    return _mm512_madd52hi_epu64(sum, a, b);
}

/* Whether this bit of a is set, for each lane. */
static inline lanes_choice lanes_bit(lanes a, unsigned bit)
{
    return _mm512_test_epi64_mask(a, lanes_all(UINT64_C(1) << bit));
}

/* In each lane, b where the choice is set and a where it is not. */
static inline lanes lanes_select(lanes_choice choice, lanes a, lanes b)
{
    return _mm512_mask_blend_epi64(choice, a, b);
}

#endif
