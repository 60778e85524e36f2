/* SPDX-License-Identifier: MIT
 *
 * When a session is renewed, and when it may no longer be used (timers §4, protocol §5.4): by time, by
 * count, on sending and on receiving, by the side whose duty it is.
 */
#include "core/device.h"
#include "two_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct two_hosts hosts;

static int start(void **state)
{
    (void)state;
    two_hosts_start_with_session(&hosts); /* host 0 is its initiator */
    return 0;
}

static int stop(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    return 0;
}

static size_t initiations(int from)
{
    return two_hosts_count(&hosts, from, INITIATION);
}

static struct keypair *current_of(int host)
{
    return atomic_load(&hosts.host[host].peer->keypairs.current);
}

/* Sends and carries only that packet. */
static enum vole_outcome pass_data(int from)
{
    assert_int_equal(two_hosts_send(&hosts, from), VOLE_SENT);
    return two_hosts_receive(&hosts, !from, two_hosts_last(&hosts, from, TRANSPORT));
}

/* ---- by sending ---- */

static void the_initiator_rekeys_on_the_first_send_after_120_s(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 120 * SECOND - 1);
    two_hosts_send(&hosts, 0);
    assert_int_equal(initiations(0), 0);
    two_hosts_advance(&hosts, 1);
    two_hosts_send(&hosts, 0);
    assert_int_equal(initiations(0), 1);
    /* the packet goes out under the old key first */
    assert_int_equal(two_hosts_nth(&hosts, 0, ANY_MESSAGE, 1)->bytes[0], TRANSPORT);
    assert_int_equal(two_hosts_nth(&hosts, 0, ANY_MESSAGE, 2)->bytes[0], INITIATION);
}

static void a_keepalive_rekeys_like_data(void **state)
{
    (void)state;
    vole_peer_set_persistent_keepalive(hosts.host[0].peer, 25, &hosts.now);
    two_hosts_wait(&hosts, 124 * SECOND);
    assert_int_equal(initiations(0), 0);
    two_hosts_wait(&hosts, 2 * SECOND);
    assert_int_equal(initiations(0), 1);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_HANDSHAKE_COMPLETE], 2);
}

static void nothing_to_send_is_nothing_to_rekey(void **state)
{
    (void)state;
    two_hosts_wait(&hosts, 530 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE) + two_hosts_count(&hosts, 1, ANY_MESSAGE), 0);
}

static void the_responder_does_not_rekey_by_time(void **state)
{
    (void)state;
    hosts.connected = false;
    for (int i = 0; i < 179; i++) {
        two_hosts_advance(&hosts, SECOND);
        assert_int_equal(two_hosts_send(&hosts, 1), VOLE_SENT);
    }
    assert_int_equal(initiations(1), 0);
}

static void the_responder_initiates_after_180_s_if_it_has_something_to_send(void **state)
{
    (void)state;
    two_hosts_wait(&hosts, 180 * SECOND);
    assert_int_equal(two_hosts_send(&hosts, 1), VOLE_STAGED);
    assert_int_equal(initiations(1), 1);
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[0].delivered, 1);
    /* and with the role it has taken over the duty */
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 121 * SECOND);
    two_hosts_send(&hosts, 0);
    two_hosts_send(&hosts, 1);
    assert_int_equal(initiations(0), 0);
    assert_int_equal(initiations(1), 1);
}

static void either_role_rekeys_after_2_to_60_messages(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 10 * SECOND);
    for (int i = 0; i < 2; i++) {
        atomic_store(&current_of(i)->sending_counter, (UINT64_C(1) << 60) - 1);
        assert_int_equal(two_hosts_send(&hosts, i), VOLE_SENT);
        assert_int_equal(initiations(i), 0); /* now exactly 2^60: not more */
        assert_int_equal(two_hosts_send(&hosts, i), VOLE_SENT);
        assert_int_equal(initiations(i), 1);
    }
}

static void a_lost_rekey_is_repeated_while_the_old_key_works(void **state)
{
    (void)state;
    two_hosts_wait(&hosts, 120 * SECOND);
    hosts.connected = false;
    for (int i = 0; i < 59; i++) {
        assert_int_equal(pass_data(0), VOLE_DELIVERED);
        two_hosts_wait(&hosts, SECOND);
    }
    assert_true(initiations(0) >= 11 && initiations(0) <= 12);
}

