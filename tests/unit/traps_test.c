/* SPDX-License-Identifier: MIT
 *
 * The mistakes that implementations of WireGuard make, one test for each that the core could make. Their
 * numbers are those of the list in docs/spec-coverage.md, which says where the others are proved.
 */
#include "core/device.h"
#include "core/outbound.h"
#include "crypto/kdf.h"
#include "two_hosts_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint32_t no_jitter = 0;

static struct keypair *current_of(int host)
{
    return atomic_load(&hosts.host[host].peer->keypairs.current);
}

/* Host 0's initiation made anew, 6 s later. */
static struct datagram initiation(void)
{
    two_hosts_advance(&hosts, 6 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    return *two_hosts_last(&hosts, 0, INITIATION);
}

static void set_high_load(int host)
{
    hosts.host[host].device->load->last_loaded_ns = hosts.now.boot_ns;
}

static void trap_01_macs_have_16_bytes_of_output_and_the_kdf_is_hmac(void **state)
{
    static const uint8_t key[32] = {1}, text[3] = "abc";
    uint8_t mac[32] = {0}, truncated[32], derived[32], keyed[32];
    struct blake2s whole;

    (void)state;
    blake2s_mac(mac, key, sizeof key, text, sizeof text);
    blake2s_init_keyed(&whole, 32, key, sizeof key);
    blake2s_update(&whole, text, sizeof text);
    blake2s_final(&whole, truncated);
    assert_memory_not_equal(mac, truncated, 16);
    memcpy(keyed, truncated, sizeof keyed);
    hmac_blake2s(derived, key, sizeof key, text, sizeof text);
    assert_memory_not_equal(derived, keyed, sizeof derived);
}

static void trap_02_no_psk_is_a_psk_of_zeros(void **state)
{
    static const uint8_t zeros[32];

    (void)state;
    vole_peer_set_preshared_key(hosts.host[0].peer, zeros); /* configured as zeros here, not at all there */
    two_hosts_send(&hosts, 0);
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 1);
}

static void trap_02_a_retransmission_is_a_fresh_initiation(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 6 * SECOND);
    assert_memory_not_equal(two_hosts_nth(&hosts, 0, INITIATION, 0)->bytes + 8,
                            two_hosts_nth(&hosts, 0, INITIATION, 1)->bytes + 8, 32);
}

static void trap_03_reserved_bytes_count_lengths_are_exact_data_need_not_be_padded(void **state)
{
    struct datagram message = initiation();

    (void)state;
    message.bytes[2] = 1;
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_DROPPED);
    message.bytes[2] = 0;
    message.length++;
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_DROPPED);
    message.length--;
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_HANDSHAKE);
    two_hosts_deliver(&hosts);
    vole_device_set_mtu(hosts.host[0].device, 85); /* clamps the padding of 84 bytes to 85 */
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_SENT);
    assert_int_equal(two_hosts_last(&hosts, 0, TRANSPORT)->length, 85 + 32);
    assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT)), VOLE_DELIVERED);
}

static void trap_04_padding_is_clamped_to_the_mtu(void **state)
{
    (void)state;
    two_hosts_send_bytes(&hosts, 0, 1418);
    assert_int_equal(two_hosts_last(&hosts, 0, TRANSPORT)->length, 1420 + 32);
}

static void trap_04_keepalives_are_unpadded_and_consume_a_counter(void **state)
{
    (void)state;
    vole_peer_set_persistent_keepalive(hosts.host[0].peer, 25, &hosts.now);
    assert_int_equal(two_hosts_last(&hosts, 0, TRANSPORT)->length, 32);
    assert_int_equal(two_hosts_last(&hosts, 0, TRANSPORT)->bytes[8], 1); /* 0 confirmed the key */
    assert_int_equal(atomic_load(&current_of(0)->sending_counter), 2);
}

static void trap_05_the_window_is_touched_only_by_authentic_packets(void **state)
{
    struct datagram forged;

    (void)state;
    hosts.connected = false;
    two_hosts_send(&hosts, 0);
    forged = *two_hosts_last(&hosts, 0, TRANSPORT);
    forged.bytes[15] = 0x10; /* a counter far ahead */
    assert_int_equal(two_hosts_receive(&hosts, 1, &forged), VOLE_DROPPED);
    assert_int_equal(atomic_load(&current_of(1)->replay.top), 1);
    two_hosts_deliver(&hosts);
    assert_int_equal(atomic_load(&current_of(1)->replay.top), 2); /* counter 1, plus one */
}

