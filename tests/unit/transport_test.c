/* SPDX-License-Identifier: MIT
 *
 * Transport packets (protocol §6) through whole devices that hold the vectors' session keys: every byte on
 * the wire, padding with its clamp to the MTU, counters, and what comes out at the other end.
 */
#include "core/device.h"
#include "core/outbound.h"
#include "two_hosts.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct two_hosts hosts;
static const struct vector *transport, *handshakes;

static int start(void **state)
{
    static const struct vole_prefix everything[] = {{{4, {0}}, 0}, {{6, {0}}, 0}};

    (void)state;
    transport = vectors_load("transport.json");
    handshakes = vectors_load("handshake.json");
    two_hosts_start(&hosts);
    hosts.connected = false;
    for (int i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++)
            assert_int_equal(vole_peer_allow(hosts.host[i].peer, &everything[j]), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    vectors_free(transport);
    vectors_free(handshakes);
    return 0;
}

/* Gives a host this session, as if it had shaken hands: host 0 as initiator, host 1 as responder. */
static void give_session(int number, const struct vector *handshake)
{
    struct host *host = &hosts.host[number];
    struct keypair *keypair = keypair_new(host->device);
    uint32_t index[2] = {(uint32_t)vector_number(handshake, "inputs.initiator_index"),
                         (uint32_t)vector_number(handshake, "inputs.responder_index")};
    static const char *const keys[2] = {"key_initiator_to_responder", "key_responder_to_initiator"};

    assert_non_null(keypair);
    keypair->entry = (struct index_entry){.peer = host->peer, .kind = INDEX_KEYPAIR};
    keypair->initiator = true; /* current at once, on both */
    keypair->remote_index = index[!number];
    keypair->birth_ns = hosts.now.boot_ns;
    atomic_init(&keypair->can_send, true);
    atomic_init(&keypair->can_receive, true);
    memcpy(keypair->sending_key, vector_hex(handshake, keys[number]).bytes, 32);
    memcpy(keypair->receiving_key, vector_hex(handshake, keys[!number]).bytes, 32);
    host->next_index = &index[number];
    assert_int_equal(index_insert(&host->device->indices, &keypair->entry, host->device->hooks.random, host),
                     0);
    keypair_install(host->device, &host->peer->keypairs, keypair);
}

static struct keypair *current_of(int host)
{
    return atomic_load(&hosts.host[host].peer->keypairs.current);
}

static void send_plaintext(int from, struct vector_hex plaintext)
{
    if (plaintext.length > 0) {
        assert_int_equal(
            vole_device_send(hosts.host[from].device, plaintext.bytes, plaintext.length, &hosts.now),
            VOLE_SENT);
        return;
    }
    vole_peer_set_persistent_keepalive(hosts.host[from].peer, 0, &hosts.now);
    vole_peer_set_persistent_keepalive(hosts.host[from].peer, 25, &hosts.now); /* sends one at once */
}

static void packets_are_the_vectors_and_open_at_the_other_end(void **state)
{
    const struct vector *packets = vector_member(transport, "packets"),
                        *list = vector_member(handshakes, "handshakes");

    (void)state;
    assert_int_equal(vector_count(packets), 12);
    for (size_t i = 0; i < 12; i++) {
        const struct vector *packet = vector_at(packets, i);
        struct vector_hex plaintext = vector_hex(packet, "plaintext");
        int from = strcmp(vector_text(packet, "direction"), "i->r") == 0 ? 0 : 1;
        const struct datagram *datagram;

        if (i == 0 || i == 10) { /* "the first ten packets use handshake-no-psk's keys, the last two ..." */
            give_session(0, vector_at(list, i / 10));
            give_session(1, vector_at(list, i / 10));
        }
        atomic_store(&current_of(from)->sending_counter, vector_number(packet, "counter"));
        vole_device_set_mtu(hosts.host[from].device, (uint32_t)vector_number(packet, "mtu"));
        two_hosts_forget(&hosts);
        send_plaintext(from, plaintext);
        datagram = two_hosts_nth(&hosts, from, TRANSPORT, 0);
        vector_assert_hex(packet, "packet", datagram->bytes, datagram->length);
        assert_int_equal(datagram->length, vector_number(packet, "packet_len"));

        hosts.host[!from].delivered = 0;
        if (plaintext.length == 0) {
            assert_int_equal(two_hosts_receive(&hosts, !from, datagram), VOLE_KEEPALIVE);
            continue;
        }
        assert_int_equal(two_hosts_receive(&hosts, !from, datagram), VOLE_DELIVERED);
        assert_int_equal(hosts.host[!from].delivered, 1);
        assert_int_equal(hosts.host[!from].delivered_length, plaintext.length); /* trimmed */
        assert_memory_equal(hosts.host[!from].delivered_packet, plaintext.bytes, plaintext.length);
    }
}

static void padding_is_the_table_of_the_vectors(void **state)
{
    const struct vector *table = vector_member(transport, "padding");

    (void)state;
    assert_int_equal(vector_count(table), 120);
    for (size_t i = 0; i < vector_count(table); i++) {
        const struct vector *row = vector_at(table, i);
        size_t length = (size_t)vector_number(row, "len");

        if (outbound_padded(length, (uint32_t)vector_number(row, "mtu")) != vector_number(row, "padded"))
            fail_msg("row %zu: length %zu", i, length);
    }
}

static void padding_never_exceeds_the_mtu_nor_shortens(void **state)
{
    (void)state;
    for (uint32_t mtu = 576; mtu <= 9000; mtu += 7)
        for (size_t length = 20; length <= mtu; length += 1 + length / 40) {
            size_t padded = outbound_padded(length, mtu);

            assert_true(padded >= length && padded <= mtu && padded < length + 16);
            assert_true(padded % 16 == 0 || padded == mtu);
        }
    for (size_t length = 0; length < 5000; length++)
        assert_int_equal(outbound_padded(length, 0), (length + 15) / 16 * 16);
}

static void padding_is_zeros_whatever_was_in_the_buffer_before(void **state)
{
    uint8_t full[1420];
    struct run *run = hosts.host[0].device->run;

    (void)state;
    memset(full, 0xff, sizeof full);
    two_hosts_packet(full, hosts.host[0].inner, hosts.host[1].inner, 20);
    memset(run->bytes, 0xff, sizeof run->bytes);
    run_reset(run, hosts.host[0].peer);
    memcpy(run_place(run, 21), full, 21);
    run_add(run, 21, false, 1420);
    assert_int_equal(run->packets[0].length, 16 + 32 + 16);
    assert_memory_equal(run->bytes + 16 + 21, ((uint8_t[11]){0}), 11);
}

static void a_run_takes_128_packets_or_what_fits(void **state)
{
    struct run *run = hosts.host[0].device->run;
    uint32_t count = 0;

    (void)state;
    run_reset(run, hosts.host[0].peer);
    for (; run_place(run, 20) != NULL; count++)
        run_add(run, 20, false, 1420);
    assert_int_equal(count, 128);
    run_reset(run, hosts.host[0].peer);
    assert_non_null(run_place(run, 65535)); /* an empty run has room for any packet */
    run_add(run, 65535, false, 0);
    assert_null(run_place(run, 65535));
    assert_null(run_place(run, 40000));
}

static void longer_than_any_ip_packet_is_not_ip(void **state)
{
    uint8_t *packet = calloc(1, 65536);

    (void)state;
    assert_non_null(packet);
    two_hosts_packet(packet, hosts.host[0].inner, hosts.host[1].inner, 65535);
    assert_int_equal(vole_device_send(hosts.host[0].device, packet, 65536, &hosts.now), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[0].device), VOLE_DROP_NOT_IP);
    free(packet);
}

