/* SPDX-License-Identifier: MIT
 *
 * Headers are written from the outside in, checksums last.
 */
#include "explain/compose.h"

#include "packet/bytes.h"
#include "packet/checksum.h"
#include "packet/ip.h"

#include <string.h>

#define TIME_TO_LIVE      64
#define ICMP_ECHO_REPLY   0
#define ICMP_ECHO_REQUEST 8

static size_t write_ipv4(uint8_t *packet, const struct compose_way *way, uint8_t protocol, size_t payload)
{
    memset(packet, 0, COMPOSE_IPV4_BYTES);
    packet[0] = 0x45; /* version 4, five words */
    packet[1] = way->traffic_class;
    bytes_store_be16(packet + 2, (uint16_t)(COMPOSE_IPV4_BYTES + payload));
    bytes_store_be16(packet + 4, way->identification);
    packet[8] = TIME_TO_LIVE;
    packet[9] = protocol;
    memcpy(packet + 12, way->from.bytes, 4);
    memcpy(packet + 16, way->to.bytes, 4);
    checksum_ipv4_header(packet, COMPOSE_IPV4_BYTES);
    return COMPOSE_IPV4_BYTES;
}

static size_t write_ipv6(uint8_t *packet, const struct compose_way *way, uint8_t protocol, size_t payload)
{
    bytes_store_be32(packet, UINT32_C(6) << 28 | (uint32_t)way->traffic_class << 20);
    bytes_store_be16(packet + 4, (uint16_t)payload);
    packet[6] = protocol;
    packet[7] = TIME_TO_LIVE;
    memcpy(packet + 8, way->from.bytes, 16);
    memcpy(packet + 24, way->to.bytes, 16);
    return COMPOSE_IPV6_BYTES;
}

size_t compose_udp(uint8_t *packet, const struct compose_way *way, const uint8_t *payload, size_t length)
{
    size_t datagram = COMPOSE_UDP_BYTES + length;
    size_t start = way->from.family == 6 ? write_ipv6(packet, way, IP_PROTOCOL_UDP, datagram)
                                         : write_ipv4(packet, way, IP_PROTOCOL_UDP, datagram);
    uint8_t *udp = packet + start;
    uint64_t sum;

    bytes_store_be16(udp, way->from_port);
    bytes_store_be16(udp + 2, way->to_port);
    bytes_store_be16(udp + 4, (uint16_t)datagram);
    bytes_store_be16(udp + UDP_CHECKSUM_OFFSET, 0);
    if (length > 0)
        memcpy(udp + COMPOSE_UDP_BYTES, payload, length);
    sum = checksum_add(checksum_pseudo_packet(packet, IP_PROTOCOL_UDP, datagram), udp, datagram);
    bytes_store_be16(udp + UDP_CHECKSUM_OFFSET, checksum_complement_nonzero(sum));
    return start + datagram;
}

size_t compose_echo(uint8_t *packet, const struct compose_way *way, bool reply, uint16_t identifier,
                    uint16_t sequence, const uint8_t *payload, size_t length)
{
    uint8_t *icmp = packet + write_ipv4(packet, way, IP_PROTOCOL_ICMP, COMPOSE_ECHO_BYTES + length);

    icmp[0] = reply ? ICMP_ECHO_REPLY : ICMP_ECHO_REQUEST;
    icmp[1] = 0;
    bytes_store_be16(icmp + 2, 0);
    bytes_store_be16(icmp + 4, identifier);
    bytes_store_be16(icmp + 6, sequence);
    if (length > 0)
        memcpy(icmp + COMPOSE_ECHO_BYTES, payload, length);
    bytes_store_be16(icmp + 2, (uint16_t)~checksum_fold(checksum_add(0, icmp, COMPOSE_ECHO_BYTES + length)));
    return COMPOSE_IPV4_BYTES + COMPOSE_ECHO_BYTES + length;
}
