/* SPDX-License-Identifier: MIT
 *
 * Splitting superpackets (offload §4): every segment is compared with one that the reference builder makes
 * for it, and hostile headers are refused without touching anything outside of the packet.
 */
#include "packet/bytes.h"
#include "packet/ip.h"
#include "packet/split.h"

#include "packets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t payload[65535];
static uint8_t superpacket[PACKET_ROOM];

static int make_payload(void **state)
{
    (void)state;
    struct packet_random random = {.state = 1};
    packet_random_fill(&random, payload, sizeof payload);
    return 0;
}

/* The superpacket of a plan as the stack hands it out, and its header. */
static size_t make_superpacket(const struct packet_plan *plan, uint16_t segment_bytes,
                               struct vnet_header *header)
{
    size_t length = packet_build(superpacket, plan);
    bytes_store_be16(superpacket + packet_checksum_position(plan), packet_pseudo_sum(plan));
    uint8_t kind = plan->version == 4 ? VNET_KIND_TCP4 : VNET_KIND_TCP6;
    *header = (struct vnet_header){
        .flags = VNET_NEEDS_CHECKSUM,
        .segment_kind = plan->protocol == PACKET_TCP ? kind : VNET_KIND_UDP,
        .header_bytes = (uint16_t)length, /* as seen when forwarding */
        .segment_bytes = segment_bytes,
        .checksum_start = (uint16_t)packet_transport_offset(plan),
        .checksum_offset = plan->protocol == PACKET_TCP ? 16 : 6,
    };
    return length;
}

/* What segment number index of the plan should be. */
static size_t reference_segment(uint8_t *out, const struct packet_plan *plan, size_t segment_bytes,
                                size_t index)
{
    struct packet_plan segment = *plan;
    size_t position = index * segment_bytes, left = plan->payload_bytes - position;
    segment.payload = plan->payload + position;
    segment.payload_bytes = left < segment_bytes ? left : segment_bytes;
    segment.sequence += (uint32_t)position;
    segment.identification = (uint16_t)(segment.identification + index);
    if (left > segment_bytes)
        segment.flags &= (uint8_t) ~(PACKET_FIN | PACKET_PSH);
    if (index > 0)
        segment.flags &= (uint8_t)~PACKET_CWR;
    return packet_build(out, &segment);
}

static void expect_split(const struct packet_plan *plan, uint16_t segment_bytes)
{
    static uint8_t out[PACKET_ROOM], wanted[PACKET_ROOM], before[PACKET_ROOM];
    struct vnet_header header;
    size_t length = make_superpacket(plan, segment_bytes, &header);
    memcpy(before, superpacket, length);
    struct split split;
    assert_int_equal(split_begin(&split, &header, superpacket, length), 0);
    size_t count = (plan->payload_bytes + segment_bytes - 1) / segment_bytes;
    size_t largest = split_segment_bytes(&split);
    for (size_t index = 0; index < count; index++) {
        assert_int_equal(split_remaining(&split), count - index);
        size_t wanted_length = reference_segment(wanted, plan, segment_bytes, index);
        assert_true(wanted_length <= largest);
        if (index == 0)
            assert_int_equal(wanted_length, largest);
        memset(out, 0xa5, wanted_length + 1);
        assert_int_equal(split_next(&split, out, wanted_length), wanted_length);
        assert_memory_equal(out, wanted, wanted_length);
        assert_int_equal(out[wanted_length], 0xa5);
    }
    assert_int_equal(split_remaining(&split), 0);
    assert_int_equal(split_next(&split, out, sizeof out), 0);
    assert_memory_equal(before, superpacket, length);
}

static struct packet_plan random_plan(struct packet_random *random)
{
    struct packet_plan plan = packet_plan_default(packet_random_below(random, 2) ? 4 : 6,
                                                  packet_random_below(random, 2) ? PACKET_TCP : PACKET_UDP);
    plan.traffic_class = (uint8_t)packet_random_next(random);
    plan.identification = (uint16_t)packet_random_next(random);
    plan.sequence = packet_random_next(random);
    plan.acknowledgement = packet_random_next(random);
    plan.flags = (uint8_t)packet_random_next(random);
    plan.window = (uint16_t)packet_random_next(random);
    plan.urgent = (uint16_t)packet_random_next(random);
    packet_random_fill(random, plan.tcp_options, sizeof plan.tcp_options);
    if (packet_random_below(random, 2))
        plan.tcp_option_bytes = (size_t)packet_random_below(random, 11) * 4;
    if (packet_random_below(random, 4) == 0)
        plan.ip_option_bytes = (size_t)packet_random_below(random, 6) * 8;
    plan.payload = payload + packet_random_below(random, 100);
    return plan;
}

