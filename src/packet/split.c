/* SPDX-License-Identifier: MIT
 *
 * Splitting superpackets (offload §4).
 *
 * split_begin() finds the headers itself and only then compares with what the vnet header says; from there
 * on nothing in the packet is interpreted again except the fields that change from segment to segment, and
 * everything else in the headers is summed once for all segments:
 *
 *     IPv4   total length, identification + segment number, header checksum
 *     IPv6   payload length
 *     TCP    sequence + position; FIN and PSH on the last segment only, CWR on the first only; checksum
 *     UDP    length, checksum
 */
#include "packet/split.h"

#include "packet/bytes.h"
#include "packet/checksum.h"
#include "packet/ip.h"

#include <errno.h>
#include <string.h>

enum { IP_V4_LENGTH = 2, IP_V4_IDENTIFICATION = 4, IP_V4_CHECKSUM = 10 };
enum { TCP_SEQUENCE = 4, TCP_DATA_OFFSET = 12, UDP_LENGTH = 4 };
enum { TCP_FIN = 0x01, TCP_PSH = 0x08, TCP_CWR = 0x80 }; /* in the 16 bits at TCP_DATA_OFFSET */

/* One segment, complete but for perhaps its checksum; it need not even be IP. */
static int begin_plain(struct split *split, const struct vnet_header *header)
{
    split->payload_bytes = split->length;
    split->segment_bytes = split->length;
    if ((header->flags & VNET_NEEDS_CHECKSUM) == 0)
        return 0;
    split->needs_checksum = true;
    split->transport_offset = header->checksum_start;
    split->checksum_offset = header->checksum_offset;
    if (split->transport_offset + split->checksum_offset + 2 > split->length)
        return -EINVAL;
    return 0;
}

