/* SPDX-License-Identifier: MIT
 *
 * Poly1305 (RFC 8439 §2.5) of one ciphertext as the AEAD wants it (§2.8), block by block on words of 64 bits:
 * for aead_avx2.c only, which runs it in the shadow of ChaCha20's vectors.
 *
 * The blocks m1..mn of a message (16 bytes little endian plus 2^128; the AEAD pads with zeros, so all are
 * whole) give h = (m1 r^n + m2 r^(n-1) + ... + mn r) mod p, p = 2^130 - 5, and the tag is (h + s) mod 2^128.
 *
 * Each block does h <- (h + m) r with h = h0 + 2^64 h1 + 2^128 h2, h2 small, and r = r0 + 2^64 r1. r1 is a
 * multiple of 4 (r is clamped) and 2^130 = 5 (mod p), so 2^128 r1 = 5/4 r1 = q with q = r1 + r1/4:
 *     d0 = h0 r0 + h1 q         d1 = h0 r1 + h1 r0 + h2 q         d2 = h2 r0
 * What stands at 2^130 and above, d2 / 4, comes back times 5, which leaves h2 <= 4. The next block makes that
 * h2 <= 6, and with r0, r1 < 2^60 and q < 1.25 2^60, d0 < 2.25 2^124 and h2 q < 7.5 2^60, so that d0 / 2^64 +
 * h2 q < 2^64; d1 < 2^126; d2 and what comes to it from d1 are below 2^63, and 5/4 of that below 2^64.
 *
 * One block waits for the one before, some 17 cycles of which the processor is mostly idle.
 */
#ifndef CRYPTO_POLY1305_AVX2_H
#define CRYPTO_POLY1305_AVX2_H

#include "crypto/little_endian.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define POLY1305_KEY_BYTES   32
#define POLY1305_BLOCK_BYTES 16

/* A number mod p in words of 64 bits: h0 + 2^64 h1 + 2^128 h2. */
struct poly1305_words {
    uint64_t h0, h1, h2;
};

/* The clamped half of the key. */
struct poly1305_r {
    uint64_t r0, r1;
    uint64_t q; /* 5/4 r1 */
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
static inline __attribute__((always_inline)) struct poly1305_words poly1305_multiply(
    struct poly1305_words h, const struct poly1305_r *r)
{
    const poly1305_wide d0 = (poly1305_wide)h.h0 * r->r0 + (poly1305_wide)h.h1 * r->q;
    const poly1305_wide d1 = (poly1305_wide)h.h0 * r->r1 + (poly1305_wide)h.h1 * r->r0;
    unsigned char carry = 0;
    const uint64_t middle = poly1305_carried(&carry, (uint64_t)d1, (uint64_t)(d0 >> 64) + h.h2 * r->q);
    const uint64_t d2 = poly1305_carried(&carry, (uint64_t)(d1 >> 64), h.h2 * r->r0);

    carry = 0;
    h.h0 = poly1305_carried(&carry, (uint64_t)d0, (d2 >> 2) + (d2 & ~UINT64_C(3)));
    h.h1 = poly1305_carried(&carry, middle, 0);
    h.h2 = (d2 & 3) + carry;
    return h;
}

/* h <- (h + the block low + 2^64 high + 2^128) r */
static inline __attribute__((always_inline)) struct poly1305_words poly1305_block(struct poly1305_words h,
                                                                                  const struct poly1305_r *r,
                                                                                  uint64_t low, uint64_t high)
{
    unsigned char carry = 0;

    h.h0 = poly1305_carried(&carry, h.h0, low);
    h.h1 = poly1305_carried(&carry, h.h1, high);
    h.h2 += 1 + (uint64_t)carry;
    return poly1305_multiply(h, r);
}

/* r of a key. */
static inline struct poly1305_r poly1305_clamp(const uint8_t key[static POLY1305_KEY_BYTES])
{
    const uint64_t r0 = little_endian_load64(key) & UINT64_C(0x0ffffffc0fffffff);
    const uint64_t r1 = little_endian_load64(key + 8) & UINT64_C(0x0ffffffc0ffffffc);

    return (struct poly1305_r){r0, r1, r1 + (r1 >> 2)};
}

/* Takes in count whole blocks. */
static inline struct poly1305_words poly1305_blocks(struct poly1305_words h, const struct poly1305_r *r,
                                                    const uint8_t *bytes, size_t count)
{
    const struct poly1305_r own = *r; /* in registers, whatever bytes may point to */

    for (; count > 0; count--, bytes += POLY1305_BLOCK_BYTES)
        h = poly1305_block(h, &own, little_endian_load64(bytes), little_endian_load64(bytes + 8));
    return h;
}

/* Takes in the last rest (0..15) bytes of a ciphertext of length bytes, and what the AEAD appends: the
 * lengths of no additional data and of the ciphertext. 16 bytes are readable. */
static inline struct poly1305_words poly1305_end(struct poly1305_words h, const struct poly1305_r *r,
                                                 const uint8_t *bytes, size_t rest, size_t length)
{
    const uint64_t low = rest >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * rest) - 1;
    const uint64_t high = rest > 8 ? (UINT64_C(1) << 8 * (rest - 8)) - 1 : 0;

    if (rest > 0)
        h = poly1305_block(h, r, little_endian_load64(bytes) & low, little_endian_load64(bytes + 8) & high);
    return poly1305_block(h, r, 0, length);
}

/* (h mod p + s) mod 2^128, as two words. As h < 5 2^128 < 2 p, h mod p is h or h - p = h + 5 - 2^130, which
 * is taken where it is not negative. */
static inline void poly1305_finish(uint64_t tag[static 2], struct poly1305_words h,
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
    tag[0] = (uint64_t)sum;
    tag[1] = h.h1 + little_endian_load64(s + 8) + (uint64_t)(sum >> 64);
}

#endif
