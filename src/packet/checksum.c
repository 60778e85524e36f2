/* SPDX-License-Identifier: MIT
 *
 * The Internet checksum, four bytes per addition into 64-bit lanes that need no carry.
 *
 * A block of 32 bytes is two pairs of 64-bit words, whose low and high halves go to lanes of their own.
 * Pairs are the vector type of gcc and clang: one instruction each where the machine has 128-bit vectors,
 * plain 64-bit arithmetic where not, and fast at every level of optimisation.
 */
#include "packet/checksum.h"

#include "packet/bytes.h"
#include "packet/ip.h"

#include <string.h>

enum { PAIR_BYTES = 16, BLOCK_BYTES = 2 * PAIR_BYTES };

typedef uint64_t pair __attribute__((vector_size(PAIR_BYTES)));

/* Sums of the halves; two of each, so that an addition need not wait for the one before. */
struct lanes {
    pair low, high, other_low, other_high;
};

static inline pair pair_load(const uint8_t *bytes)
{
    pair words;
    memcpy(&words, bytes, sizeof words);
    return words;
}

static inline void lanes_add(struct lanes *lanes, pair words, pair other_words)
{
    lanes->low += words & UINT32_MAX;
    lanes->high += words >> 32;
    lanes->other_low += other_words & UINT32_MAX;
    lanes->other_high += other_words >> 32;
}

static inline uint64_t lanes_sum(const struct lanes *lanes)
{
    pair sum = lanes->low + lanes->high + lanes->other_low + lanes->other_high;
    return sum[0] + sum[1];
}

/* Fewer than BLOCK_BYTES. */
static uint64_t add_tail(uint64_t sum, const uint8_t *bytes, size_t length)
{
    while (length >= 4) {
        uint32_t word;
        memcpy(&word, bytes, sizeof word);
        sum += word;
        bytes += 4;
        length -= 4;
    }
    if (length > 0) {
        uint8_t last[4] = {0};
        uint32_t word;
        memcpy(last, bytes, length);
        memcpy(&word, last, sizeof word);
        sum += word;
    }
    return sum;
}

uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t length)
{
    struct lanes lanes = {0};
    for (; length >= BLOCK_BYTES; bytes += BLOCK_BYTES, length -= BLOCK_BYTES)
        lanes_add(&lanes, pair_load(bytes), pair_load(bytes + PAIR_BYTES));
    return add_tail(sum + lanes_sum(&lanes), bytes, length);
}

uint64_t checksum_copy(uint8_t *restrict target, const uint8_t *restrict source, size_t length, uint64_t sum)
{
    struct lanes lanes = {0};
    for (; length >= BLOCK_BYTES; length -= BLOCK_BYTES) {
        pair words = pair_load(source), other_words = pair_load(source + PAIR_BYTES);
        memcpy(target, &words, PAIR_BYTES);
        memcpy(target + PAIR_BYTES, &other_words, PAIR_BYTES);
        lanes_add(&lanes, words, other_words);
        source += BLOCK_BYTES;
        target += BLOCK_BYTES;
    }
    memcpy(target, source, length);
    return add_tail(sum + lanes_sum(&lanes), source, length);
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

uint64_t checksum_add_odd(uint64_t sum, const uint8_t *bytes, size_t length)
{
    uint16_t even = fold_native(checksum_add(0, bytes, length));
    return sum + (uint16_t)(even << 8 | even >> 8);
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
