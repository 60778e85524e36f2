/* SPDX-License-Identifier: MIT
 *
 * What splitting must yield (offload §4), computed in the slowest way: each segment by itself, its checksums
 * from nothing over its finished bytes.
 */
#ifndef SLOW_SPLIT_H
#define SLOW_SPLIT_H

#include "slow_packet.h"

#include "packet/vnet.h"

struct slow_split {
    int error;             /* what split_begin() must say; not 0: the rest is nothing */
    struct slow_packet ip; /* of a superpacket; version 0: a plain packet */
    size_t header_bytes;   /* in each segment; plain: 0 */
    size_t payload_bytes;  /* of all */
    size_t segment_bytes;  /* payload of each but the last */
    size_t count;          /* segments */
};

struct slow_split slow_split_begin(const struct vnet_header *vnet, const uint8_t *packet, size_t length);
/* The length of the longest segment. */
size_t slow_split_longest(const struct slow_split *split);
/* Writes segment number `number`, returns its length. */
size_t slow_split_segment(const struct slow_split *split, const struct vnet_header *vnet,
                          const uint8_t *packet, size_t number, uint8_t *out);

#endif
