/* SPDX-License-Identifier: MIT
 *
 * Coalescing (offload §5).
 *
 * Each packet is classified by its headers alone, then looked up in a small open-addressed table that knows
 * the newest run of every flow (addresses, protocol, ports). It joins that run at the end or at the front, or
 * starts a run, which then is the newest. So a packet that cannot be merged also keeps its place in the flow.
 * Where the flow cannot be told (fragments, broken header chains), all runs are closed: nothing that comes
 * later can move in front of it.
 *
 * Slots are never freed inside a batch. So looking at a bounded number of them is enough: a flow that found
 * none free is never in the table, and each of its packets is written by itself.
 *
 * A merged packet gets a checksum from the kernel, which would make a damaged one whole. Hence both packets'
 * checksums are verified before merging, and only then; a packet that stays alone is not summed at all.
 *
 * Stricter than the table in offload §5: window, urgent pointer and IPv6 flow label must agree as well,
 * because the merged header can hold only one of each; the IPv4 header checksum must be right, because it is
 * made anew.
 */
#include "packet/coalesce.h"

#include "packet/bytes.h"
#include "packet/checksum.h"

#include <string.h>

enum { MAX_PROBES = 16 };
enum { TCP_SEQUENCE = 4, TCP_ACKNOWLEDGEMENT = 8, TCP_DATA_OFFSET = 12, TCP_FLAGS = 13, TCP_WINDOW = 14 };
enum { TCP_URGENT = 18, TCP_OPTIONS = 20, UDP_LENGTH = 4 };
enum { TCP_PSH = 0x08, TCP_ACK = 0x10 };

enum checksum_state { CHECKSUM_UNKNOWN, CHECKSUM_VALID, CHECKSUM_INVALID };
enum placement { PLACE_NOWHERE, PLACE_APPEND, PLACE_PREPEND };

/* What a packet's headers say. */
struct shape {
    bool tracked;   /* its flow is known and takes part in merging */
    bool mergeable; /* rows "IP", "min length", "flags", "payload" hold */
    bool barrier;   /* its flow is unknown */
    bool push;
    uint8_t protocol;
    uint16_t transport_offset, header_bytes;
    uint32_t payload_bytes, sequence;
};

void coalesce_init(struct coalesce *coalesce, bool tcp, bool udp)
{
    coalesce->tcp = tcp;
    coalesce->udp = udp;
    coalesce->udp_segments = COALESCE_UDP_SEGMENTS;
    coalesce->packet_count = 0;
    coalesce->run_count = 0;
    coalesce->barrier = 0;
    memset(coalesce->flows, 0, sizeof coalesce->flows);
}

static void classify_tcp(const uint8_t *transport, size_t transport_bytes, struct shape *shape)
{
    size_t header_bytes = (size_t)(transport[TCP_DATA_OFFSET] >> 4) * 4;
    bool reserved = (transport[TCP_DATA_OFFSET] & 0x0f) != 0;
    uint8_t flags = transport[TCP_FLAGS];
    shape->push = (flags & TCP_PSH) != 0;
    if (header_bytes < TCP_MIN_HEADER_BYTES || header_bytes >= transport_bytes || reserved ||
        (flags & ~TCP_PSH) != TCP_ACK)
        return;
    shape->mergeable = true;
    shape->header_bytes = (uint16_t)(shape->transport_offset + header_bytes);
    shape->payload_bytes = (uint32_t)(transport_bytes - header_bytes);
    shape->sequence = bytes_load_be32(transport + TCP_SEQUENCE);
}

static void classify_udp(const uint8_t *transport, size_t transport_bytes, struct shape *shape)
{
    if (transport_bytes == UDP_HEADER_BYTES || bytes_load_be16(transport + UDP_LENGTH) != transport_bytes)
        return;
    shape->mergeable = true;
    shape->header_bytes = (uint16_t)(shape->transport_offset + UDP_HEADER_BYTES);
    shape->payload_bytes = (uint32_t)(transport_bytes - UDP_HEADER_BYTES);
}

