/* SPDX-License-Identifier: MIT
 *
 * Drop reasons: each has its words, is counted for the device, and for a peer only where that peer is to
 * blame, whatever others send.
 */
#include "core/drops.h"

#include "core/device.h"
#include "two_hosts.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void every_reason_has_a_name_a_text_and_advice(void **state)
{
    (void)state;
    for (enum vole_drop reason = 0; reason < VOLE_DROP_COUNT; reason++) {
        const char *name = vole_drop_name(reason);

        assert_true(strlen(name) >= 5 && strlen(name) < 32);
        for (const char *letter = name; *letter; letter++)
            assert_true(islower((unsigned char)*letter) || isdigit((unsigned char)*letter) || *letter == '_');
        assert_true(strlen(vole_drop_text(reason)) > 10);
        assert_true(strlen(vole_drop_advice(reason)) > 10);
        for (enum vole_drop other = 0; other < reason; other++) {
            assert_string_not_equal(name, vole_drop_name(other));
            assert_string_not_equal(vole_drop_text(reason), vole_drop_text(other));
        }
    }
}

static void a_reason_that_does_not_exist_has_words_too(void **state)
{
    (void)state;
    for (int wrong = -1; wrong < 2; wrong += 2) {
        enum vole_drop reason = (enum vole_drop)(wrong < 0 ? -1 : VOLE_DROP_COUNT);

        assert_non_null(vole_drop_name(reason));
        assert_non_null(vole_drop_text(reason));
        assert_non_null(vole_drop_advice(reason));
        assert_false(vole_drop_has_peer(reason));
    }
}

static void a_reason_is_blamed_on_a_peer_if_and_only_if_it_has_a_slot(void **state)
{
    int slots = 0;

    (void)state;
    for (enum vole_drop reason = 0; reason < VOLE_DROP_COUNT; reason++) {
        int slot = drop_peer_slot(reason);

        assert_int_equal(vole_drop_has_peer(reason), slot >= 0);
        if (slot >= 0)
            assert_int_equal(slot, slots++); /* one after another, without holes */
    }
    assert_int_equal(slots, DROP_PEER_SLOTS);
}

static void counting_goes_to_the_device_and_to_the_blamed_peer(void **state)
{
    struct drop_counters device = {0};
    struct drop_peer_counters peer = {0};

    (void)state;
    drop_count(&device, &peer, VOLE_DROP_REPLAYED, 3);
    drop_count(&device, NULL, VOLE_DROP_REPLAYED, 4);
    drop_count(&device, &peer, VOLE_DROP_MALFORMED, 5);
    assert_int_equal(device.count[VOLE_DROP_REPLAYED], 7);
    assert_int_equal(device.count[VOLE_DROP_MALFORMED], 5);
    for (int slot = 0; slot < DROP_PEER_SLOTS; slot++)
        assert_int_equal(peer.count[slot], slot == drop_peer_slot(VOLE_DROP_REPLAYED) ? 3 : 0);
}

static void a_peers_counter_stops_at_its_maximum(void **state)
{
    struct drop_counters device = {0};
    struct drop_peer_counters peer = {0};

    (void)state;
    drop_count(&device, &peer, VOLE_DROP_REPLAYED, UINT32_MAX - 1);
    drop_count(&device, &peer, VOLE_DROP_REPLAYED, 1);
    drop_count(&device, &peer, VOLE_DROP_REPLAYED, 1);
    drop_count(&device, &peer, VOLE_DROP_REPLAYED, UINT64_MAX / 4);
    assert_int_equal(peer.count[drop_peer_slot(VOLE_DROP_REPLAYED)], UINT32_MAX);
    assert_true(device.count[VOLE_DROP_REPLAYED] > UINT32_MAX);
}

/* A stranger who knows nothing but our address, our public key and the peer's can fill no peer's counters
 * with junk: not even with messages that hit no index of the peer. */
static void a_stranger_fills_no_peers_counters(void **state)
{
    struct two_hosts hosts;
    uint64_t peer_drops = 0, device_drops = 0;

    (void)state;
    two_hosts_start_with_session(&hosts);
    for (int i = 0; i < 2000; i++) {
        static const size_t lengths[] = {148, 92, 64, 96, 32, 31, 1400};
        struct datagram junk = {.length = lengths[i % 7]};

        two_hosts_random(&hosts, junk.bytes, junk.length);
        memcpy(junk.bytes, ((uint8_t[]){(uint8_t)(i % 5), 0, 0, 0}), 4);
        assert_int_equal(two_hosts_receive(&hosts, 1, &junk), VOLE_DROPPED);
    }
    for (enum vole_drop reason = 0; reason < VOLE_DROP_COUNT; reason++) {
        peer_drops += vole_peer_drops(hosts.host[1].peer, reason);
        device_drops += vole_device_drops(hosts.host[1].device, reason);
    }
    assert_int_equal(peer_drops, 0);
    assert_int_equal(device_drops, 2000); /* each exactly once */
    assert_int_equal(vole_device_drops(hosts.host[1].device, VOLE_DROP_COUNT), 0);
    assert_int_equal(vole_peer_drops(hosts.host[1].peer, VOLE_DROP_COUNT), 0);
    two_hosts_stop(&hosts);
}

/* Nor can one who knows the peer's public key too, and so gets as far as the timestamp. */
static void naming_a_peer_is_not_enough_to_fill_its_counters(void **state)
{
    struct two_hosts hosts;
    static const uint8_t somebodys_key[32] = {8, 9, [31] = 0x41};

    (void)state;
    two_hosts_start(&hosts);
    hosts.connected = false;
    /* Signs with another private key, but names host 0's public one. */
    memcpy(hosts.host[0].device->identity.private_key, somebodys_key, 32);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION)), VOLE_DROPPED);
        assert_int_equal(vole_device_last_drop(hosts.host[1].device),
                         i == 0 ? VOLE_DROP_INITIATION_FORGED : VOLE_DROP_WEAK_KEY);
        hosts.host[1].peer->static_static = STATIC_STATIC_ZERO; /* as for a key of low order */
    }
    for (enum vole_drop reason = 0; reason < VOLE_DROP_COUNT; reason++)
        assert_int_equal(vole_peer_drops(hosts.host[1].peer, reason), 0);
    two_hosts_stop(&hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_name_a_text_and_advice),
        cmocka_unit_test(a_reason_that_does_not_exist_has_words_too),
        cmocka_unit_test(a_reason_is_blamed_on_a_peer_if_and_only_if_it_has_a_slot),
        cmocka_unit_test(counting_goes_to_the_device_and_to_the_blamed_peer),
        cmocka_unit_test(a_peers_counter_stops_at_its_maximum),
        cmocka_unit_test(a_stranger_fills_no_peers_counters),
        cmocka_unit_test(naming_a_peer_is_not_enough_to_fill_its_counters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
