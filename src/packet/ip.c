/* SPDX-License-Identifier: MIT
 *
 * Reading inner IP packets (routing §3). Lengths are computed in size_t: an IPv6 payload length near 65535
 * plus the header does not fit 16 bits.
 */
#include "packet/ip.h"

#include "packet/bytes.h"

#include <string.h>

/* IPv6 extension headers, and the routing header types whose first address is the final destination. */
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, DESTINATION_OPTIONS = 60 };
enum { ROUTING_MOBILE = 2, ROUTING_SEGMENT = 4, ROUTING_ADDRESS_OFFSET = 8 };

enum { V4_OFFSET_MASK = 0x1fff, V4_MORE_FRAGMENTS = 0x2000 };

bool ip_has_header(const uint8_t *packet, size_t length)
{
    if (length < IP_V4_HEADER_BYTES)
        return false;
    uint8_t version = packet[0] >> 4;
    return version == 4 || (version == 6 && length >= IP_V6_HEADER_BYTES);
}

enum ip_verdict ip_check(const uint8_t *packet, size_t length, size_t *total_length)
{
    if (!ip_has_header(packet, length))
        return IP_NOT_IP;
    size_t total;
    if (packet[0] >> 4 == 4) {
        total = bytes_load_be16(packet + 2);
        if (total < IP_V4_HEADER_BYTES)
            return IP_BAD_LENGTH;
    } else {
        total = (size_t)bytes_load_be16(packet + 4) + IP_V6_HEADER_BYTES;
    }
    if (total > length)
        return IP_BAD_LENGTH;
    *total_length = total;
    return IP_OK;
}

static struct vole_address address_at(const uint8_t *packet, size_t v4_offset, size_t v6_offset)
{
    struct vole_address address = {0};
    address.family = packet[0] >> 4;
    if (address.family == 4)
        memcpy(address.bytes, packet + v4_offset, 4);
    else
        memcpy(address.bytes, packet + v6_offset, 16);
    return address;
}

struct vole_address ip_source(const uint8_t *packet)
{
    return address_at(packet, 12, 8);
}

bool ip_same_source(const uint8_t *packet, const uint8_t *other)
{
    if (packet[0] >> 4 != other[0] >> 4)
        return false;
    return packet[0] >> 4 == 4 ? memcmp(packet + 12, other + 12, 4) == 0
                               : memcmp(packet + 8, other + 8, 16) == 0;
}

struct vole_address ip_destination(const uint8_t *packet)
{
    return address_at(packet, 16, 24);
}

uint8_t ip_traffic_class(const uint8_t *packet)
{
    if (packet[0] >> 4 == 4)
        return packet[1];
    return (uint8_t)(bytes_load_be16(packet) >> 4);
}

/* One more word into the number; what is above 2^32 comes down, so that every bit counts for all. */
static uint64_t flow_add(uint64_t flow, uint64_t word)
{
    flow = (flow ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return flow ^ flow >> 32;
}

uint32_t ip_flow(const uint8_t *packet, size_t length)
{
    size_t header;
    uint64_t flow = 0;
    uint8_t protocol;
    bool whole = true;

    if (packet[0] >> 4 == 4) {
        header = (size_t)(packet[0] & 15) * 4;
        protocol = packet[9];
        whole = (bytes_load_be16(packet + 6) & (V4_OFFSET_MASK | V4_MORE_FRAGMENTS)) == 0;
        flow = flow_add(flow, bytes_load_le64(packet + 12));
    } else {
        header = IP_V6_HEADER_BYTES;
        protocol = packet[6];
        for (size_t at = 8; at < IP_V6_HEADER_BYTES; at += 8)
            flow = flow_add(flow, bytes_load_le64(packet + at));
    }
    flow = flow_add(flow, protocol);
    if (whole && (protocol == IP_PROTOCOL_TCP || protocol == IP_PROTOCOL_UDP) && length >= header + 4)
        flow = flow_add(flow, bytes_load_le32(packet + header));
    return (uint32_t)flow;
}

static bool find_transport_v4(const uint8_t *packet, size_t length, struct ip_transport *transport)
{
    size_t header_bytes = (size_t)(packet[0] & 0x0f) * 4;
    if (header_bytes < IP_V4_HEADER_BYTES || header_bytes > length)
        return false;
    uint16_t fragment = bytes_load_be16(packet + 6);
    *transport = (struct ip_transport){
        .offset = header_bytes,
        .destination_offset = 16,
        .protocol = packet[9],
        .fragment = (fragment & (V4_MORE_FRAGMENTS | V4_OFFSET_MASK)) != 0,
        .later_fragment = (fragment & V4_OFFSET_MASK) != 0,
    };
    return true;
}

/* While segments are left, the checksum counts the final destination, not the one in the IPv6 header. */
static bool read_routing_header(const uint8_t *packet, size_t header_bytes, struct ip_transport *transport)
{
    const uint8_t *header = packet + transport->offset;
    uint8_t type = header[2], segments_left = header[3];
    if (segments_left == 0)
        return true;
    if (type != ROUTING_MOBILE && type != ROUTING_SEGMENT)
        return false;
    if (header_bytes < ROUTING_ADDRESS_OFFSET + 16)
        return false;
    transport->destination_offset = transport->offset + ROUTING_ADDRESS_OFFSET;
    return true;
}

static bool find_transport_v6(const uint8_t *packet, size_t length, struct ip_transport *transport)
{
    *transport =
        (struct ip_transport){.offset = IP_V6_HEADER_BYTES, .destination_offset = 24, .protocol = packet[6]};
    for (;;) {
        uint8_t kind = transport->protocol;
        if (kind != HOP_BY_HOP && kind != ROUTING && kind != FRAGMENT && kind != AUTHENTICATION &&
            kind != DESTINATION_OPTIONS)
            return true;
        if (length - transport->offset < 8)
            return false;
        const uint8_t *header = packet + transport->offset;
        size_t header_bytes = 8 + (size_t)header[1] * 8;
        if (kind == FRAGMENT)
            header_bytes = 8;
        else if (kind == AUTHENTICATION)
            header_bytes = 8 + (size_t)header[1] * 4;
        if (header_bytes > length - transport->offset)
            return false;
        if (kind == ROUTING && !read_routing_header(packet, header_bytes, transport))
            return false;
        transport->protocol = header[0];
        transport->offset += header_bytes;
        if (kind == FRAGMENT) {
            transport->fragment |= (bytes_load_be16(header + 2) & ~6) != 0;
            transport->later_fragment = (bytes_load_be16(header + 2) & 0xfff8) != 0;
            if (transport->later_fragment)
                return true; /* what follows is the middle of something */
        }
    }
}

bool ip_find_transport(const uint8_t *packet, size_t length, struct ip_transport *transport)
{
    if (packet[0] >> 4 == 4)
        return find_transport_v4(packet, length, transport);
    return find_transport_v6(packet, length, transport);
}
