/* SPDX-License-Identifier: MIT
 *
 * The arithmetic of Poly1305 (RFC 8439, 2.5) in eight lanes of 64 bits, with the 52-bit multiply-and-add of
 * AVX-512 IFMA. For the AVX-512 kernels alone. All arithmetic is modulo p = 2^130 - 5.
 *
 * A number is three limbs of 44, 44 and 42 bits: h0 + 2^44 h1 + 2^88 h2. As 2^132 = 4 * 2^130 = 20, what a
 * product has above the third limb comes back twenty-fold:
 *
 *     d0 = h0 r0 + 20 h1 r2 + 20 h2 r1      d1 = h0 r1 + h1 r0 + 20 h2 r2      d2 = h0 r2 + h1 r1 + h2 r0
 *
 * so a factor is kept with s1 = 20 r1 and s2 = 20 r2. The instruction multiplies the low 52 bits of its
 * operands (and ignores the rest) and adds either the low 52 bits of the 104 or those above to a sum of 64:
 * low_i has weight 2^(44 i), high_i has 2^52 times that, which is 2^8 in the next limb, and for the last
 * 2^(88 + 52) = 2^10 * 2^130 = 5 * 2^10 in the first.
 *
 * Bounds. "Carried" is h0 < 2^44, h1 < 2^44 + 2^16, h2 < 2^42. Of a factor then r0, r1 < 2^44.1, r2 < 2^42,
 * s1 < 2^48.5, s2 < 2^46.4. A multiplicand is carried, or a block as poly1305_split() makes it: m0, m1 <
 * 2^52, m2 < 2^41. Of one product, low_i < 3 * 2^52 and high_i < 2^44.1 + 2^46.4 + 2^37.5 < 2^47. Four
 * products and a block are summed before a carry: low_i < 2^55.7, high_i < 2^49, high_i << 8 < 2^57, high_2
 * << 10 < 2^59, five times that < 2^61.4: no sum reaches 2^64. What poly1305_carry() returns is carried
 * again: what is taken from the first limb into the second in its end is below 2^(61.5 - 44) = 2^17.5 by
 * these bounds; high_2, which makes it, has only h0 r2, h1 r1 < 2^44.1 per product, so that it is below
 * 2^(46.7 + 10 + 2.4 - 44) < 2^16.
 */
#ifndef CRYPTO_POLY1305_AVX512_H
#define CRYPTO_POLY1305_AVX512_H

#include "vole.h"

#include <immintrin.h>

#define POLY1305_BLOCK_BYTES 16
#define POLY1305_LIMB        ((INT64_C(1) << 44) - 1)
#define POLY1305_LAST_LIMB   ((INT64_C(1) << 42) - 1)
#define POLY1305_ABOVE_BLOCK (INT64_C(1) << 40) /* the 2^128 that each block gets, in its last limb */

/* Eight numbers. */
struct poly1305_numbers {
    __m512i h0, h1, h2;
};

/* Eight numbers to multiply with. */
struct poly1305_factors {
    __m512i r0, r1, r2, s1, s2;
};

/* Sums of products before the carry. */
struct poly1305_products {
    __m512i low0, low1, low2, high0, high1, high2;
};

static inline __attribute__((always_inline)) struct poly1305_numbers poly1305_zero(void)
{
    const __m512i zero = _mm512_setzero_si512();

    return (struct poly1305_numbers){zero, zero, zero};
}

/* Numbers made factors. */
static inline __attribute__((always_inline)) struct poly1305_factors poly1305_factor(
    struct poly1305_numbers h)
{
    struct poly1305_factors factor = {h.h0, h.h1, h.h2, h.h1, h.h2};

    factor.s1 = _mm512_add_epi64(_mm512_slli_epi64(h.h1, 4), _mm512_slli_epi64(h.h1, 2));
    factor.s2 = _mm512_add_epi64(_mm512_slli_epi64(h.h2, 4), _mm512_slli_epi64(h.h2, 2));
    return factor;
}

