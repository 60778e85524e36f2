/* SPDX-License-Identifier: MIT
 *
 * The workers' filter: what it lets through, what it counts, in which order it asks, when it wakes control,
 * for whom it keeps places under load, and that control trusts its answer about mac1 only while the identity
 * is the same.
 */
#include "core/handshake_filter.h"
#include "crypto/processor.h"
#include "two_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT HANDSHAKE_FILTER_BATCH

static struct two_hosts hosts;
static struct vole_device *device;
static unsigned wakes;
static uint8_t messages[COUNT][200];
static struct handshake_datagram datagrams[COUNT];

static void count_wake(void *context)
{
    (void)context;
    wakes++;
}

static int start(void **state)
{
    (void)state;
    two_hosts_start(&hosts);
    device = hosts.host[1].device;
    device->hooks.wake_control = count_wake;
    wakes = 0;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    processor_limit(PROCESSOR_AVX512);
    two_hosts_stop(&hosts);
    return 0;
}

/* Message i of the batch: of this type and length, with a right mac1 if there is one. */
static void fill(size_t i, uint8_t type, size_t length)
{
    memset(messages[i], (int)i + 1, sizeof messages[i]);
    memset(messages[i], 0, 4);
    messages[i][0] = type;
    if (type == INITIATION || type == RESPONSE)
        blake2s_keyed_mac(&device->own_cookie_keys.mac1, messages[i] + message_mac1_offset(length),
                          messages[i], message_mac1_offset(length));
    datagrams[i] = (struct handshake_datagram){messages[i], length, &hosts.host[0].address, false, 0};
}

static void assert_dropped(size_t i, enum vole_drop reason)
{
    assert_false(datagrams[i].queued);
    assert_int_equal(datagrams[i].reason, reason);
}

static void each_message_of_a_batch_gets_its_own_answer(void **state)
{
    (void)state;
    for (int step = PROCESSOR_PLAIN; step <= PROCESSOR_AVX512; step++) {
        uint64_t malformed = vole_device_drops(device, VOLE_DROP_MALFORMED);
        uint64_t wrong = vole_device_drops(device, VOLE_DROP_WRONG_MAC1);

        processor_limit((enum processor_step)step);
        for (size_t i = 0; i < COUNT; i++)
            fill(i, i % 3 == 2 ? RESPONSE : INITIATION, i % 3 == 2 ? RESPONSE_BYTES : INITIATION_BYTES);
        fill(3, COOKIE_REPLY, COOKIE_REPLY_BYTES);
        fill(4, INITIATION, INITIATION_BYTES - 1);
        fill(6, TRANSPORT, 64);
        datagrams[7].length = 3;
        messages[9][100] ^= 1;
        messages[10][message_mac1_offset(INITIATION_BYTES) + 15] ^= 0x80;
        messages[11][message_mac1_offset(RESPONSE_BYTES)] ^= 1;
        handshake_filter(device, datagrams, COUNT);
        assert_dropped(4, VOLE_DROP_MALFORMED);
        assert_dropped(6, VOLE_DROP_MALFORMED);
        assert_dropped(7, VOLE_DROP_MALFORMED);
        assert_dropped(9, VOLE_DROP_WRONG_MAC1);
        assert_dropped(10, VOLE_DROP_WRONG_MAC1);
        assert_dropped(11, VOLE_DROP_WRONG_MAC1);
        assert_int_equal(vole_device_drops(device, VOLE_DROP_MALFORMED), malformed + 3);
        assert_int_equal(vole_device_drops(device, VOLE_DROP_WRONG_MAC1), wrong + 3);
        assert_int_equal(handshake_queue_count(&device->queue), COUNT - 6);
        for (size_t i = 0, place = 0; i < COUNT; i++) {
            if (!datagrams[i].queued)
                continue;
            const struct queued_handshake *message = handshake_queue_look(&device->queue, (uint32_t)place++);

            assert_int_equal(message->length, datagrams[i].length);
            assert_memory_equal(message->message, messages[i], message->length);
        }
        handshake_queue_clear(&device->queue);
    }
}

