/* SPDX-License-Identifier: MIT
 *
 * The three slots of session keys (protocol §5.2), row by row, and how long a keypair is good for (§5.4).
 */
#include "core/keypair.h"

#include "core/constants.h"
#include "core/device.h"
#include "two_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct two_hosts hosts;
static struct vole_device *device;
static struct keypair_slots *slots;

static int start(void **state)
{
    (void)state;
    two_hosts_start(&hosts);
    device = hosts.host[0].device;
    slots = &hosts.host[0].peer->keypairs;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    return 0;
}

/* A listed keypair as a finished handshake makes it, installed. */
static struct keypair *derive(bool initiator)
{
    struct keypair *keypair = keypair_new(device);

    assert_non_null(keypair);
    keypair->entry = (struct index_entry){.peer = hosts.host[0].peer, .kind = INDEX_KEYPAIR};
    keypair->initiator = initiator;
    keypair->birth_ns = hosts.now.boot_ns;
    atomic_init(&keypair->can_send, true);
    atomic_init(&keypair->can_receive, true);
    atomic_init(&keypair->unconfirmed, !initiator);
    assert_int_equal(
        index_insert(&device->indices, &keypair->entry, device->hooks.random, device->hooks.context), 0);
    keypair_install(device, slots, keypair);
    return keypair;
}

/* The slots hold these, and nothing else is in the index table. */
static void assert_slots(const struct keypair *previous, const struct keypair *current,
                         const struct keypair *next)
{
    int listed = (previous != NULL) + (current != NULL) + (next != NULL);

    assert_ptr_equal(slots->previous, previous);
    assert_ptr_equal(atomic_load(&slots->current), current);
    assert_ptr_equal(slots->next, next);
    assert_int_equal(index_count(&device->indices), listed);
}

static void an_initiators_key_becomes_current_and_current_previous(void **state)
{
    struct keypair *first = derive(true), *second, *third;

    (void)state;
    assert_slots(NULL, first, NULL);
    second = derive(true);
    assert_slots(first, second, NULL);
    third = derive(true); /* the first is destroyed */
    assert_slots(second, third, NULL);
}

static void an_initiators_key_makes_a_waiting_next_previous(void **state)
{
    struct keypair *previous = derive(true), *current = derive(true), *next, *new;

    (void)state;
    (void)previous;
    next = derive(false); /* destroys previous */
    assert_slots(NULL, current, next);
    slots->previous = NULL;
    new = derive(true); /* destroys current too */
    assert_slots(next, new, NULL);
}

static void an_initiators_key_with_next_and_previous_destroys_both_old_ones(void **state)
{
    struct keypair *next, *new;

    (void)state;
    derive(true);
    next = derive(false);
    assert_true(keypair_confirm(device, slots, next)); /* first is previous, next is current */
    next = derive(false);
    assert_null(slots->previous);
    new = derive(true);
    assert_slots(next, new, NULL);
}

static void a_responders_key_waits_in_next_and_destroys_previous(void **state)
{
    struct keypair *current, *next, *another;

    (void)state;
    derive(true);
    current = derive(true);
    next = derive(false);
    assert_slots(NULL, current, next);
    another = derive(false); /* the old next is destroyed */
    assert_slots(NULL, current, another);
}

static void the_first_data_on_next_makes_it_current(void **state)
{
    struct keypair *current = derive(true), *next = derive(false);

    (void)state;
    assert_true(keypair_confirm(device, slots, next));
    assert_slots(current, next, NULL);
    assert_false(keypair_confirm(device, slots, next)); /* once */
    assert_false(keypair_confirm(device, slots, current));
    assert_false(keypair_confirm(device, slots, NULL));
    assert_slots(current, next, NULL);
}

static void the_first_data_on_next_without_a_current_leaves_no_previous(void **state)
{
    struct keypair *next = derive(false);

    (void)state;
    assert_slots(NULL, NULL, next);
    assert_true(keypair_confirm(device, slots, next));
    assert_slots(NULL, next, NULL);
}

static void erasing_empties_all_slots_and_the_index_table(void **state)
{
    (void)state;
    derive(true);
    derive(false);
    keypair_erase_all(device, slots);
    assert_slots(NULL, NULL, NULL);
    keypair_erase_all(device, slots);
}

static void stopping_touches_only_the_sending_of_current_and_next(void **state)
{
    struct keypair *previous = derive(false), *current, *next;

    (void)state;
    assert_true(keypair_confirm(device, slots, previous));
    current = derive(true);
    assert_slots(previous, current, NULL);
    keypair_stop_sending(slots);
    assert_true(atomic_load(&previous->can_send));
    assert_false(atomic_load(&current->can_send));
    assert_true(atomic_load(&current->can_receive));
    next = derive(false);
    keypair_stop_sending(slots);
    assert_false(atomic_load(&next->can_send));
    assert_true(atomic_load(&next->can_receive));
}

