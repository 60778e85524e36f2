/* SPDX-License-Identifier: MIT
 *
 * ICMP errors: what they say, how long they are, and when none may be sent (routing §4).
 */
#include "packet/icmp.h"
#include "packet/ip.h"

#include "packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t packet[PACKET_ROOM];
static uint8_t message[ICMP_UNREACHABLE_BYTES];

static size_t make_packet(uint8_t version, size_t payload_bytes)
{
    struct packet_plan plan = packet_plan_default(version, PACKET_UDP);
    plan.payload_bytes = payload_bytes;
    return packet_build(packet, &plan);
}

static size_t answer(size_t length)
{
    return icmp_unreachable(message, sizeof message, packet, length);
}

static void ipv4_says_host_unreachable_and_quotes_the_packet(void **state)
{
    (void)state;
    size_t length = make_packet(4, 101);
    assert_int_equal(answer(length), 8 + length);
    const uint8_t head[2] = {3, 1}, unused[4] = {0};
    assert_memory_equal(message, head, 2);
    assert_memory_equal(message + 4, unused, 4);
    assert_memory_equal(message + 8, packet, length);
    assert_int_equal(packet_fold(packet_sum(0, message, 8 + length)), 0xffff);
}

static void ipv6_says_address_unreachable_and_leaves_the_checksum(void **state)
{
    (void)state;
    size_t length = make_packet(6, 101);
    assert_int_equal(answer(length), 8 + length);
    const uint8_t head[8] = {1, 3};
    assert_memory_equal(message, head, 8);
    assert_memory_equal(message + 8, packet, length);
}

static void errors_are_at_most_576_and_1280_bytes(void **state)
{
    (void)state;
    for (size_t payload = 500; payload < 1400; payload++) {
        size_t length = make_packet(4, payload);
        assert_int_equal(20 + answer(length), 28 + length < 576 ? 28 + length : 576);
        length = make_packet(6, payload);
        assert_int_equal(40 + answer(length), 48 + length < 1280 ? 48 + length : 1280);
    }
}

static void padding_is_not_quoted(void **state)
{
    (void)state;
    size_t length = make_packet(4, 10);
    assert_int_equal(answer(length + 10), 8 + length);
}

static void too_little_room_writes_nothing(void **state)
{
    (void)state;
    size_t length = make_packet(4, 10);
    memset(message, 0xa5, sizeof message);
    assert_int_equal(icmp_unreachable(message, 7 + length, packet, length), 0);
    assert_int_equal(message[0], 0xa5);
    assert_int_equal(icmp_unreachable(message, 8 + length, packet, length), 8 + length);
}

static void what_is_not_valid_ip_gets_no_answer(void **state)
{
    (void)state;
    size_t length = make_packet(4, 10);
    assert_int_equal(answer(0), 0);
    assert_int_equal(answer(19), 0);
    assert_int_equal(answer(length - 1), 0);
    packet[0] = 0x44;
    assert_int_equal(answer(length), 0);
    packet[0] = 0x55;
    assert_int_equal(answer(length), 0);
    length = make_packet(6, 10);
    assert_int_equal(answer(length - 1), 0);
}

/* All 256 types of both families: echo and the like are answered, errors and the unknown are not. */
static void icmp_errors_get_no_answer(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        size_t length = make_packet(4, 10);
        packet[9] = IP_PROTOCOL_ICMP;
        packet[20] = (uint8_t)type;
        bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12 || type > 18;
        assert_int_equal(answer(length) == 0, error);
        length = make_packet(6, 10);
        packet[6] = IP_PROTOCOL_ICMP6;
        packet[40] = (uint8_t)type;
        assert_int_equal(answer(length) == 0, type < 128 || type == 137);
    }
}

static void icmp_errors_behind_extension_headers_get_no_answer(void **state)
{
    (void)state;
    struct packet_plan plan = packet_plan_default(6, PACKET_UDP);
    plan.ip_option_bytes = 16;
    size_t length = packet_build(packet, &plan);
    packet[40] = IP_PROTOCOL_ICMP6;
    packet[56] = 1;
    assert_int_equal(answer(length), 0);
    packet[56] = 128;
    assert_true(answer(length) > 0);
}

