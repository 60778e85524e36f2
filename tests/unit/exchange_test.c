/* SPDX-License-Identifier: MIT
 *
 * Handshake messages on their walk through a device (protocol §4.2, §4.4): each check and its order, what a
 * good message changes, and that a bad one changes nothing.
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
    two_hosts_start(&hosts);
    hosts.connected = false;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    return 0;
}

/* A new initiation of host 0, whatever was before. */
static struct datagram initiation(void)
{
    two_hosts_advance(&hosts, 6 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    return *two_hosts_last(&hosts, 0, INITIATION);
}

/* Host `from` puts mac1 right again after a change, as somebody who knows the receiver's key can. */
static void seal_mac1(struct datagram *message, int to)
{
    struct cookie_keys keys;

    cookie_keys_init(&keys, hosts.host[to].public_key);
    blake2s_keyed_mac(&keys.mac1, message->bytes + message_mac1_offset(message->length), message->bytes,
                      message_mac1_offset(message->length));
}

static void assert_dropped(int at, const struct datagram *message, enum vole_drop reason)
{
    struct vole_peer_state before = two_hosts_peer(&hosts, at), after;
    struct vole_peer *peer = hosts.host[at].peer;
    struct handshake handshake = peer->handshake;
    size_t sent = two_hosts_count(&hosts, at, ANY_MESSAGE);
    uint64_t deadline = vole_device_deadline(hosts.host[at].device),
             count = vole_device_drops(hosts.host[at].device, reason);
    struct vole_endpoint elsewhere = {.address = {4, {203, 0, 113, 9}}, .port = 99};

    assert_int_equal(two_hosts_receive_from(&hosts, at, message, &elsewhere), VOLE_DROPPED);
    assert_string_equal(vole_drop_name(vole_device_last_drop(hosts.host[at].device)), vole_drop_name(reason));
    assert_int_equal(vole_device_drops(hosts.host[at].device, reason), count + 1);
    /* and nothing moved: no answer, no endpoint, no counter, no timer, no state */
    after = two_hosts_peer(&hosts, at);
    assert_int_equal(two_hosts_count(&hosts, at, ANY_MESSAGE), sent);
    assert_memory_equal(&before, &after, sizeof before);
    assert_memory_equal(&handshake, &peer->handshake, sizeof handshake);
    assert_int_equal(vole_device_deadline(hosts.host[at].device), deadline);
}

/* ---- initiation ---- */

static void a_good_initiation_is_answered_and_counted(void **state)
{
    struct datagram message = initiation();
    struct vole_endpoint elsewhere = {
        .address = {6, {0x20, 1, 0xd, 0xb8, [15] = 9}}, .source = {6, {0x20, 1, [15] = 1}}, .port = 99};

    (void)state;
    assert_int_equal(two_hosts_receive_from(&hosts, 1, &message, &elsewhere), VOLE_HANDSHAKE);
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 1);
    assert_int_equal(two_hosts_last(&hosts, 1, RESPONSE)->traffic_class, 0x88);
    assert_int_equal(two_hosts_last(&hosts, 0, INITIATION)->traffic_class, 0x88);
    assert_int_equal(two_hosts_peer(&hosts, 1).received_bytes, 148);
    assert_int_equal(two_hosts_peer(&hosts, 1).sent_bytes, 92);
    assert_int_equal(two_hosts_peer(&hosts, 1).endpoint.port, 99);
    assert_int_equal(two_hosts_last(&hosts, 1, RESPONSE)->to.port, 99); /* the answer goes there already */
    assert_int_equal(hosts.host[1].events[VOLE_EVENT_ENDPOINT_MOVED], 1);
}

static void reserved_bytes_and_lengths_are_checked(void **state)
{
    struct datagram message = initiation();

    (void)state;
    for (size_t i = 1; i < 4; i++) {
        message.bytes[i] = 1;
        assert_dropped(1, &message, VOLE_DROP_MALFORMED);
        message.bytes[i] = 0;
    }
    message.length = 147;
    assert_dropped(1, &message, VOLE_DROP_MALFORMED);
    message.length = 149;
    assert_dropped(1, &message, VOLE_DROP_MALFORMED);
}

