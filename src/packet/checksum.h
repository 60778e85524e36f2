/* SPDX-License-Identifier: MIT
 *
 * The Internet checksum (RFC 1071) of IPv4 headers, TCP, UDP and ICMP, summed wide and merged with copying.
 *
 * A running sum is a uint64_t that starts at 0, goes through the add and copy functions and ends in
 * checksum_fold(). It counts 16-bit words in the machine's own byte order, which one's complement allows;
 * only checksum_fold() and checksum_add_number() convert, so nobody else sees that order. Running sums may
 * be added to each other. They do not overflow below 2^32 bytes.
 *
 * A piece is taken to start at an even position of the checksummed data, and an odd last byte to be followed
 * by a zero.
 *
 * A "complement" is what a header field holds: the folded sum inverted. Data that contains its own right
 * checksum folds to 0xffff.
 */
#ifndef VOLE_PACKET_CHECKSUM_H
#define VOLE_PACKET_CHECKSUM_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the processor has AVX2 and it may be used. Not before this was told; any thread, at any time: what
 * is computed is the same. */
void checksum_allow_avx2(bool allowed);

/* The sum with length bytes added that start at an even position. */
uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t length);
/* The sum with a number in host order added, as if it stood there as four bytes in network order. */
uint64_t checksum_add_number(uint64_t sum, uint32_t value);
/* Copies length bytes from source to target, which do not overlap, and adds them (even position). */
uint64_t checksum_copy(uint8_t *restrict target, const uint8_t *restrict source, size_t length, uint64_t sum);
/* The 16-bit one's complement sum, in host order: store it with bytes_store_be16(), after ~ for a field. */
uint16_t checksum_fold(uint64_t sum);

/* Sum of the pseudo header (RFC 768, 8200 §8.1) of source and destination, 4 or 16 bytes each. */
uint64_t checksum_pseudo(const uint8_t *source, const uint8_t *destination, size_t address_bytes,
                         uint8_t protocol, size_t transport_bytes);
/* The same for the addresses in a packet without routing header that ip_has_header(). */
uint64_t checksum_pseudo_packet(const uint8_t *packet, uint8_t protocol, size_t transport_bytes);

/* Computes and stores the checksum of an IPv4 header of length (20..60) bytes. */
void checksum_ipv4_header(uint8_t *header, size_t length);
/* Is the checksum of an IPv4 header of length (20..60) bytes right? */
VOLE_MUST_CHECK bool checksum_ipv4_header_valid(const uint8_t *header, size_t length);

/* Is the TCP or UDP checksum right? packet has no extension headers or fragments, its transport part starts
 * at transport_offset and goes on to length. A UDP checksum of 0, "none", is not right. */
VOLE_MUST_CHECK bool checksum_transport_valid(const uint8_t *packet, size_t length, size_t transport_offset,
                                              uint8_t protocol);
/* The field value for a finished sum over pseudo header and transport part: inverted, and never 0, which in
 * UDP means "none"; 0xffff says the same number. For TCP use ~checksum_fold(). */
uint16_t checksum_complement_nonzero(uint64_t sum);

#endif
