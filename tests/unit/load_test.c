/* SPDX-License-Identifier: MIT
 *
 * Load and who may still shake hands under it (cookies §1, §2, §5): threshold, hysteresis, the token
 * bucket's arithmetic, its table, and the decision table on whole devices.
 */
#include "core/device.h"
#include "core/exchange.h"
#include "core/load.h"
#include "two_hosts.h"

#include "core/constants.h"
#include "crypto/start.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t hash_key[16] = {1, 2, 3};
static const uint64_t start_ns = 1000 * NS_PER_SECOND;
static struct load load;

static int make_load(void **state)
{
    (void)state;
    load_init(&load, hash_key);
    return crypto_start();
}

static int end_load(void **state)
{
    (void)state;
    load_fini(&load);
    return 0;
}

static struct vole_address v4(uint32_t number)
{
    return (struct vole_address){
        4, {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
}

/* ---- load ---- */

static void load_begins_at_512_waiting(void **state)
{
    (void)state;
    assert_false(load_is_high(&load, 511, start_ns));
    assert_true(load_is_high(&load, 512, start_ns));
}

static void load_lasts_one_second_after_it_was_last_met(void **state)
{
    (void)state;
    assert_true(load_is_high(&load, 512, start_ns));
    assert_true(load_is_high(&load, 1, start_ns + NS_PER_SECOND / 2));
    assert_true(load_is_high(&load, 4096, start_ns + NS_PER_SECOND / 2));
    assert_true(load_is_high(&load, 1, start_ns + 3 * NS_PER_SECOND / 2 - 1));
    assert_false(load_is_high(&load, 1, start_ns + 3 * NS_PER_SECOND / 2));
    assert_false(load_is_high(&load, 511, start_ns + 3 * NS_PER_SECOND / 2)); /* and is over then */
}

/* ---- the bucket ---- */

static void a_source_has_five_tokens_and_gets_one_in_50_ms(void **state)
{
    struct vole_address from = v4(0xc0000201);

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(load_allow(&load, &from, start_ns));
    assert_false(load_allow(&load, &from, start_ns));
    assert_false(load_allow(&load, &from, start_ns + 49999999));
    assert_true(load_allow(&load, &from, start_ns + 50000000)); /* a refusal keeps the credit */
    assert_false(load_allow(&load, &from, start_ns + 50000000));
}

static void a_source_saves_five_tokens_at_most(void **state)
{
    struct vole_address from = v4(0xc0000201);
    uint64_t now = start_ns;

    (void)state;
    assert_true(load_allow(&load, &from, now));
    now += 900 * NS_PER_MS; /* not yet forgotten */
    for (int i = 0; i < 5; i++)
        assert_true(load_allow(&load, &from, now));
    assert_false(load_allow(&load, &from, now));
}

static void a_source_passes_20_a_second_in_the_long_run(void **state)
{
    struct vole_address from = v4(0xc0000201);
    unsigned passed = 0;

    (void)state;
    for (unsigned i = 0; i < 10000; i++)
        passed += load_allow(&load, &from, start_ns + i * NS_PER_MS);
    assert_int_equal(passed, 5 + 10 * 20 - 1);
}

static void ipv4_sources_differ_by_all_32_bits_and_ipv6_ones_by_64(void **state)
{
    struct vole_address a = {6, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 9}}, b = a, four = {4, {0x20, 1, 0xd, 0xb8}};

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(load_allow(&load, &a, start_ns));
    b.bytes[8] = 0;
    b.bytes[15] = 77; /* another host of the same /64 */
    assert_false(load_allow(&load, &b, start_ns));
    b.bytes[7] = 2;
    assert_true(load_allow(&load, &b, start_ns));
    for (int i = 0; i < 5; i++)
        assert_true(load_allow(&load, &four, start_ns));
    assert_false(load_allow(&load, &four, start_ns));
    four.bytes[3] ^= 1;
    assert_true(load_allow(&load, &four, start_ns));
}

static void equal_first_bytes_of_both_families_are_two_sources(void **state)
{
    struct vole_address six = {6, {10, 0, 0, 1}}, four = {4, {10, 0, 0, 1}};

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(load_allow(&load, &six, start_ns));
    assert_false(load_allow(&load, &six, start_ns));
    assert_true(load_allow(&load, &four, start_ns));
}

static void a_full_table_refuses_new_sources_but_serves_old_ones(void **state)
{
    struct vole_address first = v4(0), beyond = v4(LOAD_MAX_SOURCES);

    (void)state;
    for (uint32_t i = 0; i < LOAD_MAX_SOURCES; i++) {
        struct vole_address from = v4(i);

        assert_true(load_allow(&load, &from, start_ns));
    }
    assert_false(load_allow(&load, &beyond, start_ns));
    assert_true(load_allow(&load, &first, start_ns));
    /* idle for more than a second: forgotten, and there is room */
    assert_true(load_allow(&load, &beyond, start_ns + NS_PER_SECOND + 1));
    assert_int_equal(load.source_count, 1);
}

static void sources_that_are_not_idle_are_kept(void **state)
{
    struct vole_address busy = v4(1), idle = v4(2);

    (void)state;
    assert_true(load_allow(&load, &busy, start_ns));
    assert_true(load_allow(&load, &idle, start_ns));
    assert_true(load_allow(&load, &busy, start_ns + NS_PER_SECOND / 2));
    load_sweep(&load, start_ns + NS_PER_SECOND);
    assert_int_equal(load.source_count, 2); /* idle for exactly a second: not more */
    load_sweep(&load, start_ns + NS_PER_SECOND + NS_PER_SECOND / 4);
    assert_int_equal(load.source_count, 2); /* swept just now */
    load_sweep(&load, start_ns + 2 * NS_PER_SECOND + NS_PER_SECOND / 4);
    assert_int_equal(load.source_count, 0);
}

/* ---- the decision table (cookies §2), on host 1 ---- */

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

static void set_high(void)
{
    hosts.host[1].device->load->last_loaded_ns = hosts.now.boot_ns;
}

/* A fresh initiation of host 0, with mac2 if it holds a cookie. */
static struct datagram initiation(void)
{
    two_hosts_advance(&hosts, 6 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    return *two_hosts_last(&hosts, 0, INITIATION);
}

static struct datagram initiation_with_cookie(void)
{
    struct datagram message = initiation();

