/* SPDX-License-Identifier: MIT
 *
 * The header in front of each packet of a TUN: byte order and offsets, nothing else.
 */
#include "packet/vnet.h"

#include <string.h>

enum { FLAGS = 0, KIND = 1, HEADER_BYTES = 2, SEGMENT_BYTES = 4, CHECKSUM_START = 6, CHECKSUM_OFFSET = 8 };

void vnet_header_parse(struct vnet_header *header, const uint8_t bytes[static VNET_HEADER_BYTES])
{
    header->flags = bytes[FLAGS];
    header->segment_kind = bytes[KIND];
    memcpy(&header->header_bytes, bytes + HEADER_BYTES, 2);
    memcpy(&header->segment_bytes, bytes + SEGMENT_BYTES, 2);
    memcpy(&header->checksum_start, bytes + CHECKSUM_START, 2);
    memcpy(&header->checksum_offset, bytes + CHECKSUM_OFFSET, 2);
}

void vnet_header_serialise(const struct vnet_header *header, uint8_t bytes[static VNET_HEADER_BYTES])
{
    bytes[FLAGS] = header->flags;
    bytes[KIND] = header->segment_kind;
    memcpy(bytes + HEADER_BYTES, &header->header_bytes, 2);
    memcpy(bytes + SEGMENT_BYTES, &header->segment_bytes, 2);
    memcpy(bytes + CHECKSUM_START, &header->checksum_start, 2);
    memcpy(bytes + CHECKSUM_OFFSET, &header->checksum_offset, 2);
}