static void trap_05_a_packet_8128_behind_is_accepted_8129_is_not(void **state)
{
    struct datagram first, second;

    (void)state;
    hosts.connected = false;
    two_hosts_send(&hosts, 0); /* counter 1 */
    first = *two_hosts_last(&hosts, 0, TRANSPORT);
    two_hosts_send(&hosts, 0); /* counter 2 */
    second = *two_hosts_last(&hosts, 0, TRANSPORT);
    atomic_store(&current_of(0)->sending_counter, 2 + 8128);
    two_hosts_send(&hosts, 0);
    assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT)), VOLE_DELIVERED);
    assert_int_equal(two_hosts_receive(&hosts, 1, &first), VOLE_DROPPED);
    assert_int_equal(two_hosts_receive(&hosts, 1, &second), VOLE_DELIVERED);
}

static void trap_06_a_responder_is_silent_until_the_key_is_confirmed(void **state)
{
    struct datagram message = initiation();

    (void)state;
    hosts.connected = false;
    two_hosts_receive(&hosts, 1, &message);
    two_hosts_wait(&hosts, SECOND);
    assert_int_equal(two_hosts_send(&hosts, 1), VOLE_STAGED);
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 0);
    assert_int_equal(two_hosts_peer(&hosts, 1).latest_handshake_s, 0);
    two_hosts_deliver(&hosts);
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 1);
    assert_int_equal(two_hosts_peer(&hosts, 1).latest_handshake_s, hosts.now.real_s);
}

static void trap_07_a_response_blocks_own_initiations_for_5_s(void **state)
{
    struct datagram message = initiation();

    (void)state;
    hosts.connected = false;
    two_hosts_receive(&hosts, 1, &message);
    two_hosts_advance(&hosts, 5 * SECOND - 1);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 1, INITIATION), 0);
    two_hosts_advance(&hosts, 1);
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 1, INITIATION), 1);
}

static void trap_08_twenty_transmissions_over_100_s(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    hosts.host[0].jitter_ns = &no_jitter;
    two_hosts_send(&hosts, 0);
    two_hosts_wait(&hosts, 99 * SECOND);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 0);
    two_hosts_wait(&hosts, 500 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 20);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 1);
}

static void trap_08_any_new_packet_resets_the_count(void **state)
{
    (void)state;
    hosts.host[0].cut = true;
    for (int i = 0; i < 20; i++) {
        two_hosts_send(&hosts, 0);
        two_hosts_wait(&hosts, 60 * SECOND);
    }
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_GAVE_UP], 0);
}

static void trap_09_only_the_initiator_rekeys_by_time(void **state)
{
    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 179 * SECOND);
    two_hosts_send(&hosts, 1);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, TRANSPORT)); /* 165 s, on receive */
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    two_hosts_send(&hosts, 0);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT));
    assert_int_equal(two_hosts_count(&hosts, 1, INITIATION), 0);
}

static void trap_10_129_packets_wait_and_the_oldest_goes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 200; i++)
        two_hosts_send_bytes(&hosts, 0, 100 + i);
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 129);
    assert_int_equal(hosts.host[1].delivered_length, 299);
}

static void trap_11_without_load_mac2_is_ignored(void **state)
{
    struct datagram message = initiation();

    (void)state;
    memset(message.bytes + 132, 0xff, 16);
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_HANDSHAKE);
}

static void trap_11_an_empty_bucket_is_answered_by_silence(void **state)
{
    struct datagram message = initiation();

    (void)state;
    set_high_load(1);
    two_hosts_receive(&hosts, 1, &message);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, COOKIE_REPLY));
    message = initiation();
    set_high_load(1);
    for (int i = 0; i < 5; i++)
        assert_true(
            load_allow(hosts.host[1].device->load, &hosts.host[0].address.address, hosts.now.boot_ns));
    two_hosts_forget(&hosts);
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[1].device), VOLE_DROP_SOURCE_RATE);
    assert_int_equal(two_hosts_count(&hosts, 1, ANY_MESSAGE), 0);
}

static void trap_12_load_and_bucket_are_shared_by_all_devices_and_ipv6_counts_by_64(void **state)
{
    struct load shared;
    struct vole_address a = {6, {0xfd, [7] = 1, [15] = 1}}, b = {6, {0xfd, [7] = 1, [15] = 2}};
    struct datagram message = initiation();

    (void)state;
    load_init(&shared, hosts.host[0].public_key);
    hosts.host[0].device->load = hosts.host[1].device->load = &shared;
    set_high_load(0);
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_DROPPED);
    assert_int_equal(two_hosts_count(&hosts, 1, COOKIE_REPLY), 1);
    for (int i = 0; i < 5; i++)
        assert_true(load_allow(hosts.host[0].device->load, &a, hosts.now.boot_ns));
    assert_false(load_allow(hosts.host[1].device->load, &b, hosts.now.boot_ns));
    load_fini(&shared);
}

