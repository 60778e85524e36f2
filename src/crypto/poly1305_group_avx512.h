/* SPDX-License-Identifier: MIT
 *
 * What Poly1305 needs once per packet, for eight packets at once, one per lane: before, the powers of r;
 * after, from the sums that poly1305_pair_avx512.h makes, the tags. For the AVX-512 kernels alone.
 *
 * The sums come two packets in eight lanes: every fourth block of each was summed by itself, in order of
 * blocks 0 to 3. They are multiplied by r^4, r^3, r^2, r and added, once they are turned so that a lane is
 * a packet again.
 */
#ifndef CRYPTO_POLY1305_GROUP_AVX512_H
#define CRYPTO_POLY1305_GROUP_AVX512_H

#include "crypto/poly1305_avx512.h"

#define POLY1305_GROUP     8 /* packets */
#define POLY1305_PAIRS     (POLY1305_GROUP / 2)
#define POLY1305_KEY_BYTES 32
#define POLY1305_STEP      4 /* rows */

/* Eight packets: a lane of these each, but for the sums. All of it is secret. */
struct poly1305_group {
    struct poly1305_numbers sum[POLY1305_PAIRS];          /* of each pair, four blocks each */
    __m512i pad_low, pad_high;                            /* s */
    struct poly1305_factors power[4];                     /* r, r^2, r^3, r^4 */
    struct poly1305_factors row_power[POLY1305_STEP - 1]; /* r^8, r^12, r^16, if there are 3 rows or more */
};

/* Takes the keys r and s of eight packets out of eight times 32 bytes and computes the powers of r that
 * packets of at most this many rows need. */
static inline __attribute__((always_inline)) void poly1305_group_start(struct poly1305_group *group,
                                                                       const uint8_t *keys, ptrdiff_t rows)
{
    const __m512i r_index = _mm512_set_epi64(13, 9, 5, 1, 12, 8, 4, 0);
    const __m512i s_index = _mm512_set_epi64(15, 11, 7, 3, 14, 10, 6, 2);
    const __m512i keys01 = _mm512_load_si512(keys);
    const __m512i keys23 = _mm512_load_si512(keys + 64);
    const __m512i keys45 = _mm512_load_si512(keys + 128);
    const __m512i keys67 = _mm512_load_si512(keys + 192);
    const __m512i r03 = _mm512_permutex2var_epi64(keys01, r_index, keys23); /* four low halves, four high */
    const __m512i r47 = _mm512_permutex2var_epi64(keys45, r_index, keys67);
    const __m512i s03 = _mm512_permutex2var_epi64(keys01, s_index, keys23);
    const __m512i s47 = _mm512_permutex2var_epi64(keys45, s_index, keys67);
    const __m512i clamp_low = _mm512_set1_epi64(0x0ffffffc0fffffff);
    const __m512i clamp_high = _mm512_set1_epi64(0x0ffffffc0ffffffc);
    const __m512i low = _mm512_and_si512(_mm512_shuffle_i64x2(r03, r47, 0x44), clamp_low);
    const __m512i high = _mm512_and_si512(_mm512_shuffle_i64x2(r03, r47, 0xee), clamp_high);
    struct poly1305_numbers r = poly1305_split_carried(low, high, _mm512_setzero_si512());
    struct poly1305_numbers r2, r4, r8;

    group->pad_low = _mm512_shuffle_i64x2(s03, s47, 0x44);
    group->pad_high = _mm512_shuffle_i64x2(s03, s47, 0xee);
    group->power[0] = poly1305_factor(r);
    r2 = poly1305_product(r, &group->power[0]);
    group->power[1] = poly1305_factor(r2);
    group->power[2] = poly1305_factor(poly1305_product(r, &group->power[1]));
    r4 = poly1305_product(r2, &group->power[1]);
    group->power[3] = poly1305_factor(r4);
    if (rows > 2) {
        r8 = poly1305_product(r4, &group->power[3]);
        group->row_power[0] = poly1305_factor(r8);
        group->row_power[1] = poly1305_factor(poly1305_product(r4, &group->row_power[0]));
        group->row_power[2] = poly1305_factor(poly1305_product(r8, &group->row_power[0]));
    }
}

/* The factors of two packets out of eight, for the lanes of a pair. */
static inline __attribute__((always_inline)) struct poly1305_factors poly1305_pair_factors(
    const struct poly1305_factors *of_group, size_t pair)
{
    return (struct poly1305_factors){
        _mm512_broadcast_i64x2(((const __m128i *)&of_group->r0)[pair]),
        _mm512_broadcast_i64x2(((const __m128i *)&of_group->r1)[pair]),
        _mm512_broadcast_i64x2(((const __m128i *)&of_group->r2)[pair]),
        _mm512_broadcast_i64x2(((const __m128i *)&of_group->s1)[pair]),
        _mm512_broadcast_i64x2(((const __m128i *)&of_group->s2)[pair]),
    };
}

/* The factors of a pair for what has so many rows after it: r^(4 rows), one to four rows. */
static inline __attribute__((always_inline)) struct poly1305_factors poly1305_row_factors(
    const struct poly1305_group *group, size_t pair, ptrdiff_t rows)
{
    return poly1305_pair_factors(rows == 1 ? &group->power[3] : &group->row_power[rows - 2], pair);
}

/* One limb of the sums of four pairs as multiplicands for eight packets: vector i is block i of each. */
static inline __attribute__((always_inline)) void poly1305_turn(const __m512i pairs[static 4],
                                                                __m512i blocks[static 4])
{
    const __m512i even01 = _mm512_shuffle_i64x2(pairs[0], pairs[1], 0x88);
    const __m512i odd01 = _mm512_shuffle_i64x2(pairs[0], pairs[1], 0xdd);
    const __m512i even23 = _mm512_shuffle_i64x2(pairs[2], pairs[3], 0x88);
    const __m512i odd23 = _mm512_shuffle_i64x2(pairs[2], pairs[3], 0xdd);

    blocks[0] = _mm512_shuffle_i64x2(even01, even23, 0x88);
    blocks[1] = _mm512_shuffle_i64x2(odd01, odd23, 0x88);
    blocks[2] = _mm512_shuffle_i64x2(even01, even23, 0xdd);
    blocks[3] = _mm512_shuffle_i64x2(odd01, odd23, 0xdd);
}

/* The tags of the eight packets: their low halves, then their high halves. */
static inline __attribute__((always_inline)) void poly1305_group_finish(const struct poly1305_group *group,
                                                                        uint64_t tags[static 16])
{
    const struct poly1305_numbers *s = group->sum;
    struct poly1305_products sum = poly1305_sum(poly1305_zero());
    __m512i low = group->pad_low;
    __m512i high = group->pad_high;
    __m512i h0[4], h1[4], h2[4];

    poly1305_turn((const __m512i[4]){s[0].h0, s[1].h0, s[2].h0, s[3].h0}, h0);
    poly1305_turn((const __m512i[4]){s[0].h1, s[1].h1, s[2].h1, s[3].h1}, h1);
    poly1305_turn((const __m512i[4]){s[0].h2, s[1].h2, s[2].h2, s[3].h2}, h2);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        poly1305_multiply(&sum, (struct poly1305_numbers){h0[i], h1[i], h2[i]}, &group->power[3 - i]);
    poly1305_tags(poly1305_carry(&sum), &low, &high);
    _mm512_storeu_si512(tags, low);
    _mm512_storeu_si512(tags + 8, high);
}

#endif
