/* SPDX-License-Identifier: MIT
 *
 * What a peer costs, everything counted: tables that grow with the peers, and the allocator's own overhead.
 * At most 1.1 KiB for an idle configured peer with one allowed IP, at most 5 KiB with three live keypairs.
 */
#include "core/device.h"
#include "core/room.h"
#include "crypto/secret_memory.h"
#include "two_hosts_group.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__has_feature)
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) ||       \
    HAS_FEATURE(thread_sanitizer)
#define OTHER_ALLOCATOR 1 /* mallinfo2() knows nothing of a sanitizer's */
#else
#define OTHER_ALLOCATOR 0
#endif

#define PEERS 10000

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd + secret_memory_bytes(hosts.host[0].device->secrets);
}

/* A peer with an endpoint, a preshared key, a persistent keepalive and one allowed IP. */
static struct vole_peer *add_peer(uint32_t number, uint8_t family)
{
    struct vole_prefix prefix = {{4, {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}},
                                 32};
    uint8_t key[32];
    struct vole_peer *peer;

    if (family == 6)
        prefix = (struct vole_prefix){
            {6, {0xfd, [13] = (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}}, 128};
    two_hosts_random(&hosts, key, sizeof key);
    peer = vole_peer_add(hosts.host[0].device, key, &hosts.now, NULL);
    assert_non_null(peer);
    assert_int_equal(vole_peer_allow(peer, &prefix), 0);
    vole_peer_set_preshared_key(peer, key);
    vole_peer_set_endpoint(peer, &hosts.host[1].address);
    return peer;
}

static void an_idle_peer_costs_at_most_1126_bytes(void **state)
{
    (void)state;
    if (OTHER_ALLOCATOR)
        skip();
    for (uint8_t family = 4; family <= 6; family += 2) {
        size_t before = allocated(), each;

        for (uint32_t i = 0; i < PEERS; i++)
            add_peer(i, family);
        each = (allocated() - before) / PEERS;
        print_message("an idle peer with one IPv%d prefix: %zu bytes\n", family, each);
        assert_true(each <= 1126); /* 1.1 KiB */
    }
}

static void give_keypair(struct vole_peer *peer, bool initiator)
{
    struct vole_device *device = hosts.host[0].device;
    struct keypair *keypair = keypair_new(device);

    assert_non_null(keypair);
    keypair->entry = (struct index_entry){.peer = peer, .kind = INDEX_KEYPAIR};
    keypair->initiator = initiator;
    assert_int_equal(
        index_insert(&device->indices, &keypair->entry, device->hooks.random, device->hooks.context), 0);
    keypair_install(device, &peer->keypairs, keypair);
}

static void a_peer_with_three_keypairs_costs_at_most_5_kib(void **state)
{
    size_t before = allocated(), each;

    (void)state;
    if (OTHER_ALLOCATOR)
        skip();
    for (uint32_t i = 0; i < PEERS; i++) {
        struct vole_peer *peer = add_peer(i, 6);
        struct vole_device *device = hosts.host[0].device;

        give_keypair(peer, true);
        give_keypair(peer, false);
        assert_true(keypair_confirm(device, &peer->keypairs, peer->keypairs.next));
        peer->keypairs.next = NULL;
        /* Rules destroy previous when next comes; put it back to have all three at once. */
        struct keypair *previous = peer->keypairs.previous;
        peer->keypairs.previous = NULL;
        give_keypair(peer, false);
        peer->keypairs.previous = previous;
        assert_int_equal(index_insert(&device->indices, &peer->handshake_index, device->hooks.random,
                                      device->hooks.context),
                         0); /* and a handshake on its way */
    }
    each = (allocated() - before) / PEERS;
    print_message("a peer with three keypairs: %zu bytes\n", each);
    assert_true(each <= 5 * 1024);
    assert_true(each <= room_peer_bytes() + room_prefix_bytes()); /* what is reckoned with */
}

static void removing_peers_gives_their_memory_back(void **state)
{
    struct vole_peer *peers[100];
    size_t before;

    (void)state;
    if (OTHER_ALLOCATOR)
        skip();
    for (uint32_t i = 0; i < 100; i++) {
        peers[i] = add_peer(i, 4);
        give_keypair(peers[i], true);
    }
    for (uint32_t i = 0; i < 100; i++)
        vole_peer_remove(peers[i]);
    before = allocated();
    for (int round = 0; round < 50; round++) {
        for (uint32_t i = 0; i < 100; i++) {
            peers[i] = add_peer(i, 4);
            give_keypair(peers[i], true);
        }
        for (uint32_t i = 0; i < 100; i++)
            vole_peer_remove(peers[i]);
    }
    assert_true(allocated() <= before + 8192); /* the index table may be of another size */
}

static void packets_that_are_sent_allocate_nothing(void **state)
{
    size_t before;

    (void)state;
    if (OTHER_ALLOCATOR)
        skip();
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_deliver(&hosts);
    hosts.host[0].cut = true;
    for (int i = 0; i < 100; i++) /* makes room in the log */
        two_hosts_send(&hosts, 0);
    hosts.logged = hosts.forgotten = 0;
    before = allocated();
    for (int i = 0; i < 100; i++)
        assert_int_equal(two_hosts_send(&hosts, 0), VOLE_SENT);
    assert_int_equal(allocated(), before);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_idle_peer_costs_at_most_1126_bytes),
        TEST(a_peer_with_three_keypairs_costs_at_most_5_kib),
        TEST(removing_peers_gives_their_memory_back),
        TEST(packets_that_are_sent_allocate_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
