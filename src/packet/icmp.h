/* SPDX-License-Identifier: MIT
 *
 * ICMP errors for packets that no peer can take (routing §4).
 *
 * Builds ICMPv4 host unreachable (type 3 code 1) or ICMPv6 address unreachable (type 1 code 3): the ICMP
 * message alone. It goes through a raw socket, where the kernel makes the IP header, chooses our source
 * address and fills the ICMPv6 checksum; the ICMPv4 checksum is made here. Rate limits are the caller's.
 */
#ifndef VOLE_PACKET_ICMP_H
#define VOLE_PACKET_ICMP_H

#include "vole.h"

#include <stddef.h>
#include <stdint.h>

#define ICMP_V4_UNREACHABLE_BYTES (576 - 20)  /* most an ICMPv4 error may hold, its IP header taken off */
#define ICMP_V6_UNREACHABLE_BYTES (1280 - 40) /* the same for ICMPv6 */
#define ICMP_UNREACHABLE_BYTES    ICMP_V6_UNREACHABLE_BYTES

/* Writes the message about packet to out and returns its length. 0: none may be sent, because packet is not
 * valid IP, is an ICMP error, a later fragment, or has a multicast, broadcast or unspecified source or
 * destination; or room is too small. The receiver is ip_source(packet), its family that of packet. */
VOLE_MUST_CHECK size_t icmp_unreachable(uint8_t *out, size_t room, const uint8_t *packet, size_t length);

#endif
