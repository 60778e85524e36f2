/* SPDX-License-Identifier: MIT
 *
 * The five timers and the event table (timers §1, §2): what arms each, what stops it, what it does when it
 * expires, on two hosts in virtual time. Retries and giving up are in retry_test, rekeying in rekey_test,
 * keepalives in keepalive_test.
 */
#include "two_hosts_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint32_t no_jitter = 0, most_jitter = 332999999;

/* How long after this moment the first datagram of this kind by this host left. */
static uint64_t first_after(uint64_t moment_ns, int from, int type)
{
    return two_hosts_nth(&hosts, from, type, 0)->at_ns - moment_ns;
}

/* ---- retransmit-handshake ---- */

static void retransmit_comes_5_s_after_the_initiation(void **state)
{
    uint64_t began = hosts.now.monotonic_ns;

    (void)state;
    hosts.host[0].cut = true;
    hosts.host[0].jitter_ns = &no_jitter;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 5 * SECOND - 1);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    two_hosts_wait(&hosts, 1);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 2);
    assert_int_equal(two_hosts_last(&hosts, 0, INITIATION)->at_ns, began + 5 * SECOND);
}

static void retransmit_is_late_by_its_jitter(void **state)
{
    uint64_t began = hosts.now.monotonic_ns;

    (void)state;
    hosts.host[0].cut = true;
    hosts.host[0].jitter_ns = &most_jitter;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 6 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 2);
    assert_int_equal(two_hosts_last(&hosts, 0, INITIATION)->at_ns, began + 5 * SECOND + most_jitter);
}

static void retransmit_jitter_is_below_a_third_of_a_second_and_not_always_the_same(void **state)
{
    uint64_t gap, first_gap = 0;
    bool differs = false;

    (void)state;
    hosts.host[0].cut = true;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 110 * SECOND);
    for (size_t i = 1; i < two_hosts_count(&hosts, 0, INITIATION); i++) {
        gap = two_hosts_nth(&hosts, 0, INITIATION, i)->at_ns -
              two_hosts_nth(&hosts, 0, INITIATION, i - 1)->at_ns;
        assert_true(gap >= 5 * SECOND && gap < 5 * SECOND + SECOND / 3);
        first_gap = i == 1 ? gap : first_gap;
        differs = differs || gap != first_gap;
    }
    assert_true(differs);
}

static void retransmit_is_armed_though_the_network_refused(void **state)
{
    (void)state;
    hosts.host[0].send_error = -101;
    two_hosts_send(&hosts, 0);
    assert_int_equal(hosts.host[0].refused, 1);
    assert_int_equal(vole_peer_drops(hosts.host[0].peer, VOLE_DROP_SEND_FAILED), 1);
    hosts.host[0].send_error = 0;
    two_hosts_wait(&hosts, 6 * SECOND);
    assert_true(two_hosts_peer(&hosts, 0).has_session);
    assert_int_equal(hosts.host[1].delivered, 1);
}

static void retransmit_stops_when_the_response_comes(void **state)
{
    (void)state;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 60 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_HANDSHAKE_COMPLETE], 1);
}

static void retransmit_of_a_responder_stops_when_the_key_is_confirmed(void **state)
{
    (void)state;
    hosts.host[1].cut = true;
    vole_peer_handshake(hosts.host[1].peer, &hosts.now); /* lost: its retransmit runs */
    two_hosts_wait(&hosts, SECOND);
    hosts.host[1].cut = false;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_wait(&hosts, 60 * SECOND);
    assert_int_equal(hosts.host[1].events[VOLE_EVENT_HANDSHAKE_COMPLETE], 1);
    assert_int_equal(two_hosts_count(&hosts, 1, INITIATION), 1);
}

/* ---- send-keepalive ---- */

static void keepalive_answers_data_after_10_s(void **state)
{
    uint64_t began = hosts.now.monotonic_ns;

    (void)state;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 10 * SECOND - 1);
    assert_int_equal(two_hosts_count(&hosts, 1, ANY_MESSAGE), 0);
    two_hosts_wait(&hosts, 60 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, ANY_MESSAGE), 1);
    assert_int_equal(first_after(began, 1, TRANSPORT), 10 * SECOND);
    assert_int_equal(two_hosts_nth(&hosts, 1, TRANSPORT, 0)->length, KEEPALIVE_BYTES);
}

static void keepalive_is_not_put_off_by_more_data(void **state)
{
    uint64_t began = hosts.now.monotonic_ns;

    (void)state;
    for (int i = 0; i < 9; i++) {
        two_hosts_send(&hosts, 0);
        two_hosts_wait(&hosts, SECOND);
    }
    two_hosts_wait(&hosts, 2 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 1);
    assert_int_equal(first_after(began, 1, TRANSPORT), 10 * SECOND);
    /* need-another armed it again, but the very keepalive has stopped that */
    two_hosts_wait(&hosts, 4 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 1);
}

static void keepalive_is_stopped_by_anything_sent(void **state)
{
    (void)state;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 9 * SECOND);
    two_hosts_send(&hosts, 1); /* data */
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 9 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, ANY_MESSAGE), 0);
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 9 * SECOND);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now); /* an initiation */
    hosts.connected = false;
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 4 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, ANY_MESSAGE), 0);
}