static void trap_13_cookie_replies_have_tos_0_and_count_nowhere_handshakes_have_0x88(void **state)
{
    struct datagram message = initiation();
    uint64_t sent;

    (void)state;
    assert_int_equal(message.traffic_class, 0x88);
    two_hosts_receive(&hosts, 1, &message);
    assert_int_equal(two_hosts_last(&hosts, 1, RESPONSE)->traffic_class, 0x88);
    sent = two_hosts_peer(&hosts, 1).sent_bytes;
    message = initiation();
    set_high_load(1);
    two_hosts_receive(&hosts, 1, &message);
    assert_int_equal(two_hosts_last(&hosts, 1, COOKIE_REPLY)->traffic_class, 0);
    assert_int_equal(two_hosts_peer(&hosts, 1).sent_bytes, sent);
}

static void trap_14_inner_ce_is_outer_ect0_and_outer_ce_on_not_ect_is_delivered(void **state)
{
    uint8_t packet[84];
    struct datagram datagram;

    (void)state;
    hosts.connected = false;
    two_hosts_packet(packet, hosts.host[0].inner, hosts.host[1].inner, sizeof packet);
    packet[1] = 3;
    vole_device_send(hosts.host[0].device, packet, sizeof packet, &hosts.now);
    assert_int_equal(two_hosts_last(&hosts, 0, TRANSPORT)->traffic_class, 2);
    packet[1] = 0;
    vole_device_send(hosts.host[0].device, packet, sizeof packet, &hosts.now);
    datagram = *two_hosts_last(&hosts, 0, TRANSPORT);
    datagram.traffic_class = 3;
    assert_int_equal(two_hosts_receive(&hosts, 1, &datagram), VOLE_DELIVERED);
    assert_int_equal(hosts.host[1].delivered_packet[1], 0);
}

static void trap_15_a_disallowed_source_moves_the_endpoint_but_not_rx_bytes(void **state)
{
    static const uint8_t stranger[4] = {10, 0, 0, 77};
    const struct vole_endpoint elsewhere = {.address = {4, {203, 0, 113, 9}}, .port = 4444};
    uint64_t received = two_hosts_peer(&hosts, 1).received_bytes;
    uint8_t packet[84];

    (void)state;
    hosts.connected = false;
    two_hosts_packet(packet, stranger, hosts.host[1].inner, sizeof packet);
    assert_int_equal(vole_device_send(hosts.host[0].device, packet, sizeof packet, &hosts.now), VOLE_SENT);
    assert_int_equal(two_hosts_receive_from(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT), &elsewhere),
                     VOLE_DROPPED);
    assert_int_equal(two_hosts_peer(&hosts, 1).endpoint.port, 4444);
    assert_int_equal(two_hosts_peer(&hosts, 1).received_bytes, received);
}

static void trap_17_no_peer_and_no_endpoint_are_refused_no_key_is_staged(void **state)
{
    static const uint8_t key[32] = {55}, nowhere[4] = {172, 16, 0, 1};
    struct vole_device *device = hosts.host[0].device;
    struct vole_prefix prefix = {{4, {172, 16, 0, 1}}, 32};
    struct vole_peer *peer, *routed;
    enum vole_drop reason;
    uint8_t packet[84];

    (void)state;
    two_hosts_packet(packet, hosts.host[0].inner, nowhere, sizeof packet);
    assert_int_equal(outbound_route(device, packet, sizeof packet, &routed, &reason), VOLE_DROPPED);
    assert_int_equal(reason, VOLE_DROP_NO_PEER);
    peer = vole_peer_add(device, key, &hosts.now, NULL);
    assert_int_equal(vole_peer_allow(peer, &prefix), 0);
    assert_int_equal(outbound_route(device, packet, sizeof packet, &routed, &reason), VOLE_DROPPED);
    assert_int_equal(reason, VOLE_DROP_NO_ENDPOINT);
    vole_peer_set_endpoint(peer, &hosts.host[1].address);
    assert_int_equal(vole_device_send(device, packet, sizeof packet, &hosts.now), VOLE_STAGED);
}