/* Sums that begin with numbers. */
static inline __attribute__((always_inline)) struct poly1305_products poly1305_sum(struct poly1305_numbers h)
{
    const __m512i zero = _mm512_setzero_si512();

    return (struct poly1305_products){h.h0, h.h1, h.h2, zero, zero, zero};
}

/* sum += h * r */
static inline __attribute__((always_inline)) void poly1305_multiply(struct poly1305_products *sum,
                                                                    struct poly1305_numbers h,
                                                                    const struct poly1305_factors *r)
{
    sum->low0 = _mm512_madd52lo_epu64(sum->low0, h.h0, r->r0);
    sum->high0 = _mm512_madd52hi_epu64(sum->high0, h.h0, r->r0);
    sum->low1 = _mm512_madd52lo_epu64(sum->low1, h.h0, r->r1);
    sum->high1 = _mm512_madd52hi_epu64(sum->high1, h.h0, r->r1);
    sum->low2 = _mm512_madd52lo_epu64(sum->low2, h.h0, r->r2);
    sum->high2 = _mm512_madd52hi_epu64(sum->high2, h.h0, r->r2);
    sum->low0 = _mm512_madd52lo_epu64(sum->low0, h.h1, r->s2);
    sum->high0 = _mm512_madd52hi_epu64(sum->high0, h.h1, r->s2);
    sum->low1 = _mm512_madd52lo_epu64(sum->low1, h.h1, r->r0);
    sum->high1 = _mm512_madd52hi_epu64(sum->high1, h.h1, r->r0);
    sum->low2 = _mm512_madd52lo_epu64(sum->low2, h.h1, r->r1);
    sum->high2 = _mm512_madd52hi_epu64(sum->high2, h.h1, r->r1);
    sum->low0 = _mm512_madd52lo_epu64(sum->low0, h.h2, r->s1);
    sum->high0 = _mm512_madd52hi_epu64(sum->high0, h.h2, r->s1);
    sum->low1 = _mm512_madd52lo_epu64(sum->low1, h.h2, r->s2);
    sum->high1 = _mm512_madd52hi_epu64(sum->high1, h.h2, r->s2);
    sum->low2 = _mm512_madd52lo_epu64(sum->low2, h.h2, r->r0);
    sum->high2 = _mm512_madd52hi_epu64(sum->high2, h.h2, r->r0);
}

/* The sums as carried numbers. */
static inline __attribute__((always_inline)) struct poly1305_numbers poly1305_carry(
    const struct poly1305_products *sum)
{
    const __m512i limb = _mm512_set1_epi64(POLY1305_LIMB);
    const __m512i last_limb = _mm512_set1_epi64(POLY1305_LAST_LIMB);
    struct poly1305_numbers h;
    __m512i carry;

    h.h0 = _mm512_and_si512(sum->low0, limb);
    carry = _mm512_add_epi64(_mm512_srli_epi64(sum->low0, 44), _mm512_slli_epi64(sum->high0, 8));
    carry = _mm512_add_epi64(sum->low1, carry);
    h.h1 = _mm512_and_si512(carry, limb);
    carry = _mm512_add_epi64(_mm512_srli_epi64(carry, 44), _mm512_slli_epi64(sum->high1, 8));
    carry = _mm512_add_epi64(sum->low2, carry);
    h.h2 = _mm512_and_si512(carry, last_limb);
    carry = _mm512_add_epi64(_mm512_srli_epi64(carry, 42), _mm512_slli_epi64(sum->high2, 10));
    carry = _mm512_add_epi64(carry, _mm512_slli_epi64(carry, 2));
    carry = _mm512_add_epi64(h.h0, carry);
    h.h0 = _mm512_and_si512(carry, limb);
    h.h1 = _mm512_add_epi64(h.h1, _mm512_srli_epi64(carry, 44));
    return h;
}

