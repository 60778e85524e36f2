/* SPDX-License-Identifier: MIT
 *
 * The number of a flow: which packets share it, which do not, how evenly it spreads, and that nothing behind
 * the packet's end is read for it.
 */
#include "packet/bytes.h"
#include "packet/ip.h"

#include "packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QUEUES 8
#define FLOWS  4096

static const struct {
    uint8_t version, protocol;
} kinds[] = {{4, PACKET_TCP}, {4, PACKET_UDP}, {6, PACKET_TCP}, {6, PACKET_UDP}};

#define KINDS (sizeof kinds / sizeof kinds[0])

static struct packet_plan plan_of(size_t kind)
{
    struct packet_plan plan = packet_plan_default(kinds[kind].version, kinds[kind].protocol);

    plan.source_port = 40000;
    plan.destination_port = 443;
    return plan;
}

static uint32_t flow_of(const struct packet_plan *plan)
{
    static uint8_t packet[PACKET_ROOM];

    return ip_flow(packet, packet_build(packet, plan));
}

/* Everything changes from packet to packet but addresses, protocol and ports. */
static void packets_of_one_flow_share_the_number(void **state)
{
    static const uint8_t payload[PACKET_ROOM];

    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct packet_plan first = plan_of(kind), later = packet_plan_after(&first);

        first.payload = later.payload = payload;
        later.payload_bytes = first.payload_bytes / 2;
        later.traffic_class = 0xb8;
        later.hop_limit = 3;
        later.flow_label = 77;
        later.identification = 4711;
        later.fragment_field = PACKET_DF;
        later.flags = PACKET_ACK | PACKET_PSH;
        later.window = 1;
        assert_int_equal(flow_of(&later), flow_of(&first));
        if (first.version == 4) {
            later.ip_option_bytes = 12; /* the ports are behind them */
            assert_int_equal(flow_of(&later), flow_of(&first));
        }
    }
}

static void each_address_port_and_protocol_counts(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct packet_plan plan = plan_of(kind), other[5];

        for (size_t i = 0; i < 5; i++)
            other[i] = plan;
        other[0].source = 77;
        other[1].destination = 77;
        other[2].source_port ^= 1;
        other[3].destination_port ^= 0x8000;
        other[4].protocol = plan.protocol == PACKET_TCP ? PACKET_UDP : PACKET_TCP;
        for (size_t i = 0; i < 5; i++)
            assert_int_not_equal(flow_of(&other[i]), flow_of(&plan));
    }
}

static void every_byte_of_an_ipv6_address_counts(void **state)
{
    uint8_t packet[IP_V6_HEADER_BYTES + 4] = {0x60, 0, 0, 0, 0, 4, PACKET_UDP, 64};
    uint32_t before = ip_flow(packet, sizeof packet);

    (void)state;
    for (size_t at = 8; at < IP_V6_HEADER_BYTES; at++) {
        packet[at] = 0x10;
        assert_int_not_equal(ip_flow(packet, sizeof packet), before);
        packet[at] = 0;
    }
}

static void the_two_directions_have_different_numbers(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct packet_plan there = plan_of(kind), back = there;

        back.source = there.destination;
        back.destination = there.source;
        back.source_port = there.destination_port;
        back.destination_port = there.source_port;
        assert_int_not_equal(flow_of(&back), flow_of(&there));
    }
}

/* The later fragments have no ports, so those of the first must not count. */
static void all_fragments_of_a_packet_share_the_number(void **state)
{
    const uint16_t fields[] = {PACKET_FRAGMENTS, PACKET_FRAGMENTS | 185, 370, 0x1fff};
    struct packet_plan plan = plan_of(1), whole = plan;

    (void)state;
    plan.fragment_field = fields[0];
    whole.fragment_field = PACKET_DF;
    for (size_t i = 1; i < sizeof fields / sizeof fields[0]; i++) {
        struct packet_plan later = plan;

        later.fragment_field = fields[i];
        later.source_port = 0xabcd; /* the middle of somebody's payload */
        later.destination_port = 0xef01;
        assert_int_equal(flow_of(&later), flow_of(&plan));
    }
    assert_int_not_equal(flow_of(&whole), flow_of(&plan));
}

