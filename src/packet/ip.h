/* SPDX-License-Identifier: MIT
 *
 * Reading inner IP packets: is it one, how long is it, where from, where to, what does it carry.
 *
 * Pure functions over bytes of any alignment. ip_check() comes first; the others say what they rely on.
 * Only what routing §3 lists is checked here: header length (IHL), checksums, TTL and destination are the
 * receiving stack's business, so every function that needs one of them checks it itself.
 */
#ifndef VOLE_PACKET_IP_H
#define VOLE_PACKET_IP_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_V4_HEADER_BYTES  20 /* without options */
#define IP_V6_HEADER_BYTES  40 /* without extension headers */
#define IP_MAX_HEADER_BYTES 60 /* of IPv4 with options */
#define IP_MAX_BYTES        65535

#define TCP_MIN_HEADER_BYTES 20
#define TCP_MAX_HEADER_BYTES 60
#define TCP_CHECKSUM_OFFSET  16
#define UDP_HEADER_BYTES     8
#define UDP_CHECKSUM_OFFSET  6

enum ip_protocol { IP_PROTOCOL_ICMP = 1, IP_PROTOCOL_TCP = 6, IP_PROTOCOL_UDP = 17, IP_PROTOCOL_ICMP6 = 58 };

enum ip_verdict {
    IP_OK,
    IP_NOT_IP,    /* neither IPv4 of at least 20 bytes nor IPv6 of at least 40 */
    IP_BAD_LENGTH /* claims to be longer than it is, or shorter than its own header */
};

/* Rows 3 and 5 of routing §3. On IP_OK *total_length is the packet without padding, at most length;
 * otherwise *total_length is untouched. A claimed IPv6 length beyond 65535 does not wrap. */
VOLE_MUST_CHECK enum ip_verdict ip_check(const uint8_t *packet, size_t length, size_t *total_length);

/* Row 3 alone, for those who must look at the traffic class before the length (ECN, row 4). */
VOLE_MUST_CHECK bool ip_has_header(const uint8_t *packet, size_t length);

/* The caller has seen to it that ip_has_header(). */
struct vole_address ip_source(const uint8_t *packet);
struct vole_address ip_destination(const uint8_t *packet);
/* Whether two such packets have the same source. */
bool ip_same_source(const uint8_t *packet, const uint8_t *other);
uint8_t ip_traffic_class(const uint8_t *packet);

/* A number that packets of one flow share: of both addresses, the protocol and, if TCP or UDP follows at
 * once and the packet is no fragment, both ports. The two directions of a flow have different ones. For
 * spreading only: anybody can make two flows collide. The caller has seen to it that ip_check(). */
uint32_t ip_flow(const uint8_t *packet, size_t length);

/* Where the IP header, with its options or extension headers, ends. */
struct ip_transport {
    size_t offset;             /* of the first byte after it; at most the packet's length */
    size_t destination_offset; /* of the final destination, which a routing header may hold (checksums) */
    uint8_t protocol;          /* enum ip_protocol or any other; for IPv6 the last next-header value */
    bool fragment;             /* any fragment */
    bool later_fragment;       /* a fragment with an offset: what follows is not a transport header */
};

/* Walks the header chain of a packet that ip_has_header(). False: a header lies outside of the packet,
 * is malformed, or is a routing header of unknown type that is still in use. */
VOLE_MUST_CHECK bool ip_find_transport(const uint8_t *packet, size_t length, struct ip_transport *transport);

#endif
