/* SPDX-License-Identifier: MIT
 *
 * Explicit congestion notification through the tunnel (routing §6).
 *
 * Out: the outer header carries the inner ECN bits, except that inner CE becomes ECT(0), and DSCP 0.
 * In: what routers on the way marked is carried over to the inner packet. No packet is ever dropped for it.
 */
#ifndef VOLE_PACKET_ECN_H
#define VOLE_PACKET_ECN_H

#include <stdint.h>

#define ECN_MASK 0x03

enum ecn_codepoint { ECN_NOT_ECT = 0, ECN_ECT_1 = 1, ECN_ECT_0 = 2, ECN_CE = 3 };

/* The outer TOS byte (IPv4) or traffic class (IPv6) for an inner one. */
uint8_t ecn_encapsulate(uint8_t inner_traffic_class);

/* Rewrites the ECN bits of a decrypted packet that ip_has_header(), given the outer traffic class it came
 * with (0 if unknown: no change). An IPv4 header checksum is adjusted: it stays as right or wrong as it was.
 */
void ecn_decapsulate(uint8_t *packet, uint8_t outer_traffic_class);

#endif