static void a_wrong_mac1_is_dropped_before_anything_else(void **state)
{
    struct datagram message = initiation();

    (void)state;
    message.bytes[20] ^= 1;
    assert_dropped(1, &message, VOLE_DROP_WRONG_MAC1);
}

static void an_initiation_that_does_not_open_is_dropped(void **state)
{
    struct datagram message = initiation();

    (void)state;
    message.bytes[INITIATION_STATIC] ^= 1;
    seal_mac1(&message, 1);
    assert_dropped(1, &message, VOLE_DROP_INITIATION_UNREADABLE);
}

static void an_initiation_with_a_zero_secret_is_dropped(void **state)
{
    struct datagram message = initiation();

    (void)state;
    memset(message.bytes + INITIATION_EPHEMERAL, 0, 32);
    seal_mac1(&message, 1);
    assert_dropped(1, &message, VOLE_DROP_INITIATION_UNREADABLE);
}

static void an_initiation_of_an_unknown_key_is_dropped(void **state)
{
    struct datagram message;
    static const uint8_t other[32] = {8, 9, [31] = 0x41};

    (void)state;
    vole_device_set_private_key(hosts.host[0].device, other, &hosts.now);
    message = initiation();
    assert_dropped(1, &message, VOLE_DROP_UNKNOWN_PEER);
}

static void an_initiation_whose_timestamp_does_not_open_is_dropped(void **state)
{
    struct datagram message = initiation();

    (void)state;
    message.bytes[INITIATION_TIMESTAMP] ^= 1;
    seal_mac1(&message, 1);
    assert_dropped(1, &message, VOLE_DROP_INITIATION_FORGED);
}

static void a_replayed_or_older_initiation_is_dropped(void **state)
{
    struct datagram first = initiation(), second = initiation();

    (void)state;
    assert_int_equal(two_hosts_receive(&hosts, 1, &second), VOLE_HANDSHAKE);
    two_hosts_advance(&hosts, SECOND);
    assert_dropped(1, &second, VOLE_DROP_INITIATION_REPLAYED);
    assert_dropped(1, &first, VOLE_DROP_INITIATION_REPLAYED);
    second = initiation();
    assert_int_equal(two_hosts_receive(&hosts, 1, &second), VOLE_HANDSHAKE);
}

static void a_clock_set_back_is_not_what_peers_see(void **state)
{
    struct datagram message = initiation();

    (void)state;
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_HANDSHAKE);
    hosts.now.real_s -= 60;
    message = initiation();
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_HANDSHAKE);
}

static void initiations_within_20_ms_are_dropped(void **state)
{
    struct datagram first = initiation(), second = initiation();

    (void)state;
    assert_int_equal(two_hosts_receive(&hosts, 1, &first), VOLE_HANDSHAKE);
    two_hosts_advance(&hosts, 20 * MILLISECOND - 1);
    assert_dropped(1, &second, VOLE_DROP_INITIATION_TOO_SOON);
    two_hosts_advance(&hosts, 1);
    assert_int_equal(two_hosts_receive(&hosts, 1, &second), VOLE_HANDSHAKE); /* it was not remembered */
}

static void an_initiation_of_a_low_order_peer_is_dropped(void **state)
{
    struct datagram message = initiation();
    static const uint8_t zero_key[32];
    struct vole_peer *peer = hosts.host[1].peer;

    (void)state;
    /* the peer's key cannot really be its own: make the precomputed secret zero as for such a key */
    memcpy(peer->remote.static_static, zero_key, 32);
    peer->static_static = STATIC_STATIC_ZERO;
    assert_dropped(1, &message, VOLE_DROP_WEAK_KEY);
}

static void an_accepted_initiation_cancels_an_own_one(void **state)
{
    struct datagram theirs = initiation(), response;

    (void)state;
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    assert_int_equal(two_hosts_receive(&hosts, 1, &theirs), VOLE_HANDSHAKE);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, INITIATION));
    response = *two_hosts_last(&hosts, 0, RESPONSE);
    assert_dropped(1, &response, VOLE_DROP_RESPONSE_UNEXPECTED);
}

/* ---- response ---- */

