/* SPDX-License-Identifier: MIT
 *
 * Merging what peers send, and splitting it again as the receiver's stack does.
 *
 * The input is a program: each step makes a packet of one of sixteen flows with something about it that is
 * unusual or not, or takes its bytes from the input, or ends a batch. Steps are read in make_packet() and
 * step().
 *
 * 1. Each packet is written once, and its bytes are left alone.
 * 2. Merged is what slow_groups.h merges (as long as no flow can have missed its place in the table of
 * flows).
 * 3. A merged group, split by slow_split.h and by packet/split.c, is its packets again, byte for byte but for
 *    IPv4's identification; its header says the truth.
 * 4. Within a flow groups follow each other as their packets came; nothing is moved across a packet whose
 * flow cannot be told.
 * 5. The first error of a writer is returned, and the rest is written.
 */
#include "slow_groups.h"
#include "slow_split.h"
#include "target.h"

#include "packet/coalesce.h"
#include "packet/split.h"

#include <errno.h>
#include <linux/virtio_net.h>

#define ROOM      65600
#define FLOWS     16
#define SAFE      16 /* so many flows find their places whatever they hash to */
#define MOST_STEP 600

/* What a packet may have about it. */
enum oddity {
    NOTHING,
    PUSH,
    FLAGS,
    SEQUENCE, /* anything of these is by the step's parameter */
    LATE,     /* it goes before the one before it */
    ACKNOWLEDGEMENT,
    WINDOW,
    URGENT,
    TCP_OPTIONS,
    TCP_OFFSET,
    TRAFFIC_CLASS,
    HOP_LIMIT,
    FRAGMENT,
    FLOW_LABEL,
    IP_OPTIONS,
    PROTOCOL,
    TOTAL_LENGTH,
    UDP_LENGTH,
    NO_CHECKSUM,
    DAMAGE,
    CUT,
    PORT,
    ODDITIES
};

struct flow {
    uint32_t next, before; /* sequence numbers, of what comes and of what came last */
    uint16_t identification;
};

struct maker {
    unsigned flow_number;
    enum oddity oddity;
    unsigned parameter;
    size_t payload;
};

static struct coalesce batch;
static struct slow_groups slow;
static struct flow flows[FLOWS];
static uint8_t *packets[SLOW_MOST];
static size_t lengths[SLOW_MOST];
static uint8_t *copies[SLOW_MOST]; /* what the bytes were */
static struct {
    size_t count, order[SLOW_MOST], ends[SLOW_MOST]; /* packets as they were written; where groups end */
    int error_at, error;                             /* the group whose writing fails */
} written;

/* ---- packets ---- */

static size_t lay_ip(uint8_t *out, const struct maker *maker, uint16_t identification)
{
    unsigned parameter = maker->parameter;

    if (maker->flow_number % 2 == 0) {
        out[0] = 0x45;
        slow_store(out, 4, 2, identification);
        slow_store(out, 6, 2, maker->oddity == FRAGMENT ? parameter * 257 : 0x4000);
        out[1] = (uint8_t)(maker->oddity == TRAFFIC_CLASS ? parameter : 0);
        out[8] = (uint8_t)(maker->oddity == HOP_LIMIT ? parameter : 64);
        out[9] = maker->flow_number & 2 ? SLOW_UDP : SLOW_TCP;
        slow_store(out, 12, 4, 0x0a000001);
        slow_store(out, 16, 4, 0x0a000002);
        if (maker->oddity != IP_OPTIONS)
            return 20;
        out[0] = (uint8_t)(0x40 + parameter % 16);
        memset(out + 20, 1, 40);
        return parameter % 16 < 5 ? 20 : parameter % 16 * 4;
    }
    out[0] = 0x60;
    if (maker->oddity == TRAFFIC_CLASS)
        slow_store(out, 0, 2, 0x6000 + parameter * 16);
    if (maker->oddity == FLOW_LABEL)
        slow_store(out, 1, 3, parameter);
    out[6] = maker->flow_number & 2 ? SLOW_UDP : SLOW_TCP;
    out[7] = (uint8_t)(maker->oddity == HOP_LIMIT ? parameter : 64);
    out[8] = out[24] = 0xfd;
    out[23] = 1;
    out[39] = 2;
    if (maker->oddity != IP_OPTIONS && maker->oddity != FRAGMENT)
        return 40;
    out[40] = out[6]; /* one header more: options, a routing header, a fragment's, an authentication */
    out[6] = maker->oddity == FRAGMENT ? 44 : (uint8_t[]){60, 43, 0, 51}[parameter % 4];
    out[41] = 0;
    slow_store(out, 42, 2, parameter);
    return 48;
}