static void random_superpackets_split_as_the_reference_does(void **state)
{
    (void)state;
    struct packet_random random = {.state = 2};
    for (int round = 0; round < 600; round++) {
        struct packet_plan plan = random_plan(&random);
        plan.payload_bytes = 1 + packet_random_below(&random, round % 20 == 0 ? 65000 : 6000);
        uint16_t segment_bytes = (uint16_t)(1 + packet_random_below(&random, round % 3 == 0 ? 100 : 3000));
        expect_split(&plan, segment_bytes);
    }
}

static void every_small_size_against_every_small_segment(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < 4; kind++)
        for (size_t bytes = 1; bytes <= 40; bytes++)
            for (uint16_t segment_bytes = 1; segment_bytes <= 42; segment_bytes++) {
                struct packet_plan plan =
                    packet_plan_default(kind % 2 ? 4 : 6, kind / 2 ? PACKET_TCP : PACKET_UDP);
                plan.payload = payload;
                plan.payload_bytes = bytes;
                plan.flags = 0xff;
                expect_split(&plan, segment_bytes);
            }
}

static void a_tiny_segment_size_yields_tens_of_thousands(void **state)
{
    (void)state;
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP);
    plan.payload = payload;
    plan.payload_bytes = 65535 - 40;
    plan.identification = 65000; /* wraps */
    plan.sequence = UINT32_MAX - 1000;
    expect_split(&plan, 1);
    plan.version = 6;
    plan.payload_bytes = 65535 - 60;
    expect_split(&plan, 7);
}

static void fin_and_push_are_last_and_cwr_is_first(void **state)
{
    (void)state;
    static uint8_t out[PACKET_ROOM];
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP);
    plan.flags = PACKET_ACK | PACKET_PSH | PACKET_FIN | PACKET_CWR | 0x40;
    plan.payload_bytes = 250;
    struct vnet_header header;
    size_t length = make_superpacket(&plan, 100, &header);
    header.segment_kind |= VNET_KIND_ECN;
    struct split split;
    assert_int_equal(split_begin(&split, &header, superpacket, length), 0);
    assert_int_equal(split_next(&split, out, sizeof out), 140);
    assert_int_equal(out[33], PACKET_ACK | PACKET_CWR | 0x40);
    assert_int_equal(split_next(&split, out, sizeof out), 140);
    assert_int_equal(out[33], PACKET_ACK | 0x40);
    assert_int_equal(split_next(&split, out, sizeof out), 90);
    assert_int_equal(out[33], PACKET_ACK | PACKET_PSH | PACKET_FIN | 0x40);
}

/* While segments are left, the checksum is over the address in the routing header. */
static void a_routing_header_gives_the_checksummed_destination(void **state)
{
    (void)state;
    static uint8_t out[PACKET_ROOM];
    struct packet_plan plan = packet_plan_default(6, PACKET_TCP);
    plan.payload = payload;
    plan.payload_bytes = 100;
    plan.ip_option_bytes = 24;
    struct vnet_header header;
    size_t length = make_superpacket(&plan, 60, &header);
    uint8_t final[16];
    memcpy(final, superpacket + 24, 16);
    superpacket[6] = 43;
    superpacket[42] = 4; /* segment routing */
    superpacket[43] = 1; /* one segment left */
    memcpy(superpacket + 48, final, 16);
    superpacket[39] = 99; /* the next hop */
    struct split split;
    assert_int_equal(split_begin(&split, &header, superpacket, length), 0);
    assert_int_equal(split_next(&split, out, sizeof out), 64 + 20 + 60);
    plan.payload_bytes = 60;
    plan.ip_option_bytes = 0;
    uint32_t sum = packet_sum(packet_pseudo_sum(&plan), out + 64, 80);
    assert_int_equal(packet_fold(sum), 0xffff);
    assert_int_equal(out[39], 99);
}

