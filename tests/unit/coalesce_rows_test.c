/* SPDX-License-Identifier: MIT
 *
 * Coalescing, packet by packet (offload §5): what is merged, and what each row of the table forbids.
 */
#include "packet/bytes.h"

#include "coalesce_batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void consecutive_packets_become_one(void **state)
{
    (void)state;
    for (size_t family = 0; family < 4; family++) {
        batch_start(true, true);
        struct packet_plan plan =
            packet_plan_default(batch_families[family].version, batch_families[family].protocol);
        memset(plan.tcp_options, 1, 12);
        plan.tcp_option_bytes = 12;
        batch_add(&plan);
        plan = packet_plan_after(&plan);
        batch_add(&plan);
        plan = packet_plan_after(&plan);
        plan.payload_bytes = 700;
        batch_add(&plan);
        batch_expect("0 1 2");
        assert_int_equal(batch_groups[0].kind, batch_families[family].kind);
        assert_int_equal(batch_groups[0].segment_bytes, 1400);
        assert_int_equal(batch_groups[0].bytes, packet_header_bytes(&plan) + 3500);
    }
}

static void nothing_is_merged_where_the_tun_cannot(void **state)
{
    (void)state;
    for (size_t family = 0; family < 4; family++)
        for (int switches = 0; switches < 4; switches++) {
            bool tcp = switches & 1, udp = switches & 2;
            batch_start(tcp, udp);
            struct packet_plan plan =
                packet_plan_default(batch_families[family].version, batch_families[family].protocol);
            batch_add(&plan);
            plan = packet_plan_after(&plan);
            batch_add(&plan);
            batch_expect((plan.protocol == PACKET_TCP ? tcp : udp) ? "0 1" : "0|1");
        }
}

/* Each row changes the second packet (or both) so that it must not be merged. */
struct rejection {
    const char *name;
    char families;   /* t, u, or * for both */
    uint8_t version; /* 0: both */
    void (*change)(struct packet_plan *first, struct packet_plan *second);
};

#define REJECTION(name, statement)                                                                           \
    static void name(struct packet_plan *first, struct packet_plan *second)                                  \
    {                                                                                                        \
        (void)first, (void)second;                                                                           \
        statement;                                                                                           \
    }

REJECTION(other_source, second->source = 9)
REJECTION(other_destination, second->destination = 9)
REJECTION(other_source_port, second->source_port++)
REJECTION(other_destination_port, second->destination_port++)
REJECTION(other_acknowledgement, second->acknowledgement++)
REJECTION(other_traffic_class, second->traffic_class ^= 4)
REJECTION(other_ecn, second->traffic_class ^= 3)
REJECTION(other_hop_limit, second->hop_limit--)
REJECTION(other_flow_label, second->flow_label++)
REJECTION(other_dont_fragment, second->fragment_field ^= PACKET_DF)
REJECTION(other_reserved_bit, second->fragment_field ^= 0x8000)
REJECTION(more_fragments, second->fragment_field = PACKET_FRAGMENTS)
REJECTION(first_more_fragments, first->fragment_field = PACKET_FRAGMENTS)
REJECTION(fragment_offset, second->fragment_field = 5)
REJECTION(internet_options, second->ip_option_bytes = 8)
REJECTION(internet_options_in_both, first->ip_option_bytes = second->ip_option_bytes = 8)
REJECTION(more_options, second->tcp_option_bytes = 4)
REJECTION(other_options, (first->tcp_option_bytes = second->tcp_option_bytes = 8, second->tcp_options[7] = 1))
REJECTION(other_window, second->window++)
REJECTION(other_urgent, second->urgent++)
REJECTION(gap, second->sequence++)
REJECTION(overlap, second->sequence--)
REJECTION(same_again, second->sequence = first->sequence)
REJECTION(larger, second->payload_bytes = first->payload_bytes + 1)
REJECTION(empty_second, second->payload_bytes = 0)
REJECTION(empty_first, (first->payload_bytes = 0, second->sequence = first->sequence))
REJECTION(first_pushed, first->flags |= PACKET_PSH)
REJECTION(no_acknowledgement, first->flags = second->flags = 0)
REJECTION(second_finishes, second->flags |= PACKET_FIN)
REJECTION(first_finishes, first->flags |= PACKET_FIN)
REJECTION(synchronise, second->flags |= 0x02)
REJECTION(reset, second->flags |= 0x04)
REJECTION(urgent_flag, second->flags |= 0x20)
REJECTION(congestion_echo, second->flags |= 0x40)
REJECTION(congestion_echo_in_both, (first->flags |= 0x40, second->flags |= 0x40))
REJECTION(window_reduced, second->flags |= PACKET_CWR)
REJECTION(reserved_bit, (first->reserved = second->reserved = 1))