static struct shape classify(const struct coalesce *coalesce, const uint8_t *packet, size_t length)
{
    struct shape shape = {0};
    struct ip_transport transport;
    size_t total_length;
    if (ip_check(packet, length, &total_length) != IP_OK || total_length != length ||
        !ip_find_transport(packet, length, &transport)) {
        shape.barrier = true;
        return shape;
    }
    bool tcp = transport.protocol == IP_PROTOCOL_TCP;
    if (!(tcp && coalesce->tcp) && !(transport.protocol == IP_PROTOCOL_UDP && coalesce->udp))
        return shape;
    size_t transport_bytes = length - transport.offset;
    if (transport.fragment || transport_bytes < (tcp ? TCP_MIN_HEADER_BYTES : UDP_HEADER_BYTES)) {
        shape.barrier = true;
        return shape;
    }
    shape.tracked = true;
    shape.protocol = transport.protocol;
    shape.transport_offset = (uint16_t)transport.offset;
    if (transport.offset != (packet[0] >> 4 == 4 ? IP_V4_HEADER_BYTES : IP_V6_HEADER_BYTES))
        return shape;
    if (tcp)
        classify_tcp(packet + transport.offset, transport_bytes, &shape);
    else
        classify_udp(packet + transport.offset, transport_bytes, &shape);
    return shape;
}

