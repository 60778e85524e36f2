/* SPDX-License-Identifier: MIT
 *
 * When an initiation may go out, how often it is repeated, and giving up (timers §3).
 */
#include "two_hosts_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define INITIATION_EPHEMERAL 8
#define INITIATION_TIMESTAMP 88
#define INITIATION_MAC1      116

static const uint32_t no_jitter = 0;

static size_t initiations(int from)
{
    return two_hosts_count(&hosts, from, INITIATION);
}

/* ---- twenty, then giving up ---- */

static void gives_up_after_exactly_20_initiations(void **state)
{
    uint64_t began = hosts.now.monotonic_ns, last;

    (void)state;
    hosts.host[0].cut = true;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 3600 * SECOND);
    assert_int_equal(initiations(0), 20);
    last = two_hosts_last(&hosts, 0, INITIATION)->at_ns - began;
    assert_true(last >= 19 * 5 * SECOND && last < 19 * (5 * SECOND + SECOND / 3));
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 1);
    assert_int_equal(vole_device_handshakes(hosts.host[0].device, VOLE_HANDSHAKE_GAVE_UP), 1);
    assert_int_equal(vole_device_handshakes(hosts.host[0].device, VOLE_HANDSHAKE_INITIATED), 20);
    assert_int_equal(vole_device_handshakes(hosts.host[0].device, VOLE_HANDSHAKE_COMPLETED_AS_INITIATOR), 0);
}

static void gives_up_between_100_and_107_s(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 100 * SECOND - 1);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 0);
    two_hosts_wait(&hosts, 6 * SECOND + 2 * SECOND / 3 + 1);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 1);
}

static void gives_up_at_100_s_sharp_without_jitter(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    hosts.host[0].jitter_ns = &no_jitter;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 100 * SECOND - 1);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 0);
    two_hosts_wait(&hosts, 1);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 1);
    assert_int_equal(initiations(0), 20);
}

static void giving_up_purges_what_waits(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    for (int i = 0; i < 7; i++)
        two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 107 * SECOND);
    assert_int_equal(vole_peer_drops(hosts.host[0].peer, VOLE_DROP_STAGED_PURGED), 7);
    hosts.host[0].cut = false;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_deliver(&hosts);
    assert_true(two_hosts_peer(&hosts, 1).has_session);
    assert_int_equal(hosts.host[1].delivered, 0);
}

static void giving_up_stops_the_passive_keepalive(void **state)
{
    (void)state;
    /* Host 1 cannot get through from 70 s on and gives up at 170 s. Data that it hears under the old key at
     * 168 s, after its last try, would want a keepalive at 178 s. */
    hosts.connected = false;
    hosts.host[1].jitter_ns = &no_jitter;
    two_hosts_wait(&hosts, 70 * SECOND);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    two_hosts_wait(&hosts, 98 * SECOND);
    two_hosts_send(&hosts, 0);
    assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT)), VOLE_DELIVERED);
    assert_int_equal(hosts.host[1].events[VOLE_EVENT_GAVE_UP], 0);
    two_hosts_wait(&hosts, 60 * SECOND);
    assert_int_equal(hosts.host[1].events[VOLE_EVENT_GAVE_UP], 1);
    assert_int_equal(initiations(1), 20);
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 0);
}

static void giving_up_arms_erasing_if_nothing_else_did(void **state)
{
    uint64_t began = hosts.now.monotonic_ns;

    (void)state;
    hosts.host[0].cut = true;
    hosts.host[0].jitter_ns = &no_jitter;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 101 * SECOND);
    assert_int_equal(vole_device_deadline(hosts.host[0].device), began + (100 + 540) * SECOND);
    two_hosts_wait(&hosts, 539 * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_KEYS_ERASED], 1);
    assert_int_equal(vole_device_deadline(hosts.host[0].device), VOLE_NEVER);
}

static void giving_up_leaves_a_pending_erasing_alone(void **state)
{
    (void)state;
    two_hosts_wait(&hosts, 180 * SECOND); /* erasing is due at 540 */
    hosts.host[0].cut = true;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 110 * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 1);
    two_hosts_wait(&hosts, (540 - 290) * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_KEYS_ERASED], 1);
}

