/* SPDX-License-Identifier: MIT
 *
 * Numbers modulo p = 2^255 - 19, one in each lane, for multipliers of 32 bits: what field25519_ifma.h is
 * for 52.
 *
 * A number is ten limbs, of 26 and 25 bits by turns: limb k has weight 2^ceil(25.5 k). So ten of them are 255
 * bits, and what leaves the last comes back in the first, times 19. The product of limbs i and j has the
 * weight of limb i + j, but twice that if i and j are both odd, as both weights were rounded up.
 *
 * A struct product is carried: limbs below 2^26 + 2^11 and 2^25 + 2^11. A struct operand may be the sum or
 * difference of two products, three times that: its even limbs, times 19, just fit in 32 bits, and sums of
 * ten products of limbs in 64. scripts/field-bounds proves from this source that the bounds hold and that
 * nothing overflows or is negative.
 */
#ifndef CRYPTO_FIELD25519_AVX2_H
#define CRYPTO_FIELD25519_AVX2_H

enum { LIMBS = 10, EVEN_BITS = 26, ODD_BITS = 25 };

struct product {
    lanes limb[LIMBS];
};

struct operand {
    lanes limb[LIMBS];
};

#define EVEN_MASK ((UINT64_C(1) << EVEN_BITS) - 1)
#define ODD_MASK  ((UINT64_C(1) << ODD_BITS) - 1)
/* 2 p, limb by limb more than a product can have there. */
#define BIAS_FIRST (2 * (EVEN_MASK - 18))
#define BIAS_EVEN  (2 * EVEN_MASK)
#define BIAS_ODD   (2 * ODD_MASK)

/* A number below 2^255, given as limbs of 51 bits for each lane. */
static inline struct product field_load(const uint64_t limbs[static 5][LANES])
{
    struct product result;

    for (size_t i = 0; i < 5; i++) {
        lanes both = lanes_load(limbs[i]);

        result.limb[2 * i] = lanes_and(both, lanes_all(EVEN_MASK));
        result.limb[2 * i + 1] = lanes_shift_right(both, EVEN_BITS);
    }
    return result;
}

/* For field_to_bytes(): each limb below 2^52. */
static inline void field_store(uint64_t limbs[static 5][LANES], struct product a)
{
    for (size_t i = 0; i < 5; i++)
        lanes_store(limbs[i], lanes_add(a.limb[2 * i], lanes_shift_left(a.limb[2 * i + 1], EVEN_BITS)));
}

/* Products are operands already. */
static inline struct operand field_carry(struct product a)
{
    struct operand result;

    for (size_t i = 0; i < LIMBS; i++)
        result.limb[i] = a.limb[i];
    return result;
}

static inline struct operand field_add(struct product a, struct product b)
{
    struct operand sum;

    for (size_t i = 0; i < LIMBS; i++)
        sum.limb[i] = lanes_add(a.limb[i], b.limb[i]);
    return sum;
}

static inline struct operand field_subtract(struct product a, struct product b)
{
    struct operand difference;

    for (size_t i = 0; i < LIMBS; i++) {
        lanes bias = lanes_all(i == 0 ? BIAS_FIRST : i % 2 == 0 ? BIAS_EVEN : BIAS_ODD);

        difference.limb[i] = lanes_subtract(lanes_add(a.limb[i], bias), b.limb[i]);
    }
    return difference;
}

/* Carries from limb i to the next; from the last, times 19, to the first. */
static inline void limb_carry(lanes limb[static LIMBS], size_t i)
{
    lanes carry = lanes_shift_right(limb[i], i % 2 == 0 ? EVEN_BITS : ODD_BITS);

    limb[i] = lanes_and(limb[i], lanes_all(i % 2 == 0 ? EVEN_MASK : ODD_MASK));
    if (i == LIMBS - 1) {
        /* 19 = 1 + 2 + 16; the carry may be too long for the multiplier. */
        limb[0] = lanes_add(limb[0], lanes_add(carry, lanes_shift_left(carry, 1)));
        limb[0] = lanes_add(limb[0], lanes_shift_left(carry, 4));
    } else {
        limb[i + 1] = lanes_add(limb[i + 1], carry);
    }
}

/* From sums of products to limbs of about 26 and 25 bits, by two chains of carries side by side, each ending
 * one limb beyond the start of the other. */
static inline struct product field_fold(lanes column[static LIMBS])
{
    struct product result;

    for (size_t i = 0; i <= LIMBS / 2; i++) {
        limb_carry(column, i);
        limb_carry(column, (i + LIMBS / 2) % LIMBS);
    }
    for (size_t i = 0; i < LIMBS; i++)
        result.limb[i] = column[i];
    return result;
}

/* Row by row. The wheel has b and, before it, 19 b: its part from LIMBS - i on is b shifted up by i limbs,
 * what leaves at the end coming back at the beginning times 19. */
static inline struct product field_multiply(struct operand a, struct operand b)
{
    lanes wheel[2 * LIMBS];
    lanes column[LIMBS];

    for (size_t i = 0; i < LIMBS; i++) {
        wheel[i] = lanes_multiply(b.limb[i], lanes_all(19));
        wheel[LIMBS + i] = b.limb[i];
        column[i] = lanes_all(0);
    }
#pragma GCC unroll 5
    for (size_t i = 0; i < LIMBS; i += 2) {
        lanes even = a.limb[i];
        lanes odd = a.limb[i + 1];
        lanes odd_twice = lanes_add(odd, odd);

        for (size_t k = 0; k < LIMBS; k++) {
            lanes other = k % 2 == 0 ? odd_twice : odd;

            column[k] = lanes_add(column[k], lanes_multiply(even, wheel[LIMBS + k - i]));
            column[k] = lanes_add(column[k], lanes_multiply(other, wheel[LIMBS + k - i - 1]));
            lanes_settle(&column[k]);
        }
    }
    return field_fold(column);
}

/* As field_multiply(a, a), but products of two different limbs, which occur twice, are taken once and
 * doubled. */
static inline struct product field_square(struct operand a)
{
    lanes twice[LIMBS];
    lanes column[LIMBS];

    for (size_t i = 0; i < LIMBS; i++) {
        twice[i] = lanes_add(a.limb[i], a.limb[i]);
        column[i] = lanes_all(0);
    }
#pragma GCC unroll 10
    for (size_t i = 0; i < LIMBS; i++) {
        lanes back = lanes_multiply(a.limb[i], lanes_all(19));
        lanes equal = i % 2 == 1 ? twice[i] : a.limb[i];

#pragma GCC unroll 10
        for (size_t j = 0; j < i; j++) {
            lanes other = i % 2 == 1 && j % 2 == 1 ? lanes_add(twice[j], twice[j]) : twice[j];
            size_t k = (i + j) % LIMBS;

            column[k] = lanes_add(column[k], lanes_multiply(i + j < LIMBS ? a.limb[i] : back, other));
            lanes_settle(&column[k]);
        }
        column[2 * i % LIMBS] =
            lanes_add(column[2 * i % LIMBS], lanes_multiply(2 * i < LIMBS ? a.limb[i] : back, equal));
    }
    return field_fold(column);
}

/* a + 121665 b: with (486662 - 2) / 4, the curve's constant (RFC 7748 §5). */
static inline struct operand field_add_121665(struct product a, struct operand b)
{
    for (size_t i = 0; i < LIMBS; i++)
        a.limb[i] = lanes_add(a.limb[i], lanes_multiply(b.limb[i], lanes_all(121665)));
    return field_carry(field_fold(a.limb));
}

#endif
