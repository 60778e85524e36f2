/* SPDX-License-Identifier: MIT
 *
 * The packets that applications send in the story: an echo request (ping) or its answer, IPv4, 84 bytes as
 * ping sends them by default, with right checksums. Pure functions.
 */
#ifndef EXPLAIN_LIFE_PACKET_H
#define EXPLAIN_LIFE_PACKET_H

#include "vole.h"

#define LIFE_PACKET_BYTES 84

/* source and destination: IPv4. number: the echo's sequence number. */
void life_packet_echo(uint8_t packet[static LIFE_PACKET_BYTES], const struct vole_address *source,
                      const struct vole_address *destination, bool answer, uint16_t number);
/* What a router does to it: one less to live, and the header's checksum anew. False: it has lived too long.
 */
VOLE_MUST_CHECK bool life_packet_forward(uint8_t *packet, size_t length);
/* "10.0.0.5" as an address. */
struct vole_address life_packet_address(const char *text);

#endif
