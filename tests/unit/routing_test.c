/* SPDX-License-Identifier: MIT
 *
 * Cryptokey routing: the inner checks in their order and what each failure has already done (routing §3),
 * the way out and its refusals (§4), ECN through whole devices (§6), the exact counters (§7), roaming (§9).
 */
#include "core/device.h"
#include "core/inbound.h"
#include "core/outbound.h"
#include "two_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct two_hosts hosts;

static int start(void **state)
{
    (void)state;
    two_hosts_start_with_session(&hosts);
    hosts.connected = false;
    two_hosts_advance(&hosts, SECOND);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    return 0;
}

/* What host 0 would send if it sealed any bytes at all. */
static struct datagram seal(const uint8_t *plaintext, size_t length)
{
    struct keypair *keypair = atomic_load(&hosts.host[0].peer->keypairs.current);
    struct datagram datagram = {.length = 16 + length + 16};
    struct aead_packet packet = {.bytes = datagram.bytes + 16, .length = length};

    assert_true(keypair_reserve(keypair, 1, &packet.counter));
    bytes_store_le32(datagram.bytes, 4);
    bytes_store_le32(datagram.bytes + 4, keypair->remote_index);
    bytes_store_le64(datagram.bytes + 8, packet.counter);
    if (length > 0)
        memcpy(datagram.bytes + 16, plaintext, length);
    aead_seal_batch(&packet, 1, keypair->sending_key);
    return datagram;
}

/* A good packet of so many bytes from host 0 to host 1, in 10.0.0.0/24. */
static size_t good(uint8_t *packet, size_t length)
{
    return two_hosts_packet(packet, hosts.host[0].inner, hosts.host[1].inner, length);
}

static const struct vole_endpoint elsewhere = {.address = {4, {203, 0, 113, 9}}, .port = 4444};

/* Authentic, but dropped for what is inside: endpoint and timers have moved, rx_bytes has not. */
static void assert_refused_inside(const uint8_t *plaintext, size_t length, enum vole_drop reason)
{
    uint64_t received = two_hosts_peer(&hosts, 1).received_bytes,
             drops = vole_peer_drops(hosts.host[1].peer, reason);
    struct datagram datagram = seal(plaintext, length);

    assert_int_equal(two_hosts_receive(&hosts, 1, &datagram), VOLE_DROPPED);
    assert_string_equal(vole_drop_name(vole_device_last_drop(hosts.host[1].device)), vole_drop_name(reason));
    assert_int_equal(vole_peer_drops(hosts.host[1].peer, reason), drops + 1);
    assert_int_equal(two_hosts_peer(&hosts, 1).received_bytes, received);
    assert_int_equal(hosts.host[1].delivered, 0);
}

/* ---- inbound ---- */

static void an_empty_packet_is_a_keepalive_and_counts_32_bytes(void **state)
{
    struct datagram datagram = seal(NULL, 0);
    uint64_t received = two_hosts_peer(&hosts, 1).received_bytes;

    (void)state;
    assert_int_equal(two_hosts_receive(&hosts, 1, &datagram), VOLE_KEEPALIVE);
    assert_int_equal(two_hosts_peer(&hosts, 1).received_bytes, received + 32);
    two_hosts_wait(&hosts, 60 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, ANY_MESSAGE), 0); /* nor is it data that wants an answer */
}

static void what_is_not_ip_is_refused(void **state)
{
    uint8_t packet[100];

    (void)state;
    for (unsigned version = 0; version < 16; version++) {
        good(packet, sizeof packet);
        packet[0] = (uint8_t)(version << 4 | 5);
        if (version != 4 && version != 6)
            assert_refused_inside(packet, sizeof packet, VOLE_DROP_INNER_MALFORMED);
    }
    for (size_t length = 1; length < 20; length++) {
        good(packet, sizeof packet);
        assert_refused_inside(packet, length, VOLE_DROP_INNER_MALFORMED);
    }
    packet[0] = 0x60;
    for (size_t length = 1; length < 40; length++)
        assert_refused_inside(packet, length, VOLE_DROP_INNER_MALFORMED);
}