static size_t lay_tcp(uint8_t *tcp, const struct maker *maker, uint32_t sequence)
{
    unsigned parameter = maker->parameter;
    size_t length = 20;

    slow_store(tcp, 4, 4, sequence);
    slow_store(tcp, 8, 4, maker->oddity == ACKNOWLEDGEMENT ? parameter : 77);
    tcp[12] = 0x50;
    tcp[13] = 0x10;
    slow_store(tcp, 14, 2, maker->oddity == WINDOW ? parameter : 1000);
    slow_store(tcp, 18, 2, maker->oddity == URGENT ? parameter : 0);
    if (maker->oddity == PUSH)
        tcp[13] = 0x18;
    if (maker->oddity == FLAGS)
        tcp[13] = (uint8_t)parameter;
    if (maker->oddity == TCP_OPTIONS) {
        length = 32;
        tcp[12] = 0x80;
        memcpy(tcp + 20, (uint8_t[12]){1, 1, 8, 10, (uint8_t)parameter}, 12);
    }
    if (maker->oddity == TCP_OFFSET)
        tcp[12] = (uint8_t)parameter;
    return length;
}

static size_t lay_udp(uint8_t *udp, const struct maker *maker)
{
    slow_store(udp, 4, 2, maker->oddity == UDP_LENGTH ? maker->parameter : 8 + maker->payload);
    return 8;
}

/* Lengths and checksums, as they should be, or as the oddity has it. */
static void finish(uint8_t *out, size_t transport, size_t length, const struct maker *maker)
{
    bool v4 = out[0] / 16 == 4, udp = maker->flow_number & 2;
    size_t total =
        (v4 ? length : length - 40) + (maker->oddity == TOTAL_LENGTH ? maker->parameter - 128u : 0);
    struct slow_packet headers = {
        .version = v4 ? 4 : 6, .protocol = udp ? SLOW_UDP : SLOW_TCP, .destination = v4 ? 16 : 24};
    size_t field = transport + (udp ? 6 : 16);

    slow_store(out, v4 ? 2 : 4, 2, total);
    if (v4)
        slow_store(out, 10, 2, 0xffffu - slow_fold(slow_sum(0, out, transport)));
    slow_store(out, field, 2,
               0xffffu - slow_fold(slow_sum(slow_pseudo(out, &headers, length - transport), out + transport,
                                            length - transport)));
    if (udp && slow_number(out, field, 2) == 0)
        slow_store(out, field, 2, 0xffff);
    if (maker->oddity == NO_CHECKSUM)
        slow_store(out, field, 2, maker->parameter % 2 == 0 ? 0 : 0xffff);
    if (maker->oddity == PROTOCOL)
        out[v4 ? 9 : 6] = (uint8_t)maker->parameter;
    if (maker->oddity == DAMAGE)
        out[(size_t)maker->parameter * 3 % length] ^= (uint8_t)(1u << maker->parameter % 8);
}

