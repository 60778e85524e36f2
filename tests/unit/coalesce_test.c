/* SPDX-License-Identifier: MIT
 *
 * Coalescing, batch by batch (offload §5): where groups begin and end, in which order they are written, what
 * limits them, and that random interleaved flows come back as they went in.
 */
#include "packet/bytes.h"

#include "coalesce_batch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The protocols have no sequence, so the table's other order rows are TCP's alone. */
static void a_shorter_packet_ends_the_group(void **state)
{
    (void)state;
    for (size_t family = 0; family < 4; family++) {
        batch_start(true, true);
        struct packet_plan plan =
            packet_plan_default(batch_families[family].version, batch_families[family].protocol);
        batch_add(&plan);
        plan = packet_plan_after(&plan);
        plan.payload_bytes = 1399;
        batch_add(&plan);
        for (int i = 0; i < 2; i++) {
            plan = packet_plan_after(&plan);
            batch_add(&plan);
        }
        batch_expect("0 1|2 3");
    }
}

static void push_is_last_and_shown_in_the_merged_header(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP);
    batch_add(&plan);
    plan = packet_plan_after(&plan);
    plan.flags |= PACKET_PSH;
    batch_add(&plan);
    plan = packet_plan_after(&plan);
    plan.flags = PACKET_ACK;
    batch_add(&plan);
    plan = packet_plan_after(&plan);
    batch_add(&plan);
    batch_expect("0 1|2 3");
    assert_int_equal(batch_groups[0].flags, PACKET_ACK | PACKET_PSH);
    assert_int_equal(batch_groups[1].flags, PACKET_ACK);
}

static void a_late_segment_goes_in_front(void **state)
{
    (void)state;
    for (uint8_t version = 4; version <= 6; version += 2) {
        batch_start(true, true);
        struct packet_plan plan = packet_plan_default(version, PACKET_TCP);
        struct packet_plan second = packet_plan_after(&plan), third = packet_plan_after(&second);
        batch_add(&third);
        batch_add(&second);
        batch_add(&plan);
        batch_expect("2 1 0");
        plan.sequence = (uint32_t)-1400; /* the sequence number wraps between the two */
        second = packet_plan_after(&plan);
        batch_add(&second);
        batch_add(&plan);
        batch_expect("1 0");
    }
}

static void a_larger_segment_goes_in_front_of_one_but_not_of_two(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP), small = packet_plan_after(&plan);
    small.payload_bytes = 500;
    struct packet_plan more = packet_plan_after(&small);
    more.payload_bytes = 100;
    batch_add(&small);
    batch_add(&plan);
    batch_add(&more);
    batch_expect("1 0|2"); /* and then it is complete */
    assert_int_equal(batch_groups[0].segment_bytes, 1400);
    batch_add(&small);
    batch_add(&more);
    batch_add(&plan);
    batch_expect("0 1|2");
}

static void a_shorter_or_pushed_segment_does_not_go_in_front(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP);
    plan.payload_bytes = 1000;
    struct packet_plan second = packet_plan_after(&plan);
    second.payload_bytes = 1001;
    batch_add(&second);
    batch_add(&plan);
    batch_expect("0|1");
    second.payload_bytes = 1000;
    plan.flags |= PACKET_PSH;
    batch_add(&second);
    batch_add(&plan);
    batch_expect("0|1");
    plan.flags = PACKET_ACK;
    second.flags |= PACKET_PSH; /* a group with PSH takes no more, not in front either */
    batch_add(&second);
    batch_add(&plan);
    batch_expect("0|1");
}

static void udp_never_goes_in_front_and_only_to_the_newest_group(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_UDP), larger = plan;
    larger.payload_bytes = 1401;
    batch_add(&plan);
    batch_add(&larger);
    batch_add(&larger);
    batch_add(&plan);
    batch_add(&plan);
    batch_expect("0|1 2 3|4"); /* 4 would fit behind 0, but would overtake */
}

static void a_merged_packet_never_exceeds_65535_bytes(void **state)
{
    (void)state;
    for (size_t family = 0; family < 4; family++) {
        batch_start(true, true);
        struct packet_plan plan =
            packet_plan_default(batch_families[family].version, batch_families[family].protocol);
        size_t headers = packet_header_bytes(&plan);
        size_t fitting = (65535 - headers) / 1400;
        for (size_t i = 0; i < fitting + 3; i++) {
            batch_add(&plan);
            plan = packet_plan_after(&plan);
        }
        assert_int_equal(batch_flush(), 0);
        assert_int_equal(batch_group_count, 2);
        assert_int_equal(batch_groups[0].count, fitting);
        assert_int_equal(batch_groups[0].bytes, headers + fitting * 1400);
    }
}