static void every_row_of_the_table_forbids_merging(void **state)
{
    (void)state;
    const struct rejection rows[] = {
        {"other source", '*', 0, other_source},
        {"other destination", '*', 0, other_destination},
        {"other source port", '*', 0, other_source_port},
        {"other destination port", '*', 0, other_destination_port},
        {"other acknowledgement", 't', 0, other_acknowledgement},
        {"other traffic class", '*', 0, other_traffic_class},
        {"other ECN", '*', 0, other_ecn},
        {"other TTL", '*', 0, other_hop_limit},
        {"other flow label", '*', 6, other_flow_label},
        {"other DF", '*', 4, other_dont_fragment},
        {"other reserved bit", '*', 4, other_reserved_bit},
        {"more fragments", '*', 4, more_fragments},
        {"more fragments in the first", '*', 4, first_more_fragments},
        {"fragment offset", '*', 4, fragment_offset},
        {"options or extension header", '*', 0, internet_options},
        {"options or extension header in both", '*', 0, internet_options_in_both},
        {"longer TCP header", 't', 0, more_options},
        {"other TCP options", 't', 0, other_options},
        {"other window", 't', 0, other_window},
        {"other urgent pointer", 't', 0, other_urgent},
        {"gap", 't', 0, gap},
        {"overlap", 't', 0, overlap},
        {"repetition", 't', 0, same_again},
        {"larger segment", '*', 0, larger},
        {"no payload", '*', 0, empty_second},
        {"no payload in the first", '*', 0, empty_first},
        {"PSH in the first", 't', 0, first_pushed},
        {"no ACK", 't', 0, no_acknowledgement},
        {"FIN", 't', 0, second_finishes},
        {"FIN in the first", 't', 0, first_finishes},
        {"SYN", 't', 0, synchronise},
        {"RST", 't', 0, reset},
        {"URG", 't', 0, urgent_flag},
        {"ECE", 't', 0, congestion_echo},
        {"ECE in both", 't', 0, congestion_echo_in_both},
        {"CWR", 't', 0, window_reduced},
        {"reserved TCP bit", 't', 0, reserved_bit},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++)
        for (size_t family = 0; family < 4; family++) {
            char letter = batch_families[family].protocol == PACKET_TCP ? 't' : 'u';
            if ((rows[row].families != '*' && rows[row].families != letter) ||
                (rows[row].version != 0 && rows[row].version != batch_families[family].version))
                continue;
            batch_start(true, true);
            struct packet_plan first =
                packet_plan_default(batch_families[family].version, batch_families[family].protocol);
            struct packet_plan second = packet_plan_after(&first);
            rows[row].change(&first, &second);
            batch_add(&first);
            batch_add(&second);
            assert_int_equal(batch_flush(), 0);
            if (batch_group_count != 2)
                fail_msg("%s was merged (IPv%u, %c)", rows[row].name, batch_families[family].version, letter);
            assert_int_equal(batch_groups[0].slots[0], 0);
        }
}

static void damaged_packets_are_written_alone(void **state)
{
    (void)state;
    for (size_t family = 0; family < 4; family++) {
        struct packet_plan plans[5];
        plans[0] = packet_plan_default(batch_families[family].version, batch_families[family].protocol);
        for (int i = 1; i < 5; i++)
            plans[i] = packet_plan_after(&plans[i - 1]);
        size_t last_byte = packet_header_bytes(plans) + plans[0].payload_bytes - 1;
        batch_start(true, true);
        batch_add_damaged(&plans[0], last_byte);
        batch_add(&plans[1]);
        batch_add(&plans[2]);
        batch_add_damaged(&plans[3], packet_checksum_position(plans));
        batch_add(&plans[4]);
        batch_expect("0|1 2|3|4");
        batch_start(true, true);
        batch_add(&plans[0]);
        batch_add_damaged(&plans[1], last_byte);
        batch_add_damaged(&plans[2], last_byte);
        batch_add(&plans[3]);
        batch_add(&plans[4]);
        batch_expect("0|1|2|3 4");
    }
}