static void a_plain_packet_is_copied_as_it_is(void **state)
{
    (void)state;
    static uint8_t out[2000];
    const struct vnet_header header = {.flags = VNET_DATA_VALID, .segment_bytes = 7, .checksum_start = 60000};
    for (size_t length = 1; length < 1500; length += 13) {
        struct split split;
        assert_int_equal(split_begin(&split, &header, payload, length), 0);
        assert_int_equal(split_segment_bytes(&split), length);
        assert_int_equal(split_remaining(&split), 1);
        out[length] = 0xa5;
        assert_int_equal(split_next(&split, out, length), length);
        assert_memory_equal(out, payload, length);
        assert_int_equal(out[length], 0xa5);
        assert_int_equal(split_remaining(&split), 0);
        assert_int_equal(split_next(&split, out, sizeof out), 0);
    }
}

static void a_plain_packet_gets_the_checksum_the_stack_left_to_us(void **state)
{
    (void)state;
    static uint8_t out[PACKET_ROOM], wanted[PACKET_ROOM];
    struct packet_random random = {.state = 3};
    for (int round = 0; round < 1000; round++) {
        struct packet_plan plan = random_plan(&random);
        plan.payload_bytes = packet_random_below(&random, 1500);
        struct vnet_header header;
        size_t length = make_superpacket(&plan, 0, &header);
        header.segment_kind = VNET_KIND_NONE;
        packet_build(wanted, &plan);
        struct split split;
        assert_int_equal(split_begin(&split, &header, superpacket, length), 0);
        assert_int_equal(split_remaining(&split), 1);
        assert_int_equal(split_next(&split, out, sizeof out), length);
        assert_memory_equal(out, wanted, length);
    }
}

/* A payload that makes the checksum come out as 0: in UDP that would mean "none". */
static void a_udp_checksum_of_zero_becomes_ones(void **state)
{
    (void)state;
    static uint8_t out[PACKET_ROOM];
    for (uint8_t version = 4; version <= 6; version += 2)
        for (int plain = 0; plain < 2; plain++) {
            uint8_t chosen[2] = {0};
            struct packet_plan plan = packet_plan_default(version, PACKET_UDP);
            plan.payload = chosen;
            plan.payload_bytes = 2;
            packet_build(superpacket, &plan);
            memcpy(chosen, superpacket + packet_checksum_position(&plan), 2);
            struct vnet_header header;
            size_t length = make_superpacket(&plan, 2, &header);
            if (plain)
                header.segment_kind = VNET_KIND_NONE;
            struct split split;
            assert_int_equal(split_begin(&split, &header, superpacket, length), 0);
            assert_int_equal(split_next(&split, out, sizeof out), length);
            assert_int_equal(bytes_load_be16(out + packet_checksum_position(&plan)), 0xffff);
        }
}

static void too_little_room_changes_nothing(void **state)
{
    (void)state;
    static uint8_t out[PACKET_ROOM];
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP);
    struct vnet_header header;
    size_t length = make_superpacket(&plan, 1000, &header);
    struct split split;
    assert_int_equal(split_begin(&split, &header, superpacket, length), 0);
    memset(out, 0xa5, sizeof out);
    assert_int_equal(split_next(&split, out, 1039), 0);
    assert_int_equal(out[0], 0xa5);
    assert_int_equal(split_remaining(&split), 2);
    assert_int_equal(split_next(&split, out, 1040), 1040);
    assert_int_equal(split_next(&split, out, 439), 0);
    assert_int_equal(split_next(&split, out, 440), 440);
}

static void unknown_kinds_are_not_supported(void **state)
{
    (void)state;
    struct packet_plan plan = packet_plan_default(4, PACKET_UDP);
    for (unsigned kind = 1; kind < 256; kind++) {
        struct vnet_header header;
        size_t length = make_superpacket(&plan, 1000, &header);
        header.segment_kind = (uint8_t)kind;
        struct split split;
        unsigned bare = kind & 0x7f;
        int wanted = bare == 5 ? 0 : bare == 1 || bare == 4 ? -EINVAL : -EOPNOTSUPP;
        assert_int_equal(split_begin(&split, &header, superpacket, length), wanted);
        assert_int_equal(split_remaining(&split), wanted == 0 ? 2 : 0);
    }
}

/* What a read from the TUN gave, to be falsified. */
struct superpacket_read {
    struct vnet_header header;
    uint8_t *packet;
    size_t length;
};

struct contradiction {
    const char *name;
    uint8_t version, protocol;
    void (*change)(struct superpacket_read *read);
};

static void no_segment_size(struct superpacket_read *read)
{
    read->header.segment_bytes = 0;
}

static void wrong_checksum_start(struct superpacket_read *read)
{
    read->header.checksum_start += 2;
}

static void wrong_checksum_offset(struct superpacket_read *read)
{
    read->header.checksum_offset ^= 2;
}