/* Builds the flow's next packet; its length. */
static size_t make_packet(uint8_t *out, const struct maker *maker)
{
    struct flow *flow = &flows[maker->flow_number];
    uint32_t sequence = flow->next;
    size_t transport, length;

    memset(out, 0, 128);
    if (maker->oddity == SEQUENCE)
        flow->next = sequence += maker->parameter - 128;
    if (maker->oddity == LATE)
        sequence = flow->before - (uint32_t)maker->payload;
    transport = lay_ip(out, maker, flow->identification++);
    slow_store(out, transport, 2, 1000 + maker->flow_number);
    slow_store(out, transport + 2, 2, maker->oddity == PORT ? maker->parameter : 2000);
    length = transport + (maker->flow_number & 2 ? lay_udp(out + transport, maker)
                                                 : lay_tcp(out + transport, maker, sequence));
    for (size_t i = 0; i < maker->payload; i++)
        out[length + i] = (uint8_t)(sequence + i * 5);
    length += maker->payload;
    finish(out, transport, length, maker);
    flow->before = sequence;
    if (maker->oddity != LATE)
        flow->next = sequence + (uint32_t)maker->payload;
    return maker->oddity == CUT && length > maker->parameter ? length - maker->parameter : length;
}

/* ---- what is written ---- */

static size_t number_of(const struct iovec *packet)
{
    for (size_t i = 0; i < slow.member_count; i++)
        if (packet->iov_base == packets[i]) {
            target_hold(packet->iov_len == lengths[i], "a packet is handed back whole");
            return i;
        }
    target_hold(false, "a packet that is written was given");
    return 0;
}

/* Two spellings of the same sum. */
static void spell(uint8_t *packet, const struct slow_packet *headers)
{
    if (headers->version == 4 && slow_number(packet, 10, 2) == 0xffff)
        slow_store(packet, 10, 2, 0);
    if (headers->protocol == SLOW_TCP && slow_number(packet, headers->transport + 16, 2) == 0xffff)
        slow_store(packet, headers->transport + 16, 2, 0);
}

/* A segment that was split off is this packet (whose checksums are right), with another identification. */
static void check_segment(uint8_t *segment, size_t length, size_t number)
{
    static uint8_t original[ROOM];
    const struct slow_packet *headers = &slow.members[number].headers;

    target_hold(length == lengths[number], "a packet comes back as long as it was");
    memcpy(original, packets[number], length);
    if (headers->version == 4) {
        target_hold(slow_header_sum_right(segment, headers), "what comes back has a right checksum");
        memcpy(segment + 4, original + 4, 2);
        slow_store(segment, 10, 2, 0);
        slow_store(segment, 10, 2, 0xffffu - slow_fold(slow_sum(0, segment, 20)));
    }
    spell(segment, headers);
    spell(original, headers);
    target_hold(memcmp(segment, original, length) == 0, "a packet comes back as it was");
}

static void check_splits(const struct vnet_header *header, const uint8_t *packet, size_t length,
                         const size_t *numbers, size_t count)
{
    static uint8_t segment[ROOM];
    struct slow_split reference = slow_split_begin(header, packet, length);
    struct split split;

    target_hold(reference.error == 0 && reference.count == count,
                "a merged packet has as many segments as packets");
    target_hold(split_begin(&split, header, packet, length) == 0, "a merged packet can be split");
    for (size_t i = 0; i < count; i++) {
        check_segment(segment, slow_split_segment(&reference, header, packet, i, segment), numbers[i]);
        check_segment(segment, split_next(&split, segment, sizeof segment), numbers[i]);
    }
    target_hold(split_remaining(&split) == 0, "nothing is left over");
}

