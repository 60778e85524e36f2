/* SPDX-License-Identifier: MIT
 *
 * Keepalives (timers §5) and the persistent interval through all its changes (timers §1, §7).
 */
#include "two_hosts_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void set_interval(int host, uint16_t seconds)
{
    vole_peer_set_persistent_keepalive(hosts.host[host].peer, seconds, &hosts.now);
}

static size_t keepalives(int from)
{
    size_t count = 0;

    for (size_t i = 0; i < two_hosts_count(&hosts, from, TRANSPORT); i++)
        count += two_hosts_nth(&hosts, from, TRANSPORT, i)->length == KEEPALIVE_BYTES;
    return count;
}

static uint64_t counter_of(const struct datagram *datagram)
{
    uint64_t counter = 0;

    for (int i = 7; i >= 0; i--)
        counter = counter << 8 | datagram->bytes[8 + i];
    return counter;
}

/* ---- what a keepalive is ---- */

static void a_keepalive_is_32_bytes_and_takes_one_counter(void **state)
{
    (void)state;
    hosts.connected = false;
    for (int i = 0; i < 5; i++) {
        two_hosts_send(&hosts, 0);
        set_interval(0, 0);
        set_interval(0, 25); /* sends one at once */
    }
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 10);
    for (size_t i = 0; i < 10; i++) {
        const struct datagram *datagram = two_hosts_nth(&hosts, 0, TRANSPORT, i);

        assert_int_equal(datagram->length, i % 2 == 0 ? 96 + 32 : KEEPALIVE_BYTES);
        assert_int_equal(datagram->traffic_class, 0);
        assert_int_equal(counter_of(datagram), i + 1); /* 0 confirmed the key */
    }
}

static void a_keepalive_confirms_the_key_if_nothing_waits(void **state)
{
    (void)state;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_deliver(&hosts);
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 1);
    assert_int_equal(keepalives(0), 1);
    assert_true(two_hosts_peer(&hosts, 1).has_session);
}

static void no_keepalive_is_added_to_packets_that_wait(void **state)
{
    (void)state;
    two_hosts_send(&hosts, 0);
    set_interval(0, 25);
    two_hosts_deliver(&hosts);
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 1);
    assert_int_equal(keepalives(0), 0);
}

static void without_a_key_one_keepalive_waits_and_asks_for_a_handshake(void **state)
{
    (void)state;
    hosts.connected = false;
    set_interval(0, 25);
    set_interval(0, 0);
    set_interval(0, 25);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    two_hosts_deliver(&hosts);
    assert_int_equal(keepalives(0), 1);
}

static void a_waiting_keepalive_that_is_purged_is_no_drop(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    set_interval(0, 3600);
    two_hosts_wait(&hosts, 110 * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 1);
    assert_int_equal(vole_peer_drops(hosts.host[0].peer, VOLE_DROP_STAGED_PURGED), 0);
}

/* ---- the persistent interval ---- */

static void persistent_keepalives_come_at_the_interval(void **state)
{
    (void)state;
    set_interval(0, 25);
    assert_int_equal(keepalives(0), 1);
    two_hosts_wait(&hosts, 25 * SECOND - MILLISECOND);
    assert_int_equal(keepalives(0), 1);
    two_hosts_wait(&hosts, 2 * MILLISECOND); /* two packets of one instant differ by a nanosecond */
    assert_int_equal(keepalives(0), 2);
    two_hosts_wait(&hosts, 75 * SECOND);
    assert_int_equal(keepalives(0), 5);
}

static void packets_either_way_restart_the_interval(void **state)
{
    (void)state;
    set_interval(0, 25);
    two_hosts_forget(&hosts);
    for (int i = 0; i < 5; i++) {
        two_hosts_wait(&hosts, 9 * SECOND);
        set_interval(1, 25);
        set_interval(1, 0); /* one keepalive received */
    }
    two_hosts_wait(&hosts, 20 * SECOND);
    two_hosts_send(&hosts, 0); /* sent at 20 s, answered by a keepalive at 30 s */
    two_hosts_wait(&hosts, 35 * SECOND - MILLISECOND);
    assert_int_equal(keepalives(1), 6);
    assert_int_equal(keepalives(0), 0);
    two_hosts_wait(&hosts, 2 * MILLISECOND);
    assert_int_equal(keepalives(0), 1);
}

static void handshake_messages_restart_the_interval(void **state)
{
    (void)state;
    set_interval(0, 25);
    two_hosts_deliver(&hosts);
    hosts.connected = false;
    two_hosts_wait(&hosts, 20 * SECOND);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, INITIATION));
    two_hosts_lose(&hosts);
    two_hosts_forget(&hosts);
    hosts.host[1].cut = true;
    two_hosts_wait(&hosts, 25 * SECOND - MILLISECOND);
    assert_int_equal(keepalives(0), 0);
    two_hosts_wait(&hosts, 2 * MILLISECOND);
    assert_int_equal(keepalives(0), 1);
}