static void wrong_inner_lengths_are_refused(void **state)
{
    uint8_t packet[100];

    (void)state;
    good(packet, sizeof packet);
    packet[3] = 19; /* shorter than its own header */
    assert_refused_inside(packet, sizeof packet, VOLE_DROP_INNER_LENGTH);
    packet[3] = 101; /* longer than the plaintext */
    assert_refused_inside(packet, sizeof packet, VOLE_DROP_INNER_LENGTH);
    packet[2] = packet[3] = 0xff;
    assert_refused_inside(packet, sizeof packet, VOLE_DROP_INNER_LENGTH);
    memset(packet, 0, sizeof packet);
    packet[0] = 0x60;
    packet[5] = 61; /* 40 + 61 > 100 */
    assert_refused_inside(packet, sizeof packet, VOLE_DROP_INNER_LENGTH);
    packet[4] = packet[5] = 0xff; /* 40 + 65535 does not wrap */
    assert_refused_inside(packet, sizeof packet, VOLE_DROP_INNER_LENGTH);
}

static void a_source_that_is_not_allowed_is_refused(void **state)
{
    static const uint8_t stranger[4] = {10, 0, 0, 77};
    uint8_t packet[100];

    (void)state;
    two_hosts_packet(packet, stranger, hosts.host[1].inner, sizeof packet);
    assert_refused_inside(packet, sizeof packet, VOLE_DROP_SOURCE_NOT_ALLOWED);
    memset(packet, 0, sizeof packet);
    packet[0] = 0x60; /* from ::, and no IPv6 prefix is allowed at all */
    assert_refused_inside(packet, sizeof packet, VOLE_DROP_SOURCE_NOT_ALLOWED);
}

static void a_source_that_belongs_to_another_peer_is_refused(void **state)
{
    static const uint8_t key[32] = {55}, inner[4] = {10, 0, 0, 9};
    struct vole_peer *other = vole_peer_add(hosts.host[1].device, key, &hosts.now, NULL);
    struct vole_prefix wide = {{4, {10, 0, 0, 0}}, 8}, narrow = {{4, {10, 0, 0, 9}}, 32};
    uint8_t packet[100];
    struct datagram datagram;

    (void)state;
    assert_int_equal(vole_peer_allow(hosts.host[1].peer, &wide), 0);
    two_hosts_packet(packet, inner, hosts.host[1].inner, sizeof packet);
    assert_int_equal(vole_peer_allow(other, &narrow), 0);
    assert_refused_inside(packet, sizeof packet, VOLE_DROP_SOURCE_NOT_ALLOWED);
    assert_int_equal(vole_peer_disallow(other, &narrow), 0);
    datagram = seal(packet, sizeof packet);
    assert_int_equal(two_hosts_receive(&hosts, 1, &datagram), VOLE_DELIVERED);
}

static void padding_is_trimmed_and_need_be_neither_exact_nor_zero(void **state)
{
    uint8_t packet[200];
    struct datagram datagram;

    (void)state;
    memset(packet, 0xee, sizeof packet);
    good(packet, 84);
    datagram = seal(packet, sizeof packet);
    assert_int_equal(two_hosts_receive(&hosts, 1, &datagram), VOLE_DELIVERED);
    assert_int_equal(hosts.host[1].delivered_length, 84);
    assert_memory_equal(hosts.host[1].delivered_packet, packet, 84);
}

