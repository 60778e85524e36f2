/* SPDX-License-Identifier: MIT
 *
 * Splitting: what one read from the TUN returned becomes the IP packets to send (offload §4).
 *
 *     split_begin(&split, &header, packet, length)      validates, writes nothing
 *     while (split_remaining(&split) > 0)
 *         n = split_next(&split, out, room)             one whole IP packet each
 *
 * A superpacket of TCP (IPv4, IPv6) or UDP is cut into segments with finished headers and checksums; a plain
 * packet comes out as one segment, with its checksum finished if the stack left that to us. Payload is copied
 * once, summed on the way. There may be thousands of segments (64 KiB of one byte each), never more than
 * length. Everything in header and packet is checked before it is used; header_bytes is not used at all.
 *
 * Ownership: struct split is the caller's, holds no resource and borrows packet, which stays unmodified and
 * must stay valid until the last segment is out. One thread at a time.
 */
#ifndef VOLE_PACKET_SPLIT_H
#define VOLE_PACKET_SPLIT_H

#include "packet/vnet.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fields are private to split.c. */
struct split {
    const uint8_t *packet;
    size_t length;
    size_t header_bytes;     /* IP and transport header, repeated in each segment; plain: 0 */
    size_t payload_bytes;    /* all of it: length - header_bytes */
    size_t segment_bytes;    /* payload of each segment but the last */
    size_t position;         /* payload bytes already out */
    size_t transport_offset; /* plain: where checksumming starts */
    size_t checksum_offset;  /* from transport_offset */
    uint64_t ip_sum;         /* IPv4 header without what changes from segment to segment */
    uint64_t transport_sum;  /* pseudo and transport header without it */
    uint32_t segments_out;
    uint8_t version; /* 4 or 6; plain: 0 */
    uint8_t protocol;
    bool needs_checksum; /* plain only: the field holds the pseudo header's sum */
};

/* Takes what the TUN returned after the vnet header. 0; -EINVAL: empty, or header and packet contradict each
 * other or themselves; -EOPNOTSUPP: a kind of superpacket we never asked for. After an error nothing remains.
 * After success a superpacket has a whole IP header of the right version; a plain packet may be anything. */
VOLE_MUST_CHECK int split_begin(struct split *split, const struct vnet_header *header, const uint8_t *packet,
                                size_t length);

/* IP length of the largest segment: room that suffices for every split_next(). */
size_t split_segment_bytes(const struct split *split);

/* How many segments are still to come. */
size_t split_remaining(const struct split *split);

/* Writes the next IP packet to out, which does not overlap the superpacket, and returns its length. 0 and
 * nothing changed: none remains (split_remaining() is 0), or it needs more than room (it is not). */
VOLE_MUST_CHECK size_t split_next(struct split *split, uint8_t *out, size_t room);

#endif
