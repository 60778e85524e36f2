/* SPDX-License-Identifier: MIT
 *
 * The allowed-IPs table (routing §1): each of its operations, moves, order, odd lengths, and a long random
 * life compared with a table that simply looks at every prefix.
 */
#include "core/device.h"
#include "two_hosts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PEERS 8

static struct two_hosts hosts;
static struct vole_device *device;
static struct vole_peer *peers[PEERS];

static int start(void **state)
{
    uint8_t key[32] = {99};

    (void)state;
    two_hosts_start(&hosts);
    device = hosts.host[0].device;
    vole_peer_remove(hosts.host[0].peer);
    for (uint8_t i = 0; i < PEERS; i++) {
        key[1] = i;
        peers[i] = vole_peer_add(device, key, &hosts.now, NULL);
        assert_non_null(peers[i]);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    return 0;
}

static struct vole_prefix v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t length)
{
    return (struct vole_prefix){{4, {a, b, c, d}}, length};
}

static struct vole_prefix v6(uint8_t first, uint8_t last, uint8_t length)
{
    return (struct vole_prefix){{6, {0xfd, first, [15] = last}}, length};
}

static void allow(struct vole_peer *peer, struct vole_prefix prefix)
{
    assert_int_equal(vole_peer_allow(peer, &prefix), 0);
}

static struct vole_peer *lookup(struct vole_prefix address)
{
    return allowed_ips_lookup(&device->allowed_ips, address.address.family, address.address.bytes);
}

static void the_longest_match_wins_in_any_order_of_insertion(void **state)
{
    const struct vole_prefix nested[] = {v4(0, 0, 0, 0, 0), v4(10, 0, 0, 0, 8), v4(10, 1, 0, 0, 16),
                                         v4(10, 1, 2, 0, 24), v4(10, 1, 2, 3, 32)};

    (void)state;
    for (size_t order = 0; order < 5; order++) {
        for (size_t i = 0; i < 5; i++) {
            size_t at = (i * 2 + order) % 5;

            allow(peers[at], nested[at]);
        }
        assert_ptr_equal(lookup(v4(10, 1, 2, 3, 0)), peers[4]);
        assert_ptr_equal(lookup(v4(10, 1, 2, 4, 0)), peers[3]);
        assert_ptr_equal(lookup(v4(10, 1, 3, 3, 0)), peers[2]);
        assert_ptr_equal(lookup(v4(10, 2, 2, 3, 0)), peers[1]);
        assert_ptr_equal(lookup(v4(11, 1, 2, 3, 0)), peers[0]);
        assert_null(lookup(v6(0, 1, 0)));
        for (size_t i = 0; i < 5; i++)
            vole_peer_disallow_all(peers[i]);
        assert_null(lookup(v4(10, 1, 2, 3, 0)));
    }
}

static void default_routes_are_ordinary_entries(void **state)
{
    (void)state;
    assert_null(lookup(v4(1, 2, 3, 4, 0)));
    allow(peers[0], v4(0, 0, 0, 0, 0));
    allow(peers[1], (struct vole_prefix){{6, {0}}, 0});
    assert_ptr_equal(lookup(v4(1, 2, 3, 4, 0)), peers[0]);
    assert_ptr_equal(lookup(v6(3, 4, 0)), peers[1]);
    allow(peers[2], v4(0, 0, 0, 0, 0));
    assert_ptr_equal(lookup(v4(1, 2, 3, 4, 0)), peers[2]);
}

static void host_bits_are_ignored_and_read_back_masked(void **state)
{
    struct vole_prefix found;

    (void)state;
    allow(peers[0], v4(192, 168, 77, 255, 21));
    assert_int_equal(vole_peer_allowed(peers[0], &found, 1), 1);
    assert_memory_equal(found.address.bytes, ((uint8_t[]){192, 168, 72, 0}), 4);
    assert_int_equal(found.length, 21);
    assert_ptr_equal(lookup(v4(192, 168, 79, 255, 0)), peers[0]);
    assert_null(lookup(v4(192, 168, 80, 0, 0)));
    allow(peers[1], (struct vole_prefix){{6, {0xff, 0xff, 0xff, 0xff, 0xff}}, 33});
    assert_int_equal(vole_peer_allowed(peers[1], &found, 1), 1);
    assert_memory_equal(found.address.bytes, ((uint8_t[16]){0xff, 0xff, 0xff, 0xff, 0x80}), 16);
}

static void bad_lengths_and_families_are_refused(void **state)
{
    const struct vole_prefix bad[] = {v4(1, 2, 3, 4, 33), v4(1, 2, 3, 4, 255), v6(1, 1, 129),
                                      {{0, {1}}, 8},      {{5, {1}}, 8},       {{10, {1}}, 8}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(vole_peer_allow(peers[0], &bad[i]), -EINVAL);
        assert_int_equal(vole_peer_disallow(peers[0], &bad[i]), -EINVAL);
    }
    assert_int_equal(vole_peer_allowed(peers[0], NULL, 0), 0);
}