static void header_length_checksum_ttl_and_destination_are_not_checked(void **state)
{
    uint8_t packet[84];
    struct datagram datagram;

    (void)state;
    good(packet, sizeof packet);
    packet[0] = 0x4f;                                  /* IHL of 60 bytes */
    packet[8] = 0;                                     /* TTL */
    packet[10] = 0x12;                                 /* checksum */
    memcpy(packet + 16, ((uint8_t[]){9, 9, 9, 9}), 4); /* destination */
    datagram = seal(packet, sizeof packet);
    assert_int_equal(two_hosts_receive(&hosts, 1, &datagram), VOLE_DELIVERED);
    assert_memory_equal(hosts.host[1].delivered_packet, packet, sizeof packet); /* untouched */
}

static void a_disallowed_source_still_moves_endpoint_and_timers_but_not_rx_bytes(void **state)
{
    static const uint8_t stranger[4] = {10, 0, 0, 77};
    uint64_t received = two_hosts_peer(&hosts, 1).received_bytes;
    uint8_t packet[84];
    struct datagram datagram;

    (void)state;
    two_hosts_packet(packet, stranger, hosts.host[1].inner, sizeof packet);
    datagram = seal(packet, sizeof packet);
    assert_int_equal(two_hosts_receive_from(&hosts, 1, &datagram, &elsewhere), VOLE_DROPPED);
    assert_int_equal(two_hosts_peer(&hosts, 1).endpoint.port, 4444);
    assert_int_equal(hosts.host[1].events[VOLE_EVENT_ENDPOINT_MOVED], 1);
    assert_int_equal(two_hosts_peer(&hosts, 1).received_bytes, received);
    two_hosts_wait(&hosts, 10 * SECOND); /* the passive keepalive was armed, before the inner checks */
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 1);
    assert_int_equal(two_hosts_last(&hosts, 1, TRANSPORT)->to.port, 4444);
}

static void a_replayed_packet_moves_neither(void **state)
{
    uint64_t received;

    (void)state;
    two_hosts_send(&hosts, 0);
    assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT)), VOLE_DELIVERED);
    two_hosts_wait(&hosts, 20 * SECOND);
    two_hosts_forget(&hosts);
    received = two_hosts_peer(&hosts, 1).received_bytes;
    two_hosts_send(&hosts, 0);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, TRANSPORT));
    two_hosts_wait(&hosts, 10 * SECOND); /* its keepalive is sent, nothing is pending */
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 1);
    for (int i = 0; i < 5; i++)
        assert_int_equal(
            two_hosts_receive_from(&hosts, 1, two_hosts_nth(&hosts, 0, TRANSPORT, 0), &elsewhere),
            VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[1].device), VOLE_DROP_REPLAYED);
    assert_int_equal(vole_peer_drops(hosts.host[1].peer, VOLE_DROP_REPLAYED), 5);
    assert_int_equal(two_hosts_peer(&hosts, 1).endpoint.port, hosts.host[0].address.port);
    assert_int_equal(two_hosts_peer(&hosts, 1).received_bytes, received + 128);
    two_hosts_wait(&hosts, 60 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, TRANSPORT), 1);
}

static void a_forged_packet_changes_nothing_and_leaves_its_counter_free(void **state)
{
    struct datagram datagram;
    uint64_t received = two_hosts_peer(&hosts, 1).received_bytes;

    (void)state;
    two_hosts_send(&hosts, 0);
    datagram = *two_hosts_last(&hosts, 0, TRANSPORT);
    for (size_t at = 8; at < datagram.length; at += 5) {
        datagram.bytes[at] ^= 0x10;
        assert_int_equal(two_hosts_receive_from(&hosts, 1, &datagram, &elsewhere), VOLE_DROPPED);
        assert_int_equal(vole_device_last_drop(hosts.host[1].device), VOLE_DROP_DATA_UNREADABLE);
        datagram.bytes[at] ^= 0x10;
    }
    assert_int_equal(two_hosts_peer(&hosts, 1).endpoint.port, hosts.host[0].address.port);
    assert_int_equal(two_hosts_peer(&hosts, 1).received_bytes, received);
    assert_int_equal(two_hosts_receive(&hosts, 1, &datagram), VOLE_DELIVERED);
}

