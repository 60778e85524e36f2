/* SPDX-License-Identifier: MIT
 *
 * Poly1305 (RFC 8439 §2.5) of one ciphertext as the AEAD wants it (§2.8): for aead_avx2.c only.
 *
 * The blocks m1..mn of a message (16 bytes little endian plus 2^128; the AEAD pads with zeros, so all are
 * whole) give h = (m1 r^n + m2 r^(n-1) + ... + mn r) mod p, p = 2^130 - 5, and the tag is (h + s) mod 2^128.
 *
 * One by one, h <- (h + m) r, on words of 64 bits: h = h0 + 2^64 h1 + 2^128 h2 with h2 small, r = r0 + 2^64
 * r1. r1 is a multiple of 4 (r is clamped), and 2^130 = 5 (mod p), so 2^128 r1 = 5/4 r1 = q with q = r1 +
 * r1/4: d0 = h0 r0 + h1 q         d1 = h0 r1 + h1 r0 + h2 q         d2 = h2 r0 What stands at 2^130 and
 * above, d2 / 4, comes back times 5, which leaves h2 <= 4. A block makes that h2 <= 6, and with r0, r1 < 2^60
 * and q < 1.25 2^60, d0 and d1 are below 2^126, d2 and h2 q below 2^64.
 *
 * Long messages take four lanes: lane j adds up every fourth block with powers of r^4, and in the end the
 * lanes are multiplied by r^4, r^3, r^2, r and added. Here numbers are five limbs of 26 bits, as vpmuludq
 * multiplies 32 by 32 bits; d_k = sum of a_i b_(k-i) + 5 sum of a_i b_(k+5-i), and 5 b is stored with b.
 * Two groups of four blocks go into one step, h <- h r^8 + m r^4 + m', so carries are rarer.
 *
 * Bounds. Powers of r come from words: limbs below 2^26, the top one below 2^24 + 4 2^24, so a factor b is
 * below 2^26.4 and 5 b below 2^28.8. A step leaves limbs of h below 2^26 + 2^11 (poly1305_carry), a message's
 * are below 2^26, so a = h + m' < 2^27.1. Both fit the 32 bits that are multiplied. A sum of five products is
 * below 2^27.1 (2^26.4 + 4 2^28.8) < 2^58, that with h r^8 + m r^4 below 2^59, and the four lanes of the last
 * multiplication together below 2^60: they fit the 64 bits that are added.
 */
#ifndef CRYPTO_POLY1305_AVX2_H
#define CRYPTO_POLY1305_AVX2_H

#include "crypto/little_endian.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define POLY1305_KEY_BYTES   32
#define POLY1305_BLOCK_BYTES 16
#define POLY1305_GROUP_BYTES ((size_t)4 * POLY1305_BLOCK_BYTES)
/* From here on four lanes are worth their powers of r. */
#define POLY1305_LANES_FROM ((size_t)4 * POLY1305_GROUP_BYTES)

/* A number mod p in words of 64 bits: h0 + 2^64 h1 + 2^128 h2. */
struct poly1305_words {
    uint64_t h0, h1, h2;
};

/* The clamped half of the key. */
struct poly1305_r {
    uint64_t r0, r1;
    uint64_t q; /* 5/4 r1 */
};

/* Four numbers mod p, one per lane, in limbs of 26 bits. */
struct poly1305_limbs {
    __m256i limb[5];
};

/* The same as a factor: also five times the limbs above the lowest. */
struct poly1305_factor {
    __m256i limb[5];
    __m256i five[5]; /* five[0] is not used */
};

__extension__ typedef unsigned __int128 poly1305_wide;

/* a + b + carry; the carry out of it replaces carry. Compilers make one instruction of this, but a chain of
 * shifts of sums of 128 bits. */
static inline uint64_t poly1305_carried(unsigned char *carry, uint64_t a, uint64_t b)
{
    unsigned long long sum;

    *carry = _addcarry_u64(*carry, a, b, &sum);
    return sum;
}

/* h <- h r; h2 may be up to 6. */
static inline struct poly1305_words poly1305_multiply(struct poly1305_words h, const struct poly1305_r *r)
{
    const poly1305_wide d0 = (poly1305_wide)h.h0 * r->r0 + (poly1305_wide)h.h1 * r->q;
    const poly1305_wide d1 = (poly1305_wide)h.h0 * r->r1 + (poly1305_wide)h.h1 * r->r0 + h.h2 * r->q;
    unsigned char carry = 0;
    const uint64_t middle = poly1305_carried(&carry, (uint64_t)d1, (uint64_t)(d0 >> 64));
    const uint64_t d2 = poly1305_carried(&carry, (uint64_t)(d1 >> 64), h.h2 * r->r0);

    carry = 0;
    h.h0 = poly1305_carried(&carry, (uint64_t)d0, (d2 >> 2) + (d2 & ~UINT64_C(3)));
    h.h1 = poly1305_carried(&carry, middle, 0);
    h.h2 = (d2 & 3) + carry;
    return h;
}