static void an_identical_prefix_moves_silently_to_the_new_peer(void **state)
{
    (void)state;
    allow(peers[0], v4(10, 0, 0, 0, 8));
    allow(peers[0], v4(10, 1, 0, 0, 16));
    allow(peers[1], v4(10, 255, 0, 0, 8)); /* the same prefix, other host bits */
    assert_int_equal(vole_peer_allowed(peers[0], NULL, 0), 1);
    assert_int_equal(vole_peer_allowed(peers[1], NULL, 0), 1);
    assert_ptr_equal(lookup(v4(10, 2, 0, 0, 0)), peers[1]);
    assert_ptr_equal(lookup(v4(10, 1, 0, 0, 0)), peers[0]);
}

static void an_own_prefix_moves_to_the_end_of_the_list(void **state)
{
    const struct vole_prefix inserted[] = {v4(10, 0, 0, 0, 8), v6(1, 0, 64), v4(10, 0, 0, 0, 16),
                                           v6(0, 0, 16), v4(0, 0, 0, 0, 0)};
    struct vole_prefix found[6];

    (void)state;
    for (size_t i = 0; i < 5; i++)
        allow(peers[0], inserted[i]);
    assert_int_equal(vole_peer_allowed(peers[0], found, 6), 5);
    assert_memory_equal(found, inserted, sizeof inserted); /* families interleaved as inserted */
    allow(peers[0], inserted[1]);
    assert_int_equal(vole_peer_allowed(peers[0], found, 6), 5);
    assert_memory_equal(&found[4], &inserted[1], sizeof found[4]);
    assert_memory_equal(&found[1], &inserted[2], sizeof found[1]);
    assert_int_equal(vole_peer_allowed(peers[0], found, 2), 5); /* says how many there are */
}

static void removing_one_prefix_needs_the_exact_one_of_that_peer(void **state)
{
    const struct vole_prefix prefix = v4(10, 0, 0, 0, 8), longer = v4(10, 0, 0, 0, 9);

    (void)state;
    allow(peers[0], prefix);
    assert_int_equal(vole_peer_disallow(peers[1], &prefix), 0); /* not its own: no error, no effect */
    assert_int_equal(vole_peer_disallow(peers[0], &longer), 0);
    assert_ptr_equal(lookup(v4(10, 9, 9, 9, 0)), peers[0]);
    assert_int_equal(vole_peer_disallow(peers[0], &prefix), 0);
    assert_null(lookup(v4(10, 9, 9, 9, 0)));
    assert_int_equal(vole_peer_disallow(peers[0], &prefix), 0);
}

static void removing_a_peer_takes_its_prefixes_and_no_others(void **state)
{
    (void)state;
    allow(peers[0], v4(10, 0, 0, 0, 8));
    allow(peers[1], v4(10, 1, 0, 0, 16));
    allow(peers[0], v4(10, 1, 2, 0, 24));
    allow(peers[0], v6(1, 1, 128));
    vole_peer_remove(peers[0]);
    assert_ptr_equal(lookup(v4(10, 1, 2, 3, 0)), peers[1]);
    assert_null(lookup(v4(10, 2, 0, 0, 0)));
    assert_null(lookup(v6(1, 1, 0)));
}

static void mapped_addresses_are_plain_ipv6(void **state)
{
    struct vole_prefix mapped = {{6, {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1}}, 128};

    (void)state;
    allow(peers[0], mapped);
    assert_null(lookup(v4(10, 0, 0, 1, 0)));
    assert_ptr_equal(lookup(mapped), peers[0]);
}

static void a_peer_may_have_130560_prefixes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 130560; i++)
        allow(peers[i % 2], v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 32));
    assert_int_equal(vole_peer_allowed(peers[0], NULL, 0), 65280);
    for (unsigned i = 0; i < 130560; i += 997)
        assert_ptr_equal(lookup(v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 0)), peers[i % 2]);
    vole_peer_disallow_all(peers[0]);
    assert_int_equal(vole_peer_allowed(peers[1], NULL, 0), 65280);
    assert_null(lookup(v4(10, 0, 0, 2, 0)));
}

/* ---- a naive table ---- */

#define MOST 300

struct naive {
    struct vole_prefix prefix[MOST];
    int owner[MOST]; /* -1: free */
};

static bool matches(const struct vole_prefix *prefix, const uint8_t *address)
{
    for (unsigned bit = 0; bit < prefix->length; bit++)
        if (((prefix->address.bytes[bit / 8] ^ address[bit / 8]) >> (7 - bit % 8)) & 1)
            return false;
    return true;
}