static void a_run_is_judged_packet_by_packet_in_order_of_arrival(void **state)
{
    static const uint8_t stranger[4] = {10, 0, 0, 77};
    struct datagram datagrams[6];
    struct inbound_run run;
    uint8_t packet[84];

    (void)state;
    good(packet, sizeof packet);
    for (int i = 0; i < 4; i++)
        datagrams[i] = seal(packet, sizeof packet);
    datagrams[2] = datagrams[0]; /* a duplicate */
    datagrams[3].bytes[30] ^= 1; /* a forged one */
    two_hosts_packet(packet, stranger, hosts.host[1].inner, sizeof packet);
    datagrams[4] = seal(packet, sizeof packet);
    datagrams[5] = seal(NULL, 0);
    inbound_reset(&run, &elsewhere, 0);
    for (int i = 0; i < 6; i++)
        assert_true(inbound_add(&run, datagrams[i].bytes, datagrams[i].length));
    inbound_open(hosts.host[1].device, &run, &hosts.now);
    assert_ptr_equal(run.peer, hosts.host[1].peer);
    assert_int_equal(run.packets[0].outcome, VOLE_DELIVERED);
    assert_int_equal(run.packets[1].outcome, VOLE_DELIVERED);
    assert_int_equal(run.packets[2].reason, VOLE_DROP_REPLAYED);
    assert_int_equal(run.packets[3].reason, VOLE_DROP_DATA_UNREADABLE);
    assert_int_equal(run.packets[4].reason, VOLE_DROP_SOURCE_NOT_ALLOWED);
    assert_int_equal(run.packets[5].outcome, VOLE_KEEPALIVE);
    for (int i = 0; i < 6; i++)
        assert_int_equal(run.packets[i].inner != NULL, i < 2);
    assert_int_equal(two_hosts_peer(&hosts, 1).received_bytes, 148 + 32 + 2 * (84 + 32) + 32);
    datagrams[0].bytes[4] ^= 1;
    assert_false(inbound_add(&run, datagrams[0].bytes, datagrams[0].length)); /* another index */
}

/* ---- outbound ---- */

static void outbound_refusals_name_their_reason(void **state)
{
    struct vole_device *device = hosts.host[0].device;
    static const uint8_t nowhere[4] = {172, 16, 0, 1}, key[32] = {55};
    struct vole_prefix prefix = {{4, {172, 16, 0, 0}}, 12};
    struct vole_peer *mute;
    uint8_t packet[84];

    (void)state;
    good(packet, sizeof packet);
    packet[0] = 0x55;
    assert_int_equal(vole_device_send(device, packet, sizeof packet, &hosts.now), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_NOT_IP);
    packet[0] = 0x60;
    assert_int_equal(vole_device_send(device, packet, 39, &hosts.now), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_NOT_IP);
    assert_int_equal(vole_device_send(device, packet, 0, &hosts.now), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_NOT_IP);

    two_hosts_packet(packet, hosts.host[0].inner, nowhere, sizeof packet);
    assert_int_equal(vole_device_send(device, packet, sizeof packet, &hosts.now), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_NO_PEER);

    mute = vole_peer_add(device, key, &hosts.now, NULL);
    assert_int_equal(vole_peer_allow(mute, &prefix), 0);
    assert_int_equal(vole_device_send(device, packet, sizeof packet, &hosts.now), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_NO_ENDPOINT);
    assert_int_equal(vole_peer_drops(mute, VOLE_DROP_NO_ENDPOINT), 1);
    vole_peer_set_endpoint(mute, &elsewhere); /* nothing was staged meanwhile */
    vole_peer_flush(mute, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE), 0);
}

/* ---- ECN and DSCP ---- */

