/* SPDX-License-Identifier: MIT
 *
 * Packets that wait for a session (timers §6): the limit of 128 and what it really lets in, the oldest going
 * first, the bound on a whole device, purging, order, and that nothing is lost or invented on the way.
 */
#include "core/staged.h"

#include "core/device.h"
#include "core/messages.h"
#include "core/outbound.h"
#include "two_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct two_hosts hosts;
static struct staged *staged;
static struct vole_peer *peer;

static int start(void **state)
{
    (void)state;
    two_hosts_start(&hosts);
    hosts.connected = false;
    staged = &hosts.host[0].device->staged;
    peer = hosts.host[0].peer;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    return 0;
}

/* Bytes that tell one packet from another at every position. */
static void fill(uint8_t *packet, size_t length, uint32_t number)
{
    for (size_t i = 0; i < length; i++)
        packet[i] = (uint8_t)(number * 31 + i * 7 + (i >> 8));
}

static void add(struct vole_peer *to, size_t length, uint32_t number)
{
    static uint8_t packet[65536];

    fill(packet, length, number);
    staged_add(staged, to, &(struct staged_packet){packet, length}, 1);
}

static void assert_popped(struct vole_peer *from, size_t length, uint32_t number)
{
    static uint8_t packet[65536], expected[65536];

    staged_lock(staged);
    assert_int_equal(staged_first_length(staged, from), length);
    staged_pop(staged, from, packet);
    staged_unlock(staged);
    fill(expected, length, number);
    assert_memory_equal(packet, expected, length);
}

static uint32_t waiting(const struct vole_peer *of)
{
    return atomic_load(&of->staged.count);
}

static struct vole_peer *another_peer(uint8_t number)
{
    uint8_t key[32] = {77, number};
    struct vole_peer *other = vole_peer_add(hosts.host[0].device, key, &hosts.now, NULL);

    assert_non_null(other);
    return other;
}

/* ---- the queue ---- */

static void packets_of_all_lengths_come_out_as_they_went_in(void **state)
{
    static const size_t lengths[] = {0,   1, 20,   479,  480,   481,   959,   960, 961,
                                     100, 0, 1420, 9000, 65535, 65534, 33000, 1,   0};
    const uint32_t count = sizeof lengths / sizeof lengths[0];
    uint32_t blocks = staged->free_count;

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < count; i++)
            add(peer, lengths[i], i);
        assert_int_equal(waiting(peer), count);
        for (uint32_t i = 0; i < count; i++)
            assert_popped(peer, lengths[i], i);
        assert_int_equal(staged_first_length(staged, peer), SIZE_MAX);
        assert_int_equal(staged->free_count, blocks);
    }
}

static void the_limit_lets_in_129(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 300; i++)
        add(peer, 100 + i, i);
    assert_int_equal(waiting(peer), 129);
    assert_int_equal(vole_peer_drops(peer, VOLE_DROP_STAGED_OVERFLOW), 300 - 129);
    for (uint32_t i = 300 - 129; i < 300; i++)
        assert_popped(peer, 100 + i, i); /* the newest, in order */
}

static void the_limit_is_applied_once_for_all_segments_of_a_superpacket(void **state)
{
    struct staged_packet segments[60];
    uint8_t bytes[60];

    (void)state;
    for (size_t i = 0; i < 60; i++) {
        bytes[i] = (uint8_t)i;
        segments[i] = (struct staged_packet){&bytes[i], 1};
    }
    for (uint32_t i = 0; i < 128; i++)
        add(peer, 2, i);
    staged_add(staged, peer, segments, 60);
    assert_int_equal(waiting(peer), 128 + 60);
    assert_int_equal(vole_peer_drops(peer, VOLE_DROP_STAGED_OVERFLOW), 0);
    staged_add(staged, peer, segments, 60);
    assert_int_equal(waiting(peer), 128 + 60);
    assert_int_equal(vole_peer_drops(peer, VOLE_DROP_STAGED_OVERFLOW), 60);
}

