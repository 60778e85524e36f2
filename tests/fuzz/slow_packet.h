/* SPDX-License-Identifier: MIT
 *
 * Inner packets read and summed in the slowest and most obvious way: what src/packet is compared with. Shares
 * no code with it; written from docs/spec (offload §4, cryptokey-routing §3) and the RFCs.
 *
 * Positions and lengths are in bytes, numbers in host order. Nothing is read beyond the length given.
 */
#ifndef SLOW_PACKET_H
#define SLOW_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOW_TCP 6
#define SLOW_UDP 17

/* The number in count bytes at this position, most significant first. */
uint64_t slow_number(const uint8_t *bytes, size_t position, size_t count);
void slow_store(uint8_t *bytes, size_t position, size_t count, uint64_t number);

/* One's complement sum of big-endian words; an odd last byte is followed by a zero. Of at most 64 KiB. */
uint32_t slow_sum(uint32_t sum, const uint8_t *bytes, size_t length);
uint16_t slow_fold(uint32_t sum);

/* What a packet's headers say. */
struct slow_packet {
    unsigned version;   /* 4 or 6 with a whole header; 0: neither, and the rest means nothing */
    size_t total;       /* as the IP header has it */
    bool total_fits;    /* it is neither longer than the packet nor shorter than its header */
    bool chain;         /* the headers up to the transport's are whole and known; else the rest is nothing */
    size_t transport;   /* position of what follows the IP headers */
    unsigned protocol;  /* what that is */
    size_t destination; /* position of the final destination's address */
    bool fragment, later; /* any fragment; one that does not begin with a transport header */
};

struct slow_packet slow_read(const uint8_t *packet, size_t length);

/* The sum of the pseudo header of a packet with such headers and so many bytes of transport. */
uint32_t slow_pseudo(const uint8_t *packet, const struct slow_packet *headers, size_t transport_bytes);
/* Whether the IPv4 header's checksum (IPv6: always), the TCP's or UDP's are right. Of a packet with a chain.
 */
bool slow_header_sum_right(const uint8_t *packet, const struct slow_packet *headers);
bool slow_transport_sum_right(const uint8_t *packet, size_t length, const struct slow_packet *headers);

#endif
