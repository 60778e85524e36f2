/* SPDX-License-Identifier: MIT
 *
 * Life cycle of interface, keys and peers (timers §7, protocol §5.4): up and down, suspend, clone, a changed
 * private key, PSK, endpoint or MTU, a removed peer; what each keeps and what it ends.
 */
#include "core/device.h"
#include "two_hosts_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static size_t sent(int from)
{
    return two_hosts_count(&hosts, from, ANY_MESSAGE);
}

static void down(int host)
{
    vole_device_down(hosts.host[host].device, &hosts.now);
}

static void up(int host)
{
    vole_device_up(hosts.host[host].device, &hosts.now);
}

static const uint8_t another_key[32] = {8, 1, 2, 3, 4, 5, 6, 7, [31] = 0x40};

/* ---- down and up ---- */

static void down_drops_what_waits_and_erases_sessions(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    two_hosts_wait(&hosts, 190 * SECOND);
    for (int i = 0; i < 3; i++)
        two_hosts_send(&hosts, 0);
    down(0);
    assert_int_equal(vole_peer_drops(hosts.host[0].peer, VOLE_DROP_STAGED_PURGED), 3);
    assert_false(two_hosts_peer(&hosts, 0).has_session);
    assert_int_equal(index_count(&hosts.host[0].device->indices), 0);
    assert_int_equal(vole_device_deadline(hosts.host[0].device), VOLE_NEVER);
}

static void down_is_silent_and_deaf(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_send(&hosts, 1);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    vole_peer_set_persistent_keepalive(hosts.host[0].peer, 5, &hosts.now);
    two_hosts_forget(&hosts);
    down(0);
    two_hosts_deliver(&hosts);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[0].device), VOLE_DROP_INTERFACE_DOWN);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    vole_peer_flush(hosts.host[0].peer, &hosts.now);
    two_hosts_wait(&hosts, 600 * SECOND);
    assert_int_equal(sent(0), 0);
    assert_int_equal(hosts.host[0].delivered, 0);
    assert_int_equal(two_hosts_peer(&hosts, 0).received_bytes, 92);
}

static void down_keeps_endpoint_counters_latest_handshake_and_keys(void **state)
{
    struct vole_peer_state before, after;

    (void)state;
    vole_peer_set_persistent_keepalive(hosts.host[0].peer, 25, &hosts.now);
    before = two_hosts_peer(&hosts, 0);
    down(0);
    after = two_hosts_peer(&hosts, 0);
    before.has_session = false;
    assert_memory_equal(&before.endpoint, &after.endpoint, sizeof after.endpoint);
    assert_int_equal(before.latest_handshake_s, after.latest_handshake_s);
    assert_true(after.latest_handshake_s > 0 && after.sent_bytes > 0 && after.received_bytes > 0);
    assert_int_equal(before.sent_bytes, after.sent_bytes);
    assert_int_equal(before.received_bytes, after.received_bytes);
    assert_int_equal(after.persistent_keepalive_s, 25);
    two_hosts_advance(&hosts, SECOND);
    up(0);
    two_hosts_deliver(&hosts);
    assert_true(two_hosts_peer(&hosts, 0).has_session);
}

static void down_keeps_the_memory_of_timestamps(void **state)
{
    struct datagram initiation;

    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 20 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    initiation = *two_hosts_last(&hosts, 0, INITIATION);
    assert_int_equal(two_hosts_receive(&hosts, 1, &initiation), VOLE_HANDSHAKE);
    down(1);
    up(1);
    two_hosts_advance(&hosts, SECOND);
    assert_int_equal(two_hosts_receive(&hosts, 1, &initiation), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[1].device), VOLE_DROP_INITIATION_REPLAYED);
}

static void down_empties_the_queue_of_handshakes(void **state)
{
    const struct datagram *initiation;

    (void)state;
    hosts.connected = false;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    initiation = two_hosts_last(&hosts, 0, INITIATION);
    assert_true(vole_device_queue(hosts.host[1].device, initiation->bytes, initiation->length,
                                  &hosts.host[0].address));
    down(1);
    up(1);
    vole_device_tick(hosts.host[1].device, &hosts.now);
    assert_int_equal(sent(1), 0);
}

/* A retransmission, a keepalive, a silence and keys to erase are all due when it goes down. */
static void up_again_begins_without_the_timers_of_before(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 20 * SECOND);
    (void)two_hosts_send(&hosts, 0);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    down(0);
    two_hosts_advance(&hosts, 3 * SECOND);
    up(0);
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 600 * SECOND);
    assert_int_equal(sent(0), 0);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_KEYS_ERASED], 0);
}

static void up_and_down_twice_are_once(void **state)
{
    (void)state;
    up(0);
    assert_true(two_hosts_peer(&hosts, 0).has_session);
    down(0);
    down(0);
    up(0);
    up(0);
    assert_int_equal(sent(0), 0);
}