static int naive_lookup(const struct naive *naive, const struct vole_address *address)
{
    int best = -1, best_length = -1;

    for (int i = 0; i < MOST; i++)
        if (naive->owner[i] >= 0 && naive->prefix[i].address.family == address->family &&
            naive->prefix[i].length > best_length && matches(&naive->prefix[i], address->bytes)) {
            best = naive->owner[i];
            best_length = naive->prefix[i].length;
        }
    return best;
}

static int naive_find(const struct naive *naive, const struct vole_prefix *prefix)
{
    for (int i = 0; i < MOST; i++)
        if (naive->owner[i] >= 0 && naive->prefix[i].address.family == prefix->address.family &&
            naive->prefix[i].length == prefix->length && matches(prefix, naive->prefix[i].address.bytes))
            return i;
    return -1;
}

static uint32_t random_below(uint32_t limit)
{
    uint8_t bytes[4];

    two_hosts_random(&hosts, bytes, sizeof bytes);
    return (bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16) % limit;
}

/* Few different bits, so that prefixes nest, meet and miss each other. */
static struct vole_prefix random_prefix(void)
{
    struct vole_prefix prefix = {.address.family = random_below(2) ? 4 : 6};
    unsigned bits = prefix.address.family == 4 ? 32 : 128;

    for (unsigned i = 0; i < bits / 8; i++)
        prefix.address.bytes[i] = (uint8_t)(random_below(8) ? 0 : 1u << random_below(8));
    prefix.length = (uint8_t)random_below(bits + 1);
    return prefix;
}

static void naive_allow(struct naive *naive, const struct vole_prefix *prefix, int peer)
{
    int at = naive_find(naive, prefix);

    for (int i = 0; at < 0 && i < MOST; i++)
        if (naive->owner[i] < 0)
            at = i;
    assert_true(at >= 0);
    naive->prefix[at] = *prefix;
    naive->owner[at] = peer;
}

static void assert_agree(const struct naive *naive, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        struct vole_prefix probe = random_prefix();
        int expected = naive_lookup(naive, &probe.address);

        assert_ptr_equal(lookup(probe), expected < 0 ? NULL : peers[expected]);
    }
    for (int peer = 0; peer < PEERS; peer++) {
        size_t count = 0;

        for (int i = 0; i < MOST; i++)
            count += naive->owner[i] == peer;
        assert_int_equal(vole_peer_allowed(peers[peer], NULL, 0), count);
    }
}

static void a_random_life_agrees_with_the_naive_table(void **state)
{
    struct naive naive;
    unsigned held = 0;

    (void)state;
    memset(naive.owner, -1, sizeof naive.owner);
    for (unsigned step = 0; step < 20000; step++) {
        struct vole_prefix prefix = random_prefix();
        int peer = (int)random_below(PEERS), at;

        held = 0;
        for (int i = 0; i < MOST; i++)
            held += naive.owner[i] >= 0;
        if (held < MOST - 1 && random_below(5) > 1) {
            allow(peers[peer], prefix);
            naive_allow(&naive, &prefix, peer);
        } else if (random_below(200) > 0) {
            at = (int)random_below(MOST);
            if (naive.owner[at] >= 0)
                prefix = naive.prefix[at];
            at = naive_find(&naive, &prefix);
            if (at >= 0 && naive.owner[at] == peer)
                naive.owner[at] = -1;
            assert_int_equal(vole_peer_disallow(peers[peer], &prefix), 0);
        } else {
            vole_peer_disallow_all(peers[peer]);
            for (int i = 0; i < MOST; i++)
                naive.owner[i] = naive.owner[i] == peer ? -1 : naive.owner[i];
        }
        if (step % 20 == 0)
            assert_agree(&naive, 20);
    }
    for (int i = 0; i < PEERS; i++)
        vole_peer_disallow_all(peers[i]);
    assert_null(atomic_load(&device->allowed_ips.roots[0])); /* nothing is left, no branches either */
    assert_null(atomic_load(&device->allowed_ips.roots[1]));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_longest_match_wins_in_any_order_of_insertion),
        TEST(default_routes_are_ordinary_entries),
        TEST(host_bits_are_ignored_and_read_back_masked),
        TEST(bad_lengths_and_families_are_refused),
        TEST(an_identical_prefix_moves_silently_to_the_new_peer),
        TEST(an_own_prefix_moves_to_the_end_of_the_list),
        TEST(removing_one_prefix_needs_the_exact_one_of_that_peer),
        TEST(removing_a_peer_takes_its_prefixes_and_no_others),
        TEST(mapped_addresses_are_plain_ipv6),
        TEST(a_peer_may_have_130560_prefixes),
        TEST(a_random_life_agrees_with_the_naive_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
