/* SPDX-License-Identifier: MIT
 *
 * What a device may have of peers and allowed IPs: the bounds in number and in bytes, what is refused beyond
 * them, and that whoever is in goes on.
 */
#include "core/room.h"

#include "core/device.h"
#include "two_hosts_group.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vole_device *bounded(size_t peers)
{
    struct vole_device *device = hosts.host[0].device;

    device->peer_bytes = (vole_peer_count(device) + peers) * (room_peer_bytes() + room_prefix_bytes());
    return device;
}

static struct vole_peer *add(struct vole_device *device, int *error)
{
    uint8_t key[32];

    two_hosts_random(&hosts, key, sizeof key);
    return vole_peer_add(device, key, &hosts.now, error);
}

static struct vole_prefix prefix_of(uint32_t number)
{
    return (struct vole_prefix){{4, {11, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}},
                                32};
}

static void peers_are_refused_when_their_bytes_are_used_up_and_taken_again_when_some_went(void **state)
{
    struct vole_device *device = bounded(300);
    struct vole_peer *peer, *last = NULL;
    unsigned count = 0;
    int error = 0;

    (void)state;
    while ((peer = add(device, &error)) != NULL) {
        last = peer;
        count++;
    }
    assert_int_equal(error, -ENOMEM);
    assert_in_range(count, 300, 320);
    assert_null(add(device, &error));
    vole_peer_remove(last);
    assert_non_null(add(device, &error));
    assert_null(add(device, &error));
}

static void a_refused_prefix_changes_nothing_and_one_that_moves_needs_no_room(void **state)
{
    struct vole_device *device = bounded(2);
    struct vole_peer *one = add(device, NULL), *other = add(device, NULL);
    struct vole_prefix prefix = prefix_of(0);
    uint32_t count = 0;

    (void)state;
    assert_non_null(one);
    assert_non_null(other);
    while (vole_peer_allow(one, &prefix) == 0)
        prefix = prefix_of(++count);
    assert_int_equal(count, 2);
    assert_int_equal(vole_peer_allow(one, &prefix), -ENOMEM);
    assert_int_equal(vole_peer_allowed(one, NULL, 0), count);
    assert_ptr_equal(allowed_ips_lookup(&device->allowed_ips, 4, prefix.address.bytes), NULL);
    prefix = prefix_of(0);
    assert_int_equal(vole_peer_allow(one, &prefix), 0);
    assert_int_equal(vole_peer_allow(other, &prefix), 0);
    assert_int_equal(vole_peer_allowed(one, NULL, 0), count - 1);
    assert_int_equal(vole_peer_disallow(other, &prefix), 0);
    prefix = prefix_of(count);
    assert_int_equal(vole_peer_allow(one, &prefix), 0);
    vole_peer_disallow_all(one);
    assert_int_equal(device->allowed_ips.count, 1); /* the other host's */
}

static void a_branch_that_gets_an_owner_is_counted_once(void **state)
{
    struct vole_device *device = hosts.host[0].device;
    struct vole_prefix low = {{4, {11, 0, 0, 0}}, 32}, high = {{4, {11, 0, 0, 1}}, 32},
                       both = {{4, {11, 0, 0, 0}}, 31};
    struct vole_peer *peer = add(device, NULL);
    size_t before = device->allowed_ips.count;

    (void)state;
    assert_int_equal(vole_peer_allow(peer, &low), 0);
    assert_int_equal(vole_peer_allow(peer, &high), 0);
    assert_int_equal(device->allowed_ips.count, before + 2);
    assert_int_equal(allowed_ips_insert(&device->allowed_ips, &both, peer, before + 2), -ENOMEM);
    assert_int_equal(vole_peer_allow(peer, &both), 0);
    assert_int_equal(vole_peer_allow(peer, &both), 0);
    assert_int_equal(device->allowed_ips.count, before + 3);
    assert_int_equal(vole_peer_disallow(peer, &both), 0);
    assert_int_equal(vole_peer_disallow(peer, &both), 0);
    assert_int_equal(device->allowed_ips.count, before + 2);
    vole_peer_remove(peer);
    assert_int_equal(device->allowed_ips.count, before);
}

static void who_is_in_renews_its_session_when_there_is_no_room_for_more(void **state)
{
    struct vole_device *device = bounded(0);

    (void)state;
    device->peer_bytes = 1;
    assert_null(add(device, NULL));
    for (int i = 0; i < 5; i++) {
        vole_peer_handshake(hosts.host[0].peer, &hosts.now);
        two_hosts_deliver(&hosts);
        assert_int_equal(two_hosts_send(&hosts, 0), VOLE_SENT);
        two_hosts_wait(&hosts, 130 * NS_PER_SECOND);
    }
}

static void there_may_be_four_million_prefixes_and_no_more(void **state)
{
    struct vole_device *device = hosts.host[0].device;
    struct vole_peer *peer = add(device, NULL);
    struct vole_prefix prefix = prefix_of(7);

    (void)state;
    assert_int_equal(room_for_prefixes(device), MAX_ALLOWED_IPS_PER_DEVICE);
    device->allowed_ips.count = MAX_ALLOWED_IPS_PER_DEVICE; /* as if */
    assert_int_equal(vole_peer_allow(peer, &prefix), -ENOMEM);
    device->allowed_ips.count--;
    assert_int_equal(vole_peer_allow(peer, &prefix), 0);
}

static void there_may_be_a_million_peers_and_no_more(void **state)
{
    struct vole_device *device = hosts.host[0].device;
    uint32_t real = device->peer_count;
    int error = 0;

    (void)state;
    device->peer_count = MAX_PEERS_PER_DEVICE; /* as if */
    assert_null(add(device, &error));
    assert_int_equal(error, -ENOMEM);
    device->peer_count = real;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(peers_are_refused_when_their_bytes_are_used_up_and_taken_again_when_some_went),
        TEST(a_refused_prefix_changes_nothing_and_one_that_moves_needs_no_room),
        TEST(a_branch_that_gets_an_owner_is_counted_once),
        TEST(who_is_in_renews_its_session_when_there_is_no_room_for_more),
        TEST(there_may_be_four_million_prefixes_and_no_more),
        TEST(there_may_be_a_million_peers_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