static void other_version(struct superpacket_read *read)
{
    read->header.segment_kind = read->header.segment_kind == VNET_KIND_TCP4 ? VNET_KIND_TCP6 : VNET_KIND_TCP4;
}

static void not_ip(struct superpacket_read *read)
{
    read->packet[0] = 0x55;
}

static void other_protocol(struct superpacket_read *read)
{
    read->packet[read->packet[0] >> 4 == 4 ? 9 : 6] = 1;
}

static void is_fragment(struct superpacket_read *read)
{
    read->packet[6] = 0x20;
}

static void short_internet_header(struct superpacket_read *read)
{
    read->packet[0] = 0x44;
}

static void long_internet_header(struct superpacket_read *read)
{
    read->packet[0] = 0x4f;
    read->header.checksum_start = 60;
    read->length = 59;
}

static void short_data_offset(struct superpacket_read *read)
{
    read->packet[read->header.checksum_start + 12] = 0x40;
}

static void long_data_offset(struct superpacket_read *read)
{
    read->packet[read->header.checksum_start + 12] = 0xf0;
    read->length = (size_t)read->header.checksum_start + 59;
}

static void cut_in_transport_header(struct superpacket_read *read)
{
    read->length = (size_t)read->header.checksum_start + 7;
}

static void no_payload(struct superpacket_read *read)
{
    read->length = (size_t)read->header.checksum_start +
                   (read->packet[read->packet[0] >> 4 == 4 ? 9 : 6] == PACKET_TCP ? 20 : 8);
}

static void contradictions_are_invalid(void **state)
{
    (void)state;
    const struct contradiction rows[] = {
        {"gso size 0", 4, PACKET_TCP, no_segment_size},
        {"gso size 0", 6, PACKET_UDP, no_segment_size},
        {"checksum start", 4, PACKET_TCP, wrong_checksum_start},
        {"checksum start", 6, PACKET_TCP, wrong_checksum_start},
        {"checksum start", 6, PACKET_UDP, wrong_checksum_start},
        {"checksum offset", 4, PACKET_TCP, wrong_checksum_offset},
        {"checksum offset", 4, PACKET_UDP, wrong_checksum_offset},
        {"other version", 4, PACKET_TCP, other_version},
        {"other version", 6, PACKET_TCP, other_version},
        {"not IP", 4, PACKET_TCP, not_ip},
        {"not IP", 6, PACKET_UDP, not_ip},
        {"other protocol", 4, PACKET_TCP, other_protocol},
        {"other protocol", 6, PACKET_UDP, other_protocol},
        {"fragment", 4, PACKET_UDP, is_fragment},
        {"IHL 4", 4, PACKET_TCP, short_internet_header},
        {"IHL beyond the packet", 4, PACKET_TCP, long_internet_header},
        {"data offset 4", 4, PACKET_TCP, short_data_offset},
        {"data offset beyond the packet", 4, PACKET_TCP, long_data_offset},
        {"data offset beyond the packet", 6, PACKET_TCP, long_data_offset},
        {"cut", 4, PACKET_TCP, cut_in_transport_header},
        {"cut", 4, PACKET_UDP, cut_in_transport_header},
        {"cut", 6, PACKET_UDP, cut_in_transport_header},
        {"no payload", 4, PACKET_TCP, no_payload},
        {"no payload", 6, PACKET_UDP, no_payload},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct packet_plan plan = packet_plan_default(rows[row].version, rows[row].protocol);
        struct superpacket_read read = {.packet = superpacket};
        struct split split;
        read.length = make_superpacket(&plan, 1000, &read.header);
        assert_int_equal(split_begin(&split, &read.header, superpacket, read.length), 0);
        rows[row].change(&read);
        uint8_t *exact = malloc(read.length);
        assert_non_null(exact);
        memcpy(exact, superpacket, read.length);
        if (split_begin(&split, &read.header, exact, read.length) != -EINVAL)
            fail_msg("row %zu: %s", row, rows[row].name);
        assert_int_equal(split_remaining(&split), 0);
        free(exact);
    }
}