static void keepalive_is_stopped_by_a_response_sent(void **state)
{
    (void)state;
    two_hosts_send(&hosts, 0);
    two_hosts_deliver(&hosts);
    hosts.connected = false;
    two_hosts_advance(&hosts, 9 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 1);
    two_hosts_wait(&hosts, 4 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 0);
}

static void keepalive_does_not_answer_keepalives(void **state)
{
    (void)state;
    vole_peer_set_persistent_keepalive(hosts.host[0].peer, 5, &hosts.now);
    two_hosts_wait(&hosts, 60 * SECOND);
    assert_true(two_hosts_count(&hosts, 0, TRANSPORT) >= 12);
    assert_int_equal(two_hosts_count(&hosts, 1, ANY_MESSAGE), 0);
}

/* ---- new-handshake ---- */

static void silence_of_15_s_after_data_asks_for_a_new_handshake(void **state)
{
    uint64_t began = hosts.now.monotonic_ns, after;

    (void)state;
    hosts.host[1].cut = true;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 16 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    after = first_after(began, 0, INITIATION);
    assert_true(after >= 15 * SECOND && after < 15 * SECOND + SECOND / 3);
}

/* The response itself is no answer to what waited for it. */
static void silence_is_counted_for_data_that_waited_for_the_session(void **state)
{
    uint64_t began;

    (void)state;
    two_hosts_send(&hosts, 0);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    hosts.host[1].cut = true;
    began = hosts.now.monotonic_ns;
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, RESPONSE));
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 1);
    two_hosts_lose(&hosts);
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 16 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    assert_true(first_after(began, 0, INITIATION) >= 15 * SECOND);
}

static void silence_is_counted_from_the_first_unanswered_packet(void **state)
{
    uint64_t began = hosts.now.monotonic_ns, after;

    (void)state;
    hosts.host[1].cut = true;
    for (int i = 0; i < 14; i++) {
        two_hosts_send(&hosts, 0);
        two_hosts_wait(&hosts, SECOND);
    }
    two_hosts_wait(&hosts, 2 * SECOND);
    after = first_after(began, 0, INITIATION);
    assert_true(after >= 15 * SECOND && after < 15 * SECOND + SECOND / 3);
}

static void silence_ends_with_anything_received(void **state)
{
    (void)state;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 100 * SECOND); /* the keepalive after 10 s was enough */
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 0);
}

static void silence_ends_with_an_initiation_received(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 9 * SECOND);
    two_hosts_lose(&hosts);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, INITIATION));
    two_hosts_wait(&hosts, 60 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 0);
}

static void silence_after_keepalives_alone_is_no_silence(void **state)
{
    (void)state;
    hosts.host[1].cut = true;
    vole_peer_set_persistent_keepalive(hosts.host[0].peer, 25, &hosts.now);
    two_hosts_wait(&hosts, 100 * SECOND);
    assert_true(two_hosts_count(&hosts, 0, TRANSPORT) >= 4);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 0);
}

static void silence_is_not_counted_for_packets_the_network_refused(void **state)
{
    (void)state;
    hosts.host[0].send_error = -101;
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_DROPPED);
    hosts.host[0].send_error = 0;
    two_hosts_wait(&hosts, 60 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 0);
}

static void silence_clears_the_cached_source(void **state)
{
    (void)state;
    two_hosts_send(&hosts, 1);
    two_hosts_deliver(&hosts);
    assert_int_equal(two_hosts_peer(&hosts, 0).endpoint.source.family, 4);
    hosts.host[1].cut = true;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 14 * SECOND);
    assert_int_equal(two_hosts_peer(&hosts, 0).endpoint.source.family, 4);
    two_hosts_wait(&hosts, 2 * SECOND);
    assert_int_equal(two_hosts_peer(&hosts, 0).endpoint.source.family, 0);
    assert_int_equal(two_hosts_peer(&hosts, 0).endpoint.port, hosts.host[1].address.port);
}

/* ---- zero-key-material ---- */

static void keys_of_both_roles_are_erased_after_540_s(void **state)
{
    (void)state;
    two_hosts_wait(&hosts, 540 * SECOND - 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hosts.host[i].events[VOLE_EVENT_KEYS_ERASED], 0);
        assert_true(two_hosts_peer(&hosts, i).has_session);
    }
    two_hosts_wait(&hosts, 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hosts.host[i].events[VOLE_EVENT_KEYS_ERASED], 1);
        assert_false(two_hosts_peer(&hosts, i).has_session);
    }
}

static void keys_erased_leave_nothing_to_wait_for(void **state)
{
    (void)state;
    two_hosts_wait(&hosts, 3600 * SECOND);
    assert_int_equal(vole_device_deadline(hosts.host[0].device), VOLE_NEVER);
    assert_int_equal(vole_device_deadline(hosts.host[1].device), VOLE_NEVER);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_STAGED); /* and all begins again */
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 1);
}