    set_high();
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_DROPPED);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, COOKIE_REPLY)), VOLE_COOKIE);
    message = initiation();
    assert_memory_not_equal(message.bytes + 132, ((uint8_t[16]){0}), 16);
    two_hosts_forget(&hosts);
    return message;
}

static void assert_dropped(const struct datagram *message, enum vole_drop reason, size_t cookie_replies)
{
    assert_int_equal(two_hosts_receive(&hosts, 1, message), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[1].device), reason);
    assert_int_equal(two_hosts_count(&hosts, 1, COOKIE_REPLY), cookie_replies);
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 0);
}

static void bad_mac1_is_dropped_whatever_the_load(void **state)
{
    struct datagram message = initiation();

    (void)state;
    message.bytes[120] ^= 1;
    assert_dropped(&message, VOLE_DROP_WRONG_MAC1, 0);
    set_high();
    assert_dropped(&message, VOLE_DROP_WRONG_MAC1, 0);
}

static void without_load_mac2_is_not_looked_at(void **state)
{
    struct datagram message = initiation();

    (void)state;
    memset(message.bytes + 132, 0xa5, 16); /* garbage */
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_HANDSHAKE);
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 1);
    assert_int_equal(hosts.host[1].device->load->source_count, 0); /* nor the bucket */
}