static void up_sends_keepalives_only_to_peers_with_an_interval(void **state)
{
    (void)state;
    down(0);
    down(1);
    vole_peer_set_persistent_keepalive(hosts.host[0].peer, 25, &hosts.now);
    up(1);
    up(0);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    assert_int_equal(sent(1), 0);
}

/* ---- suspend and clone ---- */

static void suspend_erases_sessions_and_keeps_timers(void **state)
{
    (void)state;
    vole_peer_set_persistent_keepalive(hosts.host[0].peer, 25, &hosts.now);
    two_hosts_deliver(&hosts);
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 5 * SECOND);
    vole_device_suspend(hosts.host[0].device);
    assert_false(two_hosts_peer(&hosts, 0).has_session);
    assert_int_equal(index_count(&hosts.host[0].device->indices), 0);
    two_hosts_wait(&hosts, 19 * SECOND);
    assert_int_equal(sent(0), 0);
    two_hosts_wait(&hosts, 2 * SECOND); /* the interval has gone on */
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    assert_true(two_hosts_peer(&hosts, 0).has_session);
}

static void suspend_stops_the_timer_that_erases(void **state)
{
    (void)state;
    vole_device_suspend(hosts.host[0].device);
    two_hosts_wait(&hosts, 600 * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_KEYS_ERASED], 0);
    assert_int_equal(hosts.host[1].events[VOLE_EVENT_KEYS_ERASED], 1);
}

static void a_cloned_machine_sends_no_more_but_receives(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now); /* refused: within 5 s */
    vole_device_cloned(hosts.host[0].device);
    two_hosts_send(&hosts, 1);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, TRANSPORT)), VOLE_DELIVERED);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_STAGED);
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 0);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1); /* at once: the clone lifts the 5 s */
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 1);
}

static void a_cloned_machine_forgets_its_pending_handshake(void **state)
{
    (void)state;
    hosts.connected = false;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    vole_device_cloned(hosts.host[0].device);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, RESPONSE)), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[0].device), VOLE_DROP_RESPONSE_UNEXPECTED);
}

static void a_cloned_responder_does_not_send_on_the_session_it_waits_for(void **state)
{
    (void)state;
    hosts.connected = false;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    vole_device_cloned(hosts.host[1].device);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, RESPONSE));
    assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT)), VOLE_KEEPALIVE);
    assert_false(two_hosts_peer(&hosts, 1).has_session);
    assert_int_equal(two_hosts_send(&hosts, 1), VOLE_STAGED);
}

/* ---- keys ---- */

static void after_a_key_change_sessions_only_receive_until_180_s(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_send(&hosts, 1);
    two_hosts_send(&hosts, 1);
    vole_device_set_private_key(hosts.host[0].device, another_key, &hosts.now);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_STAGED);
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 0);
    two_hosts_advance(&hosts, 180 * SECOND - 1);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_nth(&hosts, 1, TRANSPORT, 0)), VOLE_DELIVERED);
    two_hosts_advance(&hosts, 1);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_nth(&hosts, 1, TRANSPORT, 1)), VOLE_DROPPED);
}

static void after_a_key_change_peers_know_us_by_the_new_key(void **state)
{
    uint8_t public_key[32];
    struct vole_peer *peer;
    struct vole_prefix prefix = {.address = {4, {10, 0, 0, 1}}, .length = 32};

    (void)state;
    vole_device_set_private_key(hosts.host[0].device, another_key, &hosts.now);
    assert_true(vole_device_public_key(hosts.host[0].device, public_key));
    peer = vole_peer_add(hosts.host[1].device, public_key, &hosts.now, NULL);
    assert_int_equal(vole_peer_allow(peer, &prefix), 0);
    two_hosts_send(&hosts, 0);
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 1);
    assert_ptr_equal(hosts.host[1].delivered_from, peer);
}

static void setting_the_same_key_changes_nothing(void **state)
{
    uint8_t unclamped[32], stored[32];

    (void)state;
    assert_true(vole_device_private_key(hosts.host[0].device, stored));
    memcpy(unclamped, stored, sizeof unclamped);
    unclamped[0] |= 7;
    unclamped[31] = (uint8_t)((unclamped[31] | 0x80) & ~0x40);
    vole_device_set_private_key(hosts.host[0].device, unclamped, &hosts.now);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_SENT);
}

