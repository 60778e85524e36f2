/* SPDX-License-Identifier: MIT
 *
 * A segment is a copy of the headers and its part of the payload, in which the fields are then put right.
 */
#include "slow_split.h"

#include <errno.h>
#include <string.h>

/* One packet that is finished, or lacks a checksum: anything, if the checksum's field is in it. */
static struct slow_split begin_plain(const struct vnet_header *vnet, size_t length)
{
    struct slow_split split = {.payload_bytes = length, .segment_bytes = length, .count = 1};

    if ((vnet->flags & VNET_NEEDS_CHECKSUM) && vnet->checksum_start + vnet->checksum_offset + 2u > length)
        split.error = -EINVAL;
    return split;
}

static size_t transport_header_bytes(const uint8_t *packet, size_t length, const struct slow_packet *ip)
{
    size_t room = length - ip->transport, bytes = 8;

    if (ip->protocol == SLOW_TCP)
        bytes = room < 20 ? 0 : packet[ip->transport + 12] / 16u * 4;
    return bytes > room || bytes < (ip->protocol == SLOW_TCP ? 20u : 8u) ? 0 : bytes;
}

static bool kind_fits(unsigned kind, const struct slow_packet *ip)
{
    switch (kind) {
    case VNET_KIND_TCP4:
        return ip->version == 4 && ip->protocol == SLOW_TCP;
    case VNET_KIND_TCP6:
        return ip->version == 6 && ip->protocol == SLOW_TCP;
    default:
        return ip->protocol == SLOW_UDP;
    }
}

static bool begin_superpacket(struct slow_split *split, const struct vnet_header *vnet, const uint8_t *packet,
                              size_t length)
{
    size_t transport_bytes;

    split->ip = slow_read(packet, length);
    if (split->ip.version == 0 || !split->ip.chain || split->ip.fragment ||
        !kind_fits(vnet->segment_kind % 0x80, &split->ip))
        return false;
    if ((vnet->flags & VNET_NEEDS_CHECKSUM) &&
        (vnet->checksum_start != split->ip.transport ||
         vnet->checksum_offset != (split->ip.protocol == SLOW_TCP ? 16 : 6)))
        return false;
    transport_bytes = transport_header_bytes(packet, length, &split->ip);
    split->header_bytes = split->ip.transport + transport_bytes;
    split->segment_bytes = vnet->segment_bytes;
    if (transport_bytes == 0 || split->header_bytes == length || split->segment_bytes == 0)
        return false;
    split->payload_bytes = length - split->header_bytes;
    for (size_t at = 0; at < split->payload_bytes; at += split->segment_bytes)
        split->count++;
    return slow_split_longest(split) - (split->ip.version == 6 ? 40u : 0u) <= 0xffff;
}

struct slow_split slow_split_begin(const struct vnet_header *vnet, const uint8_t *packet, size_t length)
{
    struct slow_split split = {0};
    unsigned kind = vnet->segment_kind % 0x80;

    if (length == 0)
        split.error = -EINVAL;
    else if (vnet->segment_kind == VNET_KIND_NONE)
        split = begin_plain(vnet, length);
    else if (kind != VNET_KIND_TCP4 && kind != VNET_KIND_TCP6 && kind != VNET_KIND_UDP)
        split.error = -EOPNOTSUPP;
    else if (!begin_superpacket(&split, vnet, packet, length))
        split.error = -EINVAL;
    return split;
}

size_t slow_split_longest(const struct slow_split *split)
{
    return split->header_bytes +
           (split->segment_bytes < split->payload_bytes ? split->segment_bytes : split->payload_bytes);
}

/* What the field must hold so that all sums up; 0 is said as its twin where it would mean "none". */
static uint16_t complement(uint32_t sum, bool zero_is_none)
{
    uint16_t field = (uint16_t)(0xffff - slow_fold(sum));

    return field == 0 && zero_is_none ? 0xffff : field;
}

static size_t finish_plain(const struct vnet_header *vnet, size_t length, uint8_t *out)
{
    if (vnet->flags & VNET_NEEDS_CHECKSUM)
        slow_store(out, (size_t)vnet->checksum_start + vnet->checksum_offset, 2,
                   complement(slow_sum(0, out + vnet->checksum_start, length - vnet->checksum_start), true));
    return length;
}

static void set_ip(const struct slow_packet *ip, uint8_t *out, size_t length, size_t number)
{
    if (ip->version == 6) {
        slow_store(out, 4, 2, length - 40);
        return;
    }
    slow_store(out, 2, 2, length);
    slow_store(out, 4, 2, slow_number(out, 4, 2) + number);
    slow_store(out, 10, 2, 0);
    slow_store(out, 10, 2, complement(slow_sum(0, out, ip->transport), false));
}

static void set_tcp(uint8_t *tcp, size_t position, bool first, bool last)
{
    slow_store(tcp, 4, 4, slow_number(tcp, 4, 4) + position);
    if (!last)
        tcp[13] &= 0xff - 0x01 - 0x08; /* FIN, PSH */
    if (!first)
        tcp[13] &= 0xff - 0x80; /* CWR */
}

size_t slow_split_segment(const struct slow_split *split, const struct vnet_header *vnet,
                          const uint8_t *packet, size_t number, uint8_t *out)
{
    size_t position = number * split->segment_bytes, rest = split->payload_bytes - position;
    size_t payload = rest < split->segment_bytes ? rest : split->segment_bytes;
    size_t length = split->header_bytes + payload, transport_bytes = length - split->ip.transport;
    size_t field = split->ip.transport + (split->ip.protocol == SLOW_TCP ? 16 : 6);

    memcpy(out, packet, split->header_bytes);
    memcpy(out + split->header_bytes, packet + split->header_bytes + position, payload);
    if (split->ip.version == 0)
        return finish_plain(vnet, length, out);
    set_ip(&split->ip, out, length, number);
    if (split->ip.protocol == SLOW_TCP)
        set_tcp(out + split->ip.transport, position, number == 0, number + 1 == split->count);
    else
        slow_store(out, split->ip.transport + 4, 2, transport_bytes);
    slow_store(out, field, 2, 0);
    slow_store(out, field, 2,
               complement(slow_sum(slow_pseudo(out, &split->ip, transport_bytes), out + split->ip.transport,
                                   transport_bytes),
                          split->ip.protocol == SLOW_UDP));
    return length;
}
