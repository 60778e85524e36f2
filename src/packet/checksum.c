/* SPDX-License-Identifier: MIT
 *
 * The Internet checksum: whole blocks on vectors (checksum_blocks.h), what is left over eight bytes at a
 * time.
 *
 * The vector type is that of gcc and clang: one instruction where the machine has 128-bit vectors, plain
 * 64-bit arithmetic where not. Half of a block goes through wider ones where the processor has AVX2.
 */
#include "packet/checksum.h"

#include "packet/bytes.h"
#include "packet/ip.h"

#include <stdatomic.h>
#include <string.h>

typedef uint64_t checksum_words __attribute__((vector_size(16)));

#include "packet/checksum_blocks.h"

static atomic_bool avx2_allowed;

void checksum_allow_avx2(bool allowed)
{
    atomic_store_explicit(&avx2_allowed, allowed, memory_order_relaxed);
}

/* See checksum_kernels.h. */
static inline uint64_t sum_blocks(uint8_t *restrict target, const uint8_t *restrict source, size_t length)
{
#if defined(__x86_64__)
    if (atomic_load_explicit(&avx2_allowed, memory_order_relaxed))
        return checksum_avx2_sum(target, source, length);
#endif
    return target == NULL ? blocks_sum(NULL, source, length) : blocks_sum(target, source, length);
}

/* Fewer than CHECKSUM_BLOCK_BYTES, or a header: nearly always a multiple of four. */
static uint64_t add_tail(uint64_t sum, const uint8_t *bytes, size_t length)
{
    uint64_t words;
    uint32_t word;
    for (; length >= sizeof words; bytes += sizeof words, length -= sizeof words) {
        memcpy(&words, bytes, sizeof words);
        sum += (words & UINT32_MAX) + (words >> 32);
    }
    if (length >= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        sum += word;
        bytes += sizeof word;
        length -= sizeof word;
    }
    if (length > 0) {
        uint8_t last[sizeof word] = {0};
        memcpy(last, bytes, length);
        memcpy(&word, last, sizeof word);
        sum += word;
    }
    return sum;
}

uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t length)
{
    size_t whole = length - length % CHECKSUM_BLOCK_BYTES;
    if (whole > 0)
        sum += sum_blocks(NULL, bytes, whole);
    return add_tail(sum, bytes + whole, length - whole);
}

uint64_t checksum_copy(uint8_t *restrict target, const uint8_t *restrict source, size_t length, uint64_t sum)
{
    size_t whole = length - length % CHECKSUM_BLOCK_BYTES;
    if (whole > 0)
        sum += sum_blocks(target, source, whole);
    memcpy(target + whole, source + whole, length - whole);
    return add_tail(sum, source + whole, length - whole);
}

/* Down to 16 bits, still in the machine's own order. */
static uint16_t fold_native(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

uint64_t checksum_add_number(uint64_t sum, uint32_t value)
{
    uint8_t bytes[4];
    uint32_t word;
    bytes_store_be32(bytes, value);
    memcpy(&word, bytes, sizeof word);
    return sum + word;
}

uint16_t checksum_fold(uint64_t sum)
{
    uint16_t native = fold_native(sum);
    uint8_t bytes[2];
    memcpy(bytes, &native, sizeof native);
    return bytes_load_be16(bytes);
}

uint64_t checksum_pseudo(const uint8_t *source, const uint8_t *destination, size_t address_bytes,
                         uint8_t protocol, size_t transport_bytes)
{
    uint64_t sum = add_tail(0, source, address_bytes);
    sum = add_tail(sum, destination, address_bytes);
    sum = checksum_add_number(sum, (uint32_t)transport_bytes);
    return checksum_add_number(sum, protocol);
}

uint64_t checksum_pseudo_packet(const uint8_t *packet, uint8_t protocol, size_t transport_bytes)
{
    if (packet[0] >> 4 == 4)
        return checksum_pseudo(packet + 12, packet + 16, 4, protocol, transport_bytes);
    return checksum_pseudo(packet + 8, packet + 24, 16, protocol, transport_bytes);
}

void checksum_ipv4_header(uint8_t *header, size_t length)
{
    bytes_store_be16(header + 10, 0);
    bytes_store_be16(header + 10, (uint16_t)~checksum_fold(add_tail(0, header, length)));
}

bool checksum_ipv4_header_valid(const uint8_t *header, size_t length)
{
    return checksum_fold(add_tail(0, header, length)) == 0xffff;
}

bool checksum_transport_valid(const uint8_t *packet, size_t length, size_t transport_offset, uint8_t protocol)
{
    const uint8_t *transport = packet + transport_offset;
    size_t transport_bytes = length - transport_offset;
    if (protocol == IP_PROTOCOL_UDP && bytes_load_be16(transport + UDP_CHECKSUM_OFFSET) == 0)
        return false;
    uint64_t sum = checksum_pseudo_packet(packet, protocol, transport_bytes);
    return checksum_fold(checksum_add(sum, transport, transport_bytes)) == 0xffff;
}

uint16_t checksum_complement_nonzero(uint64_t sum)
{
    uint16_t complement = (uint16_t)~checksum_fold(sum);
    return complement == 0 ? 0xffff : complement;
}
