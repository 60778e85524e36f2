/* SPDX-License-Identifier: MIT
 *
 * The wide checksum is the one that a byte by byte sum gives, at every length and alignment.
 */
#include "packet/bytes.h"
#include "packet/checksum.h"

#include "packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LENGTHS = 300, ALIGNMENTS = 32, LONGEST = 2000 };

static uint8_t area[LENGTHS + ALIGNMENTS];

static bool avx2_here(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
#else
    return false;
#endif
}

static int plain(void **state)
{
    (void)state;
    checksum_allow_avx2(false);
    return 0;
}

static int wide(void **state)
{
    (void)state;
    checksum_allow_avx2(avx2_here());
    return 0;
}

static void fill(int kind)
{
    struct packet_random random = {.state = (uint64_t)kind};
    packet_random_fill(&random, area, sizeof area);
    if (kind == 0)
        memset(area, 0xff, sizeof area);
    if (kind == 1)
        memset(area, 0, sizeof area);
}

static void every_length_and_alignment_agrees_with_the_byte_sum(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        fill(kind);
        for (size_t alignment = 0; alignment < ALIGNMENTS; alignment++)
            for (size_t length = 0; length <= LENGTHS; length++) {
                const uint8_t *bytes = area + alignment;
                assert_int_equal(checksum_fold(checksum_add(0, bytes, length)),
                                 packet_fold(packet_sum(0, bytes, length)));
            }
    }
}

static void a_sum_goes_on_at_even_positions(void **state)
{
    (void)state;
    fill(2);
    for (size_t length = 0; length <= LENGTHS; length += 7) {
        uint16_t whole = packet_fold(packet_sum(0, area + 3, length));
        for (size_t cut = 0; cut <= length; cut += 2) {
            uint64_t sum = checksum_add(checksum_add(0, area + 3, cut), area + 3 + cut, length - cut);
            assert_int_equal(checksum_fold(sum), whole);
        }
    }
}

static void the_largest_packet_of_ones_does_not_overflow(void **state)
{
    (void)state;
    static uint8_t ones[65535];
    memset(ones, 0xff, sizeof ones);
    uint64_t sum = 0;
    uint32_t slow = 0;
    for (int i = 0; i < 16; i++) {
        sum = checksum_add(sum, ones, 65534);
        slow = packet_sum(slow, ones, 65534);
    }
    assert_int_equal(checksum_fold(sum), packet_fold(slow));
    assert_int_equal(checksum_fold(UINT64_MAX), 0xffff);
    assert_int_equal(checksum_fold(checksum_add(0, ones, sizeof ones)), 0xff00);
}

static void copying_sums_the_same_and_copies_exactly(void **state)
{
    (void)state;
    fill(3);
    for (size_t alignment = 0; alignment < ALIGNMENTS; alignment++)
        for (size_t length = 0; length <= LENGTHS; length++) {
            uint8_t target[LENGTHS + ALIGNMENTS + 1];
            memset(target, 0xa5, sizeof target);
            uint8_t *start = target + ALIGNMENTS - alignment;
            uint64_t sum = checksum_copy(start, area + alignment, length, 12345);
            assert_int_equal(checksum_fold(sum),
                             checksum_fold(checksum_add(12345, area + alignment, length)));
            assert_memory_equal(start, area + alignment, length);
            assert_int_equal(start[length], 0xa5);
            assert_int_equal(start[-1], 0xa5);
        }
}

static void numbers_count_as_four_bytes_in_network_order(void **state)
{
    (void)state;
    const uint8_t bytes[4] = {0x12, 0x34, 0xfe, 0xdc};
    assert_int_equal(checksum_fold(checksum_add_number(0, 0x1234fedc)), packet_fold(packet_sum(0, bytes, 4)));
    assert_int_equal(checksum_fold(checksum_add_number(0, 17)), 17);
}

static void pseudo_headers_of_both_families(void **state)
{
    (void)state;
    for (uint8_t version = 4; version <= 6; version += 2) {
        uint8_t packet[PACKET_ROOM];
        struct packet_plan plan = packet_plan_default(version, PACKET_UDP);
        packet_build(packet, &plan);
        size_t transport_bytes = 8 + plan.payload_bytes;
        uint64_t sum = checksum_pseudo_packet(packet, PACKET_UDP, transport_bytes);
        assert_int_equal(checksum_fold(sum), packet_pseudo_sum(&plan));
    }
}

/* The often quoted example of an IPv4 header. */
static void an_ipv4_header_with_known_checksum(void **state)
{
    (void)state;
    uint8_t header[20] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                          0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
    assert_true(checksum_ipv4_header_valid(header, sizeof header));
    header[10] = 1;
    assert_false(checksum_ipv4_header_valid(header, sizeof header));
    checksum_ipv4_header(header, sizeof header);
    assert_int_equal(bytes_load_be16(header + 10), 0xb861);
}

static void transport_checksums_are_verified(void **state)
{
    (void)state;
    static uint8_t packet[PACKET_ROOM];
    for (uint8_t version = 4; version <= 6; version += 2)
        for (uint8_t protocol = PACKET_TCP; protocol <= PACKET_UDP; protocol += PACKET_UDP - PACKET_TCP)
            for (size_t payload = 0; payload < 70; payload++) {
                struct packet_plan plan = packet_plan_default(version, protocol);
                plan.payload_bytes = payload;
                size_t length = packet_build(packet, &plan), offset = packet_transport_offset(&plan);
                assert_true(checksum_transport_valid(packet, length, offset, protocol));
                packet[length - 1] ^= 0x10;
                assert_false(checksum_transport_valid(packet, length, offset, protocol));
                packet[length - 1] ^= 0x10;
                packet[offset - 1] ^= 0x01; /* the destination address counts, too */
                assert_false(checksum_transport_valid(packet, length, offset, protocol));
            }
}

