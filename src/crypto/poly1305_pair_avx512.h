/* SPDX-License-Identifier: MIT
 *
 * The sums of Poly1305 of packets, two by two. For the AVX-512 kernels alone.
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
 * two packets just begins later. Row 0 is made up when a pair is begun; so are ("staged") the rows of a step
 * that lacks blocks at the front of either packet. All other steps load from the packets.
 */
#ifndef CRYPTO_POLY1305_PAIR_AVX512_H
#define CRYPTO_POLY1305_PAIR_AVX512_H

#include "crypto/poly1305_group_avx512.h"

#define POLY1305_ROW_BYTES 64

/* One packet's bytes. */
struct poly1305_message {
    const uint8_t *bytes;
    ptrdiff_t length;
    ptrdiff_t blocks; /* of 16 bytes, with the one that says the length */
};

/* One pair under way. */
struct poly1305_pair {
    __m512i last_a, last_b;          /* row 0 of each, with the length in its last block */
    __m512i staged_a[POLY1305_STEP]; /* the rows of the next step, if staged */
    __m512i staged_b[POLY1305_STEP];
    __m512i staged_above[POLY1305_STEP];
    struct poly1305_numbers h;
    const __m512i *above; /* the bits above the blocks of the next step */
    struct poly1305_message a, b;
    ptrdiff_t rows; /* still to come */
    size_t index;   /* in its group */
    bool staged;
};

/* The bits above the blocks of a step over full rows. */
static const __m512i poly1305_above_full[POLY1305_STEP] = {
    {POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK,
     POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK},
    {POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK,
     POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK},
    {POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK,
     POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK},
    {POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK,
     POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK, POLY1305_ABOVE_BLOCK},
};

/* Where the rows of a step are. */
struct poly1305_step {
    const uint8_t *a, *b;        /* three rows */
    const void *last_a, *last_b; /* the fourth */
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

/* Where a row begins; before the packet if its front is missing. */
static inline const uint8_t *poly1305_row(const struct poly1305_message *message, ptrdiff_t row)
{
    const ptrdiff_t block = message->blocks - 4 * (row + 1);

    /* As numbers, since a pointer may not stand before its array. */
    /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
    return (const uint8_t *)((uintptr_t)message->bytes + (uintptr_t)(block * POLY1305_BLOCK_BYTES));
}

/* How many of a row's four blocks are missing at its front. */
static inline unsigned poly1305_missing(const struct poly1305_message *message, ptrdiff_t row)
{
    const ptrdiff_t block = message->blocks - 4 * (row + 1);

    return block >= 0 ? 0 : block <= -4 ? 4 : (unsigned)-block;
}

/* Any row but the last of a packet, with zeros for what is missing. */
static inline __attribute__((always_inline)) __m512i poly1305_row_load(const struct poly1305_message *message,
                                                                       ptrdiff_t row)
{
    const unsigned missing = poly1305_missing(message, row);
    const __mmask64 mask = missing == 4 ? 0 : ~UINT64_C(0) << (missing * POLY1305_BLOCK_BYTES);

    return _mm512_maskz_loadu_epi8(mask, poly1305_row(message, row));
}

/* The last row: what the other rows leave of the packet, zeros up to a block, and the length. */
static inline __attribute__((always_inline)) __m512i poly1305_last_row_load(
    const struct poly1305_message *message)
{
    const ptrdiff_t end = message->length - (message->blocks - 4) * POLY1305_BLOCK_BYTES;
    const __mmask64 front = ~UINT64_C(0) << (poly1305_missing(message, 0) * POLY1305_BLOCK_BYTES);
    const __mmask64 mask = front & ((UINT64_C(1) << end) - 1);
    const __m512i bytes = _mm512_maskz_loadu_epi8(mask, poly1305_row(message, 0));

    return _mm512_mask_set1_epi64(bytes, 0x80, message->length);
}

/* The bits above the blocks of a row, none for those that are missing. */
static inline __attribute__((always_inline)) __m512i poly1305_above(const struct poly1305_pair *pair,
                                                                    ptrdiff_t row)
{
    const unsigned a = 0x55U << 2 * poly1305_missing(&pair->a, row);
    const unsigned b = 0xaaU << 2 * poly1305_missing(&pair->b, row);

    return _mm512_maskz_set1_epi64((__mmask8)((a & 0x55) | (b & 0xaa)), POLY1305_ABOVE_BLOCK);
}

/* A pair of at most four rows in one step. */
static inline __attribute__((always_inline)) void poly1305_short(struct poly1305_pair *pair,
                                                                 const struct poly1305_group *group)
{
    struct poly1305_products sum = poly1305_sum(
        poly1305_split_carried(_mm512_unpacklo_epi64(pair->last_a, pair->last_b),
                               _mm512_unpackhi_epi64(pair->last_a, pair->last_b), poly1305_above(pair, 0)));

    for (ptrdiff_t row = 1; row < pair->rows; row++) {
        const struct poly1305_factors factor = poly1305_row_factors(group, pair->index, row);
        const __m512i a = poly1305_row_load(&pair->a, row);
        const __m512i b = poly1305_row_load(&pair->b, row);

        poly1305_multiply(&sum,
                          poly1305_split(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b),
                                         poly1305_above(pair, row)),
                          &factor);
    }
    pair->h = poly1305_carry(&sum);
    pair->rows = 0;
}

/* Whether four rows, this one the first of them, are full in both packets. */
static inline bool poly1305_is_full(const struct poly1305_pair *pair, ptrdiff_t row)
{
    return poly1305_missing(&pair->a, row) == 0 && poly1305_missing(&pair->b, row) == 0;
}

