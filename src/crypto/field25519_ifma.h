/* SPDX-License-Identifier: MIT
 *
 * Numbers modulo p = 2^255 - 19, one in each lane, for multipliers of 52 bits.
 *
 * A number is five limbs of weight 2^(51 k). 51 bits, because 5 * 51 = 255: what leaves the last limb comes
 * back in the first, times 19, without shifting; and because the one bit left over in a multiplier of 52
 * takes up what carries and sums add to a limb, so that they need not be exact. (52 bits would leave nothing,
 * 47 bits with six limbs cost 72 multiplications instead of 50.)
 *
 * The processor gives a product in two parts: its lowest 52 bits, of weight 2^(51 (i+j)), and the rest, of
 * weight 2^(51 (i+j) + 52) = 2 * 2^(51 (i+j+1)). So the rests are added up in the next column and doubled.
 *
 * Carrying is put off. A struct product is what a multiplication leaves: sums of products, limbs below 2^59.
 * A struct operand is fit for the multiplier: limbs below 2^51 + 2^15. Sums and differences of products are
 * exact in 64 bits, and one carry, in all limbs at once, makes operands of them. scripts/field-bounds proves
 * from this source that the bounds hold and that nothing overflows or is negative.
 */
#ifndef CRYPTO_FIELD25519_IFMA_H
#define CRYPTO_FIELD25519_IFMA_H

enum { LIMBS = 5, LIMB_BITS = 51, COLUMNS = 10 };

struct product {
    lanes limb[LIMBS];
};

struct operand {
    lanes limb[LIMBS];
};

#define LIMB_MASK ((UINT64_C(1) << LIMB_BITS) - 1)
/* 2^10 p, limb by limb more than a product can have there. */
#define BIAS_FIRST ((LIMB_MASK - 18) << 10)
#define BIAS       (LIMB_MASK << 10)

/* A number below 2^255, given as limbs of 51 bits for each lane. */
static inline struct product field_load(const uint64_t limbs[static 5][LANES])
{
    struct product result;

    for (size_t i = 0; i < LIMBS; i++)
        result.limb[i] = lanes_load(limbs[i]);
    return result;
}

/* One carry from each limb to the next; the last one's, times 19, to the first. */
static inline struct operand field_carry(struct product a)
{
    lanes mask = lanes_all(LIMB_MASK);
    struct operand result;

    result.limb[0] =
        lanes_add_low(lanes_and(a.limb[0], mask), lanes_shift_right(a.limb[4], LIMB_BITS), lanes_all(19));
    for (size_t i = 1; i < LIMBS; i++)
        result.limb[i] = lanes_add(lanes_and(a.limb[i], mask), lanes_shift_right(a.limb[i - 1], LIMB_BITS));
    return result;
}

/* For field_to_bytes(): each limb below 2^52. */
static inline void field_store(uint64_t limbs[static 5][LANES], struct product a)
{
    struct operand carried = field_carry(a);

    for (size_t i = 0; i < LIMBS; i++)
        lanes_store(limbs[i], carried.limb[i]);
}

static inline struct operand field_add(struct product a, struct product b)
{
    struct product sum;

    for (size_t i = 0; i < LIMBS; i++)
        sum.limb[i] = lanes_add(a.limb[i], b.limb[i]);
    return field_carry(sum);
}

static inline struct operand field_subtract(struct product a, struct product b)
{
    struct product difference;

    for (size_t i = 0; i < LIMBS; i++) {
        lanes bias = lanes_all(i == 0 ? BIAS_FIRST : BIAS);

        difference.limb[i] = lanes_subtract(lanes_add(a.limb[i], bias), b.limb[i]);
    }
    return field_carry(difference);
}

/* The columns from the sixth on, of weight 2^255 and more, come back times 19. */
static inline struct product field_fold(const lanes column[static COLUMNS])
{
    struct product result;

    for (size_t i = 0; i < LIMBS; i++)
        result.limb[i] = lanes_add(column[i], lanes_multiply(column[i + LIMBS], lanes_all(19)));
    return result;
}

static inline struct product field_multiply(struct operand a, struct operand b)
{
    lanes column[COLUMNS];

    for (size_t k = 0; k < COLUMNS; k++)
        column[k] = lanes_all(0);
    for (size_t i = 0; i < LIMBS; i++) {
        for (size_t j = 0; j < LIMBS; j++)
            column[i + j + 1] = lanes_add_high(column[i + j + 1], a.limb[i], b.limb[j]);
    }
    for (size_t k = 1; k < COLUMNS; k++)
        column[k] = lanes_add(column[k], column[k]);
    for (size_t i = 0; i < LIMBS; i++) {
        for (size_t j = 0; j < LIMBS; j++)
            column[i + j] = lanes_add_low(column[i + j], a.limb[i], b.limb[j]);
    }
    return field_fold(column);
}

/* As field_multiply(a, a), but products of two different limbs, which occur twice, are taken once and
 * doubled. A column is doubled twice: what is added before the first doubling counts four times. */
static inline struct product field_square(struct operand a)
{
    lanes column[COLUMNS];

    for (size_t k = 0; k < COLUMNS; k++)
        column[k] = lanes_all(0);
    for (size_t i = 0; i < LIMBS; i++) {
        for (size_t j = i + 1; j < LIMBS; j++)
            column[i + j + 1] = lanes_add_high(column[i + j + 1], a.limb[i], a.limb[j]);
    }
    for (size_t k = 2; k < COLUMNS - 1; k++)
        column[k] = lanes_add(column[k], column[k]);
    for (size_t i = 0; i < LIMBS; i++) {
        column[2 * i + 1] = lanes_add_high(column[2 * i + 1], a.limb[i], a.limb[i]);
        for (size_t j = i + 1; j < LIMBS; j++)
            column[i + j] = lanes_add_low(column[i + j], a.limb[i], a.limb[j]);
    }
    for (size_t k = 1; k < COLUMNS; k++)
        column[k] = lanes_add(column[k], column[k]);
    for (size_t i = 0; i < LIMBS; i++)
        column[2 * i] = lanes_add_low(column[2 * i], a.limb[i], a.limb[i]);
    return field_fold(column);
}

/* a + 121665 b: with (486662 - 2) / 4, the curve's constant (RFC 7748 §5). What leaves the last limb counts
 * twice, as all high parts do, and 19 times. */
static inline struct operand field_add_121665(struct product a, struct operand b)
{
    lanes factor = lanes_all(121665);
    lanes high[LIMBS];

    for (size_t i = 0; i < LIMBS; i++)
        high[i] = lanes_add_high(lanes_all(0), b.limb[i], factor);
    a.limb[0] = lanes_add_low(a.limb[0], high[4], lanes_all(38));
    for (size_t i = 0; i < LIMBS; i++)
        a.limb[i] = lanes_add_low(a.limb[i], b.limb[i], factor);
    for (size_t i = 1; i < LIMBS; i++)
        a.limb[i] = lanes_add(a.limb[i], lanes_add(high[i - 1], high[i - 1]));
    return field_carry(a);
}

#endif