static void ecn_goes_out_and_in_and_dscp_stays_inside(void **state)
{
    static const uint8_t outer_of[4] = {0, 1, 2, 2}; /* CE becomes ECT(0) */

    (void)state;
    for (unsigned ecn = 0; ecn < 4; ecn++) {
        uint8_t packet[84];
        struct datagram datagram;

        good(packet, sizeof packet);
        packet[1] = (uint8_t)(0xb8 | ecn);
        assert_int_equal(vole_device_send(hosts.host[0].device, packet, sizeof packet, &hosts.now),
                         VOLE_SENT);
        datagram = *two_hosts_last(&hosts, 0, TRANSPORT);
        assert_int_equal(datagram.traffic_class, outer_of[ecn]);
        datagram.traffic_class = 3; /* congestion on the way */
        assert_int_equal(two_hosts_receive(&hosts, 1, &datagram), VOLE_DELIVERED);
        assert_int_equal(hosts.host[1].delivered_packet[1], ecn == 0 ? 0xb8 : 0xbb); /* Not-ECT delivered */
    }
}

/* ---- counters ---- */

/* Ten pings of 84 bytes over a fresh session: the kernel's own test has these figures (routing §7). */
static void ten_pings_count_1372_received_and_1428_or_1460_sent(void **state)
{
    struct two_hosts fresh;

    (void)state;
    for (int keepalive_first = 0; keepalive_first < 2; keepalive_first++) {
        two_hosts_start(&fresh);
        if (keepalive_first) {
            vole_peer_handshake(fresh.host[0].peer, &fresh.now);
            two_hosts_deliver(&fresh);
        }
        for (int i = 0; i < 10; i++) {
            two_hosts_send(&fresh, 0);
            two_hosts_deliver(&fresh);
            two_hosts_send(&fresh, 1);
            two_hosts_deliver(&fresh);
        }
        assert_int_equal(fresh.host[0].delivered, 10);
        assert_int_equal(two_hosts_peer(&fresh, 0).received_bytes, 1372);
        assert_int_equal(two_hosts_peer(&fresh, 0).sent_bytes, keepalive_first ? 1460 : 1428);
        assert_int_equal(two_hosts_peer(&fresh, 1).received_bytes, keepalive_first ? 1460 : 1428);
        assert_int_equal(two_hosts_peer(&fresh, 1).sent_bytes, 1372);
        two_hosts_stop(&fresh);
    }
}

static void what_the_network_refuses_does_not_count(void **state)
{
    uint64_t sent = two_hosts_peer(&hosts, 0).sent_bytes;

    (void)state;
    hosts.host[0].send_error = -101;
    two_hosts_send(&hosts, 0);
    vole_device_cloned(hosts.host[0].device);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now); /* an initiation, refused as well */
    assert_int_equal(hosts.host[0].refused, 2);
    assert_int_equal(two_hosts_peer(&hosts, 0).sent_bytes, sent);
}

/* ---- roaming ---- */

static void assert_at(int host, const struct vole_endpoint *where, uint8_t source_family)
{
    struct vole_endpoint endpoint = two_hosts_peer(&hosts, host).endpoint;

    assert_int_equal(endpoint.port, where->port);
    assert_memory_equal(endpoint.address.bytes, where->address.bytes, 16);
    assert_int_equal(endpoint.address.family, where->address.family);
    assert_int_equal(endpoint.source.family, source_family);
}