/* ---- by receiving ---- */

static void the_initiator_rekeys_on_receiving_after_165_s(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 165 * SECOND - 1);
    assert_int_equal(pass_data(1), VOLE_DELIVERED);
    assert_int_equal(initiations(0), 0);
    two_hosts_advance(&hosts, 1);
    assert_int_equal(pass_data(1), VOLE_DELIVERED);
    assert_int_equal(initiations(0), 1);
}

static void receiving_rekeys_only_once_in_a_session(void **state)
{
    (void)state;
    hosts.connected = false;
    hosts.host[0].cut = true;
    two_hosts_wait(&hosts, 165 * SECOND);
    for (int i = 0; i < 14; i++) {
        assert_int_equal(pass_data(1), VOLE_DELIVERED);
        two_hosts_wait(&hosts, SECOND);
    }
    two_hosts_wait(&hosts, 300 * SECOND);
    /* Had a later packet asked again, the count of attempts would have started again. */
    assert_int_equal(initiations(0), 20);
}

static void receiving_after_the_rekey_may_ask_again_in_the_new_session(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        two_hosts_wait(&hosts, 166 * SECOND);
        two_hosts_forget(&hosts);
        two_hosts_send(&hosts, 1);
        two_hosts_deliver(&hosts);
        assert_int_equal(initiations(0), 1);
        assert_int_equal(initiations(1), 0);
    }
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_HANDSHAKE_COMPLETE], 4);
}

static void the_responder_does_not_rekey_on_receiving(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 179 * SECOND);
    assert_int_equal(pass_data(0), VOLE_DELIVERED);
    assert_int_equal(initiations(1), 0);
}

static void a_packet_that_confirms_a_new_key_does_not_rekey_the_old_one(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 166 * SECOND);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, INITIATION));
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, RESPONSE));
    two_hosts_advance(&hosts, 6 * SECOND); /* the confirmation is slow; host 0's key is now 172 s old */
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, TRANSPORT)), VOLE_KEEPALIVE);
    assert_false(current_of(0)->initiator);
    assert_int_equal(initiations(0), 0);
}

/* ---- 180 s ---- */

static void a_key_of_180_s_sends_no_more(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 180 * SECOND - 1);
    assert_int_equal(two_hosts_send(&hosts, 1), VOLE_SENT);
    two_hosts_advance(&hosts, 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_hosts_send(&hosts, i), VOLE_STAGED);
        assert_int_equal(initiations(i), 1);
    }
}

static void a_key_of_180_s_receives_no_more(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 179 * SECOND);
    two_hosts_send(&hosts, 1);
    two_hosts_send(&hosts, 1);
    two_hosts_advance(&hosts, SECOND - 1);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_nth(&hosts, 1, TRANSPORT, 0)), VOLE_DELIVERED);
    two_hosts_advance(&hosts, 1);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_nth(&hosts, 1, TRANSPORT, 1)), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[0].device), VOLE_DROP_SESSION_EXPIRED);
    assert_int_equal(vole_peer_drops(hosts.host[0].peer, VOLE_DROP_SESSION_EXPIRED), 1);
}

static void what_is_under_way_under_the_old_key_still_arrives(void **state)
{
    (void)state;
    two_hosts_wait(&hosts, 120 * SECOND);
    hosts.connected = false;
    two_hosts_send(&hosts, 1); /* slow */
    two_hosts_send(&hosts, 0);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, RESPONSE));
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT));
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_nth(&hosts, 1, TRANSPORT, 0)), VOLE_DELIVERED);
    assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_nth(&hosts, 0, TRANSPORT, 0)), VOLE_DELIVERED);
}

/* ---- 2^64 - 8130 ---- */