static void exactly_65535_bytes_are_allowed(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP);
    plan.payload_bytes = 1310;
    for (int i = 0; i < 50; i++) { /* 49 * 1310 + 1305 = 65495 = 65535 - 40 */
        if (i == 49)
            plan.payload_bytes = 1305;
        batch_add(&plan);
        plan = packet_plan_after(&plan);
    }
    assert_int_equal(batch_flush(), 0);
    assert_int_equal(batch_group_count, 1);
    assert_int_equal(batch_groups[0].bytes, 65535);
    plan = packet_plan_default(4, PACKET_TCP);
    plan.payload_bytes = 1310;
    for (int i = 0; i < 50; i++) {
        if (i == 49)
            plan.payload_bytes = 1306;
        batch_add(&plan);
        plan = packet_plan_after(&plan);
    }
    assert_int_equal(batch_flush(), 0);
    assert_int_equal(batch_group_count, 2);
}

static void udp_groups_have_a_limited_number_of_datagrams(void **state)
{
    (void)state;
    for (unsigned limit = 64; limit <= 128; limit += 64) {
        batch_start(true, true);
        if (limit != 64)
            batch.udp_segments = (uint16_t)limit;
        struct packet_plan plan = packet_plan_default(6, PACKET_UDP);
        plan.payload_bytes = 10;
        for (size_t i = 0; i < BATCH_MOST; i++)
            batch_add(&plan);
        assert_int_equal(batch_flush(), 0);
        assert_int_equal(batch_group_count, BATCH_MOST / limit);
        for (size_t group = 0; group < batch_group_count; group++)
            assert_int_equal(batch_groups[group].count, limit);
    }
}

static void a_full_batch_refuses_and_goes_on_after_a_flush(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP);
    plan.payload_bytes = 1;
    for (size_t i = 0; i < BATCH_MOST; i++) {
        batch_add(&plan);
        plan = packet_plan_after(&plan);
    }
    assert_false(coalesce_add(&batch, batch_slots[0], batch_slot_lengths[0]));
    assert_int_equal(batch_flush(), 0);
    assert_int_equal(batch_group_count, 1);
    assert_int_equal(batch_groups[0].count, BATCH_MOST);
    batch_add(&plan);
    batch_expect("0");
    batch_expect("");
}

/* Flows that differ in one thing each, so many that they meet in the table, which is a quarter full. */
static struct packet_plan flow_number(size_t number, int difference)
{
    struct packet_plan plan =
        packet_plan_default(number % 2 ? 4 : 6, number % 4 < 2 ? PACKET_UDP : PACKET_TCP);
    plan.payload_bytes = 20;
    if (difference == 0)
        plan.source_port = (uint16_t)(1000 + number / 4);
    else if (difference == 1)
        plan.destination_port = (uint16_t)(1000 + number / 4);
    else if (difference == 2)
        plan.source = (uint8_t)(number / 4);
    else
        plan.destination = (uint8_t)(number / 4);
    return plan;
}

static void many_flows_at_once_are_kept_apart(void **state)
{
    (void)state;
    for (int difference = 0; difference < 4; difference++) {
        batch_start(true, true);
        for (size_t i = 0; i < BATCH_MOST; i++) {
            struct packet_plan plan = flow_number(i % (BATCH_MOST / 2), difference);
            if (i >= BATCH_MOST / 2)
                plan = packet_plan_after(&plan);
            batch_add(&plan);
        }
        assert_int_equal(batch_flush(), 0);
        assert_int_equal(batch_group_count, BATCH_MOST / 2);
        for (size_t group = 0; group < batch_group_count; group++) {
            assert_int_equal(batch_groups[group].count, 2);
            assert_int_equal(batch_groups[group].slots[0], group);
            assert_int_equal(batch_groups[group].slots[1], group + BATCH_MOST / 2);
        }
    }
}

