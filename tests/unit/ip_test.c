/* SPDX-License-Identifier: MIT
 *
 * Which bytes are an IP packet, and how long it is (routing §3, rows 3 and 5); header chains.
 */
#include "packet/bytes.h"
#include "packet/ip.h"

#include "packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A header of the version that claims this in its length field. */
static enum ip_verdict check(uint8_t version, uint16_t claimed, size_t length, size_t *total)
{
    static uint8_t packet[IP_MAX_BYTES + IP_V6_HEADER_BYTES + 10];
    memset(packet, 0, sizeof packet);
    packet[0] = (uint8_t)(version << 4);
    bytes_store_be16(packet + (version == 4 ? 2 : 4), claimed);
    return ip_check(packet, length, total);
}

static void other_versions_and_short_headers_are_not_ip(void **state)
{
    (void)state;
    size_t total = 99;
    for (uint8_t version = 0; version < 16; version++)
        if (version != 4 && version != 6)
            assert_int_equal(check(version, 40, 100, &total), IP_NOT_IP);
    assert_int_equal(check(4, 20, 19, &total), IP_NOT_IP);
    assert_int_equal(check(6, 0, 39, &total), IP_NOT_IP);
    assert_int_equal(check(6, 0, 20, &total), IP_NOT_IP);
    assert_int_equal(ip_check((const uint8_t *)"", 0, &total), IP_NOT_IP);
    assert_int_equal(total, 99);
}

static void the_claimed_length_decides_and_must_be_there(void **state)
{
    (void)state;
    size_t total = 99;
    assert_int_equal(check(4, 19, 100, &total), IP_BAD_LENGTH);
    assert_int_equal(check(4, 0, 100, &total), IP_BAD_LENGTH);
    assert_int_equal(check(4, 101, 100, &total), IP_BAD_LENGTH);
    assert_int_equal(check(6, 61, 100, &total), IP_BAD_LENGTH);
    assert_int_equal(total, 99);
    assert_int_equal(check(4, 20, 20, &total), IP_OK);
    assert_int_equal(total, 20);
    assert_int_equal(check(4, 100, 100, &total), IP_OK);
    assert_int_equal(total, 100);
    assert_int_equal(check(4, 85, 96, &total), IP_OK); /* padding */
    assert_int_equal(total, 85);
    assert_int_equal(check(6, 0, 40, &total), IP_OK);
    assert_int_equal(total, 40);
    assert_int_equal(check(6, 45, 96, &total), IP_OK);
    assert_int_equal(total, 85);
}

/* 65535 + 40 is 39 in 16 bits: such a packet must not pass for a short one. */
static void an_ipv6_length_beyond_16_bits_does_not_wrap(void **state)
{
    (void)state;
    size_t total = 99;
    assert_int_equal(check(6, 65535, 100, &total), IP_BAD_LENGTH);
    assert_int_equal(check(6, 65496, 100, &total), IP_BAD_LENGTH);
    assert_int_equal(check(6, 65535, 65574, &total), IP_BAD_LENGTH);
    assert_int_equal(total, 99);
    assert_int_equal(check(6, 65535, 65575, &total), IP_OK);
    assert_int_equal(total, 65575);
    assert_int_equal(check(4, 65535, 65535, &total), IP_OK);
    assert_int_equal(total, 65535);
}

static void the_header_length_nibble_is_not_checked(void **state)
{
    (void)state;
    uint8_t packet[20] = {0x40, 0, 0, 20};
    size_t total = 0;
    assert_int_equal(ip_check(packet, sizeof packet, &total), IP_OK);
    struct ip_transport transport;
    assert_false(ip_find_transport(packet, sizeof packet, &transport));
}