/* h <- (h + the block low + 2^64 high + 2^128) r */
static inline struct poly1305_words poly1305_block(struct poly1305_words h, const struct poly1305_r *r,
                                                   uint64_t low, uint64_t high)
{
    unsigned char carry = 0;

    h.h0 = poly1305_carried(&carry, h.h0, low);
    h.h1 = poly1305_carried(&carry, h.h1, high);
    h.h2 += 1 + (uint64_t)carry;
    return poly1305_multiply(h, r);
}

/* Cuts four numbers of 128 bits into limbs. */
static inline struct poly1305_limbs poly1305_cut(__m256i low, __m256i high)
{
    const __m256i mask = _mm256_set1_epi64x((1 << 26) - 1);
    const __m256i middle = _mm256_or_si256(_mm256_srli_epi64(low, 52), _mm256_slli_epi64(high, 12));

    return (struct poly1305_limbs){{
        _mm256_and_si256(low, mask),
        _mm256_and_si256(_mm256_srli_epi64(low, 26), mask),
        _mm256_and_si256(middle, mask),
        _mm256_and_si256(_mm256_srli_epi64(high, 14), mask),
        _mm256_srli_epi64(high, 40),
    }};
}

/* Four blocks, in lanes 0, 2, 1, 3: the order that two unpacks yield. */
static inline struct poly1305_limbs poly1305_load(const uint8_t bytes[static POLY1305_GROUP_BYTES])
{
    const __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
    const __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
    struct poly1305_limbs m = poly1305_cut(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));

    m.limb[4] = _mm256_or_si256(m.limb[4], _mm256_set1_epi64x(1 << 24));
    return m;
}

/* a0 b0 + a1 b1 + a2 b2 + a3 b3 + a4 b4 */
static inline __m256i poly1305_sum(const struct poly1305_limbs *a, __m256i b0, __m256i b1, __m256i b2,
                                   __m256i b3, __m256i b4)
{
    const __m256i first =
        _mm256_add_epi64(_mm256_mul_epu32(a->limb[0], b0), _mm256_mul_epu32(a->limb[1], b1));
    const __m256i second =
        _mm256_add_epi64(_mm256_mul_epu32(a->limb[2], b2), _mm256_mul_epu32(a->limb[3], b3));

    return _mm256_add_epi64(_mm256_add_epi64(first, second), _mm256_mul_epu32(a->limb[4], b4));
}

/* a b, not carried. Written out, as are all loops over limbs here: compilers then keep limbs in registers. */
static inline struct poly1305_limbs poly1305_product(const struct poly1305_limbs *a,
                                                     const struct poly1305_factor *b)
{
    return (struct poly1305_limbs){{
        poly1305_sum(a, b->limb[0], b->five[4], b->five[3], b->five[2], b->five[1]),
        poly1305_sum(a, b->limb[1], b->limb[0], b->five[4], b->five[3], b->five[2]),
        poly1305_sum(a, b->limb[2], b->limb[1], b->limb[0], b->five[4], b->five[3]),
        poly1305_sum(a, b->limb[3], b->limb[2], b->limb[1], b->limb[0], b->five[4]),
        poly1305_sum(a, b->limb[4], b->limb[3], b->limb[2], b->limb[1], b->limb[0]),
    }};
}

static inline struct poly1305_limbs poly1305_add(struct poly1305_limbs a, const struct poly1305_limbs *b)
{
    return (struct poly1305_limbs){{
        _mm256_add_epi64(a.limb[0], b->limb[0]),
        _mm256_add_epi64(a.limb[1], b->limb[1]),
        _mm256_add_epi64(a.limb[2], b->limb[2]),
        _mm256_add_epi64(a.limb[3], b->limb[3]),
        _mm256_add_epi64(a.limb[4], b->limb[4]),
    }};
}

static inline __attribute__((always_inline)) void poly1305_carry_one(struct poly1305_limbs *d, int from,
                                                                     int to)
{
    const __m256i mask = _mm256_set1_epi64x((1 << 26) - 1);

    d->limb[to] = _mm256_add_epi64(d->limb[to], _mm256_srli_epi64(d->limb[from], 26));
    d->limb[from] = _mm256_and_si256(d->limb[from], mask);
}