/* Makes up the rows of the next step. */
static inline __attribute__((always_inline)) void poly1305_stage(struct poly1305_pair *pair)
{
#pragma GCC unroll 4
    for (int i = 0; i < POLY1305_STEP; i++) {
        const ptrdiff_t row = pair->rows - 1 - i;

        pair->staged_a[i] = row == 0 ? pair->last_a : poly1305_row_load(&pair->a, row);
        pair->staged_b[i] = row == 0 ? pair->last_b : poly1305_row_load(&pair->b, row);
        pair->staged_above[i] = poly1305_above(pair, row);
    }
    pair->above = pair->staged_above;
    pair->staged = true;
}

/* Begins with a pair. A short one is done at once; the steps of a long one are four rows each, so some
 * of the first one's may be missing. */
static inline __attribute__((always_inline)) void poly1305_pair_start(struct poly1305_pair *pair,
                                                                      const struct poly1305_group *group,
                                                                      size_t index,
                                                                      const struct poly1305_message *a,
                                                                      const struct poly1305_message *b)
{
    pair->a = *a;
    pair->b = *b;
    pair->last_a = poly1305_last_row_load(a);
    pair->last_b = poly1305_last_row_load(b);
    pair->rows = poly1305_rows(a) > poly1305_rows(b) ? poly1305_rows(a) : poly1305_rows(b);
    pair->index = index;
    if (pair->rows <= POLY1305_STEP) {
        poly1305_short(pair, group);
        return;
    }
    pair->h = poly1305_zero();
    pair->rows = (pair->rows + POLY1305_STEP - 1) / POLY1305_STEP * POLY1305_STEP;
    pair->staged = false;
    pair->above = poly1305_above_full;
}

/* Prepares the next step, and returns how many can be done until the next one has to be prepared. */
static inline __attribute__((always_inline)) size_t poly1305_prepare(struct poly1305_pair *pair)
{
    if (!pair->staged && !poly1305_is_full(pair, pair->rows - 1))
        poly1305_stage(pair);
    if (pair->rows > POLY1305_STEP && !poly1305_is_full(pair, pair->rows - 1 - POLY1305_STEP))
        return 1;
    return (size_t)pair->rows / POLY1305_STEP;
}

/* The parts of a step, so that other work may be put between them. Where its rows are; */
static inline __attribute__((always_inline)) struct poly1305_step poly1305_step_of(
    const struct poly1305_pair *pair)
{
    struct poly1305_step step = {poly1305_row(&pair->a, pair->rows - 1),
                                 poly1305_row(&pair->b, pair->rows - 1), &pair->last_a, &pair->last_b};

    if (pair->staged) {
        step.a = (const uint8_t *)pair->staged_a;
        step.b = (const uint8_t *)pair->staged_b;
    }
    if (pair->staged || pair->rows > POLY1305_STEP) {
        step.last_a = step.a + (size_t)(POLY1305_STEP - 1) * POLY1305_ROW_BYTES;
        step.last_b = step.b + (size_t)(POLY1305_STEP - 1) * POLY1305_ROW_BYTES;
    }
    return step;
}

/* the sum, which begins with the fourth row; */
static inline __attribute__((always_inline)) struct poly1305_products poly1305_step_start(
    const struct poly1305_pair *pair, const struct poly1305_step *step)
{
    const __m512i a = _mm512_loadu_si512(step->last_a);
    const __m512i b = _mm512_loadu_si512(step->last_b);

    return poly1305_sum(poly1305_split_carried(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b),
                                               pair->above[POLY1305_STEP - 1]));
}

/* h times r^16 and the rows 0, 1, 2 times r^12, r^8, r^4 (poly1305_row_factors()); */
static inline __attribute__((always_inline)) struct poly1305_numbers poly1305_step_row(
    const struct poly1305_pair *pair, const struct poly1305_step *step, int i)
{
    const __m512i a = _mm512_loadu_si512(step->a + (size_t)i * POLY1305_ROW_BYTES);
    const __m512i b = _mm512_loadu_si512(step->b + (size_t)i * POLY1305_ROW_BYTES);

    return poly1305_split(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b), pair->above[i]);
}

/* the end. */
static inline __attribute__((always_inline)) void poly1305_step_end(struct poly1305_pair *pair,
                                                                    const struct poly1305_products *sum)
{
    pair->h = poly1305_carry(sum);
    pair->rows -= POLY1305_STEP;
    pair->above = poly1305_above_full;
    pair->staged = false;
}

/* A whole step, which is prepared. */
static inline __attribute__((always_inline)) void poly1305_step_run(struct poly1305_pair *pair,
                                                                    const struct poly1305_group *group)
{
    const struct poly1305_step step = poly1305_step_of(pair);
    struct poly1305_products sum = poly1305_step_start(pair, &step);
    struct poly1305_factors factor = poly1305_row_factors(group, pair->index, POLY1305_STEP);

    poly1305_multiply(&sum, pair->h, &factor);
#pragma GCC unroll 3
    for (int i = 0; i < POLY1305_STEP - 1; i++) {
        factor = poly1305_row_factors(group, pair->index, POLY1305_STEP - 1 - i);
        poly1305_multiply(&sum, poly1305_step_row(pair, &step, i), &factor);
    }
    poly1305_step_end(pair, &sum);
}

/* Goes on to the end, and leaves the sum with the group. */
static inline __attribute__((always_inline)) void poly1305_pair_finish(struct poly1305_pair *pair,
                                                                       struct poly1305_group *group)
{
    while (pair->rows > 0) {
        (void)poly1305_prepare(pair);
        poly1305_step_run(pair, group);
    }
    group->sum[pair->index] = pair->h;
}

#endif