static void control_is_woken_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        fill(i, INITIATION, INITIATION_BYTES);
    messages[0][50] ^= 1;
    handshake_filter(device, datagrams, 1);
    assert_int_equal(wakes, 0);
    handshake_filter(device, datagrams, COUNT);
    assert_int_equal(wakes, 1);
    handshake_filter(device, datagrams, COUNT);
    assert_int_equal(wakes, 1);
    vole_device_tick(device, &hosts.now);
    handshake_filter(device, datagrams, COUNT);
    assert_int_equal(wakes, 2);
}

static void a_full_queue_is_noticed_before_mac1(void **state)
{
    (void)state;
    fill(0, INITIATION, INITIATION_BYTES);
    while (!handshake_queue_is_full(&device->queue))
        handshake_filter(device, datagrams, 1);
    fill(1, INITIATION, INITIATION_BYTES);
    messages[1][60] ^= 1;
    fill(2, COOKIE_REPLY, COOKIE_REPLY_BYTES);
    fill(3, TRANSPORT, 20);
    handshake_filter(device, datagrams, 4);
    for (size_t i = 0; i < 3; i++)
        assert_dropped(i, VOLE_DROP_HANDSHAKE_QUEUE_FULL);
    assert_dropped(3, VOLE_DROP_MALFORMED);
    assert_int_equal(vole_device_drops(device, VOLE_DROP_HANDSHAKE_QUEUE_FULL), 3);
}

/* The last place goes to the first that asks; the rest of the batch is counted too. */
static void a_queue_that_fills_up_in_a_batch_drops_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        fill(i, INITIATION, INITIATION_BYTES);
    while (handshake_queue_count(&device->queue) < MAX_QUEUED_INCOMING_HANDSHAKES - 3)
        handshake_filter(device, datagrams, 1);
    handshake_filter(device, datagrams, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(datagrams[i].queued, i < 3);
    assert_int_equal(vole_device_drops(device, VOLE_DROP_HANDSHAKE_QUEUE_FULL), COUNT - 3);
}

/* ---- the kept places ---- */

#define KEPT 1024u

static void draw(void *context, uint8_t *bytes, size_t length)
{
    two_hosts_random(context, bytes, length);
}

/* Gives message i the mac2 that its sender can make once it was asked for a cookie. */
static void prove(size_t i)
{
    const struct handshake_datagram *datagram = &datagrams[i];
    struct cookie_holder holder = {.mac1_outstanding = true};
    uint8_t reply[COOKIE_REPLY_BYTES];
    bool unexpected;

    memcpy(holder.last_mac1, messages[i] + message_mac1_offset(datagram->length), MAC_BYTES);
    cookie_create_reply(&device->cookie_maker, device->own_cookie_keys.cookie, datagram->from, messages[i],
                        datagram->length, reply, draw, &hosts, hosts.now.boot_ns);
    assert_true(
        cookie_consume_reply(&holder, device->own_cookie_keys.cookie, reply, hosts.now.boot_ns, &unexpected));
    cookie_add_macs(&holder, &device->own_cookie_keys, messages[i], datagram->length, hosts.now.boot_ns);
}

/* Fills the queue, while control polls, with what proves nothing, until that is refused. */
static void fill_queue(void)
{
    handshake_queue_poll(&device->queue, true);
    fill(0, INITIATION, INITIATION_BYTES);
    do
        handshake_filter(device, datagrams, 1);
    while (datagrams[0].queued);
    assert_dropped(0, VOLE_DROP_HANDSHAKE_QUEUE_FULL);
    assert_int_equal(handshake_queue_count(&device->queue), MAX_QUEUED_INCOMING_HANDSHAKES - KEPT);
}