/* The same with every packet a flow of its own: nothing may be merged however often they meet. */
static void as_many_flows_as_packets(void **state)
{
    (void)state;
    for (int difference = 0; difference < 4; difference++) {
        batch_start(true, true);
        for (size_t i = 0; i < BATCH_MOST; i++) {
            struct packet_plan plan = flow_number(i, difference);
            plan.sequence += (uint32_t)(i / 4 * 20); /* it would continue its neighbour */
            batch_add(&plan);
        }
        assert_int_equal(batch_flush(), 0);
        assert_int_equal(batch_group_count, BATCH_MOST);
    }
}

static void all_groups_are_written_and_the_first_error_comes_back(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP);
    for (int i = 0; i < 4; i++) {
        plan.source_port++;
        batch_add(&plan);
    }
    batch_results[1] = -EINVAL;
    batch_results[2] = -EIO;
    assert_int_equal(batch_flush(), -EINVAL);
    assert_int_equal(batch_group_count, 4);
}

static void an_unmergeable_packet_is_not_overtaken(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_TCP), finish = plan,
                       fits = packet_plan_after(&plan);
    struct packet_plan acknowledgement = fits;
    finish.sequence += 5000;
    finish.flags |= PACKET_FIN;
    acknowledgement.payload_bytes = 0;
    batch_add(&plan);
    batch_add(&finish);
    batch_add(&fits);
    batch_expect("0|1|2");
    batch_add(&plan);
    batch_add(&acknowledgement);
    batch_add(&fits);
    batch_expect("0|1|2");
}

/* Of a fragment the flow is not known, so nothing is moved across it; other protocols are no obstacle. */
static void fragments_are_a_barrier_and_pings_are_not(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_plan plan = packet_plan_default(4, PACKET_UDP), fragment = plan, ping = plan;
    fragment.fragment_field = 5;
    ping.protocol = 1; /* with something in it that looks like the flow's ports */
    batch_add(&plan);
    batch_add(&fragment);
    batch_add(&plan);
    batch_add(&plan);
    batch_add(&ping);
    batch_add(&plan);
    batch_expect("0|1|2 3 5|4");
}

static void damaged_and_foreign_bytes_are_passed_on(void **state)
{
    (void)state;
    batch_start(true, true);
    struct packet_random random = {.state = 9};
    for (int round = 0; round < 40000; round++) {
        struct packet_plan plan = packet_plan_default(round % 2 ? 4 : 6, round % 3 ? PACKET_TCP : PACKET_UDP);
        plan.payload_bytes = packet_random_below(&random, 20);
        plan.ip_option_bytes = (size_t)packet_random_below(&random, 3) * 8;
        uint8_t *slot = batch_slots[batch_slot_count];
        size_t length = packet_build(slot, &plan);
        for (uint32_t changes = packet_random_below(&random, 4); changes > 0; changes--)
            slot[packet_random_below(&random, (uint32_t)length)] = (uint8_t)packet_random_next(&random);
        length = packet_random_below(&random, 4) ? length : packet_random_below(&random, (uint32_t)length);
        /* An exact copy lets the address sanitizer see reads beyond it. */
        uint8_t *exact = malloc(length > 0 ? length : 1);
        assert_non_null(exact);
        memcpy(exact, slot, length);
        batch_slot_lengths[batch_slot_count] = length;
        assert_true(coalesce_add(&batch, slot, length));
        batch_slot_count++;
        static struct coalesce other;
        coalesce_init(&other, true, true);
        assert_true(coalesce_add(&other, exact, length));
        assert_true(coalesce_add(&other, exact, length));
        free(exact);
        if (batch_slot_count == BATCH_MOST)
            assert_int_equal(batch_flush(), 0);
    }
}

/* What a slot of the random test holds. */
struct random_slot {
    size_t flow;
    bool fragment;
};

static struct random_slot described[BATCH_MOST];

static void add_random(struct packet_random *random, struct packet_plan *flows, size_t flow, bool reorder)
{
    struct packet_plan *plan = &flows[flow], packet = *plan;
    packet.payload = plan->payload + packet_random_below(random, 50);
    uint32_t chance = packet_random_below(random, 30);
    if (chance == 0)
        packet.flags |= PACKET_PSH;
    else if (chance == 1)
        packet.flags |= PACKET_FIN;
    else if (chance == 2)
        packet.payload_bytes = 0;
    else if (chance == 3)
        packet.payload_bytes = 1 + packet_random_below(random, 900);
    else if (chance == 4)
        packet.hop_limit--;
    else if (chance == 5 && packet.version == 4)
        packet.fragment_field = PACKET_FRAGMENTS;
    else if (chance == 6)
        packet.ip_option_bytes = 8;
    described[batch_slot_count] =
        (struct random_slot){.flow = flow, .fragment = packet.fragment_field == PACKET_FRAGMENTS};
    *plan = packet_plan_after(plan);
    plan->sequence = packet.sequence + (uint32_t)packet.payload_bytes;
    if (reorder && packet_random_below(random, 8) == 0) {
        packet.sequence = plan->sequence; /* sent before its predecessor, which comes next */
        plan->sequence = packet.sequence - (uint32_t)packet.payload_bytes;
    }
    if (chance == 7)
        batch_add_damaged(&packet, packet_header_bytes(&packet) + packet.payload_bytes - 1);
    else
        batch_add(&packet);
}