static void the_next_packet_after_giving_up_starts_over(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 200 * SECOND);
    two_hosts_forget(&hosts);
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 200 * SECOND);
    assert_int_equal(initiations(0), 20);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 2);
}

static void a_handshake_asked_for_after_giving_up_starts_over(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    for (int i = 0; i < 3; i++) {
        vole_peer_handshake(hosts.host[0].peer, &hosts.now);
        two_hosts_wait(&hosts, 200 * SECOND);
        assert_int_equal(initiations(0), 20);
        two_hosts_forget(&hosts);
    }
}

static void a_persistent_keepalive_after_giving_up_starts_over(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    vole_peer_set_persistent_keepalive(hosts.host[0].peer, 25, &hosts.now);
    two_hosts_wait(&hosts, 115 * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 1);
    assert_int_equal(initiations(0), 20);
    two_hosts_wait(&hosts, 600 * SECOND);
    assert_true(hosts.host[0].events[VOLE_EVENT_GAVE_UP] >= 4);
    hosts.host[0].cut = false;
    two_hosts_wait(&hosts, 31 * SECOND);
    assert_true(two_hosts_peer(&hosts, 0).has_session);
}

/* ---- attempts start again ---- */

static void any_new_packet_resets_the_attempts(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    for (int i = 0; i < 60; i++) {
        two_hosts_send(&hosts, 0);
        two_hosts_wait(&hosts, 94 * SECOND);
    }
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 0);
    assert_true(initiations(0) > 1000);
}

static void a_packet_refused_by_the_rate_limit_resets_the_attempts_too(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    hosts.host[0].jitter_ns = &no_jitter;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 96 * SECOND); /* the 20th went out at 95 s */
    assert_int_equal(initiations(0), 20);
    two_hosts_send(&hosts, 0); /* within 5 s of it */
    assert_int_equal(initiations(0), 20);
    two_hosts_wait(&hosts, 200 * SECOND);
    assert_int_equal(initiations(0), 20 + 19); /* at 100 s the first retry of a new count */
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 1);
}

/* ---- every one is new ---- */

static void no_two_initiations_share_index_ephemeral_timestamp_or_mac(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 110 * SECOND);
    for (size_t i = 0; i < 20; i++)
        for (size_t j = 0; j < i; j++) {
            const uint8_t *a = two_hosts_nth(&hosts, 0, INITIATION, i)->bytes,
                          *b = two_hosts_nth(&hosts, 0, INITIATION, j)->bytes;

            assert_memory_not_equal(a + 4, b + 4, 4);
            assert_memory_not_equal(a + INITIATION_EPHEMERAL, b + INITIATION_EPHEMERAL, 32);
            assert_memory_not_equal(a + INITIATION_TIMESTAMP, b + INITIATION_TIMESTAMP, 28);
            assert_memory_not_equal(a + INITIATION_MAC1, b + INITIATION_MAC1, 16);
        }
}

static void a_response_to_a_superseded_initiation_is_dropped(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_send(&hosts, 0);
    two_hosts_receive(&hosts, 1, two_hosts_nth(&hosts, 0, INITIATION, 0));
    two_hosts_wait(&hosts, 6 * SECOND);
    assert_int_equal(initiations(0), 2);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_nth(&hosts, 1, RESPONSE, 0)), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[0].device), VOLE_DROP_RESPONSE_UNEXPECTED);
    assert_false(two_hosts_peer(&hosts, 0).has_session);
}

/* ---- once in 5 s ---- */

static void initiations_are_5_s_apart_however_often_asked_for(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    hosts.host[0].jitter_ns = &no_jitter;
    for (int i = 0; i < 500; i++) {
        two_hosts_send(&hosts, 0);
        vole_peer_handshake(hosts.host[0].peer, &hosts.now);
        two_hosts_wait(&hosts, 100 * MILLISECOND);
    }
    assert_int_equal(initiations(0), 11); /* at 0, 5, ... 50 s */
    for (size_t i = 1; i < 11; i++)
        assert_true(two_hosts_nth(&hosts, 0, INITIATION, i)->at_ns -
                        two_hosts_nth(&hosts, 0, INITIATION, i - 1)->at_ns >=
                    5 * SECOND);
}

