/* SPDX-License-Identifier: MIT
 *
 * What must become of inner packets, step by step as the tables of cryptokey-routing §3, §4 and §6 and
 * protocol §6 say it.
 */
#ifndef SLOW_INNER_H
#define SLOW_INNER_H

#include "slow_packet.h"

#include "vole.h"

/* A table of allowed IPs is a list; the longest prefix that fits wins. */
struct slow_route {
    struct vole_prefix prefix; /* host bits do not count */
    int owner;                 /* 0 and above */
};

/* Whose an address is; -1: nobody's. */
int slow_owner(const struct slow_route *routes, size_t count, const struct vole_address *address);
bool slow_prefix_equal(const struct vole_prefix *one, const struct vole_prefix *other);
/* Of a packet with a version. */
struct vole_address slow_source(const uint8_t *packet);
struct vole_address slow_destination(const uint8_t *packet);

/* Length with padding: to a multiple of 16, but not beyond the MTU (0: none). */
size_t slow_padded(size_t length, uint32_t mtu);
/* The outer traffic class; 0 for what is no IP packet. */
uint8_t slow_outer_class(const uint8_t *packet, size_t length);
/* The inner one of a packet that came with an outer one. */
uint8_t slow_inner_class(uint8_t inner, uint8_t outer);
uint8_t slow_class(const uint8_t *packet);

/* What becomes of a plaintext from a peer: VOLE_KEEPALIVE, VOLE_DROPPED with *reason, or VOLE_DELIVERED with
 * *total, the length of the packet in it. */
enum vole_outcome slow_judge(const uint8_t *plaintext, size_t length, const struct slow_route *routes,
                             size_t count, int peer, enum vole_drop *reason, size_t *total);

/* The ICMP error for a packet that nobody takes: its length, 0 if there may be none. */
size_t slow_unreachable(uint8_t *out, const uint8_t *packet, size_t length);

#endif