static uint64_t mix(uint64_t hash, const uint8_t *bytes)
{
    hash = (hash ^ bytes_load_le64(bytes)) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static size_t flow_hash(const uint8_t *packet, const struct shape *shape)
{
    uint64_t hash = (uint64_t)bytes_load_le32(packet + shape->transport_offset) << 8 | shape->protocol;
    bool v4 = packet[0] >> 4 == 4;
    for (size_t offset = v4 ? 12 : 8, end = v4 ? 20 : 40; offset < end; offset += 8)
        hash = mix(hash, packet + offset);
    return (size_t)((hash * UINT64_C(0x9e3779b97f4a7c15)) >> 48);
}

static bool flow_equal(const struct coalesce *coalesce, const struct coalesce_run *run, const uint8_t *packet,
                       const struct shape *shape)
{
    const uint8_t *other = coalesce->packets[run->first].bytes;
    if (packet[0] >> 4 != other[0] >> 4 || run->protocol != shape->protocol)
        return false;
    if (memcmp(packet + shape->transport_offset, other + run->transport_offset, 4) != 0)
        return false;
    return packet[0] >> 4 == 4 ? memcmp(packet + 12, other + 12, 8) == 0
                               : memcmp(packet + 8, other + 8, 32) == 0;
}

/* The flow's slot, or the one to put it in (which holds 0), or NULL if there is none. */
static uint16_t *flow_find(struct coalesce *coalesce, const uint8_t *packet, const struct shape *shape)
{
    size_t hash = flow_hash(packet, shape);
    for (size_t probe = 0; probe < MAX_PROBES; probe++) {
        uint16_t *slot = &coalesce->flows[(hash + probe) % COALESCE_FLOW_SLOTS];
        if (*slot == 0 || flow_equal(coalesce, &coalesce->runs[*slot - 1], packet, shape))
            return slot;
    }
    return NULL;
}

/* Row "same as the group's packet" and the acknowledgement number. Both are mergeable and of one flow. */
static bool headers_agree(const uint8_t *one, const uint8_t *other, const struct shape *shape)
{
    if (one[0] >> 4 == 4) {
        if (one[1] != other[1] || one[8] != other[8] || (one[6] & 0xe0) != (other[6] & 0xe0))
            return false;
    } else if (memcmp(one, other, 4) != 0 || one[7] != other[7]) {
        return false;
    }
    if (shape->protocol == IP_PROTOCOL_UDP)
        return true;
    const uint8_t *tcp = one + shape->transport_offset, *other_tcp = other + shape->transport_offset;
    size_t options_bytes = (size_t)(shape->header_bytes - shape->transport_offset - TCP_OPTIONS);
    return memcmp(tcp + TCP_ACKNOWLEDGEMENT, other_tcp + TCP_ACKNOWLEDGEMENT, 4) == 0 &&
           tcp[TCP_DATA_OFFSET] == other_tcp[TCP_DATA_OFFSET] &&
           memcmp(tcp + TCP_WINDOW, other_tcp + TCP_WINDOW, 2) == 0 &&
           memcmp(tcp + TCP_URGENT, other_tcp + TCP_URGENT, 2) == 0 &&
           memcmp(tcp + TCP_OPTIONS, other_tcp + TCP_OPTIONS, options_bytes) == 0;
}

/* Rows "order", "size", "PSH" and "total". */
static enum placement place(const struct coalesce *coalesce, const struct coalesce_run *run,
                            const struct shape *shape)
{
    if (run->header_bytes + run->payload_bytes + shape->payload_bytes > IP_MAX_BYTES || run->pushed)
        return PLACE_NOWHERE;
    if (shape->protocol == IP_PROTOCOL_UDP && run->packet_count >= coalesce->udp_segments)
        return PLACE_NOWHERE;
    bool follows =
        shape->protocol == IP_PROTOCOL_UDP || shape->sequence == run->sequence + run->payload_bytes;
    if (follows)
        return run->complete || shape->payload_bytes > run->segment_bytes ? PLACE_NOWHERE : PLACE_APPEND;
    bool precedes = shape->sequence + shape->payload_bytes == run->sequence;
    if (!precedes || shape->push || shape->payload_bytes < run->segment_bytes)
        return PLACE_NOWHERE;
    return shape->payload_bytes > run->segment_bytes && run->packet_count > 1 ? PLACE_NOWHERE : PLACE_PREPEND;
}

/* Summed at most once per packet. */
static bool checksums_valid(struct coalesce_packet *packet, const struct shape *shape)
{
    if (packet->checked == CHECKSUM_UNKNOWN) {
        bool valid =
            packet->bytes[0] >> 4 != 4 || checksum_ipv4_header_valid(packet->bytes, IP_V4_HEADER_BYTES);
        valid = valid && checksum_transport_valid(packet->bytes, packet->length, shape->transport_offset,
                                                  shape->protocol);
        packet->checked = valid ? CHECKSUM_VALID : CHECKSUM_INVALID;
    }
    return packet->checked == CHECKSUM_VALID;
}

static void run_append(struct coalesce *coalesce, struct coalesce_run *run, uint16_t index,
                       const struct shape *shape)
{
    coalesce->packets[run->last].next = index;
    run->last = index;
    run->complete = shape->payload_bytes < run->segment_bytes;
    run->pushed = shape->push;
}

static void run_prepend(struct coalesce *coalesce, struct coalesce_run *run, uint16_t index,
                        const struct shape *shape)
{
    coalesce->packets[index].next = run->first;
    run->first = index;
    run->sequence = shape->sequence;
    if (shape->payload_bytes > run->segment_bytes) {
        run->segment_bytes = shape->payload_bytes;
        run->complete = true;
    }
}

/* Merges packet number index into the run, if every row of the table allows it. */
static bool run_join(struct coalesce *coalesce, struct coalesce_run *run, uint16_t index,
                     const struct shape *shape)
{
    struct coalesce_packet *packet = &coalesce->packets[index];
    struct coalesce_packet *head = &coalesce->packets[run->first];
    if (!run->open || run - coalesce->runs < coalesce->barrier)
        return false;
    enum placement placement = place(coalesce, run, shape);
    if (placement == PLACE_NOWHERE || !headers_agree(packet->bytes, head->bytes, shape))
        return false;
    if (!checksums_valid(head, shape) || !checksums_valid(packet, shape))
        return false;
    if (placement == PLACE_APPEND)
        run_append(coalesce, run, index, shape);
    else
        run_prepend(coalesce, run, index, shape);
    run->payload_bytes += shape->payload_bytes;
    run->packet_count++;
    return true;
}

static void run_start(struct coalesce *coalesce, uint16_t index, const struct shape *shape)
{
    coalesce->runs[coalesce->run_count++] = (struct coalesce_run){
        .sequence = shape->sequence,
        .payload_bytes = shape->payload_bytes,
        .segment_bytes = shape->payload_bytes,
        .first = index,
        .last = index,
        .packet_count = 1,
        .transport_offset = shape->transport_offset,
        .header_bytes = shape->header_bytes,
        .protocol = shape->protocol,
        .open = shape->mergeable,
        .pushed = shape->push,
    };
}

bool coalesce_add(struct coalesce *coalesce, const uint8_t *packet, size_t length)
{
    if (coalesce->packet_count == COALESCE_MAX_PACKETS)
        return false;
    uint16_t index = coalesce->packet_count++;
    coalesce->packets[index] = (struct coalesce_packet){.bytes = packet, .length = (uint32_t)length};
    struct shape shape = classify(coalesce, packet, length);
    uint16_t *slot = shape.tracked ? flow_find(coalesce, packet, &shape) : NULL;
    if (slot != NULL && *slot != 0 && shape.mergeable &&
        run_join(coalesce, &coalesce->runs[*slot - 1], index, &shape))
        return true;
    run_start(coalesce, index, &shape);
    if (slot != NULL)
        *slot = coalesce->run_count;
    if (shape.barrier)
        coalesce->barrier = coalesce->run_count;
    return true;
}

static void describe_merged(struct coalesce *coalesce, const struct coalesce_run *run)
{
    bool v4 = coalesce->headers[0] >> 4 == 4, tcp = run->protocol == IP_PROTOCOL_TCP;
    struct vnet_header header = {
        .flags = VNET_NEEDS_CHECKSUM,
        .segment_kind = tcp ? (v4 ? VNET_KIND_TCP4 : VNET_KIND_TCP6) : VNET_KIND_UDP,
        .header_bytes = run->header_bytes,
        .segment_bytes = (uint16_t)run->segment_bytes,
        .checksum_start = run->transport_offset,
        .checksum_offset = tcp ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET,
    };
    vnet_header_serialise(&header, coalesce->vnet);
}

/* The first packet's headers, changed to speak for the whole run. */
static void write_merged_headers(struct coalesce *coalesce, const struct coalesce_run *run)
{
    uint8_t *ip = coalesce->headers, *transport = ip + run->transport_offset;
    size_t length = run->header_bytes + run->payload_bytes;
    uint16_t transport_bytes = (uint16_t)(length - run->transport_offset);
    memcpy(ip, coalesce->packets[run->first].bytes, run->header_bytes);
    if (ip[0] >> 4 == 4) {
        bytes_store_be16(ip + 2, (uint16_t)length);
        checksum_ipv4_header(ip, IP_V4_HEADER_BYTES);
    } else {
        bytes_store_be16(ip + 4, transport_bytes);
    }
    uint16_t pseudo = checksum_fold(checksum_pseudo_packet(ip, run->protocol, transport_bytes));
    if (run->protocol == IP_PROTOCOL_TCP) {
        if (run->pushed)
            transport[TCP_FLAGS] |= TCP_PSH;
        bytes_store_be16(transport + TCP_CHECKSUM_OFFSET, pseudo);
    } else {
        bytes_store_be16(transport + UDP_LENGTH, transport_bytes);
        bytes_store_be16(transport + UDP_CHECKSUM_OFFSET, pseudo);
    }
}

/* iovec has no const variant; the packets are only read. */
static struct iovec slice_of(const uint8_t *bytes, size_t length)
{
    return (struct iovec){.iov_base = (void *)bytes, .iov_len = length};
}

static int run_write(struct coalesce *coalesce, const struct coalesce_run *run, coalesce_write *write,
                     void *context)
{
    struct coalesce_group group = {
        .slices = coalesce->slices,
        .packets = coalesce->originals,
        .packet_count = run->packet_count,
        .merged = run->packet_count > 1,
    };
    memset(coalesce->vnet, 0, sizeof coalesce->vnet);
    coalesce->slices[group.slice_count++] = slice_of(coalesce->vnet, sizeof coalesce->vnet);
    size_t skipped = 0;
    if (group.merged) {
        group.protocol = run->protocol;
        write_merged_headers(coalesce, run);
        describe_merged(coalesce, run);
        coalesce->slices[group.slice_count++] = slice_of(coalesce->headers, run->header_bytes);
        skipped = run->header_bytes;
        group.bytes = skipped;
    }
    uint16_t index = run->first;
    for (uint16_t count = 0; count < run->packet_count; count++) {
        const struct coalesce_packet *packet = &coalesce->packets[index];
        coalesce->originals[count] = slice_of(packet->bytes, packet->length);
        coalesce->slices[group.slice_count++] = slice_of(packet->bytes + skipped, packet->length - skipped);
        group.bytes += packet->length - skipped;
        index = packet->next;
    }
    return write(context, &group);
}

int coalesce_flush(struct coalesce *coalesce, coalesce_write *write, void *context)
{
    int result = 0;
    for (uint16_t run = 0; run < coalesce->run_count; run++) {
        int error = run_write(coalesce, &coalesce->runs[run], write, context);
        if (result == 0)
            result = error;
    }
    if (coalesce->run_count > 0)
        memset(coalesce->flows, 0, sizeof coalesce->flows);
    coalesce->packet_count = 0;
    coalesce->run_count = 0;
    coalesce->barrier = 0;
    return result;
}