static void the_interval_keeps_a_session_alive_for_hours(void **state)
{
    uint64_t latest;

    (void)state;
    set_interval(0, 25);
    for (int i = 0; i < 240; i++) {
        two_hosts_wait(&hosts, 60 * SECOND);
        latest = two_hosts_peer(&hosts, 1).latest_handshake_s;
        assert_true(hosts.now.real_s - latest <= 146);
        assert_int_equal(two_hosts_count(&hosts, 1, INITIATION), 0);
    }
}

static void the_interval_alone_makes_a_session(void **state)
{
    (void)state;
    set_interval(0, 10);
    two_hosts_wait(&hosts, SECOND);
    assert_true(two_hosts_peer(&hosts, 0).has_session);
    assert_true(two_hosts_peer(&hosts, 1).has_session);
}

static void switching_the_interval_off_ends_it(void **state)
{
    (void)state;
    set_interval(0, 25);
    two_hosts_wait(&hosts, 20 * SECOND);
    set_interval(0, 0);
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 500 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE), 0);
}

static void a_changed_interval_counts_from_the_next_packet_on(void **state)
{
    (void)state;
    set_interval(0, 50);
    two_hosts_wait(&hosts, 10 * SECOND);
    set_interval(0, 20); /* no keepalive by that, and the old deadline stays */
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 40 * SECOND - MILLISECOND);
    assert_int_equal(keepalives(0), 0);
    two_hosts_wait(&hosts, 2 * MILLISECOND);
    assert_int_equal(keepalives(0), 1);
    two_hosts_wait(&hosts, 20 * SECOND);
    assert_int_equal(keepalives(0), 2);
}

static void a_longer_interval_too_counts_from_the_next_packet_on(void **state)
{
    (void)state;
    set_interval(0, 20);
    two_hosts_wait(&hosts, 10 * SECOND);
    set_interval(0, 40);
    set_interval(0, 60);
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 10 * SECOND + MILLISECOND);
    assert_int_equal(keepalives(0), 1);
    two_hosts_wait(&hosts, 60 * SECOND - 2 * MILLISECOND);
    assert_int_equal(keepalives(0), 1);
    two_hosts_wait(&hosts, 2 * MILLISECOND);
    assert_int_equal(keepalives(0), 2);
}

static void off_and_on_again_sends_at_once(void **state)
{
    (void)state;
    set_interval(0, 25);
    set_interval(0, 25); /* no change */
    assert_int_equal(keepalives(0), 1);
    two_hosts_wait(&hosts, 5 * SECOND);
    set_interval(0, 0);
    set_interval(0, 25);
    assert_int_equal(keepalives(0), 2);
}

static void an_interval_set_while_down_starts_with_up(void **state)
{
    (void)state;
    vole_device_down(hosts.host[0].device, &hosts.now);
    set_interval(0, 25);
    two_hosts_wait(&hosts, 100 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE), 0);
    vole_device_up(hosts.host[0].device, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    two_hosts_deliver(&hosts);
    assert_int_equal(keepalives(0), 1);
}

static void the_longest_interval_is_kept_too(void **state)
{
    (void)state;
    set_interval(0, 65535);
    assert_int_equal(two_hosts_peer(&hosts, 0).persistent_keepalive_s, 65535);
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 65535 * SECOND - MILLISECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE), 0);
    two_hosts_wait(&hosts, 2 * MILLISECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    assert_true(two_hosts_peer(&hosts, 0).has_session);
}

#define WITH_START(test)   cmocka_unit_test_setup_teardown(test, start, stop)
#define WITH_SESSION(test) cmocka_unit_test_setup_teardown(test, start_with_session, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SESSION(a_keepalive_is_32_bytes_and_takes_one_counter),
        WITH_START(a_keepalive_confirms_the_key_if_nothing_waits),
        WITH_START(no_keepalive_is_added_to_packets_that_wait),
        WITH_START(without_a_key_one_keepalive_waits_and_asks_for_a_handshake),
        WITH_START(a_waiting_keepalive_that_is_purged_is_no_drop),
        WITH_SESSION(persistent_keepalives_come_at_the_interval),
        WITH_SESSION(packets_either_way_restart_the_interval),
        WITH_SESSION(handshake_messages_restart_the_interval),
        WITH_SESSION(the_interval_keeps_a_session_alive_for_hours),
        WITH_START(the_interval_alone_makes_a_session),
        WITH_SESSION(switching_the_interval_off_ends_it),
        WITH_SESSION(a_changed_interval_counts_from_the_next_packet_on),
        WITH_SESSION(a_longer_interval_too_counts_from_the_next_packet_on),
        WITH_SESSION(off_and_on_again_sends_at_once),
        WITH_SESSION(an_interval_set_while_down_starts_with_up),
        WITH_SESSION(the_longest_interval_is_kept_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