/* Limbs below 2^60 become limbs below 2^26 + 2^11, by two chains of carries side by side, 0-1-2-3-4 and
 * 3-4-0-1. What is carried is below 2^35 at first, 5 2^35 < 2^38 from 4 into 0, so what 0 then gives to 1 is
 * below 2^12 / 2, and what 3 gives to 4 in the end below 2^10. */
static inline __attribute__((always_inline)) void poly1305_carry(struct poly1305_limbs *d)
{
    const __m256i mask = _mm256_set1_epi64x((1 << 26) - 1);
    __m256i top;

    poly1305_carry_one(d, 0, 1);
    poly1305_carry_one(d, 3, 4);
    poly1305_carry_one(d, 1, 2);
    top = _mm256_srli_epi64(d->limb[4], 26);
    d->limb[4] = _mm256_and_si256(d->limb[4], mask);
    d->limb[0] = _mm256_add_epi64(d->limb[0], _mm256_add_epi64(top, _mm256_slli_epi64(top, 2)));
    poly1305_carry_one(d, 2, 3);
    poly1305_carry_one(d, 0, 1);
    poly1305_carry_one(d, 3, 4);
}

static inline __m256i poly1305_five(__m256i x)
{
    return _mm256_add_epi64(x, _mm256_slli_epi64(x, 2));
}

static inline struct poly1305_factor poly1305_factor(const struct poly1305_limbs *x)
{
    return (struct poly1305_factor){
        {x->limb[0], x->limb[1], x->limb[2], x->limb[3], x->limb[4]},
        {_mm256_setzero_si256(), poly1305_five(x->limb[1]), poly1305_five(x->limb[2]),
         poly1305_five(x->limb[3]), poly1305_five(x->limb[4])},
    };
}

/* Lane 0 in all lanes. */
static inline struct poly1305_limbs poly1305_spread(const struct poly1305_limbs *x)
{
    return (struct poly1305_limbs){{
        _mm256_permute4x64_epi64(x->limb[0], 0),
        _mm256_permute4x64_epi64(x->limb[1], 0),
        _mm256_permute4x64_epi64(x->limb[2], 0),
        _mm256_permute4x64_epi64(x->limb[3], 0),
        _mm256_permute4x64_epi64(x->limb[4], 0),
    }};
}

/* r^4, r^3, r^2, r for the blocks 0, 1, 2, 3 of a group, in the lanes poly1305_load() puts those. */
static inline struct poly1305_limbs poly1305_powers(const struct poly1305_r *r)
{
    const struct poly1305_words r1 = {r->r0, r->r1, 0};
    const struct poly1305_words r2 = poly1305_multiply(r1, r);
    const struct poly1305_words r3 = poly1305_multiply(r2, r);
    const struct poly1305_words r4 = poly1305_multiply(r3, r);
    const __m256i low = _mm256_set_epi64x((int64_t)r1.h0, (int64_t)r3.h0, (int64_t)r2.h0, (int64_t)r4.h0);
    const __m256i high = _mm256_set_epi64x((int64_t)r1.h1, (int64_t)r3.h1, (int64_t)r2.h1, (int64_t)r4.h1);
    const __m256i top = _mm256_set_epi64x((int64_t)r1.h2, (int64_t)r3.h2, (int64_t)r2.h2, (int64_t)r4.h2);
    struct poly1305_limbs powers = poly1305_cut(low, high);

    powers.limb[4] = _mm256_add_epi64(powers.limb[4], _mm256_slli_epi64(top, 24));
    return powers;
}

static inline uint64_t poly1305_lanes_sum(__m256i x)
{
    const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));

    return (uint64_t)_mm_cvtsi128_si64(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
}

/* The sum of four lanes, of limbs below 2^60 together, in words. */
static inline struct poly1305_words poly1305_gather(const struct poly1305_limbs *d)
{
    uint64_t limb[5];
    uint64_t carry = 0;
    poly1305_wide sum;
    struct poly1305_words h;

    for (int i = 0; i < 5; i++) {
        limb[i] = poly1305_lanes_sum(d->limb[i]) + carry;
        carry = limb[i] >> 26;
        limb[i] &= (1 << 26) - 1;
    }
    /* What is carried in the end, below 2^35, stands at 2^130. */
    sum = (poly1305_wide)limb[0] + carry * 5 + (limb[1] << 26) + ((poly1305_wide)limb[2] << 52);
    h.h0 = (uint64_t)sum;
    sum = (sum >> 64) + (limb[3] << 14) + ((poly1305_wide)limb[4] << 40);
    h.h1 = (uint64_t)sum;
    h.h2 = (uint64_t)(sum >> 64);
    return h;
}

