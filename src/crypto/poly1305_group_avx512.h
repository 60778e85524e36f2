/* SPDX-License-Identifier: MIT
 *
 * Poly1305 of up to eight packets, two by two. For the AVX-512 kernels alone.
 *
 * A packet's authenticator is the polynomial sum of c_i r^(n - i) over its n blocks of 16 bytes, the last of
 * which says how long it is. Its blocks are taken four at a time, a row of 64 bytes, just as they lie in
 * memory; two packets make eight lanes, (block 0 of a, block 0 of b, block 1 of a, ...), for which two
 * shuffles suffice. With rows of four blocks,
 *
 *     sum over rows of (c_0, c_1, c_2, c_3) r^(4 (rows after this one))
 *
 * is Horner's rule in r^4, lane by lane, and at the end the lanes are multiplied by r^4, r^3, r^2, r and
 * added. Up to four rows are taken per step, so that there is one carry for four:
 *
 *     h = h r^16 + row_0 r^12 + row_1 r^8 + row_2 r^4 + row_3
 *
 * Rows are counted from the end, row 0 being the last, and the last block of a packet is always the last of
 * row 0: what is missing for full rows is missing at the front, where blocks of zero (without the bit above
 * a block) change nothing. So everything ends with the same powers whatever the length, and the shorter of
 * two packets just begins later. Only the first step of a pair and the one with row 0 need masks.
 *
 * What is done once per packet, the powers before and the sum, reduction and pad after, is done for eight
 * packets at once, one per lane.
 */
#ifndef CRYPTO_POLY1305_GROUP_AVX512_H
#define CRYPTO_POLY1305_GROUP_AVX512_H

#include "crypto/poly1305_avx512.h"

#define POLY1305_GROUP     8 /* packets */
#define POLY1305_PAIRS     (POLY1305_GROUP / 2)
#define POLY1305_KEY_BYTES 32
#define POLY1305_ROW_BYTES 64
#define POLY1305_STEP      4 /* rows */

/* One packet's bytes. */
struct poly1305_message {
    const uint8_t *bytes;
    ptrdiff_t length;
    ptrdiff_t blocks; /* of 16 bytes, with the one that says the length */
};

/* Eight packets: a lane of these each, but for the sums. */
struct poly1305_group {
    struct poly1305_factors power[4];                     /* r, r^2, r^3, r^4 */
    struct poly1305_factors row_power[POLY1305_STEP + 1]; /* [i]: r^(4 i); [0] is not used */
    struct poly1305_numbers sum[POLY1305_PAIRS];          /* of each pair, four blocks each */
    __m512i pad_low, pad_high;
};

/* One pair under way. */
struct poly1305_pair {
    struct poly1305_message a, b;
    struct poly1305_numbers h;
    ptrdiff_t rows; /* still to come */
};

static inline struct poly1305_message poly1305_message_of(const uint8_t *bytes, size_t length)
{
    const ptrdiff_t blocks = (ptrdiff_t)((length + POLY1305_BLOCK_BYTES - 1) / POLY1305_BLOCK_BYTES) + 1;

    return (struct poly1305_message){bytes, (ptrdiff_t)length, blocks};
}

/* Rows of 64 bytes of a packet with its length. */
static inline ptrdiff_t poly1305_rows(const struct poly1305_message *message)
{
    return (message->blocks + 3) / 4;
}