/* The merged header gets a checksum of its own, which would heal the damage. */
static void a_damaged_ipv4_header_is_written_alone(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP), second = packet_plan_after(&plan),
                       third = packet_plan_after(&second);
    batch_add_damaged(&plan, 4); /* identification: covered by nothing else */
    batch_add(&second);
    batch_add(&third);
    batch_expect("0|1 2");
}

static void udp_without_checksum_is_written_alone(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_UDP);
    for (int i = 0; i < 2; i++) {
        batch_slot_lengths[batch_slot_count] = packet_build(batch_slots[batch_slot_count], &plan);
        memset(batch_slots[batch_slot_count] + 26, 0, 2);
        assert_true(
            coalesce_add(&batch, batch_slots[batch_slot_count], batch_slot_lengths[batch_slot_count]));
        batch_slot_count++;
    }
    batch_expect("0|1");
}

/* Trailing bytes that UDP does not count, in packets whose checksum over everything is right. */
static void udp_lengths_must_agree(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_UDP);
    for (int i = 0; i < 2; i++) {
        uint8_t *slot = batch_slots[batch_slot_count];
        batch_slot_lengths[batch_slot_count] = packet_build(slot, &plan);
        bytes_store_be16(slot + 24, (uint16_t)(bytes_load_be16(slot + 24) - 1));
        bytes_store_be16(slot + 26, (uint16_t)(bytes_load_be16(slot + 26) + 1));
        uint32_t sum =
            packet_sum(packet_pseudo_sum(&plan), slot + 20, batch_slot_lengths[batch_slot_count] - 20);
        assert_int_equal(packet_fold(sum), 0xffff);
        assert_true(coalesce_add(&batch, slot, batch_slot_lengths[batch_slot_count]));
        batch_slot_count++;
    }
    batch_expect("0|1");
}

/* The sequence number of what cannot be merged is not kept, and must not be taken for 0. */
static void nothing_joins_a_packet_that_cannot_be_merged(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP), ends_at_zero = plan, starts_at_zero = plan;
    plan.flags |= PACKET_FIN;
    ends_at_zero.sequence = (uint32_t)-1400;
    starts_at_zero.sequence = 0;
    batch_add(&plan);
    batch_add(&ends_at_zero);
    batch_expect("0|1");
    batch_add(&plan);
    batch_add(&starts_at_zero);
    batch_expect("0|1");
}

/* Packets that claim to be shorter than they are, with a checksum over everything. */
static void padding_is_not_merged(void **state)
{
    (void)state;
    for (uint8_t version = 4; version <= 6; version += 2) {
        batch_start(true, true);
        struct packet_plan plan = packet_plan_default(version, PACKET_TCP);
        for (int i = 0; i < 2; i++) {
            uint8_t *slot = batch_slots[batch_slot_count], *field = slot + (version == 4 ? 2 : 4);
            size_t length = packet_build(slot, &plan);
            bytes_store_be16(field, (uint16_t)(bytes_load_be16(field) - 1));
            if (version == 4)
                bytes_store_be16(slot + 10, (uint16_t)(bytes_load_be16(slot + 10) + 1));
            assert_int_equal(packet_fold(packet_sum(0, slot, 20)) == 0xffff, version == 4);
            batch_slot_lengths[batch_slot_count++] = length;
            assert_true(coalesce_add(&batch, slot, length));
            plan = packet_plan_after(&plan);
        }
        batch_expect("0|1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consecutive_packets_become_one),
        cmocka_unit_test(nothing_is_merged_where_the_tun_cannot),
        cmocka_unit_test(every_row_of_the_table_forbids_merging),
        cmocka_unit_test(damaged_packets_are_written_alone),
        cmocka_unit_test(a_damaged_ipv4_header_is_written_alone),
        cmocka_unit_test(udp_without_checksum_is_written_alone),
        cmocka_unit_test(udp_lengths_must_agree),
        cmocka_unit_test(padding_is_not_merged),
        cmocka_unit_test(nothing_joins_a_packet_that_cannot_be_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