static void a_good_response_completes_once(void **state)
{
    struct datagram message = initiation(), response;

    (void)state;
    two_hosts_receive(&hosts, 1, &message);
    response = *two_hosts_last(&hosts, 1, RESPONSE);
    assert_int_equal(two_hosts_receive(&hosts, 0, &response), VOLE_HANDSHAKE);
    assert_int_equal(two_hosts_peer(&hosts, 0).received_bytes, 92);
    assert_int_equal(two_hosts_peer(&hosts, 0).sent_bytes, 148 + 32);
    assert_true(two_hosts_peer(&hosts, 0).has_session);
    assert_dropped(0, &response, VOLE_DROP_RESPONSE_UNEXPECTED); /* its index is a keypair's now */
    assert_int_equal(vole_device_handshakes(hosts.host[0].device, VOLE_HANDSHAKE_INITIATED), 1);
    assert_int_equal(vole_device_handshakes(hosts.host[0].device, VOLE_HANDSHAKE_COMPLETED_AS_INITIATOR), 1);
    assert_int_equal(vole_device_handshakes(hosts.host[1].device, VOLE_HANDSHAKE_ANSWERED), 1);
    assert_int_equal(vole_device_handshakes(hosts.host[1].device, VOLE_HANDSHAKE_COMPLETED_AS_RESPONDER), 0);
}

static void a_forged_response_does_not_disturb_the_real_one(void **state)
{
    struct datagram message = initiation(), response;

    (void)state;
    two_hosts_receive(&hosts, 1, &message);
    response = *two_hosts_last(&hosts, 1, RESPONSE);
    response.bytes[RESPONSE_EPHEMERAL] ^= 1;
    assert_dropped(0, &response, VOLE_DROP_WRONG_MAC1);
    seal_mac1(&response, 0);
    for (int i = 0; i < 10; i++)
        assert_dropped(0, &response, VOLE_DROP_RESPONSE_UNREADABLE);
    memset(response.bytes + RESPONSE_EPHEMERAL, 0, 32);
    seal_mac1(&response, 0);
    assert_dropped(0, &response, VOLE_DROP_WEAK_KEY);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, RESPONSE)), VOLE_HANDSHAKE);
}

static void a_response_to_an_unknown_index_is_dropped(void **state)
{
    struct datagram message = initiation(), response;

    (void)state;
    two_hosts_receive(&hosts, 1, &message);
    response = *two_hosts_last(&hosts, 1, RESPONSE);
    response.bytes[RESPONSE_RECEIVER] ^= 1;
    seal_mac1(&response, 0);
    assert_dropped(0, &response, VOLE_DROP_RESPONSE_UNEXPECTED);
}

static void data_to_the_index_of_a_handshake_is_dropped(void **state)
{
    struct datagram message = initiation(), data = {.length = 64, .bytes = {4}};

    (void)state;
    memcpy(data.bytes + 4, message.bytes + 4, 4);
    assert_dropped(0, &data, VOLE_DROP_UNKNOWN_INDEX);
}

/* ---- cookie replies ---- */

static void a_cookie_reply_to_nobody_or_unreadable_changes_nothing(void **state)
{
    struct datagram message = initiation(), reply;

    (void)state;
    hosts.host[1].device->load->last_loaded_ns = hosts.now.boot_ns;
    two_hosts_receive(&hosts, 1, &message);
    reply = *two_hosts_last(&hosts, 1, COOKIE_REPLY);
    reply.bytes[COOKIE_REPLY_COOKIE] ^= 1;
    assert_dropped(0, &reply, VOLE_DROP_COOKIE_UNREADABLE);
    reply.bytes[COOKIE_REPLY_COOKIE] ^= 1;
    reply.bytes[COOKIE_REPLY_RECEIVER] ^= 1;
    assert_dropped(0, &reply, VOLE_DROP_COOKIE_UNEXPECTED);
    reply.bytes[COOKIE_REPLY_RECEIVER] ^= 1;
    assert_int_equal(two_hosts_receive(&hosts, 0, &reply), VOLE_COOKIE);
    assert_dropped(0, &reply, VOLE_DROP_COOKIE_UNEXPECTED); /* one for each mac1 */
}

