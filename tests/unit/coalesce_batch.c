/* SPDX-License-Identifier: MIT
 *
 * The batch under test, and the writer that takes every group apart.
 */
#include "coalesce_batch.h"

#include "packet/bytes.h"
#include "packet/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct coalesce batch;
uint8_t batch_slots[BATCH_MOST][BATCH_SLOT_BYTES];
size_t batch_slot_lengths[BATCH_MOST];
size_t batch_slot_count;
struct batch_group batch_groups[BATCH_MOST];
size_t batch_group_count;
int batch_results[BATCH_MOST];

const struct batch_family batch_families[BATCH_FAMILIES] = {{4, PACKET_TCP, VNET_KIND_TCP4},
                                                            {6, PACKET_TCP, VNET_KIND_TCP6},
                                                            {4, PACKET_UDP, VNET_KIND_UDP},
                                                            {6, PACKET_UDP, VNET_KIND_UDP}};

void batch_start(bool tcp, bool udp)
{
    memset(&batch, 0xa5, sizeof batch);
    coalesce_init(&batch, tcp, udp);
    memset(batch_results, 0, sizeof batch_results);
    batch_slot_count = 0;
}

void batch_add(const struct packet_plan *plan)
{
    assert_true(batch_slot_count < BATCH_MOST);
    assert_true(packet_header_bytes(plan) + plan->payload_bytes <= BATCH_SLOT_BYTES);
    batch_slot_lengths[batch_slot_count] = packet_build(batch_slots[batch_slot_count], plan);
    assert_true(coalesce_add(&batch, batch_slots[batch_slot_count], batch_slot_lengths[batch_slot_count]));
    batch_slot_count++;
}

void batch_add_damaged(const struct packet_plan *plan, size_t position)
{
    batch_slot_lengths[batch_slot_count] = packet_build(batch_slots[batch_slot_count], plan);
    batch_slots[batch_slot_count][position] ^= 0x40;
    assert_true(coalesce_add(&batch, batch_slots[batch_slot_count], batch_slot_lengths[batch_slot_count]));
    batch_slot_count++;
}

static size_t slot_of(const struct iovec *packet)
{
    size_t slot = (size_t)((const uint8_t *)packet->iov_base - batch_slots[0]) / BATCH_SLOT_BYTES;
    assert_ptr_equal(packet->iov_base, batch_slots[slot]);
    assert_int_equal(packet->iov_len, batch_slot_lengths[slot]);
    return slot;
}

/* Splits a merged group and compares with the packets it was made of, identification aside. */
static void expect_splits_back(const struct coalesce_group *group, const uint8_t *packet,
                               const struct vnet_header *header)
{
    static uint8_t out[BATCH_SLOT_BYTES], wanted[BATCH_SLOT_BYTES];
    struct split split;
    assert_int_equal(split_begin(&split, header, packet, group->bytes), 0);
    assert_int_equal(split_remaining(&split), group->packet_count);
    assert_int_equal(header->header_bytes + header->segment_bytes, split_segment_bytes(&split));
    for (size_t i = 0; i < group->packet_count; i++) {
        size_t length = group->packets[i].iov_len;
        assert_int_equal(split_next(&split, out, sizeof out), length);
        memcpy(wanted, group->packets[i].iov_base, length);
        if (wanted[0] >> 4 == 4) { /* identification, and the checksum over it */
            memcpy(wanted + 4, out + 4, 2);
            memcpy(wanted + 10, out + 10, 2);
            assert_int_equal(packet_fold(packet_sum(0, out, 20)), 0xffff);
        }
        assert_memory_equal(out, wanted, length);
    }
}