static void a_run_stages_superpackets_together_and_packets_one_by_one(void **state)
{
    struct run *run = calloc(1, sizeof *run);
    struct vole_endpoint to;

    (void)state;
    assert_non_null(run);
    for (uint32_t i = 0; i < 129; i++)
        add(peer, 2, i);
    run_reset(run, peer);
    for (int i = 0; i < 10; i++) {
        memset(run_place(run, 30), 0, 30);
        run_add(run, 30, i > 5, 1420); /* five single packets, then one of five segments */
    }
    assert_int_equal(outbound_prepare(hosts.host[0].device, run, &to, &hosts.now), RUN_STAGED);
    /* before each of the six additions down to 128, and then 5 segments at once */
    assert_int_equal(waiting(peer), 128 + 5);
    free(run);
}

static void a_keepalive_is_added_only_to_an_empty_queue(void **state)
{
    (void)state;
    assert_true(staged_add_keepalive(staged, peer));
    assert_false(staged_add_keepalive(staged, peer));
    assert_int_equal(waiting(peer), 1);
    assert_popped(peer, 0, 0);
    add(peer, 20, 1);
    assert_false(staged_add_keepalive(staged, peer));
}

static void what_fits_is_counted_by_packets_and_by_bytes(void **state)
{
    (void)state;
    assert_int_equal(staged_fitting(staged, peer, 128, 100000, 48), 0);
    for (uint32_t i = 0; i < 5; i++)
        add(peer, 1000, i);
    assert_int_equal(staged_fitting(staged, peer, 128, 100000, 48), 5);
    assert_int_equal(staged_fitting(staged, peer, 3, 100000, 48), 3);
    assert_int_equal(staged_fitting(staged, peer, 128, 2 * 1048, 48), 2);
    assert_int_equal(staged_fitting(staged, peer, 128, 2 * 1048 - 1, 48), 1);
    assert_int_equal(staged_fitting(staged, peer, 128, 0, 48), 0);
}

/* ---- purging ---- */

static void purging_drops_and_counts_one_peers_packets_only(void **state)
{
    struct vole_peer *other = another_peer(1);
    uint32_t blocks = staged->free_count;

    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        add(peer, 700, i);
        add(other, 700, 100 + i);
    }
    assert_int_equal(staged_purge(staged, peer, VOLE_DROP_STAGED_PURGED), 10);
    assert_int_equal(vole_peer_drops(peer, VOLE_DROP_STAGED_PURGED), 10);
    assert_int_equal(vole_peer_drops(other, VOLE_DROP_STAGED_PURGED), 0);
    assert_int_equal(waiting(peer), 0);
    for (uint32_t i = 0; i < 10; i++)
        assert_popped(other, 700, 100 + i);
    assert_int_equal(staged->free_count, blocks);
}

static void nothing_is_staged_for_a_removed_peer(void **state)
{
    (void)state;
    atomic_store(&peer->removed, true);
    add(peer, 100, 1);
    assert_false(staged_add_keepalive(staged, peer));
    assert_int_equal(waiting(peer), 0);
    atomic_store(&peer->removed, false);
}

static void what_was_popped_or_purged_is_wiped(void **state)
{
    static const uint8_t secret[] = "this plaintext must not stay behind in the arena";
    uint8_t packet[64] = {0}, copy[64];

    (void)state;
    memcpy(packet, secret, sizeof secret);
    for (int way = 0; way < 2; way++) {
        staged_add(staged, peer, &(struct staged_packet){packet, sizeof packet}, 1);
        assert_non_null(memmem(staged->blocks, (size_t)staged->fresh * 512, secret, sizeof secret));
        staged_lock(staged);
        if (way == 0)
            staged_pop(staged, peer, copy);
        staged_unlock(staged);
        if (way == 1)
            staged_purge(staged, peer, VOLE_DROP_STAGED_PURGED);
        assert_null(memmem(staged->blocks, (size_t)staged->fresh * 512, secret, sizeof secret));
    }
}

/* ---- the bound on all peers together ---- */

