/* SPDX-License-Identifier: MIT
 *
 * The header in front of each packet of a TUN with IFF_VNET_HDR (struct virtio_net_hdr; offload §3).
 *
 * It says which checksum is still to be computed and, for a superpacket, how to cut it into segments.
 * Byte order is the machine's own, as the TUN has it unless told otherwise. Lengths are in bytes. An all-zero
 * header means: a plain packet, complete as it is.
 */
#ifndef VOLE_PACKET_VNET_H
#define VOLE_PACKET_VNET_H

#include <stdint.h>

#define VNET_HEADER_BYTES 10

#define VNET_NEEDS_CHECKSUM 0x01 /* in flags */
#define VNET_DATA_VALID     0x02 /* in flags; changes nothing on a write */

/* segment_kind: what a superpacket is to be cut into. */
enum vnet_kind {
    VNET_KIND_NONE = 0, /* not a superpacket */
    VNET_KIND_TCP4 = 1,
    VNET_KIND_UDP_FRAGMENTS = 3,
    VNET_KIND_TCP6 = 4,
    VNET_KIND_UDP = 5 /* datagrams, IPv4 or IPv6 */
};

#define VNET_KIND_ECN 0x80 /* may be set in addition: the first segment has CWR */

struct vnet_header {
    uint8_t flags;
    uint8_t segment_kind;     /* enum vnet_kind, perhaps | VNET_KIND_ECN */
    uint16_t header_bytes;    /* all headers; not to be trusted on reading */
    uint16_t segment_bytes;   /* payload of each segment but the last */
    uint16_t checksum_start;  /* where checksumming starts: the transport header */
    uint16_t checksum_offset; /* from there to the checksum field */
};

void vnet_header_parse(struct vnet_header *header, const uint8_t bytes[static VNET_HEADER_BYTES]);
void vnet_header_serialise(const struct vnet_header *header, uint8_t bytes[static VNET_HEADER_BYTES]);

#endif