static void every_valid_packet_sets_destination_and_source(void **state)
{
    const struct vole_endpoint six = {.address = {6, {0xfe, 0x80, [15] = 7}},
                                      .source = {6, {0xfe, 0x80, [15] = 8}},
                                      .port = 6666,
                                      .scope = 4};
    struct datagram data, late, empty;

    (void)state;
    two_hosts_send(&hosts, 0);
    late = *two_hosts_last(&hosts, 0, TRANSPORT);
    two_hosts_send(&hosts, 0);
    data = *two_hosts_last(&hosts, 0, TRANSPORT);
    empty = seal(NULL, 0);
    two_hosts_receive_from(&hosts, 1, &data, &elsewhere);
    assert_at(1, &elsewhere, 4);
    two_hosts_receive_from(&hosts, 1, &late, &six); /* out of order, and from IPv4 to IPv6 */
    assert_at(1, &six, 6);
    assert_int_equal(two_hosts_peer(&hosts, 1).endpoint.scope, 4);
    assert_int_equal(two_hosts_peer(&hosts, 1).endpoint.source.bytes[15], 8);
    two_hosts_receive_from(&hosts, 1, &empty, &elsewhere);
    assert_at(1, &elsewhere, 4);
    two_hosts_send(&hosts, 1); /* and answers go there, from there */
    assert_int_equal(two_hosts_last(&hosts, 1, TRANSPORT)->to.port, 4444);
    assert_int_equal(two_hosts_last(&hosts, 1, TRANSPORT)->to.source.family, 4);
}

static void handshake_messages_move_the_endpoint_too(void **state)
{
    (void)state;
    two_hosts_advance(&hosts, 10 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_receive_from(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION), &elsewhere);
    assert_at(1, &elsewhere, 4);
    assert_int_equal(two_hosts_last(&hosts, 1, RESPONSE)->to.port, 4444);
    two_hosts_receive_from(&hosts, 0, two_hosts_last(&hosts, 1, RESPONSE), &elsewhere);
    assert_at(0, &elsewhere, 4);
}

static void configuring_the_endpoint_clears_the_source(void **state)
{
    (void)state;
    two_hosts_send(&hosts, 0);
    two_hosts_deliver(&hosts);
    assert_int_equal(two_hosts_peer(&hosts, 1).endpoint.source.family, 4);
    vole_peer_set_endpoint(hosts.host[1].peer, &elsewhere);
    assert_at(1, &elsewhere, 0);
    two_hosts_send(&hosts, 0);
    two_hosts_deliver(&hosts); /* there is no way back to the configured one */
    assert_at(1, &hosts.host[0].address, 4);
}

static void packets_under_the_previous_key_move_the_endpoint_as_well(void **state)
{
    struct datagram old;

    (void)state;
    two_hosts_send(&hosts, 0);
    old = *two_hosts_last(&hosts, 0, TRANSPORT);
    two_hosts_lose(&hosts);
    two_hosts_advance(&hosts, 10 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_deliver(&hosts);
    two_hosts_receive_from(&hosts, 1, &old, &elsewhere);
    assert_at(1, &elsewhere, 4);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_packet_is_a_keepalive_and_counts_32_bytes),
        TEST(what_is_not_ip_is_refused),
        TEST(wrong_inner_lengths_are_refused),
        TEST(a_source_that_is_not_allowed_is_refused),
        TEST(a_source_that_belongs_to_another_peer_is_refused),
        TEST(padding_is_trimmed_and_need_be_neither_exact_nor_zero),
        TEST(header_length_checksum_ttl_and_destination_are_not_checked),
        TEST(a_disallowed_source_still_moves_endpoint_and_timers_but_not_rx_bytes),
        TEST(a_replayed_packet_moves_neither),
        TEST(a_forged_packet_changes_nothing_and_leaves_its_counter_free),
        TEST(a_run_is_judged_packet_by_packet_in_order_of_arrival),
        TEST(outbound_refusals_name_their_reason),
        TEST(ecn_goes_out_and_in_and_dscp_stays_inside),
        TEST(ten_pings_count_1372_received_and_1428_or_1460_sent),
        TEST(what_the_network_refuses_does_not_count),
        TEST(every_valid_packet_sets_destination_and_source),
        TEST(handshake_messages_move_the_endpoint_too),
        TEST(configuring_the_endpoint_clears_the_source),
        TEST(packets_under_the_previous_key_move_the_endpoint_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