static void the_private_key_is_stored_clamped(void **state)
{
    uint8_t ones[32], stored[32], expected[32], public_key[32];

    (void)state;
    memset(ones, 0xff, sizeof ones);
    memset(expected, 0xff, sizeof expected);
    expected[0] = 0xf8;
    expected[31] = 0x7f;
    vole_device_set_private_key(hosts.host[0].device, ones, &hosts.now);
    assert_true(vole_device_private_key(hosts.host[0].device, stored));
    assert_memory_equal(stored, expected, sizeof stored);
    vole_public_key(expected, ones);
    assert_true(vole_device_public_key(hosts.host[0].device, public_key));
    assert_memory_equal(public_key, expected, sizeof public_key);
}

static void an_all_zero_key_removes_the_identity(void **state)
{
    static const uint8_t zeros[32];
    uint8_t key[32];

    (void)state;
    vole_device_set_private_key(hosts.host[0].device, zeros, &hosts.now);
    memset(key, 1, sizeof key);
    assert_false(vole_device_private_key(hosts.host[0].device, key));
    assert_memory_equal(key, zeros, sizeof key);
    memset(key, 1, sizeof key);
    assert_false(vole_device_public_key(hosts.host[0].device, key));
    assert_memory_equal(key, zeros, sizeof key);
    hosts.connected = false;
    two_hosts_advance(&hosts, 10 * SECOND);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, INITIATION)), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[0].device), VOLE_DROP_NO_PRIVATE_KEY);
    assert_int_equal(sent(0), 0);
}

static void a_peer_with_the_own_key_is_removed_or_never_made(void **state)
{
    uint8_t public_key[32];
    int error = 1;

    (void)state;
    assert_null(vole_peer_add(hosts.host[0].device, hosts.host[0].public_key, &hosts.now, &error));
    assert_int_equal(error, 0);
    vole_public_key(public_key, another_key);
    assert_non_null(vole_peer_add(hosts.host[0].device, public_key, &hosts.now, NULL));
    assert_int_equal(vole_peer_count(hosts.host[0].device), 2);
    vole_device_set_private_key(hosts.host[0].device, another_key, &hosts.now);
    assert_int_equal(vole_peer_count(hosts.host[0].device), 1);
    assert_null(vole_peer_find(hosts.host[0].device, public_key));
}

static void a_changed_psk_matters_only_to_later_handshakes(void **state)
{
    uint8_t psk[32];

    (void)state;
    memset(psk, 7, sizeof psk);
    vole_peer_set_preshared_key(hosts.host[0].peer, psk);
    two_hosts_send(&hosts, 0);
    two_hosts_send(&hosts, 1);
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[0].delivered + hosts.host[1].delivered, 2);
    assert_memory_equal(two_hosts_peer(&hosts, 0).preshared_key, psk, 32);

    two_hosts_wait(&hosts, 10 * SECOND);
    two_hosts_forget(&hosts);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_deliver(&hosts); /* the other side has none */
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 1);
    assert_int_equal(vole_peer_drops(hosts.host[0].peer, VOLE_DROP_RESPONSE_UNREADABLE), 1);
    vole_peer_set_preshared_key(hosts.host[1].peer, psk);
    two_hosts_wait(&hosts, 6 * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_HANDSHAKE_COMPLETE], 2);
}

/* ---- configuration while up ---- */

static void an_endpoint_alone_starts_no_handshake_but_a_flush_sends_what_waits(void **state)
{
    struct vole_endpoint elsewhere = {
        .address = {4, {192, 0, 2, 77}}, .source = {4, {1, 2, 3, 4}}, .port = 7777, .source_interface = 3};

    (void)state;
    hosts.host[0].cut = true;
    two_hosts_send(&hosts, 0);
    two_hosts_forget(&hosts);
    two_hosts_advance(&hosts, 5 * SECOND);
    vole_peer_set_endpoint(hosts.host[0].peer, &elsewhere);
    assert_int_equal(sent(0), 0);
    vole_peer_flush(hosts.host[0].peer, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    assert_int_equal(two_hosts_last(&hosts, 0, INITIATION)->to.port, 7777);
    assert_int_equal(two_hosts_last(&hosts, 0, INITIATION)->to.source.family, 0); /* learnt, never set */
}

static void a_flush_with_nothing_waiting_is_silent(void **state)
{
    (void)state;
    vole_peer_flush(hosts.host[0].peer, &hosts.now);
    assert_int_equal(sent(0), 0);
}

static void a_changed_mtu_matters_to_later_padding(void **state)
{
    (void)state;
    two_hosts_send_bytes(&hosts, 0, 1418);
    vole_device_set_mtu(hosts.host[0].device, 1500);
    two_hosts_send_bytes(&hosts, 0, 1418);
    assert_int_equal(two_hosts_nth(&hosts, 0, TRANSPORT, 0)->length, 1420 + 32);
    assert_int_equal(two_hosts_nth(&hosts, 0, TRANSPORT, 1)->length, 1424 + 32);
}

static void forgetting_sources_keeps_destinations(void **state)
{
    (void)state;
    assert_int_equal(two_hosts_peer(&hosts, 0).endpoint.source.family, 4);
    vole_device_forget_sources(hosts.host[0].device);
    assert_int_equal(two_hosts_peer(&hosts, 0).endpoint.source.family, 0);
    two_hosts_send(&hosts, 0);
    assert_int_equal(two_hosts_last(&hosts, 0, TRANSPORT)->to.port, hosts.host[1].address.port);
}

/* ---- removal ---- */

static void a_removed_peer_is_gone_with_all_it_had(void **state)
{
    struct vole_device *device = hosts.host[0].device;

    (void)state;
    hosts.connected = false;
    two_hosts_send(&hosts, 1);
    atomic_store(&atomic_load(&hosts.host[0].peer->keypairs.current)->can_send, false);
    two_hosts_send(&hosts, 0); /* waits */
    vole_peer_remove(hosts.host[0].peer);
    assert_int_equal(index_count(&device->indices), 0);
    assert_int_equal(vole_device_deadline(device), VOLE_NEVER);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, TRANSPORT)), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_UNKNOWN_INDEX);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_NO_PEER);
    two_hosts_advance(&hosts, 10 * SECOND);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, INITIATION)), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_UNKNOWN_PEER);
}