static void a_used_up_counter_sends_no_more(void **state)
{
    const uint64_t limit = UINT64_MAX - 8129;

    (void)state;
    hosts.connected = false;
    atomic_store(&current_of(0)->sending_counter, limit - 1);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_SENT);
    assert_memory_equal(two_hosts_last(&hosts, 0, TRANSPORT)->bytes + 8,
                        ((uint8_t[]){0x3d, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), 8);
    two_hosts_lose(&hosts);
    two_hosts_advance(&hosts, 6 * SECOND);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_STAGED);
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 1);
    hosts.connected = true;
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 1);
}

static void a_batch_that_does_not_fit_under_the_limit_waits_whole(void **state)
{
    (void)state;
    hosts.connected = false;
    atomic_store(&current_of(0)->can_send, false);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(two_hosts_send_bytes(&hosts, 0, 100 + i), VOLE_STAGED);
    two_hosts_lose(&hosts);
    two_hosts_advance(&hosts, 6 * SECOND);
    atomic_store(&current_of(0)->can_send, true);
    atomic_store(&current_of(0)->sending_counter, UINT64_MAX - 8129 - 2); /* two are left, three wait */
    two_hosts_forget(&hosts);
    vole_peer_flush(hosts.host[0].peer, &hosts.now);
    vole_device_tick(hosts.host[0].device, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 0);
    assert_int_equal(initiations(0), 1);
    hosts.connected = true;
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 3);
    assert_int_equal(hosts.host[1].delivered_length, 102);
}

static void a_window_at_the_limit_receives_no_more(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_send(&hosts, 0);
    atomic_store(&current_of(1)->replay.top, UINT64_MAX - 8129);
    assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT)), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[1].device), VOLE_DROP_SESSION_EXPIRED);
}

/* ---- who may not send yet ---- */

static void a_responder_is_silent_on_a_session_it_has_not_received_on(void **state)
{
    (void)state;
    two_hosts_wait(&hosts, 190 * SECOND); /* the old session is gone */
    hosts.connected = false;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    assert_int_equal(two_hosts_send(&hosts, 1), VOLE_STAGED);
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 0);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, RESPONSE));
    assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT)), VOLE_KEEPALIVE);
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 1); /* what waited */
}

static void a_responder_goes_on_with_the_old_session_until_then(void **state)
{
    uint8_t old_index[4];

    (void)state;
    hosts.connected = false;
    two_hosts_send(&hosts, 1);
    memcpy(old_index, two_hosts_last(&hosts, 1, TRANSPORT)->bytes + 4, 4);
    two_hosts_advance(&hosts, 20 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    two_hosts_send(&hosts, 1);
    assert_memory_equal(two_hosts_last(&hosts, 1, TRANSPORT)->bytes + 4, old_index, 4);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, RESPONSE));
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT));
    two_hosts_send(&hosts, 1);
    assert_memory_not_equal(two_hosts_last(&hosts, 1, TRANSPORT)->bytes + 4, old_index, 4);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_initiator_rekeys_on_the_first_send_after_120_s),
        TEST(a_keepalive_rekeys_like_data),
        TEST(nothing_to_send_is_nothing_to_rekey),
        TEST(the_responder_does_not_rekey_by_time),
        TEST(the_responder_initiates_after_180_s_if_it_has_something_to_send),
        TEST(either_role_rekeys_after_2_to_60_messages),
        TEST(a_lost_rekey_is_repeated_while_the_old_key_works),
        TEST(the_initiator_rekeys_on_receiving_after_165_s),
        TEST(receiving_rekeys_only_once_in_a_session),
        TEST(receiving_after_the_rekey_may_ask_again_in_the_new_session),
        TEST(the_responder_does_not_rekey_on_receiving),
        TEST(a_packet_that_confirms_a_new_key_does_not_rekey_the_old_one),
        TEST(a_key_of_180_s_sends_no_more),
        TEST(a_key_of_180_s_receives_no_more),
        TEST(what_is_under_way_under_the_old_key_still_arrives),
        TEST(a_used_up_counter_sends_no_more),
        TEST(a_batch_that_does_not_fit_under_the_limit_waits_whole),
        TEST(a_window_at_the_limit_receives_no_more),
        TEST(a_responder_is_silent_on_a_session_it_has_not_received_on),
        TEST(a_responder_goes_on_with_the_old_session_until_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