static void under_load_a_wrong_mac2_is_answered_with_a_cookie_without_limit(void **state)
{
    struct datagram message = initiation();

    (void)state;
    set_high();
    for (size_t i = 1; i <= 100; i++)
        assert_dropped(&message, VOLE_DROP_COOKIE_REQUIRED, i);
    memset(message.bytes + 132, 0xa5, 16);
    assert_dropped(&message, VOLE_DROP_COOKIE_REQUIRED, 101);
    assert_int_equal(hosts.host[1].device->load->source_count, 0);
}

static void under_load_a_good_mac2_with_a_token_is_processed(void **state)
{
    struct datagram message = initiation_with_cookie();

    (void)state;
    set_high();
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_HANDSHAKE);
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 1);
    assert_int_equal(two_hosts_count(&hosts, 1, COOKIE_REPLY), 0);
}

static void under_load_a_good_mac2_with_an_empty_bucket_is_dropped_in_silence(void **state)
{
    struct datagram message = initiation_with_cookie();

    (void)state;
    set_high();
    for (int i = 0; i < 5; i++)
        assert_true(
            load_allow(hosts.host[1].device->load, &hosts.host[0].address.address, hosts.now.boot_ns));
    assert_dropped(&message, VOLE_DROP_SOURCE_RATE, 0);
}

static void under_load_responses_need_a_cookie_too(void **state)
{
    struct datagram response;

    (void)state;
    vole_peer_handshake(hosts.host[1].peer, &hosts.now);
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, INITIATION)), VOLE_HANDSHAKE);
    response = *two_hosts_last(&hosts, 0, RESPONSE);
    set_high();
    assert_dropped(&response, VOLE_DROP_COOKIE_REQUIRED, 1);
    assert_memory_equal(two_hosts_last(&hosts, 1, COOKIE_REPLY)->bytes + 4, response.bytes + 4, 4);
    /* the responder finds its keypair by that index, and its next message carries mac2 */
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, COOKIE_REPLY)), VOLE_COOKIE);
    assert_memory_not_equal(initiation().bytes + 132, ((uint8_t[16]){0}), 16);
}

static void cookie_replies_pass_under_load_without_any_check(void **state)
{
    struct datagram message = initiation();

    (void)state;
    set_high();
    two_hosts_receive(&hosts, 1, &message);
    hosts.host[0].device->load->last_loaded_ns = hosts.now.boot_ns;
    assert_int_equal(two_hosts_receive(&hosts, 0, two_hosts_last(&hosts, 1, COOKIE_REPLY)), VOLE_COOKIE);
}

static void a_cookie_reply_has_tos_0_and_counts_nowhere(void **state)
{
    struct datagram message = initiation();
    struct vole_peer_state before[2];
    uint64_t deadline;

    (void)state;
    set_high();
    before[1] = two_hosts_peer(&hosts, 1);
    two_hosts_receive(&hosts, 1, &message);
    assert_int_equal(two_hosts_last(&hosts, 1, COOKIE_REPLY)->traffic_class, 0);
    assert_int_equal(two_hosts_last(&hosts, 1, COOKIE_REPLY)->length, 64);
    assert_int_equal(two_hosts_peer(&hosts, 1).sent_bytes, before[1].sent_bytes);
    assert_int_equal(two_hosts_peer(&hosts, 1).received_bytes, before[1].received_bytes);
    before[0] = two_hosts_peer(&hosts, 0);
    deadline = vole_device_deadline(hosts.host[0].device);
    two_hosts_receive_from(&hosts, 0, two_hosts_last(&hosts, 1, COOKIE_REPLY),
                           &(struct vole_endpoint){.address = {4, {9, 9, 9, 9}}, .port = 9});
    assert_int_equal(two_hosts_peer(&hosts, 0).received_bytes, before[0].received_bytes);
    assert_int_equal(two_hosts_peer(&hosts, 0).endpoint.port, before[0].endpoint.port);
    assert_int_equal(vole_device_deadline(hosts.host[0].device), deadline);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1); /* and is answered by nothing */
}