static void peers_are_walked_in_order_of_creation(void **state)
{
    struct vole_peer *peers[100], *walk = hosts.host[0].peer;
    uint8_t key[32] = {0};

    (void)state;
    for (uint8_t i = 0; i < 100; i++) {
        key[0] = (uint8_t)(i * 37 + 11);
        key[1] = i;
        peers[i] = vole_peer_add(hosts.host[0].device, key, &hosts.now, NULL);
        assert_non_null(peers[i]);
        assert_ptr_equal(vole_peer_add(hosts.host[0].device, key, &hosts.now, NULL), peers[i]);
        assert_ptr_equal(vole_peer_find(hosts.host[0].device, key), peers[i]);
        vole_peer_set_context(peers[i], &peers[i]);
    }
    vole_peer_remove(peers[50]);
    assert_int_equal(vole_peer_count(hosts.host[0].device), 100);
    assert_ptr_equal(vole_peer_next(hosts.host[0].device, NULL), walk);
    for (int i = 0; i < 100; i++)
        if (i != 50) {
            walk = vole_peer_next(hosts.host[0].device, walk);
            assert_ptr_equal(walk, peers[i]);
            assert_ptr_equal(vole_peer_context(walk), &peers[i]);
        }
    assert_null(vole_peer_next(hosts.host[0].device, walk));
}

#define WITH_START(test)   cmocka_unit_test_setup_teardown(test, start, stop)
#define WITH_SESSION(test) cmocka_unit_test_setup_teardown(test, start_with_session, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SESSION(down_drops_what_waits_and_erases_sessions),
        WITH_SESSION(down_is_silent_and_deaf),
        WITH_SESSION(down_keeps_endpoint_counters_latest_handshake_and_keys),
        WITH_SESSION(down_keeps_the_memory_of_timestamps),
        WITH_START(down_empties_the_queue_of_handshakes),
        WITH_SESSION(up_again_begins_without_the_timers_of_before),
        WITH_SESSION(up_and_down_twice_are_once),
        WITH_START(up_sends_keepalives_only_to_peers_with_an_interval),
        WITH_SESSION(suspend_erases_sessions_and_keeps_timers),
        WITH_SESSION(suspend_stops_the_timer_that_erases),
        WITH_SESSION(a_cloned_machine_sends_no_more_but_receives),
        WITH_START(a_cloned_machine_forgets_its_pending_handshake),
        WITH_START(a_cloned_responder_does_not_send_on_the_session_it_waits_for),
        WITH_SESSION(after_a_key_change_sessions_only_receive_until_180_s),
        WITH_SESSION(after_a_key_change_peers_know_us_by_the_new_key),
        WITH_SESSION(setting_the_same_key_changes_nothing),
        WITH_START(the_private_key_is_stored_clamped),
        WITH_SESSION(an_all_zero_key_removes_the_identity),
        WITH_START(a_peer_with_the_own_key_is_removed_or_never_made),
        WITH_SESSION(a_changed_psk_matters_only_to_later_handshakes),
        WITH_START(an_endpoint_alone_starts_no_handshake_but_a_flush_sends_what_waits),
        WITH_SESSION(a_flush_with_nothing_waiting_is_silent),
        WITH_SESSION(a_changed_mtu_matters_to_later_padding),
        WITH_SESSION(forgetting_sources_keeps_destinations),
        WITH_SESSION(a_removed_peer_is_gone_with_all_it_had),
        WITH_START(peers_are_walked_in_order_of_creation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