/* a * b */
static inline __attribute__((always_inline)) struct poly1305_numbers poly1305_product(
    struct poly1305_numbers a, const struct poly1305_factors *b)
{
    struct poly1305_products sum = poly1305_sum(poly1305_zero());

    poly1305_multiply(&sum, a, b);
    return poly1305_carry(&sum);
}

/* Blocks as multiplicands, from their halves and what is above them (POLY1305_ABOVE_BLOCK or 0). The limbs
 * are cut where it costs least: the first is bits 0..51 (those above them in its lane are ignored), the
 * second bits 52..95 and the third those from 96 on, both in their place, so with eight zeros below. */
static inline __attribute__((always_inline)) struct poly1305_numbers poly1305_split(__m512i low, __m512i high,
                                                                                    __m512i above)
{
    const __m512i not_low8 = _mm512_set1_epi64(~INT64_C(0xff));
    struct poly1305_numbers m = {low, low, low};

    /* (low >> 44 without 8 bits) | high << 20, and (high >> 24 without 8 bits) | above */
    m.h1 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(low, 44), not_low8, _mm512_slli_epi64(high, 20), 0xea);
    m.h2 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(high, 24), not_low8, above, 0xea);
    return m;
}

/* Blocks as numbers to add to: no limb has more than its bits, so they are carried. */
static inline __attribute__((always_inline)) struct poly1305_numbers poly1305_split_carried(__m512i low,
                                                                                            __m512i high,
                                                                                            __m512i above)
{
    const __m512i limb = _mm512_set1_epi64(POLY1305_LIMB);
    struct poly1305_numbers m;

    m.h0 = _mm512_and_si512(low, limb);
    m.h1 = _mm512_or_si512(_mm512_srli_epi64(low, 44), _mm512_slli_epi64(high, 20));
    m.h1 = _mm512_and_si512(m.h1, limb);
    m.h2 = _mm512_or_si512(_mm512_srli_epi64(high, 24), above);
    return m;
}

/* The halves of the tags: h mod p, plus the pad, mod 2^128 (RFC 8439, 2.5.1). */
static inline __attribute__((always_inline)) void poly1305_tags(struct poly1305_numbers h, __m512i *low,
                                                                __m512i *high)
{
    const __m512i limb = _mm512_set1_epi64(POLY1305_LIMB);
    const __m512i pad_low = *low;
    struct poly1305_products sum = poly1305_sum(h);
    struct poly1305_numbers less; /* h - p = h + 5 - 2^130 */
    __mmask8 carried;

    /* Of carried numbers one more carry makes every limb fit: if it comes round, h2 is 0 after it, so the
     * limbs below cannot both overflow again. */
    h = poly1305_carry(&sum);
    less.h0 = _mm512_add_epi64(h.h0, _mm512_set1_epi64(5));
    less.h1 = _mm512_add_epi64(h.h1, _mm512_srli_epi64(less.h0, 44));
    less.h2 = _mm512_add_epi64(h.h2, _mm512_srli_epi64(less.h1, 44));
    carried = _mm512_test_epi64_mask(less.h2, _mm512_set1_epi64(INT64_C(1) << 42));
    h.h0 = _mm512_mask_and_epi64(h.h0, carried, less.h0, limb);
    h.h1 = _mm512_mask_and_epi64(h.h1, carried, less.h1, limb);
    h.h2 = _mm512_mask_mov_epi64(h.h2, carried, less.h2); /* bit 130 and above go out below */
    *low = _mm512_add_epi64(_mm512_or_si512(h.h0, _mm512_slli_epi64(h.h1, 44)), pad_low);
    carried = _mm512_cmplt_epu64_mask(*low, pad_low);
    *high = _mm512_add_epi64(
        _mm512_add_epi64(_mm512_or_si512(_mm512_srli_epi64(h.h1, 20), _mm512_slli_epi64(h.h2, 24)), *high),
        _mm512_maskz_set1_epi64(carried, 1));
}

#endif
