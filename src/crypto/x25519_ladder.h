/* SPDX-License-Identifier: MIT
 *
 * X25519 (RFC 7748 §5) in all lanes at once: the Montgomery ladder, over whichever lanes and field the
 * including file has chosen. Every lane has a private key and a point of its own; the lanes never meet.
 *
 * The ladder keeps k P and (k+1) P for the highest bits k of the private key, as fractions x/z, and a bit
 * doubles one of the two and adds both. RFC 7748 exchanges the points before and after each bit; here they
 * stay in their places. Their sum is the same whichever is which (the products da and cb change places, and
 * only the sign of their difference, which is squared, changes with them), so nothing but the choice of the
 * one to be doubled depends on the private key: a blend by masks. Because the double and the sum are always
 * put in the same places, the choice is whether the bit differs from the one before. The lowest three bits
 * are zero by clamping, so the double of the last bit is the result.
 */
#ifndef CRYPTO_X25519_LADDER_H
#define CRYPTO_X25519_LADDER_H

/* x2/z2: the double of the last bit; x3/z3: the sum. */
struct ladder {
    struct product x2, z2, x3, z3;
};

static inline struct operand ladder_choose(lanes_choice choice, struct operand a, struct operand b)
{
    for (int i = 0; i < LIMBS; i++)
        a.limb[i] = lanes_select(choice, a.limb[i], b.limb[i]);
    return a;
}

/* One bit; u is the x coordinate of the difference of the two points, always P. Inlined, so that points are
 * kept limb by limb: copied as wholes, in pieces of other sizes than they were stored in, they wait for the
 * memory. */
static inline __attribute__((always_inline)) void ladder_step(struct ladder *points, struct operand u,
                                                              lanes_choice second)
{
    struct operand a = field_add(points->x2, points->z2);
    struct operand b = field_subtract(points->x2, points->z2);
    struct operand c = field_add(points->x3, points->z3);
    struct operand d = field_subtract(points->x3, points->z3);
    struct product da = field_multiply(d, a);
    struct product cb = field_multiply(c, b);
    struct product aa = field_square(ladder_choose(second, a, c));
    struct product bb = field_square(ladder_choose(second, b, d));
    struct operand e = field_subtract(aa, bb);

    points->x3 = field_square(field_add(da, cb));
    points->z3 = field_multiply(field_carry(field_square(field_subtract(da, cb))), u);
    points->x2 = field_multiply(field_carry(aa), field_carry(bb));
    points->z2 = field_multiply(field_add_121665(aa, e), e);
}

static __attribute__((noinline)) void power_multiply(struct operand *a, const struct operand *b)
{
    *a = field_carry(field_multiply(*a, *b));
}

/* result = a^(2^squarings). */
static __attribute__((noinline)) void power_double(struct operand *result, const struct operand *a,
                                                   int squarings)
{
    struct operand power = *a;

    for (int i = 0; i < squarings; i++)
        power = field_carry(field_square(power));
    *result = power;
}

/* 1/a = a^(p - 2) = a^(2^255 - 21), and 0 for 0. ones_n is a^(2^n - 1), an exponent of n ones. */
static inline struct operand power_invert(const struct operand *a)
{
    struct operand a11, ones_10, ones_50, ones_100, power;

    power_double(&a11, a, 1);
    power_double(&power, &a11, 2);
    power_multiply(&power, a); /* a^9 */
    power_multiply(&a11, &power);
    power_double(&ones_10, &a11, 1);
    power_multiply(&power, &ones_10); /* ones_5 */
    power_double(&ones_10, &power, 5);
    power_multiply(&ones_10, &power);
    power_double(&power, &ones_10, 10);
    power_multiply(&power, &ones_10); /* ones_20 */
    power_double(&ones_50, &power, 20);
    power_multiply(&ones_50, &power); /* ones_40 */
    power_double(&ones_50, &ones_50, 10);
    power_multiply(&ones_50, &ones_10);
    power_double(&ones_100, &ones_50, 50);
    power_multiply(&ones_100, &ones_50);
    power_double(&power, &ones_100, 100);
    power_multiply(&power, &ones_100); /* ones_200 */
    power_double(&power, &power, 50);
    power_multiply(&power, &ones_50); /* ones_250 */
    power_double(&power, &power, 5);
    power_multiply(&power, &a11);
    return power;
}

/* In each lane, the product of a private key and the point whose x coordinate is in limbs
 * (field25519_bytes.h), which it replaces. Bit i of differs says whether bits i and i + 1 of the clamped key
 * differ. */
static inline void ladder_multiply(uint64_t limbs[static 5][LANES], const uint64_t differs[static 4][LANES])
{
    lanes zero = lanes_all(0);
    struct ladder points = {.x3 = field_load(limbs)};
    struct operand u = field_carry(points.x3);
    struct operand z;

    for (int i = 0; i < LIMBS; i++)
        points.x2.limb[i] = points.z2.limb[i] = points.z3.limb[i] = zero;
    points.x2.limb[0] = points.z3.limb[0] = lanes_all(1);
    for (unsigned bit = 255; bit-- > 0;)
        ladder_step(&points, u, lanes_bit(lanes_load(differs[bit / 64]), bit % 64));
    z = field_carry(points.z2);
    field_store(limbs, field_multiply(field_carry(points.x2), power_invert(&z)));
}

#endif