static void a_flood_leaves_places_for_who_holds_a_cookie(void **state)
{
    struct vole_endpoint elsewhere = hosts.host[0].address;

    (void)state;
    elsewhere.port++;
    fill_queue();
    fill(0, INITIATION, INITIATION_BYTES);
    fill(1, INITIATION, INITIATION_BYTES);
    fill(2, RESPONSE, RESPONSE_BYTES);
    fill(3, RESPONSE, RESPONSE_BYTES);
    fill(4, INITIATION, INITIATION_BYTES);
    fill(5, INITIATION, INITIATION_BYTES);
    for (size_t i = 1; i <= 5; i++)
        if (i != 3)
            prove(i);
    messages[4][message_mac2_offset(INITIATION_BYTES) + 15] ^= 1;
    datagrams[5].from = &elsewhere;
    handshake_filter(device, datagrams, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(datagrams[i].queued, i == 1 || i == 2);
    assert_dropped(4, VOLE_DROP_HANDSHAKE_QUEUE_FULL);
    /* All of them, and no more than there are. */
    for (uint32_t i = 2; i < KEPT; i++) {
        handshake_filter(device, &datagrams[1], 1);
        assert_true(datagrams[1].queued);
    }
    handshake_filter(device, &datagrams[1], 1);
    assert_dropped(1, VOLE_DROP_HANDSHAKE_QUEUE_FULL);
}

/* A wrong mac1 is no matter of places, and without load none is kept. */
static void places_are_kept_under_load_only_and_after_mac1(void **state)
{
    (void)state;
    fill_queue();
    fill(0, INITIATION, INITIATION_BYTES);
    prove(0);
    messages[0][message_mac1_offset(INITIATION_BYTES)] ^= 1;
    handshake_filter(device, datagrams, 1);
    assert_dropped(0, VOLE_DROP_WRONG_MAC1);
    handshake_queue_poll(&device->queue, false);
    fill(0, INITIATION, INITIATION_BYTES);
    handshake_filter(device, datagrams, 1);
    assert_true(datagrams[0].queued);
}

static void a_flood_leaves_places_for_answers_to_our_own_messages(void **state)
{
    uint8_t sender[4];

    (void)state;
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    memcpy(sender, two_hosts_last(&hosts, 1, INITIATION)->bytes + 4, sizeof sender);
    fill_queue();
    for (size_t i = 0; i < 4; i++) {
        uint8_t type = i % 2 == 0 ? RESPONSE : COOKIE_REPLY;
        size_t length = i % 2 == 0 ? RESPONSE_BYTES : COOKIE_REPLY_BYTES;
        uint8_t *receiver = messages[i] + (i % 2 == 0 ? RESPONSE_RECEIVER : COOKIE_REPLY_RECEIVER);

        fill(i, type, length);
        memcpy(receiver, sender, sizeof sender);
        if (i >= 2)
            receiver[3] ^= 1;
        if (type == RESPONSE)
            blake2s_keyed_mac(&device->own_cookie_keys.mac1, messages[i] + message_mac1_offset(length),
                              messages[i], message_mac1_offset(length));
    }
    handshake_filter(device, datagrams, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(datagrams[i].queued, i < 2);
}

/* Control renews the secret when it is asked under load; the filter follows. */
static void a_renewed_secret_is_the_one_that_counts(void **state)
{
    (void)state;
    fill_queue();
    fill(1, INITIATION, INITIATION_BYTES);
    prove(1);
    two_hosts_advance(&hosts, 121 * SECOND);
    handshake_filter(device, &datagrams[1], 1);
    assert_true(datagrams[1].queued); /* nobody has looked at a cookie since */
    vole_device_tick(device, &hosts.now);
    fill_queue();
    handshake_filter(device, &datagrams[1], 1);
    assert_dropped(1, VOLE_DROP_HANDSHAKE_QUEUE_FULL);
    prove(1);
    handshake_filter(device, &datagrams[1], 1);
    assert_true(datagrams[1].queued);
}

/* mac1 is for a public key: what was queued under one is not for the next. */
static void a_new_identity_is_asked_again(void **state)
{
    uint8_t key[32] = {1, 2, 3}, old[32];

    (void)state;
    assert_true(vole_device_private_key(device, old));
    for (size_t i = 0; i < 5; i++)
        fill(i, INITIATION, INITIATION_BYTES);
    handshake_filter(device, datagrams, 5);
    vole_device_set_private_key(device, key, &hosts.now);
    vole_device_tick(device, &hosts.now);
    assert_int_equal(vole_device_drops(device, VOLE_DROP_WRONG_MAC1), 5);
    assert_int_equal(vole_device_drops(device, VOLE_DROP_INITIATION_UNREADABLE), 0);
    /* There and back again between queueing and taking: asked again, and right. */
    vole_device_set_private_key(device, old, &hosts.now);
    handshake_filter(device, datagrams, 5);
    vole_device_set_private_key(device, key, &hosts.now);
    vole_device_set_private_key(device, old, &hosts.now);
    vole_device_tick(device, &hosts.now);
    assert_int_equal(vole_device_drops(device, VOLE_DROP_WRONG_MAC1), 5);
    assert_int_equal(vole_device_drops(device, VOLE_DROP_INITIATION_UNREADABLE), 5);
}

/* What the filter has said about mac1 is not computed again: with it spoilt in the queue, the message passes.
 */
static void a_checked_mac1_is_not_checked_again(void **state)
{
    (void)state;
    fill(0, INITIATION, INITIATION_BYTES);
    handshake_filter(device, datagrams, 1);
    device->queue.slots[0].message[message_mac1_offset(INITIATION_BYTES)] ^= 1;
    vole_device_tick(device, &hosts.now);
    assert_int_equal(vole_device_drops(device, VOLE_DROP_WRONG_MAC1), 0);
    assert_int_equal(vole_device_drops(device, VOLE_DROP_INITIATION_UNREADABLE), 1);
}

static void without_a_private_key_nothing_passes(void **state)
{
    static const uint8_t none[32];

    (void)state;
    fill(0, INITIATION, INITIATION_BYTES);
    fill(1, COOKIE_REPLY, COOKIE_REPLY_BYTES);
    fill(2, 9, 100);
    vole_device_set_private_key(device, none, &hosts.now);
    handshake_filter(device, datagrams, 3);
    assert_dropped(0, VOLE_DROP_NO_PRIVATE_KEY);
    assert_dropped(1, VOLE_DROP_NO_PRIVATE_KEY);
    assert_dropped(2, VOLE_DROP_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_message_of_a_batch_gets_its_own_answer, start, stop),
        cmocka_unit_test_setup_teardown(control_is_woken_once, start, stop),
        cmocka_unit_test_setup_teardown(a_full_queue_is_noticed_before_mac1, start, stop),
        cmocka_unit_test_setup_teardown(a_queue_that_fills_up_in_a_batch_drops_the_rest, start, stop),
        cmocka_unit_test_setup_teardown(a_flood_leaves_places_for_who_holds_a_cookie, start, stop),
        cmocka_unit_test_setup_teardown(places_are_kept_under_load_only_and_after_mac1, start, stop),
        cmocka_unit_test_setup_teardown(a_flood_leaves_places_for_answers_to_our_own_messages, start, stop),
        cmocka_unit_test_setup_teardown(a_renewed_secret_is_the_one_that_counts, start, stop),
        cmocka_unit_test_setup_teardown(a_new_identity_is_asked_again, start, stop),
        cmocka_unit_test_setup_teardown(a_checked_mac1_is_not_checked_again, start, stop),
        cmocka_unit_test_setup_teardown(without_a_private_key_nothing_passes, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
