/* SPDX-License-Identifier: MIT
 *
 * Little-endian integers in byte strings, on any host and at any alignment.
 *
 * Written with shifts: compilers turn them into one plain load or store where the host is little endian,
 * and into a byte swap where it is not.
 */
#ifndef CRYPTO_LITTLE_ENDIAN_H
#define CRYPTO_LITTLE_ENDIAN_H

#include <stdint.h>

static inline uint32_t little_endian_load32(const uint8_t bytes[static 4])
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint64_t little_endian_load64(const uint8_t bytes[static 8])
{
    return (uint64_t)little_endian_load32(bytes) | (uint64_t)little_endian_load32(bytes + 4) << 32;
}

static inline void little_endian_store32(uint8_t bytes[static 4], uint32_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)(value >> 16);
    bytes[3] = (uint8_t)(value >> 24);
}

static inline void little_endian_store64(uint8_t bytes[static 8], uint64_t value)
{
    little_endian_store32(bytes, (uint32_t)value);
    little_endian_store32(bytes + 4, (uint32_t)(value >> 32));
}

#endif
