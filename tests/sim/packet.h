/* SPDX-License-Identifier: MIT
 *
 * Inner packets. Everything in one follows from its number and what is written down here about it, so the
 * receiver's side can be compared byte for byte with what must have been sent, without keeping any of it.
 */
#ifndef SIM_PACKET_H
#define SIM_PACKET_H

#include <vole.h>

#define PACKET_LEAST_BYTES 60u /* room for an IPv6 header and the number */
#define PACKET_MOST_BYTES  1420u

struct packet_plan {
    uint64_t number;              /* unique in its world */
    unsigned source, destination; /* hosts, by their inner addresses */
    uint16_t length;
};

/* The inner address of a host. */
struct vole_prefix packet_address(unsigned host, bool version6);
/* Writes plan->length bytes. */
void packet_build(const struct packet_plan *plan, uint8_t bytes[PACKET_MOST_BYTES]);
/* Reads the number out of a packet; false: it cannot be one of ours. */
bool packet_number(const uint8_t *bytes, size_t length, uint64_t *number);

#endif