static void check_merged(const struct coalesce_group *group, const size_t *numbers)
{
    static uint8_t packet[ROOM];
    const struct slow_packet *headers = &slow.members[numbers[0]].headers;
    struct virtio_net_hdr kernels;
    struct vnet_header header;
    size_t length = 0, field;

    for (size_t i = 1; i < group->slice_count; i++) {
        target_hold(length + group->slices[i].iov_len <= 65535, "a merged packet is not too long");
        memcpy(packet + length, group->slices[i].iov_base, group->slices[i].iov_len);
        length += group->slices[i].iov_len;
    }
    target_hold(length == group->bytes && group->protocol == headers->protocol, "a group knows itself");
    memcpy(&kernels, group->slices[0].iov_base, sizeof kernels);
    vnet_header_parse(&header, group->slices[0].iov_base);
    field = headers->transport + (headers->protocol == SLOW_TCP ? 16 : 6);
    target_hold(kernels.flags == VIRTIO_NET_HDR_F_NEEDS_CSUM &&
                    kernels.hdr_len == slow.members[numbers[0]].header_bytes &&
                    kernels.csum_start == headers->transport &&
                    headers->transport + kernels.csum_offset == field,
                "a merged packet's header says where things are");
    target_hold(slow_number(packet, headers->version == 4 ? 2 : 4, 2) ==
                        length - (headers->version == 4 ? 0 : 40) &&
                    slow_header_sum_right(packet, headers) &&
                    (headers->protocol == SLOW_TCP ||
                     slow_number(packet, headers->transport + 4, 2) == length - headers->transport),
                "a merged packet has its own length");
    target_hold(slow_number(packet, field, 2) ==
                    slow_fold(slow_pseudo(packet, headers, length - headers->transport)),
                "the checksum is left to the kernel");
    check_splits(&header, packet, length, numbers, group->packet_count);
}

static int write_group(void *context, const struct coalesce_group *group)
{
    static const uint8_t plain[VNET_HEADER_BYTES];
    size_t first = written.count == 0 ? 0 : written.ends[written.count - 1];
    size_t *numbers = written.order + first;

    target_hold(context == &batch && group->packet_count > 0 && group->merged == (group->packet_count > 1),
                "a group has packets");
    target_hold(first + group->packet_count <= slow.member_count, "no more is written than was given");
    for (size_t i = 0; i < group->packet_count; i++)
        numbers[i] = number_of(&group->packets[i]);
    target_hold(group->slices[0].iov_len == VNET_HEADER_BYTES, "a vnet header goes first");
    if (group->merged)
        check_merged(group, numbers);
    else
        target_hold(memcmp(group->slices[0].iov_base, plain, sizeof plain) == 0 && group->slice_count == 2 &&
                        group->slices[1].iov_base == packets[numbers[0]] &&
                        group->slices[1].iov_len == lengths[numbers[0]] &&
                        group->bytes == lengths[numbers[0]],
                    "a single packet is written as it came");
    written.ends[written.count] = first + group->packet_count;
    return (int)written.count++ >= written.error_at ? written.error-- : 0;
}

/* ---- a batch ---- */

static void check_untouched(void)
{
    bool seen[SLOW_MOST] = {false};

    target_hold((written.count == 0 ? 0 : written.ends[written.count - 1]) == slow.member_count,
                "all is written");
    for (size_t i = 0; i < slow.member_count; i++) {
        target_hold(!seen[written.order[i]], "nothing is written twice");
        seen[written.order[i]] = true;
        target_hold(memcmp(copies[i], packets[i], lengths[i]) == 0, "packets are only read");
    }
}

static void check_same_groups(void)
{
    size_t position = 0;

    target_hold(written.count == slow.group_count, "as many groups as must be");
    for (size_t i = 0; i < slow.group_count; i++) {
        target_hold(written.ends[i] - position == slow.groups[i].count, "a group is as large as it must be");
        target_hold(memcmp(written.order + position, slow.groups[i].members,
                           slow.groups[i].count * sizeof slow.groups[i].members[0]) == 0,
                    "a group has the packets that it must have");
        position = written.ends[i];
    }
}

/* The group each packet was written in. */
static void find_groups(size_t group_of[static SLOW_MOST])
{
    size_t group = 0;

    for (size_t i = 0; i < slow.member_count; i++) {
        while (written.ends[group] <= i)
            group++;
        group_of[written.order[i]] = group + 1;
    }
}