/* Of the longest of count packets. */
static inline ptrdiff_t poly1305_rows_of(const struct poly1305_message *messages, size_t count)
{
    ptrdiff_t rows = 0;

    for (size_t i = 0; i < count; i++) {
        if (rows < poly1305_rows(&messages[i]))
            rows = poly1305_rows(&messages[i]);
    }
    return rows;
}

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
    group->row_power[1] = group->power[3];
    if (rows > 2) {
        r8 = poly1305_product(r4, &group->power[3]);
        group->row_power[2] = poly1305_factor(r8);
        group->row_power[3] = poly1305_factor(poly1305_product(r4, &group->row_power[2]));
        group->row_power[4] = poly1305_factor(poly1305_product(r8, &group->row_power[2]));
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

/* Where a row begins; before the packet if its front is missing. */
static inline const uint8_t *poly1305_row(const struct poly1305_message *message, ptrdiff_t row)
{
    const ptrdiff_t block = message->blocks - 4 * (row + 1);

    return (const uint8_t *)((uintptr_t)message->bytes + (uintptr_t)(block * POLY1305_BLOCK_BYTES));
}

/* How many of a row's four blocks are missing at its front. */
static inline unsigned poly1305_missing(const struct poly1305_message *message, ptrdiff_t row)
{
    const ptrdiff_t block = message->blocks - 4 * (row + 1);

    return block >= 0 ? 0 : block <= -4 ? 4 : (unsigned)-block;
}

/* Any row of a packet, with zeros for what is missing and in row 0 the length. Reads nothing outside. */
static inline __attribute__((always_inline)) __m512i poly1305_row_load(const struct poly1305_message *message,
                                                                       ptrdiff_t row)
{
    const unsigned missing = poly1305_missing(message, row);
    __mmask64 mask = missing == 4 ? 0 : ~UINT64_C(0) << (missing * POLY1305_BLOCK_BYTES);
    __m512i bytes;

    if (row == 0)
        mask &= (UINT64_C(1) << (message->length - (message->blocks - 4) * POLY1305_BLOCK_BYTES)) - 1;
    bytes = _mm512_maskz_loadu_epi8(mask, poly1305_row(message, row));
    if (row == 0)
        bytes = _mm512_mask_set1_epi64(bytes, 0x80, message->length);
    return bytes;
}

/* The bits above the blocks of a row, none for those that are missing. */
static inline __attribute__((always_inline)) __m512i poly1305_above(const struct poly1305_pair *pair,
                                                                    ptrdiff_t row)
{
    const unsigned a = 0x55U << 2 * poly1305_missing(&pair->a, row);
    const unsigned b = 0xaaU << 2 * poly1305_missing(&pair->b, row);

    return _mm512_maskz_set1_epi64((__mmask8)((a & 0x55) | (b & 0xaa)), POLY1305_ABOVE_BLOCK);
}

/* One step over the next 1 to 4 rows, whatever they are. Before the first step h is zero. */
static inline __attribute__((always_inline)) void poly1305_step_masked(struct poly1305_pair *pair,
                                                                       const struct poly1305_group *group,
                                                                       size_t index, ptrdiff_t rows)
{
    struct poly1305_products sum = poly1305_sum(poly1305_zero());
    struct poly1305_factors factor;
    struct poly1305_numbers m;

    if (rows == POLY1305_STEP) {
        factor = poly1305_pair_factors(&group->row_power[POLY1305_STEP], index);
        poly1305_multiply(&sum, pair->h, &factor);
    }
    for (ptrdiff_t power = rows - 1; power >= 0; power--) {
        const ptrdiff_t row = --pair->rows;
        const __m512i a = poly1305_row_load(&pair->a, row);
        const __m512i b = poly1305_row_load(&pair->b, row);

        m = poly1305_split_carried(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b),
                                   poly1305_above(pair, row));
        if (power == 0)
            break;
        factor = poly1305_pair_factors(&group->row_power[power], index);
        poly1305_multiply(&sum, m, &factor);
    }
    sum.low0 = _mm512_add_epi64(sum.low0, m.h0);
    sum.low1 = _mm512_add_epi64(sum.low1, m.h1);
    sum.low2 = _mm512_add_epi64(sum.low2, m.h2);
    pair->h = poly1305_carry(&sum);
}

/* One step over four full rows that are not the last. */
static inline __attribute__((always_inline)) void poly1305_step_full(struct poly1305_pair *pair,
                                                                     const struct poly1305_group *group,
                                                                     size_t index)
{
    const uint8_t *a = poly1305_row(&pair->a, pair->rows - 1);
    const uint8_t *b = poly1305_row(&pair->b, pair->rows - 1);
    const __m512i above = _mm512_set1_epi64(POLY1305_ABOVE_BLOCK);
    struct poly1305_factors factor = poly1305_pair_factors(&group->row_power[POLY1305_STEP], index);
    __m512i row_a = _mm512_loadu_si512(a + (POLY1305_STEP - 1) * POLY1305_ROW_BYTES);
    __m512i row_b = _mm512_loadu_si512(b + (POLY1305_STEP - 1) * POLY1305_ROW_BYTES);
    struct poly1305_numbers m = poly1305_split_carried(_mm512_unpacklo_epi64(row_a, row_b),
                                                       _mm512_unpackhi_epi64(row_a, row_b), above);
    struct poly1305_products sum = poly1305_sum(m);

    poly1305_multiply(&sum, pair->h, &factor);
#pragma GCC unroll 3
    for (int i = 0; i < POLY1305_STEP - 1; i++) {
        row_a = _mm512_loadu_si512(a + i * POLY1305_ROW_BYTES);
        row_b = _mm512_loadu_si512(b + i * POLY1305_ROW_BYTES);
        m = poly1305_split(_mm512_unpacklo_epi64(row_a, row_b), _mm512_unpackhi_epi64(row_a, row_b), above);
        factor = poly1305_pair_factors(&group->row_power[POLY1305_STEP - 1 - i], index);
        poly1305_multiply(&sum, m, &factor);
    }
    pair->h = poly1305_carry(&sum);
    pair->rows -= POLY1305_STEP;
}

/* Whether the next step is one over full rows of both packets that are not the last. */
static inline bool poly1305_is_full(const struct poly1305_pair *pair)
{
    return pair->rows > POLY1305_STEP && poly1305_missing(&pair->a, pair->rows - 1) == 0 &&
           poly1305_missing(&pair->b, pair->rows - 1) == 0;
}

static inline __attribute__((always_inline)) struct poly1305_pair poly1305_pair_start(
    struct poly1305_message a, struct poly1305_message b)
{
    struct poly1305_pair pair = {a, b, poly1305_zero(), poly1305_rows(&a)};

    if (pair.rows < poly1305_rows(&b))
        pair.rows = poly1305_rows(&b);
    return pair;
}

/* Two packets from front to end: the first step takes so many rows that fours are left. */
static inline __attribute__((always_inline)) void poly1305_pair_all(struct poly1305_group *group,
                                                                    size_t index, struct poly1305_message a,
                                                                    struct poly1305_message b)
{
    struct poly1305_pair pair = poly1305_pair_start(a, b);

    poly1305_step_masked(&pair, group, index, (pair.rows - 1) % POLY1305_STEP + 1);
    while (pair.rows > 0) {
        if (poly1305_is_full(&pair))
            poly1305_step_full(&pair, group, index);
        else
            poly1305_step_masked(&pair, group, index, POLY1305_STEP);
    }
    group->sum[index] = pair.h;
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