/* Which version and protocol the kind asks for; version 0: either. */
static int kind_expectation(uint8_t kind, uint8_t *version, uint8_t *protocol)
{
    *protocol = IP_PROTOCOL_TCP;
    switch (kind) {
    case VNET_KIND_TCP4:
        *version = 4;
        return 0;
    case VNET_KIND_TCP6:
        *version = 6;
        return 0;
    case VNET_KIND_UDP:
        *version = 0;
        *protocol = IP_PROTOCOL_UDP;
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

/* Length of the transport header, 0 if it does not fit or is malformed. */
static size_t transport_header_bytes(const uint8_t *transport, size_t available, uint8_t protocol)
{
    if (protocol == IP_PROTOCOL_UDP)
        return available >= UDP_HEADER_BYTES ? UDP_HEADER_BYTES : 0;
    if (available < TCP_MIN_HEADER_BYTES)
        return 0;
    size_t bytes = (size_t)(transport[TCP_DATA_OFFSET] >> 4) * 4;
    return bytes >= TCP_MIN_HEADER_BYTES && bytes <= available ? bytes : 0;
}

/* The largest segment must be expressible in the length fields of its headers. */
static bool segment_fits(const struct split *split)
{
    size_t length_field = split_segment_bytes(split);
    if (split->version == 6)
        length_field -= IP_V6_HEADER_BYTES;
    return length_field <= UINT16_MAX;
}

/* Sums what the headers of all segments have in common: without the fields in the table above. */
static void sum_headers(struct split *split, size_t destination_offset)
{
    const uint8_t *packet = split->packet;
    bool v4 = split->version == 4;
    uint8_t header[TCP_MAX_HEADER_BYTES];
    if (v4) { /* no longer than that either */
        memcpy(header, packet, split->transport_offset);
        memset(header + IP_V4_LENGTH, 0, 4); /* and the identification */
        memset(header + IP_V4_CHECKSUM, 0, 2);
        split->ip_sum = checksum_add(0, header, split->transport_offset);
    }
    size_t header_bytes = split->header_bytes - split->transport_offset;
    memcpy(header, packet + split->transport_offset, header_bytes);
    memset(header + split->checksum_offset, 0, 2);
    if (split->protocol == IP_PROTOCOL_UDP) {
        memset(header + UDP_LENGTH, 0, 2);
    } else {
        memset(header + TCP_SEQUENCE, 0, 4);
        memset(header + TCP_DATA_OFFSET, 0, 2); /* and the flags */
    }
    uint64_t addresses =
        checksum_pseudo(packet + (v4 ? 12 : 8), packet + destination_offset, v4 ? 4 : 16, split->protocol, 0);
    split->transport_sum = checksum_add(addresses, header, header_bytes);
}

static int begin_superpacket(struct split *split, const struct vnet_header *header)
{
    uint8_t version = 0;
    int error = kind_expectation(header->segment_kind & (uint8_t)~VNET_KIND_ECN, &version, &split->protocol);
    if (error)
        return error;
    const uint8_t *packet = split->packet;
    struct ip_transport transport;
    if (!ip_has_header(packet, split->length) || !ip_find_transport(packet, split->length, &transport))
        return -EINVAL;
    split->version = packet[0] >> 4;
    if ((version != 0 && version != split->version) || transport.protocol != split->protocol ||
        transport.fragment)
        return -EINVAL;
    split->transport_offset = transport.offset;
    split->checksum_offset = split->protocol == IP_PROTOCOL_TCP ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
    if ((header->flags & VNET_NEEDS_CHECKSUM) != 0 && (header->checksum_start != split->transport_offset ||
                                                       header->checksum_offset != split->checksum_offset))
        return -EINVAL;
    size_t transport_bytes =
        transport_header_bytes(packet + transport.offset, split->length - transport.offset, split->protocol);
    split->header_bytes = transport.offset + transport_bytes;
    split->payload_bytes = split->length - split->header_bytes;
    split->segment_bytes = header->segment_bytes;
    if (transport_bytes == 0 || split->payload_bytes == 0 || split->segment_bytes == 0 ||
        !segment_fits(split))
        return -EINVAL;
    sum_headers(split, transport.destination_offset);
    return 0;
}

int split_begin(struct split *split, const struct vnet_header *header, const uint8_t *packet, size_t length)
{
    *split = (struct split){.packet = packet, .length = length};
    int error = -EINVAL;
    if (length > 0)
        error = header->segment_kind == VNET_KIND_NONE ? begin_plain(split, header)
                                                       : begin_superpacket(split, header);
    if (error)
        *split = (struct split){0};
    return error;
}

size_t split_segment_bytes(const struct split *split)
{
    size_t payload =
        split->segment_bytes < split->payload_bytes ? split->segment_bytes : split->payload_bytes;
    return split->header_bytes + payload;
}

size_t split_remaining(const struct split *split)
{
    size_t left = split->payload_bytes - split->position;
    return left == 0 ? 0 : (left - 1) / split->segment_bytes + 1;
}

/* The checksum field already holds the pseudo header's sum, so it is summed like any other bytes. */
static void write_plain(const struct split *split, uint8_t *out)
{
    if (!split->needs_checksum) {
        memcpy(out, split->packet, split->length);
        return;
    }
    size_t start = split->transport_offset;
    memcpy(out, split->packet, start);
    uint64_t sum = checksum_copy(out + start, split->packet + start, split->length - start, 0);
    bytes_store_be16(out + start + split->checksum_offset, checksum_complement_nonzero(sum));
}

static void write_ip_header(const struct split *split, uint8_t *out, size_t segment_length)
{
    if (split->version == 6) {
        bytes_store_be16(out + 4, (uint16_t)(segment_length - IP_V6_HEADER_BYTES));
        return;
    }
    uint16_t identification =
        (uint16_t)(bytes_load_be16(split->packet + IP_V4_IDENTIFICATION) + split->segments_out);
    uint64_t sum = checksum_add_number(split->ip_sum, (uint32_t)segment_length << 16 | identification);
    bytes_store_be16(out + IP_V4_LENGTH, (uint16_t)segment_length);
    bytes_store_be16(out + IP_V4_IDENTIFICATION, identification);
    bytes_store_be16(out + IP_V4_CHECKSUM, (uint16_t)~checksum_fold(sum));
}

/* Everything but the checksum. Returns the sum of the pseudo header and what was written. */
static uint64_t write_transport_header(const struct split *split, uint8_t *transport, size_t transport_bytes,
                                       bool last)
{
    uint64_t sum = checksum_add_number(split->transport_sum, (uint32_t)transport_bytes);
    if (split->protocol == IP_PROTOCOL_UDP) {
        bytes_store_be16(transport + UDP_LENGTH, (uint16_t)transport_bytes);
        return checksum_add_number(sum, (uint32_t)transport_bytes);
    }
    const uint8_t *original = split->packet + split->transport_offset;
    uint32_t sequence = bytes_load_be32(original + TCP_SEQUENCE) + (uint32_t)split->position;
    uint16_t offset_and_flags = bytes_load_be16(original + TCP_DATA_OFFSET);
    if (!last)
        offset_and_flags &= (uint16_t) ~(TCP_FIN | TCP_PSH);
    if (split->segments_out > 0)
        offset_and_flags &= (uint16_t)~TCP_CWR;
    bytes_store_be32(transport + TCP_SEQUENCE, sequence);
    bytes_store_be16(transport + TCP_DATA_OFFSET, offset_and_flags);
    return checksum_add_number(checksum_add_number(sum, sequence), offset_and_flags);
}

/* What was just written is not read back for its sum: a load of bytes from several stores that are still on
 * their way has to wait for all of them. */
static void write_segment(const struct split *split, uint8_t *out, size_t payload, bool last)
{
    const uint8_t *source = split->packet + split->header_bytes + split->position;
    uint8_t *transport = out + split->transport_offset;
    size_t header_bytes = split->header_bytes - split->transport_offset;
    memcpy(out, split->packet, split->header_bytes);
    write_ip_header(split, out, split->header_bytes + payload);
    uint64_t sum = write_transport_header(split, transport, header_bytes + payload, last);
    /* Both headers are a multiple of 2 long, so the payload starts at an even position. */
    sum = checksum_copy(transport + header_bytes, source, payload, sum);
    uint16_t field =
        split->protocol == IP_PROTOCOL_UDP ? checksum_complement_nonzero(sum) : (uint16_t)~checksum_fold(sum);
    bytes_store_be16(transport + split->checksum_offset, field);
}

size_t split_next(struct split *split, uint8_t *out, size_t room)
{
    size_t left = split->payload_bytes - split->position;
    size_t payload = left < split->segment_bytes ? left : split->segment_bytes;
    if (left == 0 || split->header_bytes + payload > room)
        return 0;
    if (split->version == 0)
        write_plain(split, out);
    else
        write_segment(split, out, payload, payload == left);
    split->position += payload;
    split->segments_out++;
    return split->header_bytes + payload;
}
