/* SPDX-License-Identifier: MIT
 *
 * Numbers modulo p = 2^255 - 19 between bytes (RFC 7748 §5: little endian, the top bit ignored) and five
 * limbs of 51 bits, one number at a time: how lanes are filled and emptied. No branch, so no time, depends on
 * them.
 */
#ifndef CRYPTO_FIELD25519_BYTES_H
#define CRYPTO_FIELD25519_BYTES_H

#include "crypto/little_endian.h"

#define BYTES_LIMB_MASK ((UINT64_C(1) << 51) - 1)

/* Any 32 bytes; the number may be p or more. */
static inline void field_from_bytes(uint64_t limb[static 5], const uint8_t bytes[static 32])
{
    uint64_t word[4];

    for (size_t i = 0; i < 4; i++)
        word[i] = little_endian_load64(bytes + 8 * i);
    limb[0] = word[0] & BYTES_LIMB_MASK;
    limb[1] = (word[0] >> 51 | word[1] << 13) & BYTES_LIMB_MASK;
    limb[2] = (word[1] >> 38 | word[2] << 26) & BYTES_LIMB_MASK;
    limb[3] = (word[2] >> 25 | word[3] << 39) & BYTES_LIMB_MASK;
    limb[4] = (word[3] >> 12) & BYTES_LIMB_MASK;
}

/* The one representation below p, from limbs below 2^52.
 *
 * After the first round of carries the number v is below 2^255 + 2^6, so below 2 p. Then v >= p exactly if
 * v + 19 has bit 255, and v - p is v + 19 without that bit. limb is used up. */
static inline void field_to_bytes(uint8_t bytes[static 32], uint64_t limb[static 5])
{
    uint64_t carry = 0;

    for (int i = 0; i < 5; i++) {
        limb[i] += carry;
        carry = limb[i] >> 51;
        limb[i] &= BYTES_LIMB_MASK;
    }
    limb[0] += 19 * carry;
    carry = 19;
    for (int i = 0; i < 5; i++)
        carry = (limb[i] + carry) >> 51;
    carry = 19 * carry;
    for (int i = 0; i < 5; i++) {
        limb[i] += carry;
        carry = limb[i] >> 51;
        limb[i] &= BYTES_LIMB_MASK;
    }
    little_endian_store64(bytes, limb[0] | limb[1] << 51);
    little_endian_store64(bytes + 8, limb[1] >> 13 | limb[2] << 38);
    little_endian_store64(bytes + 16, limb[2] >> 26 | limb[3] << 25);
    little_endian_store64(bytes + 24, limb[3] >> 39 | limb[4] << 12);
}

#endif