static void a_plain_checksum_outside_of_the_packet_is_invalid(void **state)
{
    (void)state;
    struct split split;
    struct vnet_header header = {.flags = VNET_NEEDS_CHECKSUM, .checksum_start = 20, .checksum_offset = 6};
    assert_int_equal(split_begin(&split, &header, payload, 27), -EINVAL);
    assert_int_equal(split_begin(&split, &header, payload, 28), 0);
    header.checksum_start = header.checksum_offset = UINT16_MAX;
    assert_int_equal(split_begin(&split, &header, payload, 1500), -EINVAL);
    header.flags = 0;
    assert_int_equal(split_begin(&split, &header, payload, 1500), 0);
    assert_int_equal(split_begin(&split, &header, payload, 0), -EINVAL);
}

/* Segments whose length fields could not hold their length. */
static void a_segment_too_long_for_its_headers_is_invalid(void **state)
{
    (void)state;
    static uint8_t large[66000];
    struct split split;
    for (uint8_t version = 4; version <= 6; version += 2) {
        struct packet_plan plan = packet_plan_default(version, PACKET_UDP);
        struct vnet_header header;
        make_superpacket(&plan, 65535, &header);
        size_t headers = packet_header_bytes(&plan);
        memcpy(large, superpacket, headers);
        size_t most = version == 4 ? 65535 : 65575;
        assert_int_equal(split_begin(&split, &header, large, most), 0);
        assert_int_equal(split_begin(&split, &header, large, most + 1), -EINVAL);
        header.segment_bytes = 65000; /* then the whole may be larger */
        assert_int_equal(split_begin(&split, &header, large, sizeof large), 0);
    }
}

static void distort(struct packet_random *random, struct vnet_header *header, uint8_t *packet, size_t length)
{
    uint8_t bytes[VNET_HEADER_BYTES];
    vnet_header_serialise(header, bytes);
    for (uint32_t changes = packet_random_below(random, 3); changes > 0; changes--)
        bytes[packet_random_below(random, VNET_HEADER_BYTES)] = (uint8_t)packet_random_next(random);
    vnet_header_parse(header, bytes);
    for (uint32_t changes = packet_random_below(random, 4); changes > 0; changes--)
        packet[packet_random_below(random, length < 100 ? (uint32_t)length : 100)] =
            (uint8_t)packet_random_next(random);
}

/* Meant for the address sanitizer: input and output have exactly the size they are said to have. */
static void hostile_headers_stay_inside_of_the_packet(void **state)
{
    (void)state;
    struct packet_random random = {.state = 5};
    unsigned accepted = 0;
    for (int round = 0; round < 60000; round++) {
        struct packet_plan plan = random_plan(&random);
        plan.payload_bytes = packet_random_below(&random, 300);
        struct vnet_header header;
        size_t length = make_superpacket(&plan, (uint16_t)packet_random_below(&random, 300), &header);
        if (packet_random_below(&random, 3) == 0)
            length = 1 + packet_random_below(&random, (uint32_t)length);
        distort(&random, &header, superpacket, length);
        uint8_t *exact = malloc(length);
        assert_non_null(exact);
        memcpy(exact, superpacket, length);
        struct split split;
        if (split_begin(&split, &header, exact, length) == 0) {
            accepted++;
            size_t room = split_segment_bytes(&split), count = split_remaining(&split);
            uint8_t *out = malloc(room);
            assert_non_null(out);
            assert_true(count > 0 && count <= length);
            for (; count > 0; count--)
                assert_true(split_next(&split, out, room) > 0);
            assert_int_equal(split_remaining(&split), 0);
            free(out);
        }
        free(exact);
    }
    assert_true(accepted > 10000 && accepted < 59000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_superpackets_split_as_the_reference_does),
        cmocka_unit_test(every_small_size_against_every_small_segment),
        cmocka_unit_test(a_tiny_segment_size_yields_tens_of_thousands),
        cmocka_unit_test(fin_and_push_are_last_and_cwr_is_first),
        cmocka_unit_test(a_routing_header_gives_the_checksummed_destination),
        cmocka_unit_test(a_plain_packet_is_copied_as_it_is),
        cmocka_unit_test(a_plain_packet_gets_the_checksum_the_stack_left_to_us),
        cmocka_unit_test(a_udp_checksum_of_zero_becomes_ones),
        cmocka_unit_test(too_little_room_changes_nothing),
        cmocka_unit_test(unknown_kinds_are_not_supported),
        cmocka_unit_test(contradictions_are_invalid),
        cmocka_unit_test(a_plain_checksum_outside_of_the_packet_is_invalid),
        cmocka_unit_test(a_segment_too_long_for_its_headers_is_invalid),
        cmocka_unit_test(hostile_headers_stay_inside_of_the_packet),
    };
    return cmocka_run_group_tests(tests, make_payload, NULL);
}
