/* SPDX-License-Identifier: MIT
 *
 * Inner packets for tests: built field by field from a plan, with checksums summed byte by byte.
 *
 * This is the slow and obvious reference that src/packet is compared with; it shares no code with it.
 * Numbers in a plan are in host order. packet_plan_default() gives a plan that any merging would accept.
 */
#ifndef PACKETS_H
#define PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_ROOM      66000
#define PACKET_TCP       6
#define PACKET_UDP       17
#define PACKET_FIN       0x01
#define PACKET_PSH       0x08
#define PACKET_ACK       0x10
#define PACKET_CWR       0x80
#define PACKET_FRAGMENTS 0x2000 /* "more fragments" in fragment_field */
#define PACKET_DF        0x4000 /* "don't fragment" in fragment_field */

struct packet_plan {
    uint8_t version; /* 4 or 6 */
    uint8_t protocol;
    uint8_t traffic_class;
    uint8_t hop_limit;
    uint16_t identification;     /* IPv4 */
    uint16_t fragment_field;     /* IPv4: flags and offset in units of 8 */
    uint32_t flow_label;         /* IPv6 */
    size_t ip_option_bytes;      /* IPv4: multiple of 4; IPv6: 0 or a destination options header of so many */
    uint8_t source, destination; /* last byte of 10.0.0.x or fd00::x */
    uint16_t source_port, destination_port;
    uint32_t sequence, acknowledgement; /* TCP from here on */
    uint8_t reserved;                   /* the four bits after the data offset */
    uint8_t flags;
    uint16_t window, urgent;
    uint8_t tcp_options[40];
    size_t tcp_option_bytes; /* multiple of 4 */
    const uint8_t *payload;
    size_t payload_bytes;
};

struct packet_plan packet_plan_default(uint8_t version, uint8_t protocol);
/* The packet that follows in its flow. */
struct packet_plan packet_plan_after(const struct packet_plan *plan);
/* IP and transport header. */
size_t packet_header_bytes(const struct packet_plan *plan);
size_t packet_transport_offset(const struct packet_plan *plan);
/* Writes the packet, complete and right, into PACKET_ROOM bytes; returns its length. */
size_t packet_build(uint8_t *out, const struct packet_plan *plan);
/* The folded pseudo header sum, as the stack leaves it in the field of a superpacket. */
uint16_t packet_pseudo_sum(const struct packet_plan *plan);
/* The position of the transport checksum in the packet. */
size_t packet_checksum_position(const struct packet_plan *plan);

/* One's complement sum of big endian words, byte by byte. */
uint32_t packet_sum(uint32_t sum, const uint8_t *bytes, size_t length);
uint16_t packet_fold(uint32_t sum);

/* A small generator: the same numbers for the same seed, everywhere. */
struct packet_random {
    uint64_t state;
};
uint32_t packet_random_next(struct packet_random *random);
uint32_t packet_random_below(struct packet_random *random, uint32_t limit);
void packet_random_fill(struct packet_random *random, uint8_t *bytes, size_t length);

#endif