static void a_cookie_lets_the_next_scheduled_initiation_in(void **state)
{
    struct datagram message = initiation();

    (void)state;
    hosts.host[1].device->load->last_loaded_ns = hosts.now.boot_ns;
    two_hosts_receive(&hosts, 1, &message);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, COOKIE_REPLY));
    two_hosts_forget(&hosts);
    two_hosts_wait(&hosts, 4 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 0); /* a reply triggers none */
    two_hosts_wait(&hosts, 2 * SECOND);
    hosts.host[1].device->load->last_loaded_ns = hosts.now.boot_ns;
    assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_nth(&hosts, 0, INITIATION, 0)), VOLE_HANDSHAKE);
}

static void a_cookie_is_useless_from_another_port(void **state)
{
    struct datagram message = initiation();
    struct vole_endpoint moved = hosts.host[0].address;

    (void)state;
    hosts.host[1].device->load->last_loaded_ns = hosts.now.boot_ns;
    two_hosts_receive(&hosts, 1, &message);
    two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, COOKIE_REPLY));
    message = initiation();
    moved.port++;
    hosts.host[1].device->load->last_loaded_ns = hosts.now.boot_ns;
    assert_int_equal(two_hosts_receive_from(&hosts, 1, &message, &moved), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[1].device), VOLE_DROP_COOKIE_REQUIRED);
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_HANDSHAKE);
}

/* ---- the queue ---- */

static void queued_messages_are_worked_off_by_ticks(void **state)
{
    struct datagram message = initiation();
    struct vole_device *device = hosts.host[1].device;

    (void)state;
    assert_true(vole_device_queue(device, message.bytes, message.length, &hosts.host[0].address));
    assert_int_equal(vole_device_deadline(device), 0);
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 0);
    vole_device_tick(device, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 1);
    assert_int_equal(two_hosts_peer(&hosts, 1).endpoint.port, hosts.host[0].address.port);
}

static void only_handshake_messages_with_a_good_mac1_are_queued(void **state)
{
    struct datagram message = initiation();
    struct vole_device *device = hosts.host[1].device;
    static const uint8_t none[32], data[64] = {4};

    (void)state;
    assert_false(vole_device_queue(device, data, sizeof data, &hosts.host[0].address));
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_MALFORMED);
    message.bytes[116] ^= 1;
    assert_false(vole_device_queue(device, message.bytes, message.length, &hosts.host[0].address));
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_WRONG_MAC1);
    message.bytes[116] ^= 1;
    vole_device_set_private_key(device, none, &hosts.now);
    assert_false(vole_device_queue(device, message.bytes, message.length, &hosts.host[0].address));
    assert_int_equal(vole_device_last_drop(device), VOLE_DROP_NO_PRIVATE_KEY);
    vole_device_set_private_key(device, hosts.host[1].private_key, &hosts.now);
    assert_true(vole_device_queue(device, message.bytes, message.length, &hosts.host[0].address));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_initiation_is_answered_and_counted),
        TEST(reserved_bytes_and_lengths_are_checked),
        TEST(a_wrong_mac1_is_dropped_before_anything_else),
        TEST(an_initiation_that_does_not_open_is_dropped),
        TEST(an_initiation_with_a_zero_secret_is_dropped),
        TEST(an_initiation_of_an_unknown_key_is_dropped),
        TEST(an_initiation_whose_timestamp_does_not_open_is_dropped),
        TEST(a_replayed_or_older_initiation_is_dropped),
        TEST(a_clock_set_back_is_not_what_peers_see),
        TEST(initiations_within_20_ms_are_dropped),
        TEST(an_initiation_of_a_low_order_peer_is_dropped),
        TEST(an_accepted_initiation_cancels_an_own_one),
        TEST(a_good_response_completes_once),
        TEST(a_forged_response_does_not_disturb_the_real_one),
        TEST(a_response_to_an_unknown_index_is_dropped),
        TEST(data_to_the_index_of_a_handshake_is_dropped),
        TEST(a_cookie_reply_to_nobody_or_unreadable_changes_nothing),
        TEST(a_cookie_lets_the_next_scheduled_initiation_in),
        TEST(a_cookie_is_useless_from_another_port),
        TEST(queued_messages_are_worked_off_by_ticks),
        TEST(only_handshake_messages_with_a_good_mac1_are_queued),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
