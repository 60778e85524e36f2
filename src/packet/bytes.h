/* SPDX-License-Identifier: MIT
 *
 * Numbers in byte strings: loads and stores of any alignment, in the two byte orders of the wire.
 *
 * IP speaks big endian (be), WireGuard little endian (le). Every function reads or writes exactly as many
 * bytes as its name says; numbers are in host order. Compilers turn each into one or two instructions.
 */
#ifndef VOLE_PACKET_BYTES_H
#define VOLE_PACKET_BYTES_H

#include <stdint.h>

static inline uint16_t bytes_load_be16(const uint8_t *bytes)
{
    return (uint16_t)((uint32_t)bytes[0] << 8 | bytes[1]);
}

static inline uint32_t bytes_load_be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline uint64_t bytes_load_be64(const uint8_t *bytes)
{
    return (uint64_t)bytes_load_be32(bytes) << 32 | bytes_load_be32(bytes + 4);
}

static inline uint16_t bytes_load_le16(const uint8_t *bytes)
{
    return (uint16_t)((uint32_t)bytes[1] << 8 | bytes[0]);
}

static inline uint32_t bytes_load_le32(const uint8_t *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static inline uint64_t bytes_load_le64(const uint8_t *bytes)
{
    return (uint64_t)bytes_load_le32(bytes + 4) << 32 | bytes_load_le32(bytes);
}

static inline void bytes_store_be16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static inline void bytes_store_be32(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 24);
    bytes[1] = (uint8_t)(value >> 16);
    bytes[2] = (uint8_t)(value >> 8);
    bytes[3] = (uint8_t)value;
}

static inline void bytes_store_be64(uint8_t *bytes, uint64_t value)
{
    bytes_store_be32(bytes, (uint32_t)(value >> 32));
    bytes_store_be32(bytes + 4, (uint32_t)value);
}

static inline void bytes_store_le16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

static inline void bytes_store_le32(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)(value >> 16);
    bytes[3] = (uint8_t)(value >> 24);
}

static inline void bytes_store_le64(uint8_t *bytes, uint64_t value)
{
    bytes_store_le32(bytes, (uint32_t)value);
    bytes_store_le32(bytes + 4, (uint32_t)(value >> 32));
}

#endif