static void the_devices_oldest_packet_goes_when_the_arena_is_full(void **state)
{
    struct staged small, *large = staged;
    struct vole_peer *other = another_peer(1);

    (void)state;
    assert_int_equal(staged_init(&small, 64 << 10), 0); /* 128 blocks of 512 */
    staged = &small;
    for (uint32_t i = 0; i < 100; i++)
        add(i % 2 ? peer : other, 100, i);
    assert_int_equal(vole_device_drops(hosts.host[0].device, VOLE_DROP_STAGED_MEMORY), 0);
    for (uint32_t i = 0; i < 40; i++)
        add(peer, 100, 1000 + i); /* 12 too many: packets 0 to 11 go, from both peers */
    assert_int_equal(vole_peer_drops(other, VOLE_DROP_STAGED_MEMORY), 6);
    assert_int_equal(vole_peer_drops(peer, VOLE_DROP_STAGED_MEMORY), 6);
    assert_popped(other, 100, 12);
    assert_popped(peer, 100, 13);
    add(peer, 65535, 7); /* needs 137 blocks: more than there are */
    assert_int_equal(vole_peer_drops(peer, VOLE_DROP_STAGED_MEMORY), 7);
    assert_true(waiting(peer) > 50); /* and nothing else went for it */
    add(peer, 480 * 128, 8);         /* all there are */
    assert_int_equal(waiting(peer), 1);
    assert_int_equal(waiting(other), 0);
    assert_popped(peer, 480 * 128, 8);
    staged_fini(&small);
    staged = large;
}

static void a_device_holds_16_mib_of_waiting_packets_at_most(void **state)
{
    struct vole_peer *others[200];

    (void)state;
    assert_int_equal((size_t)staged->block_count * 512, 16 << 20);
    for (uint8_t i = 0; i < 200; i++)
        others[i] = another_peer(i);
    for (uint32_t i = 0; i < 200 * 128; i++)
        add(others[i / 128], 1420, i); /* would be 36 MB */
    assert_true(vole_device_drops(hosts.host[0].device, VOLE_DROP_STAGED_MEMORY) > 10000);
    assert_int_equal(vole_device_drops(hosts.host[0].device, VOLE_DROP_STAGED_OVERFLOW), 0);
    assert_int_equal(waiting(others[0]), 0);
    assert_int_equal(waiting(others[199]), 128);
    assert_true(staged->fresh <= staged->block_count && staged->fresh > staged->block_count - 3);
    assert_true(staged->free_count < 3);
}

static void an_arena_below_64_kib_is_refused(void **state)
{
    struct staged small;

    (void)state;
    assert_int_equal(staged_init(&small, (64 << 10) - 1), -22);
}

static void a_random_life_loses_and_invents_nothing(void **state)
{
    struct staged small, *large = staged;
    struct vole_peer *peers[4];
    uint32_t first[4] = {0}, next[4] = {0}; /* numbers of the packets that wait at each peer */
    uint8_t random[4];

    (void)state;
    assert_int_equal(staged_init(&small, 128 << 10), 0);
    staged = &small;
    for (uint8_t i = 0; i < 4; i++)
        peers[i] = another_peer(i);
    for (int step = 0; step < 20000; step++) {
        size_t i;

        two_hosts_random(&hosts, random, sizeof random);
        i = random[0] % 4u;
        if (random[1] < 150) {
            add(peers[i], next[i] * 13 % 1500, (uint32_t)i * 100000 + next[i]);
            next[i]++;
            for (size_t j = 0; j < 4; j++) /* what was pushed out is always somebody's first */
                first[j] = next[j] - waiting(peers[j]);
        } else if (random[1] < 250 && waiting(peers[i]) > 0) {
            assert_popped(peers[i], first[i] * 13 % 1500, (uint32_t)i * 100000 + first[i]);
            first[i]++;
        } else if (random[1] == 255) {
            assert_true(staged_purge(staged, peers[i], VOLE_DROP_STAGED_PURGED) <= next[i] - first[i]);
            first[i] = next[i];
        }
    }
    for (size_t i = 0; i < 4; i++)
        staged_purge(staged, peers[i], VOLE_DROP_STAGED_PURGED);
    assert_int_equal(small.free_count, small.block_count);
    assert_int_equal(small.oldest, STAGED_NONE);
    assert_int_equal(small.newest, STAGED_NONE);
    staged_fini(&small);
    staged = large;
}