static void load_is_measured_by_what_waits_with_the_one_at_hand(void **state)
{
    struct datagram message = initiation();

    (void)state;
    for (int i = 0; i < 511; i++)
        assert_true(
            vole_device_queue(hosts.host[1].device, message.bytes, message.length, &hosts.host[0].address));
    vole_device_tick(hosts.host[1].device, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 1, COOKIE_REPLY), 0);
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 1);

    while (vole_device_deadline(hosts.host[1].device) == 0)
        vole_device_tick(hosts.host[1].device, &hosts.now);
    message = initiation();
    for (int i = 0; i < 512; i++)
        assert_true(
            vole_device_queue(hosts.host[1].device, message.bytes, message.length, &hosts.host[0].address));
    while (vole_device_deadline(hosts.host[1].device) == 0)
        vole_device_tick(hosts.host[1].device, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 1, COOKIE_REPLY), 512); /* hysteresis holds for all of them */
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), 1);
}

static void the_queue_holds_4096(void **state)
{
    struct datagram message = initiation();

    (void)state;
    for (int i = 0; i < 4096; i++)
        assert_true(
            vole_device_queue(hosts.host[1].device, message.bytes, message.length, &hosts.host[0].address));
    assert_false(
        vole_device_queue(hosts.host[1].device, message.bytes, message.length, &hosts.host[0].address));
    assert_int_equal(vole_device_last_drop(hosts.host[1].device), VOLE_DROP_HANDSHAKE_QUEUE_FULL);
    assert_int_equal(vole_device_drops(hosts.host[1].device, VOLE_DROP_HANDSHAKE_QUEUE_FULL), 1);
}

static void load_of_one_device_is_load_of_all_that_share_it(void **state)
{
    struct load shared;
    struct datagram message = initiation();

    (void)state;
    load_init(&shared, hash_key);
    hosts.host[0].device->load = hosts.host[1].device->load = &shared;
    assert_true(load_is_high(hosts.host[0].device->load, 512, hosts.now.boot_ns)); /* host 0 is flooded */
    assert_dropped(&message, VOLE_DROP_COOKIE_REQUIRED, 1);
    load_fini(&shared);
}

#define LOAD(test)   cmocka_unit_test_setup_teardown(test, make_load, end_load)
#define DEVICE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOAD(load_begins_at_512_waiting),
        LOAD(load_lasts_one_second_after_it_was_last_met),
        LOAD(a_source_has_five_tokens_and_gets_one_in_50_ms),
        LOAD(a_source_saves_five_tokens_at_most),
        LOAD(a_source_passes_20_a_second_in_the_long_run),
        LOAD(ipv4_sources_differ_by_all_32_bits_and_ipv6_ones_by_64),
        LOAD(equal_first_bytes_of_both_families_are_two_sources),
        LOAD(a_full_table_refuses_new_sources_but_serves_old_ones),
        LOAD(sources_that_are_not_idle_are_kept),
        DEVICE(bad_mac1_is_dropped_whatever_the_load),
        DEVICE(without_load_mac2_is_not_looked_at),
        DEVICE(under_load_a_wrong_mac2_is_answered_with_a_cookie_without_limit),
        DEVICE(under_load_a_good_mac2_with_a_token_is_processed),
        DEVICE(under_load_a_good_mac2_with_an_empty_bucket_is_dropped_in_silence),
        DEVICE(under_load_responses_need_a_cookie_too),
        DEVICE(cookie_replies_pass_under_load_without_any_check),
        DEVICE(a_cookie_reply_has_tos_0_and_counts_nowhere),
        DEVICE(load_is_measured_by_what_waits_with_the_one_at_hand),
        DEVICE(the_queue_holds_4096),
        DEVICE(load_of_one_device_is_load_of_all_that_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