static void addresses_and_traffic_class_are_read(void **state)
{
    (void)state;
    uint8_t packet[PACKET_ROOM];
    struct packet_plan plan = packet_plan_default(4, PACKET_UDP);
    plan.traffic_class = 0xb9;
    packet_build(packet, &plan);
    const uint8_t source4[16] = {10, 0, 0, 1}, destination4[16] = {10, 0, 0, 2};
    struct vole_address source = ip_source(packet), destination = ip_destination(packet);
    assert_int_equal(source.family, 4);
    assert_int_equal(destination.family, 4);
    assert_memory_equal(source.bytes, source4, 16);
    assert_memory_equal(destination.bytes, destination4, 16);
    assert_int_equal(ip_traffic_class(packet), 0xb9);

    plan.version = 6;
    packet_build(packet, &plan);
    source = ip_source(packet);
    destination = ip_destination(packet);
    assert_int_equal(source.family, 6);
    assert_int_equal(destination.family, 6);
    assert_memory_equal(source.bytes, packet + 8, 16);
    assert_memory_equal(destination.bytes, packet + 24, 16);
    assert_int_equal(ip_traffic_class(packet), 0xb9);
}

/* Every byte of the source counts, nothing else but the version does. */
static void the_same_source_is_recognised(void **state)
{
    (void)state;
    uint8_t packet[PACKET_ROOM], other[PACKET_ROOM];
    for (uint8_t version = 4; version <= 6; version += 2) {
        struct packet_plan plan = packet_plan_default(version, PACKET_UDP);
        packet_build(packet, &plan);
        memcpy(other, packet, sizeof other);
        for (size_t i = 0; i < 60; i++) {
            other[i] ^= i == 0 ? 0x20 : 1;
            bool in_source = version == 4 ? i >= 12 && i < 16 : i >= 8 && i < 24;
            assert_int_equal(ip_same_source(packet, other), i > 0 && !in_source);
            other[i] = packet[i];
        }
    }
}

static void ipv4_transport_lies_behind_options(void **state)
{
    (void)state;
    uint8_t packet[PACKET_ROOM];
    struct ip_transport transport;
    for (size_t options = 0; options <= 40; options += 4) {
        struct packet_plan plan = packet_plan_default(4, PACKET_UDP);
        plan.ip_option_bytes = options;
        size_t length = packet_build(packet, &plan);
        assert_true(ip_find_transport(packet, length, &transport));
        assert_int_equal(transport.offset, 20 + options);
        assert_int_equal(transport.destination_offset, 16);
        assert_int_equal(transport.protocol, PACKET_UDP);
        assert_false(transport.fragment);
        if (options > 0)
            assert_false(ip_find_transport(packet, 20 + options - 1, &transport));
    }
}

static void ipv4_fragments_are_told_apart(void **state)
{
    (void)state;
    uint8_t packet[PACKET_ROOM];
    const struct {
        uint16_t field;
        bool fragment, later;
    } rows[] = {{0, false, false},    {0x4000, false, false}, {0x8000, false, false}, {0x2000, true, false},
                {0x2001, true, true}, {0x0001, true, true},   {0x1fff, true, true},   {0xc000, false, false}};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct packet_plan plan = packet_plan_default(4, PACKET_UDP);
        plan.fragment_field = rows[row].field;
        struct ip_transport transport;
        assert_true(ip_find_transport(packet, packet_build(packet, &plan), &transport));
        assert_int_equal(transport.fragment, rows[row].fragment);
        assert_int_equal(transport.later_fragment, rows[row].later);
    }
}

/* Builds a chain of IPv6 headers behind each other and hands it to ip_find_transport(). */
static bool walk(const uint8_t *chain, size_t chain_bytes, uint8_t first, struct ip_transport *transport)
{
    uint8_t *packet = malloc(IP_V6_HEADER_BYTES + chain_bytes); /* exactly: a sanitizer sees overreads */
    assert_non_null(packet);
    memset(packet, 0, IP_V6_HEADER_BYTES);
    packet[0] = 0x60;
    packet[6] = first;
    memcpy(packet + IP_V6_HEADER_BYTES, chain, chain_bytes);
    bool found = ip_find_transport(packet, IP_V6_HEADER_BYTES + chain_bytes, transport);
    free(packet);
    return found;
}