static void a_udp_checksum_of_zero_is_not_right(void **state)
{
    (void)state;
    static uint8_t packet[PACKET_ROOM];
    struct packet_plan plan = packet_plan_default(4, PACKET_UDP);
    uint8_t payload[2] = {0, 0};
    plan.payload = payload;
    plan.payload_bytes = sizeof payload;
    packet_build(packet, &plan);
    /* A payload that makes the sum come out as 0xffff, so that the complement is 0. */
    memcpy(payload, packet + 26, 2);
    size_t length = packet_build(packet, &plan);
    assert_int_equal(bytes_load_be16(packet + 26), 0xffff);
    assert_true(checksum_transport_valid(packet, length, 20, PACKET_UDP));
    bytes_store_be16(packet + 26, 0);
    assert_false(checksum_transport_valid(packet, length, 20, PACKET_UDP));
}

/* With AVX2, if the processor has it, as without: the very same sum, also where every addition carries. */
static void both_widths_yield_the_same(void **state)
{
    static uint8_t source[LONGEST + ALIGNMENTS], targets[2][LONGEST + ALIGNMENTS];
    struct packet_random random = {.state = 7};

    (void)state;
    if (!avx2_here())
        skip();
    for (int kind = 0; kind < 3; kind++) {
        packet_random_fill(&random, source, sizeof source);
        for (size_t i = 0; i < sizeof source && kind > 0; i++)
            source[i] |=
                kind == 1 ? 0xff : (uint8_t)(i % 8 < 4 ? 0xff : 0); /* all ones; the low or high half */
        for (size_t length = 0; length <= LONGEST; length++) {
            size_t alignment = length % ALIGNMENTS;
            const uint8_t *bytes = source + alignment;
            uint64_t added[2], copied[2];

            for (int wide = 0; wide < 2; wide++) {
                checksum_allow_avx2(wide);
                memset(targets[wide], 0xa5, sizeof targets[wide]);
                added[wide] = checksum_add(3, bytes, length);
                copied[wide] = checksum_copy(targets[wide] + kind, bytes, length, 3);
            }
            assert_true(added[0] == added[1] && copied[0] == added[0] && copied[1] == added[0]);
            assert_memory_equal(targets[0], targets[1], sizeof targets[0]);
            assert_memory_equal(targets[1] + kind, bytes, length);
        }
    }
}

static void the_complement_for_udp_is_never_zero(void **state)
{
    (void)state;
    assert_int_equal(checksum_complement_nonzero(checksum_add_number(0, 0xffff)), 0xffff);
    assert_int_equal(checksum_complement_nonzero(checksum_add_number(0, 0x1234)), 0xedcb);
    assert_int_equal(checksum_complement_nonzero(0), 0xffff);
}

static void bytes_load_and_store_both_orders(void **state)
{
    (void)state;
    const uint8_t bytes[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t out[8];
    assert_int_equal(bytes_load_be16(bytes + 1), 0x0102);
    assert_int_equal(bytes_load_le16(bytes + 1), 0x0201);
    assert_int_equal(bytes_load_be32(bytes + 1), 0x01020304);
    assert_int_equal(bytes_load_le32(bytes + 1), 0x04030201);
    assert_true(bytes_load_be64(bytes + 1) == UINT64_C(0x0102030405060708));
    assert_true(bytes_load_le64(bytes + 1) == UINT64_C(0x0807060504030201));
    bytes_store_be16(out, 0x0102);
    assert_memory_equal(out, bytes + 1, 2);
    bytes_store_le16(out, 0x0201);
    assert_memory_equal(out, bytes + 1, 2);
    bytes_store_be32(out, 0x01020304);
    assert_memory_equal(out, bytes + 1, 4);
    bytes_store_le32(out, 0x04030201);
    assert_memory_equal(out, bytes + 1, 4);
    bytes_store_be64(out, UINT64_C(0x0102030405060708));
    assert_memory_equal(out, bytes + 1, 8);
    bytes_store_le64(out, UINT64_C(0x0807060504030201));
    assert_memory_equal(out, bytes + 1, 8);
}

/* On vectors of the baseline, and of AVX2 if they are there. */
#define BOTH(name) cmocka_unit_test_setup(name, plain), cmocka_unit_test_setup(name, wide)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(every_length_and_alignment_agrees_with_the_byte_sum),
        BOTH(a_sum_goes_on_at_even_positions),
        BOTH(the_largest_packet_of_ones_does_not_overflow),
        BOTH(copying_sums_the_same_and_copies_exactly),
        cmocka_unit_test(both_widths_yield_the_same),
        cmocka_unit_test(numbers_count_as_four_bytes_in_network_order),
        cmocka_unit_test(pseudo_headers_of_both_families),
        cmocka_unit_test(an_ipv4_header_with_known_checksum),
        cmocka_unit_test(transport_checksums_are_verified),
        cmocka_unit_test(a_udp_checksum_of_zero_is_not_right),
        cmocka_unit_test(the_complement_for_udp_is_never_zero),
        cmocka_unit_test(bytes_load_and_store_both_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