/* No packet is written before an earlier one of its flow, or of a fragment between the same hosts. */
static void expect_order(bool reorder)
{
    size_t place[BATCH_MOST], next = 0;
    for (size_t group = 0; group < batch_group_count; group++)
        for (size_t i = 0; i < batch_groups[group].count; i++)
            place[batch_groups[group].slots[i]] = next++;
    for (size_t later = 0; later < next; later++)
        for (size_t earlier = 0; earlier < later; earlier++) {
            bool same = described[later].flow == described[earlier].flow;
            bool fragment = described[later].fragment || described[earlier].fragment;
            bool tcp = described[later].flow % 2 == 0 && same;
            if ((same && !(tcp && reorder)) || fragment)
                assert_true(place[earlier] < place[later]);
        }
}

static void random_interleaved_flows_come_back_in_order(void **state)
{
    (void)state;
    struct packet_random random = {.state = 10};
    static uint8_t payload[2000];
    packet_random_fill(&random, payload, sizeof payload);
    size_t merged = 0, total = 0;
    for (int round = 0; round < 300; round++) {
        bool reorder = round % 2;
        size_t flow_count = 1 + packet_random_below(&random, 12);
        struct packet_plan flows[12];
        for (size_t flow = 0; flow < flow_count; flow++) {
            flows[flow] = packet_plan_default(flow % 4 < 2 ? 4 : 6, flow % 2 ? PACKET_UDP : PACKET_TCP);
            flows[flow].source_port = (uint16_t)(2000 + flow);
            flows[flow].sequence = packet_random_next(&random);
            flows[flow].payload = payload;
            flows[flow].payload_bytes = 1 + packet_random_below(&random, 1000);
        }
        batch_start(true, true);
        size_t count = 1 + packet_random_below(&random, BATCH_MOST);
        while (batch_slot_count < count)
            add_random(&random, flows, packet_random_below(&random, (uint32_t)flow_count), reorder);
        assert_int_equal(batch_flush(), 0);
        expect_order(reorder);
        total += count;
        merged += count - batch_group_count;
    }
    assert_true(merged > total / 3); /* it is worth it even so */
}

static void the_batch_fits_the_first_cache(void **state)
{
    (void)state;
    assert_true(sizeof(struct coalesce) < 32768);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shorter_packet_ends_the_group),
        cmocka_unit_test(push_is_last_and_shown_in_the_merged_header),
        cmocka_unit_test(a_late_segment_goes_in_front),
        cmocka_unit_test(a_larger_segment_goes_in_front_of_one_but_not_of_two),
        cmocka_unit_test(a_shorter_or_pushed_segment_does_not_go_in_front),
        cmocka_unit_test(udp_never_goes_in_front_and_only_to_the_newest_group),
        cmocka_unit_test(a_merged_packet_never_exceeds_65535_bytes),
        cmocka_unit_test(exactly_65535_bytes_are_allowed),
        cmocka_unit_test(udp_groups_have_a_limited_number_of_datagrams),
        cmocka_unit_test(a_full_batch_refuses_and_goes_on_after_a_flush),
        cmocka_unit_test(many_flows_at_once_are_kept_apart),
        cmocka_unit_test(as_many_flows_as_packets),
        cmocka_unit_test(all_groups_are_written_and_the_first_error_comes_back),
        cmocka_unit_test(an_unmergeable_packet_is_not_overtaken),
        cmocka_unit_test(fragments_are_a_barrier_and_pings_are_not),
        cmocka_unit_test(damaged_and_foreign_bytes_are_passed_on),
        cmocka_unit_test(random_interleaved_flows_come_back_in_order),
        cmocka_unit_test(the_batch_fits_the_first_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