static void trap_22_the_private_key_is_clamped_and_the_own_key_is_no_peer(void **state)
{
    uint8_t key[32], stored[32];
    int error = 1;

    (void)state;
    memset(key, 0xff, sizeof key);
    vole_device_set_private_key(hosts.host[0].device, key, &hosts.now);
    assert_true(vole_device_private_key(hosts.host[0].device, stored));
    assert_int_equal(stored[0], 0xf8);
    assert_int_equal(stored[31], 0x7f);
    vole_public_key(key, key);
    assert_null(vole_peer_add(hosts.host[0].device, key, &hosts.now, &error));
    assert_int_equal(error, 0);
}

static void trap_23_after_a_key_change_sessions_receive_but_do_not_send(void **state)
{
    static const uint8_t other[32] = {8, 9, [31] = 0x41};

    (void)state;
    hosts.connected = false;
    vole_device_set_private_key(hosts.host[0].device, other, &hosts.now);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_STAGED);
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 0);
    two_hosts_send(&hosts, 1);
    two_hosts_send(&hosts, 1);
    two_hosts_advance(&hosts, 179 * SECOND);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_nth(&hosts, 1, TRANSPORT, 0)), VOLE_DELIVERED);
    two_hosts_advance(&hosts, SECOND);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_nth(&hosts, 1, TRANSPORT, 1)), VOLE_DROPPED);
}

static void trap_24_low_order_peers_are_accepted_and_silent(void **state)
{
    static const uint8_t zero[32], one[32] = {1};
    struct vole_peer *peers[2] = {vole_peer_add(hosts.host[0].device, zero, &hosts.now, NULL),
                                  vole_peer_add(hosts.host[0].device, one, &hosts.now, NULL)};

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_non_null(peers[i]);
        vole_peer_set_endpoint(peers[i], &hosts.host[1].address);
        vole_peer_set_persistent_keepalive(peers[i], 5, &hosts.now);
        vole_peer_handshake(peers[i], &hosts.now);
    }
    two_hosts_wait(&hosts, 300 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE), 0);
}

#define WITH_START(test)   cmocka_unit_test_setup_teardown(test, start, stop)
#define WITH_SESSION(test) cmocka_unit_test_setup_teardown(test, start_with_session, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trap_01_macs_have_16_bytes_of_output_and_the_kdf_is_hmac),
        WITH_START(trap_02_no_psk_is_a_psk_of_zeros),
        WITH_START(trap_02_a_retransmission_is_a_fresh_initiation),
        WITH_START(trap_03_reserved_bytes_count_lengths_are_exact_data_need_not_be_padded),
        WITH_SESSION(trap_04_padding_is_clamped_to_the_mtu),
        WITH_SESSION(trap_04_keepalives_are_unpadded_and_consume_a_counter),
        WITH_SESSION(trap_05_the_window_is_touched_only_by_authentic_packets),
        WITH_SESSION(trap_05_a_packet_8128_behind_is_accepted_8129_is_not),
        WITH_START(trap_06_a_responder_is_silent_until_the_key_is_confirmed),
        WITH_START(trap_07_a_response_blocks_own_initiations_for_5_s),
        WITH_START(trap_08_twenty_transmissions_over_100_s),
        WITH_START(trap_08_any_new_packet_resets_the_count),
        WITH_SESSION(trap_09_only_the_initiator_rekeys_by_time),
        WITH_START(trap_10_129_packets_wait_and_the_oldest_goes),
        WITH_START(trap_11_without_load_mac2_is_ignored),
        WITH_START(trap_11_an_empty_bucket_is_answered_by_silence),
        WITH_START(trap_12_load_and_bucket_are_shared_by_all_devices_and_ipv6_counts_by_64),
        WITH_START(trap_13_cookie_replies_have_tos_0_and_count_nowhere_handshakes_have_0x88),
        WITH_SESSION(trap_14_inner_ce_is_outer_ect0_and_outer_ce_on_not_ect_is_delivered),
        WITH_SESSION(trap_15_a_disallowed_source_moves_the_endpoint_but_not_rx_bytes),
        WITH_SESSION(trap_17_no_peer_and_no_endpoint_are_refused_no_key_is_staged),
        WITH_START(trap_22_the_private_key_is_clamped_and_the_own_key_is_no_peer),
        WITH_SESSION(trap_23_after_a_key_change_sessions_receive_but_do_not_send),
        WITH_START(trap_24_low_order_peers_are_accepted_and_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