/* h of the first groups * 4 blocks; groups is at least 1. A function of its own for its frame: see
 * aead_avx2.c. */
static __attribute__((noinline)) struct poly1305_words poly1305_groups(const struct poly1305_r *r,
                                                                       const uint8_t *bytes, size_t groups)
{
    const struct poly1305_limbs powers = poly1305_powers(r);
    const struct poly1305_factor last = poly1305_factor(&powers);
    struct poly1305_limbs power = poly1305_spread(&powers);
    const struct poly1305_factor fourth = poly1305_factor(&power);
    struct poly1305_factor eighth;
    struct poly1305_limbs h = poly1305_load(bytes);
    struct poly1305_limbs m;

    power = poly1305_product(&power, &fourth);
    poly1305_carry(&power);
    eighth = poly1305_factor(&power);
    for (bytes += POLY1305_GROUP_BYTES, groups--; groups >= 2;
         bytes += 2 * POLY1305_GROUP_BYTES, groups -= 2) {
        h = poly1305_product(&h, &eighth);
        m = poly1305_load(bytes);
        m = poly1305_product(&m, &fourth);
        h = poly1305_add(h, &m);
        poly1305_carry(&h);
        m = poly1305_load(bytes + POLY1305_GROUP_BYTES);
        h = poly1305_add(h, &m);
    }
    if (groups > 0) {
        h = poly1305_product(&h, &fourth);
        poly1305_carry(&h);
        m = poly1305_load(bytes);
        h = poly1305_add(h, &m);
    }
    h = poly1305_product(&h, &last);
    return poly1305_gather(&h);
}

/* (h mod p + s) mod 2^128. As h < 5 2^128 < 2 p, h mod p is h or h - p = h + 5 - 2^130, which is taken where
 * it is not negative. */
static inline void poly1305_finish(uint8_t tag[static 16], struct poly1305_words h,
                                   const uint8_t s[static 16])
{
    poly1305_wide sum = (poly1305_wide)h.h0 + 5;
    const uint64_t low = (uint64_t)sum;
    uint64_t high;
    uint64_t take;

    sum = (sum >> 64) + h.h1;
    high = (uint64_t)sum;
    take = -((h.h2 + (uint64_t)(sum >> 64)) >> 2);
    h.h0 ^= take & (h.h0 ^ low);
    h.h1 ^= take & (h.h1 ^ high);
    sum = (poly1305_wide)h.h0 + little_endian_load64(s);
    little_endian_store64(tag, (uint64_t)sum);
    little_endian_store64(tag + 8, h.h1 + little_endian_load64(s + 8) + (uint64_t)(sum >> 64));
}

/* The tag of length bytes of ciphertext without additional data. 16 bytes behind the ciphertext are
 * readable. */
static inline void poly1305_avx2(uint8_t tag[static 16], const uint8_t *bytes, size_t length,
                                 const uint8_t key[static POLY1305_KEY_BYTES])
{
    const uint64_t r0 = little_endian_load64(key) & UINT64_C(0x0ffffffc0fffffff);
    const uint64_t r1 = little_endian_load64(key + 8) & UINT64_C(0x0ffffffc0ffffffc);
    const struct poly1305_r r = {r0, r1, r1 + (r1 >> 2)};
    const size_t rest = length % POLY1305_BLOCK_BYTES;
    const uint8_t *end = bytes + (length - rest);
    struct poly1305_words h = {0, 0, 0};

    if (length >= POLY1305_LANES_FROM) {
        const size_t groups = length / POLY1305_GROUP_BYTES;

        h = poly1305_groups(&r, bytes, groups);
        bytes += groups * POLY1305_GROUP_BYTES;
    }
    for (; bytes < end; bytes += POLY1305_BLOCK_BYTES)
        h = poly1305_block(h, &r, little_endian_load64(bytes), little_endian_load64(bytes + 8));
    if (rest > 0) {
        const uint64_t low = rest >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * rest) - 1;
        const uint64_t high = rest > 8 ? (UINT64_C(1) << 8 * (rest - 8)) - 1 : 0;

        h = poly1305_block(h, &r, little_endian_load64(bytes) & low, little_endian_load64(bytes + 8) & high);
    }
    h = poly1305_block(h, &r, 0, length);
    poly1305_finish(tag, h, key + 16);
}

#endif
