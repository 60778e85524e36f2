/* SPDX-License-Identifier: MIT
 *
 * Composes the IP packets that a host's kernel makes around what a program says: UDP and ICMP echo over IPv4,
 * UDP over IPv6, lengths and checksums right. libvole carries such packets and travels in them, but makes
 * none itself; the explainer needs both the ones inside the tunnel and the ones outside.
 *
 * Packets have no options, a TTL of 64, an IPv4 identification of the caller's and no DF, as WireGuard's
 * outer packets have none (routing §6). All bytes are written; a packet's length is returned. The caller sees
 * to it that there is room: payload length and COMPOSE_MOST_BYTES. One idea, no state, any thread.
 */
#ifndef EXPLAIN_COMPOSE_H
#define EXPLAIN_COMPOSE_H

#include "vole.h"

#define COMPOSE_IPV4_BYTES 20
#define COMPOSE_IPV6_BYTES 40
#define COMPOSE_UDP_BYTES  8
#define COMPOSE_ECHO_BYTES 8
#define COMPOSE_MOST_BYTES (COMPOSE_IPV6_BYTES + COMPOSE_UDP_BYTES) /* headers of one packet at most */

/* From where to where, and what is to be seen in the IP header. Both addresses of one family. */
struct compose_way {
    struct vole_address from, to;
    uint16_t from_port, to_port; /* UDP */
    uint16_t identification;     /* IPv4 */
    uint8_t traffic_class;
};

/* An IPv4 or IPv6 packet with a UDP datagram of this payload (RFC 791, 768, 8200). */
size_t compose_udp(uint8_t *packet, const struct compose_way *way, const uint8_t *payload, size_t length);
/* An IPv4 packet with an ICMP echo request, or the reply to one (RFC 792). */
size_t compose_echo(uint8_t *packet, const struct compose_way *way, bool reply, uint16_t identifier,
                    uint16_t sequence, const uint8_t *payload, size_t length);

#endif