/* ---- the list of peers that can send ---- */

static void ready_peers_are_listed_once_and_leave_with_their_packets(void **state)
{
    struct vole_peer *other = another_peer(1);

    (void)state;
    staged_mark_ready(staged, peer); /* nothing waits */
    assert_null(staged_next_ready(staged));
    add(peer, 10, 1);
    add(other, 10, 2);
    staged_mark_ready(staged, peer);
    staged_mark_ready(staged, peer);
    staged_mark_ready(staged, other);
    staged_purge(staged, other, VOLE_DROP_STAGED_PURGED);
    assert_ptr_equal(staged_next_ready(staged), peer);
    assert_null(staged_next_ready(staged));
}

/* ---- whole devices ---- */

static uint64_t counter_of(const struct datagram *datagram)
{
    return bytes_load_le64(datagram->bytes + TRANSPORT_COUNTER);
}

static void of_300_packets_before_the_response_the_newest_129_arrive(void **state)
{
    (void)state;
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(two_hosts_send_bytes(&hosts, 0, 100 + i), VOLE_STAGED);
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 129);
    assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 129); /* no keepalive besides */
    for (size_t i = 0; i < 129; i++) {
        const struct datagram *datagram = two_hosts_nth(&hosts, 0, TRANSPORT, i);

        assert_int_equal(counter_of(datagram), i);
        assert_int_equal(datagram->length, ((100 + 300 - 129 + i + 15) & ~(size_t)15) + 32);
    }
    assert_int_equal(hosts.host[1].delivered_length, 399);
}

static void packets_that_waited_go_before_newer_ones(void **state)
{
    (void)state;
    two_hosts_send_bytes(&hosts, 0, 50);
    two_hosts_send_bytes(&hosts, 0, 51);
    two_hosts_deliver(&hosts);
    two_hosts_send_bytes(&hosts, 0, 52);
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 3);
    assert_int_equal(counter_of(two_hosts_last(&hosts, 0, TRANSPORT)), 2);
}

static void draining_uses_one_counter_for_each_packet(void **state)
{
    (void)state;
    vole_peer_handshake(peer, &hosts.now);
    two_hosts_deliver(&hosts); /* a keepalive: counter 0 */
    two_hosts_send(&hosts, 0);
    assert_int_equal(counter_of(two_hosts_nth(&hosts, 0, TRANSPORT, 0)), 0);
    assert_int_equal(counter_of(two_hosts_nth(&hosts, 0, TRANSPORT, 1)), 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packets_of_all_lengths_come_out_as_they_went_in),
        TEST(the_limit_lets_in_129),
        TEST(the_limit_is_applied_once_for_all_segments_of_a_superpacket),
        TEST(a_run_stages_superpackets_together_and_packets_one_by_one),
        TEST(a_keepalive_is_added_only_to_an_empty_queue),
        TEST(what_fits_is_counted_by_packets_and_by_bytes),
        TEST(purging_drops_and_counts_one_peers_packets_only),
        TEST(nothing_is_staged_for_a_removed_peer),
        TEST(what_was_popped_or_purged_is_wiped),
        TEST(the_devices_oldest_packet_goes_when_the_arena_is_full),
        TEST(a_device_holds_16_mib_of_waiting_packets_at_most),
        TEST(an_arena_below_64_kib_is_refused),
        TEST(a_random_life_loses_and_invents_nothing),
        TEST(ready_peers_are_listed_once_and_leave_with_their_packets),
        TEST(of_300_packets_before_the_response_the_newest_129_arrive),
        TEST(packets_that_waited_go_before_newer_ones),
        TEST(draining_uses_one_counter_for_each_packet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