/* Headers are not walked: one look per packet, and fragments, which have one, need no more. */
static void ports_behind_extension_headers_do_not_count(void **state)
{
    struct packet_plan plan = plan_of(3), other;

    (void)state;
    plan.ip_option_bytes = 8;
    other = plan;
    other.source_port ^= 1;
    assert_int_equal(flow_of(&other), flow_of(&plan));
}

static void other_protocols_have_no_ports(void **state)
{
    uint8_t packet[IP_V4_HEADER_BYTES + 8] = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, IP_PROTOCOL_ICMP};
    uint32_t before = ip_flow(packet, sizeof packet);

    (void)state;
    memset(packet + IP_V4_HEADER_BYTES, 0xff, 8);
    assert_int_equal(ip_flow(packet, sizeof packet), before);
}

/* In memory of exactly that length, so that sanitizers see a read past the end; without one, bytes behind
 * the end must not matter. The IPv4 header length may lie. */
static void nothing_behind_the_end_is_read(void **state)
{
    (void)state;
    for (unsigned first = 0x40; first <= 0x60; first++) {
        size_t least = first < 0x60 ? IP_V4_HEADER_BYTES : IP_V6_HEADER_BYTES;

        if (first > 0x4f && first < 0x60)
            continue;
        for (size_t length = least; length < 70; length++) {
            uint8_t *exact = malloc(length), roomy[80];

            assert_non_null(exact);
            memset(exact, 0, length);
            exact[0] = (uint8_t)first;
            exact[first < 0x60 ? 9 : 6] = length % 2 == 0 ? PACKET_UDP : PACKET_TCP;
            memset(roomy, 0xff, sizeof roomy);
            memcpy(roomy, exact, length);
            assert_int_equal(ip_flow(exact, length), ip_flow(roomy, length));
            free(exact);
        }
    }
}

static void four_bytes_of_transport_are_enough(void **state)
{
    uint8_t packet[IP_V4_HEADER_BYTES + 4] = {0x45, 0, 0, 24, 0, 0, 0, 0, 64, PACKET_UDP};
    uint32_t before = ip_flow(packet, sizeof packet);

    (void)state;
    packet[IP_V4_HEADER_BYTES + 3] = 1;
    assert_int_not_equal(ip_flow(packet, sizeof packet), before);
}

/* As flow_queue() does it. With 4096 flows each queue expects 512 with a deviation of 21. */
static void expect_even(const char *what, const unsigned *flows_of)
{
    for (size_t queue = 0; queue < QUEUES; queue++)
        if (flows_of[queue] < 400 || flows_of[queue] > 640)
            fail_msg("%s: queue %zu has %u of %d flows", what, queue, flows_of[queue], FLOWS);
}

static void flows_spread_evenly_over_queues(void **state)
{
    static const char *const what[] = {"source ports", "destination ports", "source addresses",
                                       "destination addresses"};

    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t varied = 0; varied < 4; varied++) {
            unsigned flows_of[QUEUES] = {0};

            for (unsigned i = 0; i < FLOWS; i++) {
                static uint8_t packet[PACKET_ROOM];
                struct packet_plan plan = plan_of(kind);
                size_t length, addresses = plan.version == 4 ? 12 : 8, address = plan.version == 4 ? 4 : 16;

                if (varied == 0)
                    plan.source_port = (uint16_t)(32768 + 2 * i); /* a host gives every second one */
                if (varied == 1)
                    plan.destination_port = (uint16_t)(1 + i);
                length = packet_build(packet, &plan);
                if (varied >= 2)
                    bytes_store_be16(packet + addresses + (varied - 1) * address - 2, (uint16_t)i);
                flows_of[(uint64_t)ip_flow(packet, length) * QUEUES >> 32]++;
            }
            expect_even(what[varied], flows_of);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_of_one_flow_share_the_number),
        cmocka_unit_test(each_address_port_and_protocol_counts),
        cmocka_unit_test(every_byte_of_an_ipv6_address_counts),
        cmocka_unit_test(the_two_directions_have_different_numbers),
        cmocka_unit_test(all_fragments_of_a_packet_share_the_number),
        cmocka_unit_test(ports_behind_extension_headers_do_not_count),
        cmocka_unit_test(other_protocols_have_no_ports),
        cmocka_unit_test(nothing_behind_the_end_is_read),
        cmocka_unit_test(four_bytes_of_transport_are_enough),
        cmocka_unit_test(flows_spread_evenly_over_queues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