static void keys_of_a_new_session_start_the_540_s_again(void **state)
{
    (void)state;
    two_hosts_wait(&hosts, 300 * SECOND);
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 539 * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_KEYS_ERASED], 0);
    assert_int_equal(hosts.host[1].events[VOLE_EVENT_KEYS_ERASED], 0);
    two_hosts_wait(&hosts, 2 * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_KEYS_ERASED], 1);
    assert_int_equal(hosts.host[1].events[VOLE_EVENT_KEYS_ERASED], 1);
}

static void erasing_keys_keeps_packets_that_wait(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    two_hosts_wait(&hosts, 530 * SECOND);
    assert_int_equal(two_hosts_send_bytes(&hosts, 0, 99), VOLE_STAGED);
    two_hosts_wait(&hosts, 20 * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_KEYS_ERASED], 1);
    hosts.host[0].cut = false;
    two_hosts_wait(&hosts, 10 * SECOND);
    assert_int_equal(hosts.host[1].delivered, 1);
    assert_int_equal(hosts.host[1].delivered_length, 99);
}

/* ---- latest handshake ---- */

static void latest_handshake_is_the_response_or_the_first_data_packet(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_send(&hosts, 0);
    two_hosts_advance(&hosts, SECOND);
    two_hosts_receive(&hosts, 1, two_hosts_nth(&hosts, 0, INITIATION, 0));
    assert_int_equal(two_hosts_peer(&hosts, 1).latest_handshake_s, 0);
    two_hosts_advance(&hosts, SECOND / 2);
    two_hosts_receive(&hosts, 0, two_hosts_nth(&hosts, 1, RESPONSE, 0));
    assert_int_equal(two_hosts_peer(&hosts, 0).latest_handshake_s, hosts.now.real_s);
    assert_int_equal(two_hosts_peer(&hosts, 0).latest_handshake_ns, SECOND / 2);
    assert_int_equal(two_hosts_peer(&hosts, 1).latest_handshake_s, 0);
    assert_int_equal(hosts.host[1].events[VOLE_EVENT_HANDSHAKE_COMPLETE], 0);
    two_hosts_advance(&hosts, 3 * SECOND);
    two_hosts_receive(&hosts, 1, two_hosts_nth(&hosts, 0, TRANSPORT, 0));
    assert_int_equal(two_hosts_peer(&hosts, 1).latest_handshake_s, hosts.now.real_s);
    assert_int_equal(hosts.host[1].events[VOLE_EVENT_HANDSHAKE_COMPLETE], 1);
}

/* ---- two clocks ---- */

static void timers_stand_still_while_the_machine_sleeps_but_keys_age(void **state)
{
    (void)state;
    two_hosts_send(&hosts, 0); /* at host 1 a keepalive is due in 10 s */
    two_hosts_deliver(&hosts);
    hosts.now.boot_ns += 200 * SECOND; /* asleep */
    hosts.now.real_s += 200;
    two_hosts_wait(&hosts, 9 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, ANY_MESSAGE), 0);
    two_hosts_wait(&hosts, SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, INITIATION), 1); /* its key being too old by now */
}

#define WITH_START(test)   cmocka_unit_test_setup_teardown(test, start, stop)
#define WITH_SESSION(test) cmocka_unit_test_setup_teardown(test, start_with_session, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_START(retransmit_comes_5_s_after_the_initiation),
        WITH_START(retransmit_is_late_by_its_jitter),
        WITH_START(retransmit_jitter_is_below_a_third_of_a_second_and_not_always_the_same),
        WITH_START(retransmit_is_armed_though_the_network_refused),
        WITH_START(retransmit_stops_when_the_response_comes),
        WITH_START(retransmit_of_a_responder_stops_when_the_key_is_confirmed),
        WITH_SESSION(keepalive_answers_data_after_10_s),
        WITH_SESSION(keepalive_is_not_put_off_by_more_data),
        WITH_SESSION(keepalive_is_stopped_by_anything_sent),
        WITH_SESSION(keepalive_is_stopped_by_a_response_sent),
        WITH_SESSION(keepalive_does_not_answer_keepalives),
        WITH_SESSION(silence_of_15_s_after_data_asks_for_a_new_handshake),
        WITH_START(silence_is_counted_for_data_that_waited_for_the_session),
        WITH_SESSION(silence_is_counted_from_the_first_unanswered_packet),
        WITH_SESSION(silence_ends_with_anything_received),
        WITH_SESSION(silence_ends_with_an_initiation_received),
        WITH_SESSION(silence_after_keepalives_alone_is_no_silence),
        WITH_SESSION(silence_is_not_counted_for_packets_the_network_refused),
        WITH_SESSION(silence_clears_the_cached_source),
        WITH_SESSION(keys_of_both_roles_are_erased_after_540_s),
        WITH_SESSION(keys_erased_leave_nothing_to_wait_for),
        WITH_SESSION(keys_of_a_new_session_start_the_540_s_again),
        WITH_SESSION(erasing_keys_keeps_packets_that_wait),
        WITH_START(latest_handshake_is_the_response_or_the_first_data_packet),
        WITH_SESSION(timers_stand_still_while_the_machine_sleeps_but_keys_age),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