static void any_sealed_length_is_accepted(void **state)
{
    /* Ours are padded, but another implementation's need not be: seal by hand, without padding. */
    struct keypair *keypair;

    (void)state;
    give_session(0, vector_at(vector_member(handshakes, "handshakes"), 0));
    give_session(1, vector_at(vector_member(handshakes, "handshakes"), 0));
    keypair = current_of(0);
    for (size_t length = 20; length < 60; length++) {
        struct datagram datagram = {.length = 16 + length + 16};
        struct aead_packet sealed = {datagram.bytes + 16, length, length, false};

        bytes_store_le32(datagram.bytes, 4);
        bytes_store_le32(datagram.bytes + 4, keypair->remote_index);
        bytes_store_le64(datagram.bytes + 8, length);
        two_hosts_packet(datagram.bytes + 16, hosts.host[0].inner, hosts.host[1].inner, length);
        aead_seal_batch(&sealed, 1, keypair->sending_key);
        assert_int_equal(two_hosts_receive(&hosts, 1, &datagram), VOLE_DELIVERED);
        assert_int_equal(hosts.host[1].delivered_length, length);
    }
}

static void a_packet_behind_waiting_ones_is_sent_after_them(void **state)
{
    uint8_t packet[100];

    (void)state;
    two_hosts_packet(packet, hosts.host[0].inner, hosts.host[1].inner, sizeof packet);
    give_session(0, vector_at(vector_member(handshakes, "handshakes"), 0));
    give_session(1, vector_at(vector_member(handshakes, "handshakes"), 0));
    staged_add(&hosts.host[0].device->staged, hosts.host[0].peer,
               &(struct staged_packet){packet, sizeof packet}, 1);
    assert_int_equal(two_hosts_send_bytes(&hosts, 0, 99), VOLE_SENT);
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 2);
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 2);
    assert_int_equal(hosts.host[1].delivered_length, 99);
}

static void a_packet_the_network_refuses_is_reported_and_counted(void **state)
{
    (void)state;
    give_session(0, vector_at(vector_member(handshakes, "handshakes"), 0));
    hosts.host[0].send_error = -101;
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[0].device), VOLE_DROP_SEND_FAILED);
    assert_int_equal(vole_peer_drops(hosts.host[0].peer, VOLE_DROP_SEND_FAILED), 1);
    assert_int_equal(two_hosts_peer(&hosts, 0).sent_bytes, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packets_are_the_vectors_and_open_at_the_other_end),
        TEST(padding_is_the_table_of_the_vectors),
        TEST(padding_never_exceeds_the_mtu_nor_shortens),
        TEST(padding_is_zeros_whatever_was_in_the_buffer_before),
        TEST(a_run_takes_128_packets_or_what_fits),
        TEST(longer_than_any_ip_packet_is_not_ip),
        TEST(any_sealed_length_is_accepted),
        TEST(a_packet_behind_waiting_ones_is_sent_after_them),
        TEST(a_packet_the_network_refuses_is_reported_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