static void a_key_is_good_until_180_s(void **state)
{
    struct keypair *keypair = derive(true);
    uint64_t birth = hosts.now.boot_ns;

    (void)state;
    assert_true(keypair_can_send(keypair, birth + 180 * SECOND - 1));
    assert_false(keypair_can_send(keypair, birth + 180 * SECOND));
    assert_true(keypair_can_receive(keypair, birth + 180 * SECOND - 1));
    assert_false(keypair_can_receive(keypair, birth + 180 * SECOND));
    assert_false(keypair_can_receive(keypair, birth)); /* not again, whatever the clock says */
    assert_false(keypair_can_send(NULL, birth));
}

static void counters_are_handed_out_once_and_up_to_the_limit(void **state)
{
    struct keypair *keypair = derive(true);
    uint64_t first;

    (void)state;
    assert_true(keypair_reserve(keypair, 1, &first));
    assert_int_equal(first, 0);
    assert_true(keypair_reserve(keypair, 128, &first));
    assert_int_equal(first, 1);
    assert_true(keypair_reserve(keypair, 1, &first));
    assert_int_equal(first, 129);
    atomic_store(&keypair->sending_counter, REJECT_AFTER_MESSAGES - 5);
    assert_true(keypair_reserve(keypair, 5, &first)); /* the last five */
    assert_int_equal(first, REJECT_AFTER_MESSAGES - 5);
    assert_false(keypair_can_send(keypair, hosts.now.boot_ns));
    assert_false(keypair_reserve(keypair, 1, &first));
    assert_false(atomic_load(&keypair->can_send));
}

static void counters_of_an_aborted_batch_are_lost(void **state)
{
    struct keypair *keypair = derive(true);
    uint64_t first;

    (void)state;
    atomic_store(&keypair->sending_counter, REJECT_AFTER_MESSAGES - 5);
    assert_false(keypair_reserve(keypair, 6, &first));
    assert_false(atomic_load(&keypair->can_send));
    assert_int_equal(atomic_load(&keypair->sending_counter), REJECT_AFTER_MESSAGES + 1);
}

/* Real handshakes until each of the three slots holds a live key: all of them receive. */
static void data_is_accepted_under_previous_current_and_next(void **state)
{
    struct datagram under[3];

    (void)state;
    hosts.connected = false;
    for (int i = 0; i < 3; i++) {
        two_hosts_advance(&hosts, 10 * SECOND);
        vole_peer_handshake(hosts.host[1].peer, &hosts.now); /* host 0 responds each time */
        two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, INITIATION));
        two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, RESPONSE));
        two_hosts_send(&hosts, 1);
        under[i] = *two_hosts_last(&hosts, 1, TRANSPORT);
        if (i < 2) /* the keepalive before confirms all but the last */
            two_hosts_receive(&hosts, 0,
                              two_hosts_nth(&hosts, 1, TRANSPORT, two_hosts_count(&hosts, 1, TRANSPORT) - 2));
    }
    assert_null(slots->previous); /* destroyed by the responder's last derivation */
    assert_int_equal(two_hosts_receive(&hosts, 0, &under[0]), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_UNKNOWN_INDEX);
    assert_int_equal(two_hosts_receive(&hosts, 0, &under[1]), VOLE_DELIVERED); /* current */
    assert_int_equal(two_hosts_receive(&hosts, 0, &under[2]), VOLE_DELIVERED); /* next, now current */
    two_hosts_send(&hosts, 1);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, TRANSPORT)), VOLE_DELIVERED);
    assert_non_null(slots->previous);
    under[1].bytes[8]++; /* another counter: known index, but forged */
    assert_int_equal(two_hosts_receive(&hosts, 0, &under[1]), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_DATA_UNREADABLE);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_initiators_key_becomes_current_and_current_previous),
        TEST(an_initiators_key_makes_a_waiting_next_previous),
        TEST(an_initiators_key_with_next_and_previous_destroys_both_old_ones),
        TEST(a_responders_key_waits_in_next_and_destroys_previous),
        TEST(the_first_data_on_next_makes_it_current),
        TEST(the_first_data_on_next_without_a_current_leaves_no_previous),
        TEST(erasing_empties_all_slots_and_the_index_table),
        TEST(stopping_touches_only_the_sending_of_current_and_next),
        TEST(a_key_is_good_until_180_s),
        TEST(counters_are_handed_out_once_and_up_to_the_limit),
        TEST(counters_of_an_aborted_batch_are_lost),
        TEST(data_is_accepted_under_previous_current_and_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