static void icmp_without_a_type_gets_no_answer(void **state)
{
    (void)state;
    struct packet_plan plan = packet_plan_default(4, PACKET_UDP);
    packet_build(packet, &plan);
    packet[9] = IP_PROTOCOL_ICMP;
    packet[2] = 0;
    packet[3] = 20;
    assert_int_equal(answer(100), 0);
    packet[9] = 47;
    assert_int_equal(answer(100), 28);
}

static void addresses_of_many_or_none_get_no_answer(void **state)
{
    (void)state;
    const uint8_t bad4[][4] = {{0, 0, 0, 0}, {224, 0, 0, 1}, {239, 255, 255, 255}, {255, 255, 255, 255}};
    const uint8_t good4[][4] = {{1, 0, 0, 0}, {223, 255, 255, 255}, {240, 0, 0, 1}, {192, 168, 0, 255}};
    const uint8_t bad6[][16] = {{0}, {0xff, 2, [15] = 1}, {0xff, 0x0e}};
    const uint8_t good6[][16] = {{0xfe, 0x80, [15] = 1}, {[15] = 1}, {0x20, 1, [15] = 0xff}};
    for (size_t field = 12; field <= 16; field += 4)
        for (size_t i = 0; i < 4; i++) {
            size_t length = make_packet(4, 10);
            memcpy(packet + field, bad4[i], 4);
            assert_int_equal(answer(length), 0);
            memcpy(packet + field, good4[i], 4);
            assert_true(answer(length) > 0);
        }
    for (size_t field = 8; field <= 24; field += 16)
        for (size_t i = 0; i < 3; i++) {
            size_t length = make_packet(6, 10);
            memcpy(packet + field, bad6[i], 16);
            assert_int_equal(answer(length), 0);
            memcpy(packet + field, good6[i], 16);
            assert_true(answer(length) > 0);
        }
}

static void only_first_fragments_are_answered(void **state)
{
    (void)state;
    struct packet_plan plan = packet_plan_default(4, PACKET_UDP);
    plan.fragment_field = PACKET_FRAGMENTS;
    size_t length = packet_build(packet, &plan);
    assert_true(answer(length) > 0);
    plan.fragment_field = 1;
    length = packet_build(packet, &plan);
    assert_int_equal(answer(length), 0);
    plan = packet_plan_default(6, PACKET_UDP);
    plan.ip_option_bytes = 8;
    length = packet_build(packet, &plan);
    packet[6] = 44;
    packet[41] = 0;
    packet[43] = 1;
    assert_true(answer(length) > 0);
    packet[43] = 9;
    assert_int_equal(answer(length), 0);
}

static void random_packets_are_safe(void **state)
{
    (void)state;
    struct packet_random random = {.state = 8};
    for (int round = 0; round < 20000; round++) {
        size_t length = make_packet(round % 2 ? 4 : 6, packet_random_below(&random, 60));
        for (uint32_t changes = packet_random_below(&random, 8); changes > 0; changes--)
            packet[packet_random_below(&random, 60)] = (uint8_t)packet_random_next(&random);
        length = packet_random_below(&random, (uint32_t)length + 1);
        uint8_t *exact = malloc(length > 0 ? length : 1);
        assert_non_null(exact);
        memcpy(exact, packet, length);
        assert_true(icmp_unreachable(message, sizeof message, exact, length) <= 8 + length);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_says_host_unreachable_and_quotes_the_packet),
        cmocka_unit_test(ipv6_says_address_unreachable_and_leaves_the_checksum),
        cmocka_unit_test(errors_are_at_most_576_and_1280_bytes),
        cmocka_unit_test(padding_is_not_quoted),
        cmocka_unit_test(too_little_room_writes_nothing),
        cmocka_unit_test(what_is_not_valid_ip_gets_no_answer),
        cmocka_unit_test(icmp_errors_get_no_answer),
        cmocka_unit_test(icmp_errors_behind_extension_headers_get_no_answer),
        cmocka_unit_test(icmp_without_a_type_gets_no_answer),
        cmocka_unit_test(addresses_of_many_or_none_get_no_answer),
        cmocka_unit_test(only_first_fragments_are_answered),
        cmocka_unit_test(random_packets_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