static void ipv6_extension_headers_are_walked(void **state)
{
    (void)state;
    struct ip_transport transport;
    /* hop by hop (8), destination options (16), authentication (4 words past 8 bytes), then UDP */
    const uint8_t chain[8 + 16 + 24] = {[0] = 60, [1] = 0, [8] = 51, [9] = 1, [24] = 17, [25] = 4};
    assert_true(walk(chain, sizeof chain, 0, &transport));
    assert_int_equal(transport.protocol, 17);
    assert_int_equal(transport.offset, 40 + sizeof chain);
    assert_int_equal(transport.destination_offset, 24);
    for (size_t length = 0; length < sizeof chain; length++)
        assert_false(walk(chain, length, 0, &transport));
    assert_true(walk(chain, 0, 58, &transport));
    assert_int_equal(transport.offset, 40);
    assert_int_equal(transport.protocol, 58);
}

static void ipv6_fragments_are_told_apart(void **state)
{
    (void)state;
    struct ip_transport transport;
    const uint8_t first[8] = {17, 0, 0, 1}, later[8] = {0, 0, 0, 8}, last[8] = {17, 0, 0x10, 0},
                  atomic[8] = {17};
    assert_true(walk(first, 8, 44, &transport));
    assert_true(transport.fragment && !transport.later_fragment);
    assert_true(walk(later, 8, 44, &transport)); /* next header 0 is not looked for behind it */
    assert_true(transport.fragment && transport.later_fragment);
    assert_int_equal(transport.offset, 48);
    assert_true(walk(last, 8, 44, &transport));
    assert_true(transport.fragment && transport.later_fragment);
    assert_true(walk(atomic, 8, 44, &transport));
    assert_true(!transport.fragment && !transport.later_fragment);
}

static void a_routing_header_in_use_names_the_final_destination(void **state)
{
    (void)state;
    struct ip_transport transport;
    uint8_t routing[24] = {6, 2, 4, 1};
    assert_true(walk(routing, 24, 43, &transport));
    assert_int_equal(transport.destination_offset, 48);
    assert_int_equal(transport.offset, 64);
    routing[3] = 0; /* arrived */
    assert_true(walk(routing, 24, 43, &transport));
    assert_int_equal(transport.destination_offset, 24);
    routing[3] = 1;
    routing[2] = 0; /* a type long forbidden */
    assert_false(walk(routing, 24, 43, &transport));
    const uint8_t no_address[8] = {6, 0, 4, 1};
    assert_false(walk(no_address, 8, 43, &transport));
}

static void random_bytes_are_never_read_past_their_end(void **state)
{
    (void)state;
    struct packet_random random = {.state = 4};
    for (int round = 0; round < 20000; round++) {
        size_t length = packet_random_below(&random, 120);
        uint8_t *exact = malloc(length > 0 ? length : 1);
        assert_non_null(exact);
        packet_random_fill(&random, exact, length);
        if (length > 6) {
            static const uint8_t kinds[] = {0, 43, 44, 51, 60, 6, 17, 58};
            exact[0] = packet_random_below(&random, 2) ? 0x60 : (uint8_t)(0x40 | (exact[0] & 15));
            exact[6] = kinds[packet_random_below(&random, 8)];
            for (size_t i = IP_V6_HEADER_BYTES; i + 1 < length; i += 8) {
                exact[i] = kinds[packet_random_below(&random, 8)];
                exact[i + 1] &= 3;
            }
        }
        size_t total = 0;
        struct ip_transport transport;
        if (ip_check(exact, length, &total) == IP_OK)
            assert_true(total <= length);
        if (ip_has_header(exact, length) && ip_find_transport(exact, length, &transport))
            assert_true(transport.offset <= length && transport.destination_offset + 4 <= length);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_versions_and_short_headers_are_not_ip),
        cmocka_unit_test(the_claimed_length_decides_and_must_be_there),
        cmocka_unit_test(an_ipv6_length_beyond_16_bits_does_not_wrap),
        cmocka_unit_test(the_header_length_nibble_is_not_checked),
        cmocka_unit_test(addresses_and_traffic_class_are_read),
        cmocka_unit_test(the_same_source_is_recognised),
        cmocka_unit_test(ipv4_transport_lies_behind_options),
        cmocka_unit_test(ipv4_fragments_are_told_apart),
        cmocka_unit_test(ipv6_extension_headers_are_walked),
        cmocka_unit_test(ipv6_fragments_are_told_apart),
        cmocka_unit_test(a_routing_header_in_use_names_the_final_destination),
        cmocka_unit_test(random_bytes_are_never_read_past_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
