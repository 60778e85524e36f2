/* SPDX-License-Identifier: MIT
 *
 * ECN in both directions (routing §6): every row of the stored tables, every byte, every header.
 */
#include "packet/checksum.h"
#include "packet/ecn.h"
#include "packet/ip.h"

#include "packets.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_stored_encapsulation(void **state)
{
    (void)state;
    const struct vector *file = vectors_load("ecn.json");
    const struct vector *rows = vector_member(file, "encapsulate");
    assert_true(vector_count(rows) >= 4);
    for (size_t row = 0; row < vector_count(rows); row++) {
        const struct vector *entry = vector_at(rows, row);
        assert_int_equal(ecn_encapsulate((uint8_t)vector_number(entry, "inner_tos")),
                         vector_number(entry, "outer_tos"));
    }
    vectors_free(file);
}

static void no_dscp_and_no_congestion_mark_reaches_the_outer_header(void **state)
{
    (void)state;
    for (unsigned inner = 0; inner < 256; inner++) {
        uint8_t expected = (inner & 3) == 3 ? 2 : (uint8_t)(inner & 3);
        assert_int_equal(ecn_encapsulate((uint8_t)inner), expected);
    }
}

/* Rewrites a packet with this traffic class and looks at everything that may and may not change. */
static void expect_decapsulated(uint8_t version, uint8_t inner, uint8_t outer, uint8_t expected)
{
    static uint8_t packet[PACKET_ROOM], wanted[PACKET_ROOM];
    struct packet_plan plan = packet_plan_default(version, PACKET_UDP);
    plan.traffic_class = inner;
    size_t length = packet_build(packet, &plan);
    plan.traffic_class = (uint8_t)((inner & ~3) | expected);
    packet_build(wanted, &plan);
    ecn_decapsulate(packet, outer);
    assert_int_equal(ip_traffic_class(packet), plan.traffic_class);
    assert_memory_equal(packet, wanted, length);
}

static void every_stored_decapsulation_at_every_dscp(void **state)
{
    (void)state;
    const struct vector *file = vectors_load("ecn.json");
    const struct vector *rows = vector_member(file, "decapsulate");
    const struct vector *codes = vector_member(file, "codepoints");
    assert_int_equal(vector_count(rows), 16);
    for (size_t row = 0; row < vector_count(rows); row++) {
        const struct vector *entry = vector_at(rows, row);
        uint8_t inner = (uint8_t)vector_number(codes, vector_text(entry, "inner"));
        uint8_t outer = (uint8_t)vector_number(codes, vector_text(entry, "outer"));
        uint8_t result = (uint8_t)vector_number(codes, vector_text(entry, "result"));
        for (unsigned dscp = 0; dscp < 64; dscp++)
            for (uint8_t version = 4; version <= 6; version += 2) {
                expect_decapsulated(version, (uint8_t)(dscp << 2 | inner), outer, result);
                expect_decapsulated(version, (uint8_t)(dscp << 2 | inner), outer | 0xb8, result);
            }
    }
    vectors_free(file);
}

static void a_congested_packet_without_ecn_is_not_marked(void **state)
{
    (void)state;
    expect_decapsulated(4, 0x28, ECN_CE, ECN_NOT_ECT);
    expect_decapsulated(6, 0x28, ECN_CE, ECN_NOT_ECT);
}

/* Options may be missing from what was received: nothing beyond 20 bytes may be touched or needed. */
static void a_wrong_header_checksum_stays_wrong_and_options_are_not_read(void **state)
{
    (void)state;
    struct packet_random random = {.state = 6};
    for (int round = 0; round < 2000; round++) {
        uint8_t *header = malloc(IP_V4_HEADER_BYTES);
        assert_non_null(header);
        packet_random_fill(&random, header, IP_V4_HEADER_BYTES);
        header[0] = 0x45;
        header[1] = ECN_ECT_0;
        if (round % 4 == 0)
            header[0] = 0x4f;
        uint16_t claimed = packet_fold(packet_sum(0, header, IP_V4_HEADER_BYTES));
        ecn_decapsulate(header, ECN_CE);
        assert_int_equal(header[1], ECN_CE);
        uint16_t after = packet_fold(packet_sum(0, header, IP_V4_HEADER_BYTES));
        assert_int_equal(after, claimed);
        assert_int_equal(checksum_ipv4_header_valid(header, IP_V4_HEADER_BYTES), claimed == 0xffff);
        free(header);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stored_encapsulation),
        cmocka_unit_test(no_dscp_and_no_congestion_mark_reaches_the_outer_header),
        cmocka_unit_test(every_stored_decapsulation_at_every_dscp),
        cmocka_unit_test(a_congested_packet_without_ecn_is_not_marked),
        cmocka_unit_test(a_wrong_header_checksum_stays_wrong_and_options_are_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