static void an_own_response_blocks_own_initiations_for_5_s(void **state)
{
    (void)state;
    hosts.connected = false;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_receive(&hosts, 1, two_hosts_nth(&hosts, 0, INITIATION, 0));
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 1);
    two_hosts_lose(&hosts);
    two_hosts_advance(&hosts, 5 * SECOND - 1);
    assert_int_equal(two_hosts_send(&hosts, 1), VOLE_STAGED);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    assert_int_equal(initiations(1), 0);
    two_hosts_advance(&hosts, 1);
    two_hosts_send(&hosts, 1);
    assert_int_equal(initiations(1), 1);
}

static void a_new_peer_and_a_device_just_up_may_initiate_at_once(void **state)
{
    (void)state;
    two_hosts_send(&hosts, 0);
    vole_device_down(hosts.host[0].device, &hosts.now);
    vole_device_up(hosts.host[0].device, &hosts.now);
    two_hosts_send(&hosts, 0);
    assert_int_equal(initiations(0), 2);
}

/* A retry that comes before 5 s have passed since our own response is not made up for (timers §3). */
static void a_retry_refused_by_the_limit_ends_the_chain(void **state)
{
    (void)state;
    hosts.connected = false;
    hosts.host[0].jitter_ns = hosts.host[1].jitter_ns = &no_jitter;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now); /* retry due at 5 s */
    two_hosts_lose(&hosts);
    two_hosts_wait(&hosts, SECOND);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, INITIATION)); /* answered: blocked until 6 s */
    two_hosts_lose(&hosts);
    hosts.host[1].cut = true;
    two_hosts_wait(&hosts, 300 * SECOND);
    assert_int_equal(initiations(0), 1);
    two_hosts_send(&hosts, 0);
    assert_int_equal(initiations(0), 2);
}

/* ---- who stays silent ---- */

static void without_a_private_key_nothing_is_sent_until_there_is_one(void **state)
{
    static const uint8_t none[32];

    (void)state;
    vole_device_set_private_key(hosts.host[0].device, none, &hosts.now);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_STAGED);
    two_hosts_wait(&hosts, 3600 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE), 0);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 0);
    vole_device_set_private_key(hosts.host[0].device, hosts.host[0].private_key, &hosts.now);
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 1);
}

static void a_peer_with_a_low_order_key_is_never_spoken_to(void **state)
{
    static const uint8_t one[32] = {1};
    struct vole_prefix prefix = {.address = {4, {10, 9, 9, 9}}, .length = 32};
    struct vole_peer *weak = vole_peer_add(hosts.host[0].device, one, &hosts.now, NULL);
    uint8_t packet[84];

    (void)state;
    assert_non_null(weak);
    assert_int_equal(vole_peer_allow(weak, &prefix), 0);
    vole_peer_set_endpoint(weak, &hosts.host[1].address);
    vole_peer_set_persistent_keepalive(weak, 10, &hosts.now);
    two_hosts_packet(packet, hosts.host[0].inner, prefix.address.bytes, sizeof packet);
    assert_int_equal(vole_device_send(hosts.host[0].device, packet, sizeof packet, &hosts.now), VOLE_STAGED);
    vole_peer_handshake(weak, &hosts.now);
    two_hosts_wait(&hosts, 600 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE), 0);
    assert_true(vole_peer_drops(weak, VOLE_DROP_WEAK_KEY) >= 1);
}

static void without_an_endpoint_initiations_are_built_and_repeated(void **state)
{
    struct vole_peer *stranger;
    uint8_t private_key[32], public_key[32];

    (void)state;
    two_hosts_random(&hosts, private_key, sizeof private_key);
    vole_public_key(public_key, private_key);
    stranger = vole_peer_add(hosts.host[0].device, public_key, &hosts.now, NULL);
    vole_peer_handshake(stranger, &hosts.now);
    two_hosts_wait(&hosts, 200 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE), 0);
    assert_int_equal(vole_peer_drops(stranger, VOLE_DROP_NO_ENDPOINT), 20);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 1);
}

static void an_endpoint_set_meanwhile_is_used_by_the_next_retry(void **state)
{
    struct vole_peer *peer;

    (void)state;
    vole_peer_remove(hosts.host[0].peer);
    peer = hosts.host[0].peer =
        vole_peer_add(hosts.host[0].device, hosts.host[1].public_key, &hosts.now, NULL);
    vole_peer_handshake(peer, &hosts.now);
    vole_peer_set_endpoint(peer, &hosts.host[1].address);
    assert_int_equal(initiations(0), 0);
    two_hosts_wait(&hosts, 6 * SECOND);
    assert_int_equal(initiations(0), 1);
    assert_true(two_hosts_peer(&hosts, 0).has_session);
}