/* The kernel reads these fields of a merged packet; splitting makes all of them anew. */
static void expect_merged_headers(const uint8_t *packet, size_t length, const struct vnet_header *header)
{
    bool v4 = packet[0] >> 4 == 4, udp = header->segment_kind == VNET_KIND_UDP;
    const uint8_t *transport = packet + header->checksum_start;
    size_t transport_bytes = length - header->checksum_start;
    assert_int_equal(bytes_load_be16(packet + (v4 ? 2 : 4)), v4 ? length : length - 40);
    if (v4)
        assert_int_equal(packet_fold(packet_sum(0, packet, 20)), 0xffff);
    if (udp)
        assert_int_equal(bytes_load_be16(transport + 4), transport_bytes);
    uint32_t pseudo = packet_sum((uint32_t)(transport_bytes + (udp ? PACKET_UDP : PACKET_TCP)),
                                 packet + (v4 ? 12 : 8), v4 ? 8 : 32);
    assert_int_equal(header->checksum_offset, udp ? 6 : 16);
    assert_int_equal(bytes_load_be16(transport + header->checksum_offset), packet_fold(pseudo));
}

static int record(void *context, const struct coalesce_group *group)
{
    static uint8_t packet[PACKET_ROOM];
    assert_ptr_equal(context, &batch);
    struct batch_group *written = &batch_groups[batch_group_count];
    *written = (struct batch_group){.count = group->packet_count, .merged = group->merged};
    for (size_t i = 0; i < group->packet_count; i++)
        written->slots[i] = slot_of(&group->packets[i]);

    assert_int_equal(group->slices[0].iov_len, VNET_HEADER_BYTES);
    size_t length = 0;
    for (size_t i = 1; i < group->slice_count; i++) {
        memcpy(packet + length, group->slices[i].iov_base, group->slices[i].iov_len);
        length += group->slices[i].iov_len;
    }
    assert_int_equal(length, group->bytes);
    written->bytes = length;
    assert_int_equal(group->merged, group->packet_count > 1);
    if (group->merged) {
        struct vnet_header header;
        vnet_header_parse(&header, group->slices[0].iov_base);
        assert_int_equal(header.flags, VNET_NEEDS_CHECKSUM);
        written->kind = header.segment_kind;
        written->segment_bytes = header.segment_bytes;
        written->flags = packet[header.checksum_start + 13];
        assert_int_equal(group->protocol, header.segment_kind == VNET_KIND_UDP ? PACKET_UDP : PACKET_TCP);
        expect_merged_headers(packet, length, &header);
        expect_splits_back(group, packet, &header);
    } else {
        static const uint8_t zero[VNET_HEADER_BYTES];
        assert_memory_equal(group->slices[0].iov_base, zero, sizeof zero);
        assert_int_equal(group->slice_count, 2);
        assert_ptr_equal(group->slices[1].iov_base, group->packets[0].iov_base);
        assert_int_equal(group->protocol, 0);
    }
    return batch_results[batch_group_count++];
}

/* Flushes and sees to it that no packet was lost, doubled or written to. */
int batch_flush(void)
{
    static uint8_t before[BATCH_MOST][BATCH_SLOT_BYTES];
    memcpy(before, batch_slots, batch_slot_count * BATCH_SLOT_BYTES);
    batch_group_count = 0;
    int result = coalesce_flush(&batch, record, &batch);
    assert_memory_equal(before, batch_slots, batch_slot_count * BATCH_SLOT_BYTES);
    bool seen[BATCH_MOST] = {false};
    size_t total = 0;
    for (size_t group = 0; group < batch_group_count; group++)
        for (size_t i = 0; i < batch_groups[group].count; i++, total++) {
            assert_false(seen[batch_groups[group].slots[i]]);
            seen[batch_groups[group].slots[i]] = true;
        }
    assert_int_equal(total, batch_slot_count);
    batch_slot_count = 0;
    return result;
}

/* batch_expect("0 1 2|3|4 5") */
void batch_expect(const char *wanted)
{
    char text[4096];
    size_t length = 0;
    assert_int_equal(batch_flush(), 0);
    for (size_t group = 0; group < batch_group_count; group++)
        for (size_t i = 0; i < batch_groups[group].count; i++)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%zu",
                                       i > 0       ? " "
                                       : group > 0 ? "|"
                                                   : "",
                                       batch_groups[group].slots[i]);
    text[length] = '\0';
    assert_string_equal(text, wanted);
}