/* The last group of each flow so far, of what is in no flow, of what is unknown, and of all. */
static void check_order(void)
{
    size_t group_of[SLOW_MOST], flow_last[SLOW_MOST], flow_member[SLOW_MOST], flow_count = 0;
    size_t other_last = 0, barrier_last = 0, last = 0;

    find_groups(group_of);
    for (size_t i = 0; i < slow.member_count; i++) {
        const struct slow_member *member = &slow.members[i];
        size_t group = group_of[i], flow = 0;

        target_hold(group > barrier_last, "nothing moves before what is unknown");
        if (member->kind == SLOW_BARRIER) {
            target_hold(group > last, "nothing moves behind what is unknown");
            barrier_last = group;
        } else if (member->kind == SLOW_OTHER) {
            target_hold(group > other_last, "what is in no flow keeps its order");
            other_last = group;
        } else {
            while (flow < flow_count && !slow_same_flow(&slow.members[flow_member[flow]], member))
                flow++;
            target_hold(flow == flow_count || group >= flow_last[flow], "a flow's groups keep their order");
            flow_count += flow == flow_count;
            flow_member[flow] = i;
            flow_last[flow] = group;
        }
        last = group > last ? group : last;
    }
}

static void flush(void)
{
    int result;

    written.count = 0;
    result = coalesce_flush(&batch, write_group, &batch);
    target_hold(result == (written.count > (size_t)written.error_at ? -EIO : 0), "the first error is told");
    check_untouched();
    if (slow.flow_count <= SAFE)
        check_same_groups();
    check_order();
    for (size_t i = 0; i < slow.member_count; i++) {
        free(packets[i]);
        free(copies[i]);
    }
    slow_groups_begin(&slow, slow.tcp, slow.udp, slow.udp_segments);
    written.error_at = INT32_MAX;
    written.error = -EIO;
}

static void add(const uint8_t *packet, size_t length)
{
    size_t number = slow.member_count;

    if (number == SLOW_MOST) {
        target_hold(!coalesce_add(&batch, packet, length), "a full batch takes no more");
        flush();
        number = 0;
    }
    packets[number] = target_copy(packet, length);
    copies[number] = target_copy(packet, length);
    lengths[number] = length;
    slow_groups_add(&slow, packets[number], length);
    target_hold(coalesce_add(&batch, packets[number], length), "a batch that is not full takes any packet");
}

static void set_switches(unsigned switches)
{
    flush();
    coalesce_init(&batch, (switches & 1) == 0, (switches & 2) == 0);
    if (switches & 4)
        batch.udp_segments = 128;
    slow_groups_begin(&slow, (switches & 1) == 0, (switches & 2) == 0,
                      switches & 4 ? 128 : COALESCE_UDP_SEGMENTS);
}

/* One byte says which flow and what to do, then come what is odd about the packet, its parameter, its
 * payload's length in units of 7 bytes. Returns how many packets were made. */
static size_t step(struct target_input *input)
{
    static uint8_t packet[ROOM];
    unsigned action = target_byte(input);
    struct maker maker = {.flow_number = action % FLOWS,
                          .oddity = (enum oddity)(target_byte(input) % ODDITIES)};
    size_t times = 1, length;
    const uint8_t *bytes;

    maker.parameter = target_byte(input);
    maker.payload = (size_t)target_byte(input) * 7;
    switch (action / FLOWS) {
    case 15:
        flush();
        return 0;
    case 14:
        set_switches(maker.parameter);
        return 0;
    case 13:
        written.error_at = (int)maker.parameter;
        return 0;
    case 12:
        flows[maker.flow_number].next = 0xffffffff - maker.parameter * 16;
        return 0;
    case 11:
        bytes = target_take(input, maker.parameter, &length);
        if (length > 0)
            memcpy(packet, bytes, length);
        add(packet, length);
        return 1;
    case 10:
        times = maker.parameter;
        maker.oddity = NOTHING;
        break;
    case 9: /* near what a packet can be */
        maker.payload = 65000;
        break;
    default:
        break;
    }
    for (size_t i = 0; i < times; i++)
        add(packet, make_packet(packet, &maker));
    return times;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct target_input input = {bytes, length};

    memset(flows, 0, sizeof flows);
    written.error_at = INT32_MAX;
    written.error = -EIO;
    coalesce_init(&batch, true, true);
    slow_groups_begin(&slow, true, true, COALESCE_UDP_SEGMENTS);
    for (size_t made = 0; input.left > 0 && made < MOST_STEP;)
        made += step(&input) + 1;
    flush();
    return 0;
}