/* ---- the rest ---- */

static void a_retry_clears_the_cached_source_but_not_the_destination(void **state)
{
    (void)state;
    two_hosts_send(&hosts, 1);
    two_hosts_deliver(&hosts);
    hosts.host[0].cut = true;
    two_hosts_wait(&hosts, 200 * SECOND);
    two_hosts_forget(&hosts);
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 6 * SECOND);
    assert_int_equal(two_hosts_nth(&hosts, 0, INITIATION, 0)->to.source.family, 4);
    assert_int_equal(two_hosts_nth(&hosts, 0, INITIATION, 1)->to.source.family, 0);
    assert_int_equal(two_hosts_nth(&hosts, 0, INITIATION, 1)->to.port, hosts.host[1].address.port);
}

static void simultaneous_initiations_leave_both_waiting_until_one_retries(void **state)
{
    const uint32_t early = 100000000, late = 300000000;

    (void)state;
    hosts.connected = false;
    hosts.host[0].jitter_ns = &early;
    hosts.host[1].jitter_ns = &late;
    two_hosts_send(&hosts, 0);
    two_hosts_send(&hosts, 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(two_hosts_receive(&hosts, !i, two_hosts_nth(&hosts, i, INITIATION, 0)),
                         VOLE_HANDSHAKE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_hosts_receive(&hosts, !i, two_hosts_nth(&hosts, i, RESPONSE, 0)), VOLE_DROPPED);
        assert_false(two_hosts_peer(&hosts, i).has_session);
        assert_int_equal(two_hosts_count(&hosts, i, TRANSPORT), 0);
    }
    two_hosts_lose(&hosts);
    hosts.connected = true;
    two_hosts_wait(&hosts, 10 * SECOND);
    assert_int_equal(initiations(0), 2);
    assert_int_equal(initiations(1), 1);
    assert_int_equal(hosts.host[0].delivered, 1);
    assert_int_equal(hosts.host[1].delivered, 1);
}

#define WITH_START(test)   cmocka_unit_test_setup_teardown(test, start, stop)
#define WITH_SESSION(test) cmocka_unit_test_setup_teardown(test, start_with_session, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_START(gives_up_after_exactly_20_initiations),
        WITH_START(gives_up_between_100_and_107_s),
        WITH_START(gives_up_at_100_s_sharp_without_jitter),
        WITH_START(giving_up_purges_what_waits),
        WITH_SESSION(giving_up_stops_the_passive_keepalive),
        WITH_START(giving_up_arms_erasing_if_nothing_else_did),
        WITH_SESSION(giving_up_leaves_a_pending_erasing_alone),
        WITH_START(the_next_packet_after_giving_up_starts_over),
        WITH_START(a_handshake_asked_for_after_giving_up_starts_over),
        WITH_START(a_persistent_keepalive_after_giving_up_starts_over),
        WITH_START(any_new_packet_resets_the_attempts),
        WITH_START(a_packet_refused_by_the_rate_limit_resets_the_attempts_too),
        WITH_START(no_two_initiations_share_index_ephemeral_timestamp_or_mac),
        WITH_START(a_response_to_a_superseded_initiation_is_dropped),
        WITH_START(initiations_are_5_s_apart_however_often_asked_for),
        WITH_START(an_own_response_blocks_own_initiations_for_5_s),
        WITH_START(a_new_peer_and_a_device_just_up_may_initiate_at_once),
        WITH_START(a_retry_refused_by_the_limit_ends_the_chain),
        WITH_START(without_a_private_key_nothing_is_sent_until_there_is_one),
        WITH_START(a_peer_with_a_low_order_key_is_never_spoken_to),
        WITH_START(without_an_endpoint_initiations_are_built_and_repeated),
        WITH_START(an_endpoint_set_meanwhile_is_used_by_the_next_retry),
        WITH_SESSION(a_retry_clears_the_cached_source_but_not_the_destination),
        WITH_START(simultaneous_initiations_leave_both_waiting_until_one_retries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
