/* SPDX-License-Identifier: MIT
 *
 * The difference between what runs and what is wanted: case by case, and for random pairs, applied to a model
 * of the rules by which an interface applies changes (uapi §4): the result must be what applying the whole
 * configuration would be, and a difference must have nothing in it that is so already.
 * The seed of the random part is printed; give it as the first argument to repeat a run.
 */
#include "config/change.h"
#include "config/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define PEERS    5 /* so few that they meet often */
#define PREFIXES 6
#define ROUNDS   10000

/* ---- making things ---- */

static const uint8_t *key_number(unsigned number)
{
    static uint8_t keys[PEERS + 10][VOLE_KEY_BYTES];

    memset(keys[number], 0, VOLE_KEY_BYTES);
    keys[number][0] = (uint8_t)(number * 101 + 7); /* not in the order of numbers */
    keys[number][31] = (uint8_t)number;
    return keys[number];
}

static struct vole_prefix prefix_of(const char *text)
{
    struct vole_prefix prefix;

    assert_int_equal(address_read_prefix(&prefix, text, strlen(text)), 0);
    return prefix;
}

static struct vole_endpoint endpoint_of(const char *text)
{
    struct vole_endpoint endpoint;

    assert_int_equal(address_read_endpoint(&endpoint, text, strlen(text)), 0);
    return endpoint;
}

static struct model_peer *run_peer(struct model_device *device, unsigned number)
{
    struct model_peer *peer = model_add_peer(device, key_number(number));

    assert_non_null(peer);
    return peer;
}

static void run_allow(struct model_peer *peer, const char *prefix)
{
    struct vole_prefix read = prefix_of(prefix);

    assert_int_equal(model_allow(peer, &read), 0);
}

static struct change_peer *want_peer(struct change *change, unsigned number)
{
    struct change_peer *peer = change_add_peer(change, key_number(number));

    assert_non_null(peer);
    peer->replace_allowed_ips = true;
    return peer;
}

static void want_allow(struct change_peer *peer, const char *prefix)
{
    struct vole_prefix read = prefix_of(prefix);

    assert_int_equal(change_allow(peer, &read, false), 0);
}

/* What runs, what is wanted, and the difference. */
struct between_case {
    struct model_device running;
    struct change wanted;
    struct change difference;
};

static void case_init(struct between_case *c)
{
    model_init(&c->running);
    change_init(&c->wanted);
    change_init(&c->difference);
    c->wanted.replace_peers = true;
}

static void case_compare(struct between_case *c, bool whole_device)
{
    assert_int_equal(change_between(&c->difference, &c->running, &c->wanted, whole_device), 0);
    assert_false(c->difference.replace_peers);
}

static void case_free(struct between_case *c)
{
    model_free(&c->running);
    change_free(&c->wanted);
    change_free(&c->difference);
}

static const struct change_peer *only_peer(const struct between_case *c, unsigned number)
{
    assert_int_equal(c->difference.peer_count, 1);
    assert_memory_equal(c->difference.peers[0].public_key, key_number(number), VOLE_KEY_BYTES);
    return &c->difference.peers[0];
}

static void assert_only_allowed_ip(const struct change_peer *peer, const char *expected)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    assert_int_equal(peer->allowed_ip_count, 1);
    address_write_prefix(text, &peer->allowed_ips[0].prefix);
    assert_string_equal(text, expected);
    assert_false(peer->allowed_ips[0].remove);
}

/* ---- the device ---- */

static void the_device_is_compared_value_by_value(void **state)
{
    struct between_case c;

    (void)state;
    case_init(&c);
    model_set_private_key(&c.running, key_number(1));
    c.running.listen_port = 1000;
    c.running.fwmark = 7;
    c.wanted.has_private_key = c.wanted.has_listen_port = c.wanted.has_fwmark = true;
    memcpy(c.wanted.private_key, key_number(1), VOLE_KEY_BYTES);
    c.wanted.listen_port = 1000;
    c.wanted.fwmark = 7;
    case_compare(&c, true);
    assert_true(change_is_empty(&c.difference));
    c.wanted.private_key[5] ^= 1;
    c.wanted.fwmark = 8;
    case_compare(&c, false);
    assert_true(c.difference.has_private_key && c.difference.has_fwmark && !c.difference.has_listen_port);
    assert_memory_equal(c.difference.private_key, c.wanted.private_key, VOLE_KEY_BYTES);
    assert_int_equal(c.difference.fwmark, 8);
    case_free(&c);
}

static void what_is_not_given_is_reset_only_with_the_whole_device(void **state)
{
    struct between_case c;

    (void)state;
    case_init(&c);
    model_set_private_key(&c.running, key_number(1));
    c.running.listen_port = 1000;
    c.running.fwmark = 7;
    case_compare(&c, false);
    assert_true(change_is_empty(&c.difference));
    case_compare(&c, true);
    assert_true(c.difference.has_private_key && key_is_zero(c.difference.private_key));
    assert_true(c.difference.has_listen_port && c.difference.listen_port == 0);
    assert_true(c.difference.has_fwmark && c.difference.fwmark == 0);
    case_free(&c);
}

/* ---- peers ---- */

static void a_peer_that_is_not_wanted_is_removed_first(void **state)
{
    struct between_case c;

    (void)state;
    case_init(&c);
    run_allow(run_peer(&c.running, 0), "10.0.0.0/8");
    run_peer(&c.running, 1);
    want_allow(want_peer(&c.wanted, 2), "10.0.0.0/8");
    want_peer(&c.wanted, 1);
    case_compare(&c, false);
    assert_int_equal(c.difference.peer_count, 2);
    assert_memory_equal(c.difference.peers[0].public_key, key_number(0), VOLE_KEY_BYTES);
    assert_true(c.difference.peers[0].remove);
    assert_memory_equal(c.difference.peers[1].public_key, key_number(2), VOLE_KEY_BYTES);
    assert_only_allowed_ip(&c.difference.peers[1], "10.0.0.0/8");
    case_free(&c);
}

static void a_new_peer_has_what_is_given(void **state)
{
    struct between_case c;
    struct change_peer *wanted;
    const struct change_peer *peer;

    (void)state;
    case_init(&c);
    wanted = want_peer(&c.wanted, 0);
    wanted->has_preshared_key = wanted->has_endpoint = wanted->has_persistent_keepalive = true;
    memcpy(wanted->preshared_key, key_number(3), VOLE_KEY_BYTES);
    wanted->endpoint = endpoint_of("192.0.2.1:1");
    wanted->persistent_keepalive_s = 25;
    case_compare(&c, false);
    peer = only_peer(&c, 0);
    assert_true(peer->has_preshared_key && peer->has_endpoint && peer->has_persistent_keepalive);
    assert_memory_equal(peer->preshared_key, key_number(3), VOLE_KEY_BYTES);
    assert_memory_equal(&peer->endpoint, &wanted->endpoint, sizeof(peer->endpoint));
    assert_int_equal(peer->persistent_keepalive_s, 25);
    case_free(&c);
}

static void a_new_peer_is_there_even_with_nothing(void **state)
{
    struct between_case c;

    (void)state;
    case_init(&c);
    want_peer(&c.wanted, 0);
    case_compare(&c, false);
    assert_int_equal(only_peer(&c, 0)->allowed_ip_count, 0);
    case_free(&c);
}

static void key_and_interval_that_are_not_given_go_the_endpoint_stays(void **state)
{
    struct between_case c;
    struct model_peer *running;
    const struct change_peer *peer;

    (void)state;
    case_init(&c);
    running = run_peer(&c.running, 0);
    memcpy(running->preshared_key, key_number(3), VOLE_KEY_BYTES);
    running->persistent_keepalive_s = 25;
    running->endpoint = endpoint_of("192.0.2.1:1");
    want_peer(&c.wanted, 0);
    case_compare(&c, false);
    peer = only_peer(&c, 0);
    assert_true(peer->has_preshared_key && key_is_zero(peer->preshared_key));
    assert_true(peer->has_persistent_keepalive && peer->persistent_keepalive_s == 0);
    assert_false(peer->has_endpoint || peer->replace_allowed_ips);
    case_free(&c);
}

static void endpoints_differ_by_address_port_or_zone(void **state)
{
    static const struct {
        const char *running;
        const char *wanted;
        bool same;
    } rows[] = {
        {"192.0.2.1:1", "192.0.2.1:1", true},      {"192.0.2.1:1", "192.0.2.1:2", false},
        {"192.0.2.1:1", "192.0.2.2:1", false},     {"[fe80::1%1]:1", "[fe80::1%1]:1", true},
        {"[fe80::1%1]:1", "[fe80::1%2]:1", false}, {"[::1]:1", "[::2]:1", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct between_case c;
        struct change_peer *wanted;

        case_init(&c);
        run_peer(&c.running, 0)->endpoint = endpoint_of(rows[i].running);
        c.running.peers[0].endpoint.source.family = 4; /* learnt: no difference */
        wanted = want_peer(&c.wanted, 0);
        wanted->has_endpoint = true;
        wanted->endpoint = endpoint_of(rows[i].wanted);
        case_compare(&c, false);
        assert_int_equal(c.difference.peer_count, rows[i].same ? 0 : 1);
        case_free(&c);
    }
}

/* A zone that names no interface here is none of those that can be wanted. */
static void an_unknown_zone_differs_from_none(void **state)
{
    struct between_case c;
    struct change_peer *wanted;

    (void)state;
    case_init(&c);
    run_peer(&c.running, 0)->endpoint = endpoint_of("[fe80::1]:1");
    snprintf(c.running.peers[0].zone, sizeof(c.running.peers[0].zone), "gone0");
    wanted = want_peer(&c.wanted, 0);
    wanted->has_endpoint = true;
    wanted->endpoint = endpoint_of("[fe80::1]:1");
    case_compare(&c, false);
    assert_true(only_peer(&c, 0)->has_endpoint);
    case_free(&c);
}

/* ---- allowed IPs ---- */

static void order_and_host_bits_make_no_difference(void **state)
{
    struct between_case c;
    struct model_peer *running;
    struct change_peer *wanted;

    (void)state;
    case_init(&c);
    running = run_peer(&c.running, 0);
    run_allow(running, "10.0.0.0/8");
    run_allow(running, "fd00::/64");
    wanted = want_peer(&c.wanted, 0);
    want_allow(wanted, "fd00::1/64");
    want_allow(wanted, "10.1.2.3/8");
    want_allow(wanted, "10.0.0.0/8");
    case_compare(&c, true);
    assert_true(change_is_empty(&c.difference));
    case_free(&c);
}

static void a_missing_prefix_is_added_without_replacing(void **state)
{
    struct between_case c;
    struct change_peer *wanted;

    (void)state;
    case_init(&c);
    run_allow(run_peer(&c.running, 0), "10.0.0.0/8");
    wanted = want_peer(&c.wanted, 0);
    want_allow(wanted, "10.0.0.0/8");
    want_allow(wanted, "10.0.0.0/9");
    case_compare(&c, false);
    assert_false(only_peer(&c, 0)->replace_allowed_ips);
    assert_only_allowed_ip(only_peer(&c, 0), "10.0.0.0/9");
    case_free(&c);
}

static void a_prefix_too_many_makes_the_list_new(void **state)
{
    struct between_case c;
    struct model_peer *running;

    (void)state;
    case_init(&c);
    running = run_peer(&c.running, 0);
    run_allow(running, "10.0.0.0/8");
    run_allow(running, "0.0.0.0/0");
    want_allow(want_peer(&c.wanted, 0), "10.0.0.0/8");
    case_compare(&c, false);
    assert_true(only_peer(&c, 0)->replace_allowed_ips);
    assert_only_allowed_ip(only_peer(&c, 0), "10.0.0.0/8");
    case_free(&c);
}

static void a_prefix_that_moves_is_only_given_to_its_new_owner(void **state)
{
    static const unsigned orders[2][2] = {{0, 1}, {1, 0}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct between_case c;

        case_init(&c);
        run_allow(run_peer(&c.running, 0), "10.0.0.0/8");
        run_peer(&c.running, 1);
        for (size_t j = 0; j < 2; j++) {
            struct change_peer *wanted = want_peer(&c.wanted, orders[i][j]);
            if (orders[i][j] == 1)
                want_allow(wanted, "10.0.0.0/8");
        }
        case_compare(&c, false);
        assert_false(only_peer(&c, 1)->replace_allowed_ips);
        assert_only_allowed_ip(only_peer(&c, 1), "10.0.0.0/8");
        case_free(&c);
    }
}

static void of_two_that_want_a_prefix_the_later_has_it(void **state)
{
    struct between_case c;

    (void)state;
    case_init(&c);
    run_peer(&c.running, 0);
    run_allow(run_peer(&c.running, 1), "10.0.0.0/8");
    want_allow(want_peer(&c.wanted, 0), "10.0.0.1/8");
    want_allow(want_peer(&c.wanted, 1), "10.0.0.2/8");
    case_compare(&c, false);
    assert_true(change_is_empty(&c.difference));
    case_free(&c);
}

static void a_peer_twice_is_one_with_the_later_values(void **state)
{
    struct between_case c;
    struct change_peer *wanted;
    const struct change_peer *peer;

    (void)state;
    case_init(&c);
    wanted = want_peer(&c.wanted, 0);
    wanted->has_persistent_keepalive = true;
    wanted->persistent_keepalive_s = 25;
    want_allow(wanted, "10.0.0.0/8");
    wanted = want_peer(&c.wanted, 0);
    want_allow(wanted, "fd00::/64");
    case_compare(&c, false);
    peer = only_peer(&c, 0);
    assert_int_equal(peer->persistent_keepalive_s, 25);
    assert_only_allowed_ip(peer, "fd00::/64");
    case_free(&c);
}

/* A file whose allowed IPs have signs changes what the peer has. */
static void signs_change_what_runs(void **state)
{
    struct between_case c;
    struct model_peer *running;
    struct change_peer *wanted;
    struct vole_prefix gone = prefix_of("10.0.0.0/8");

    (void)state;
    case_init(&c);
    running = run_peer(&c.running, 0);
    run_allow(running, "10.0.0.0/8");
    run_allow(running, "10.1.0.0/16");
    wanted = want_peer(&c.wanted, 0);
    wanted->replace_allowed_ips = false;
    assert_int_equal(change_allow(wanted, &gone, true), 0);
    case_compare(&c, false);
    assert_true(only_peer(&c, 0)->replace_allowed_ips);
    assert_only_allowed_ip(only_peer(&c, 0), "10.1.0.0/16");
    case_free(&c);
}

/* ---- random pairs against the rules of an interface ---- */

/* An interface with a fixed set of possible peers and prefixes: who has which. */
struct rules {
    bool exists[PEERS];
    uint8_t preshared_key[PEERS][VOLE_KEY_BYTES];
    struct vole_endpoint endpoint[PEERS];
    uint16_t keepalive_s[PEERS];
    int owner[PREFIXES]; /* -1: nobody */
    uint8_t private_key[VOLE_KEY_BYTES];
    uint16_t listen_port;
    uint32_t fwmark;
};

static const char *const prefix_texts[PREFIXES] = {"10.0.0.0/8", "10.0.0.0/9", "0.0.0.0/0",
                                                   "fd00::/64",  "::/0",       "10.0.0.0/32"};

static unsigned peer_number(const uint8_t key[static VOLE_KEY_BYTES])
{
    assert_true(key[31] < PEERS);
    return key[31];
}

static unsigned prefix_number(struct vole_prefix prefix)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    address_clear_host_bits(&prefix);
    address_write_prefix(text, &prefix);
    for (unsigned i = 0; i < PREFIXES; i++)
        if (strcmp(text, prefix_texts[i]) == 0)
            return i;
    fail_msg("%s is none of ours", text);
    return 0;
}

static void rules_lose(struct rules *rules, unsigned peer)
{
    for (unsigned i = 0; i < PREFIXES; i++)
        if (rules->owner[i] == (int)peer)
            rules->owner[i] = -1;
}

static void rules_remove(struct rules *rules, unsigned peer)
{
    rules_lose(rules, peer);
    rules->exists[peer] = false;
    memset(rules->preshared_key[peer], 0, VOLE_KEY_BYTES);
    memset(&rules->endpoint[peer], 0, sizeof(rules->endpoint[peer]));
    rules->keepalive_s[peer] = 0;
}

static void rules_apply_peer(struct rules *rules, const struct change_peer *change)
{
    unsigned peer = peer_number(change->public_key);

    if (change->remove) {
        rules_remove(rules, peer);
        return;
    }
    rules->exists[peer] = true;
    if (change->has_preshared_key)
        memcpy(rules->preshared_key[peer], change->preshared_key, VOLE_KEY_BYTES);
    if (change->has_endpoint)
        rules->endpoint[peer] = change->endpoint;
    if (change->has_persistent_keepalive)
        rules->keepalive_s[peer] = change->persistent_keepalive_s;
    if (change->replace_allowed_ips)
        rules_lose(rules, peer);
    for (size_t i = 0; i < change->allowed_ip_count; i++) {
        unsigned prefix = prefix_number(change->allowed_ips[i].prefix);
        if (!change->allowed_ips[i].remove)
            rules->owner[prefix] = (int)peer;
        else if (rules->owner[prefix] == (int)peer)
            rules->owner[prefix] = -1;
    }
}

static void rules_apply(struct rules *rules, const struct change *change)
{
    if (change->has_private_key)
        memcpy(rules->private_key, change->private_key, VOLE_KEY_BYTES);
    if (change->has_listen_port)
        rules->listen_port = change->listen_port;
    if (change->has_fwmark)
        rules->fwmark = change->fwmark;
    for (unsigned i = 0; i < PEERS && change->replace_peers; i++)
        rules_remove(rules, i);
    for (size_t i = 0; i < change->peer_count; i++)
        rules_apply_peer(rules, &change->peers[i]);
}

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * 0x2545f4914f6cdd1dull >> 33) % bound;
}

static struct vole_endpoint random_endpoint(void)
{
    static const char *const texts[] = {"192.0.2.1:1", "192.0.2.1:2", "[2001:db8::1]:1"};

    return endpoint_of(texts[random_below(3)]);
}

static void random_rules(struct rules *rules)
{
    memset(rules, 0, sizeof(*rules));
    for (unsigned i = 0; i < PEERS; i++) {
        rules->exists[i] = random_below(2) == 0;
        if (!rules->exists[i])
            continue;
        if (random_below(3) == 0)
            memcpy(rules->preshared_key[i], key_number(random_below(2) + 1), VOLE_KEY_BYTES);
        if (random_below(2) == 0)
            rules->endpoint[i] = random_endpoint();
        rules->keepalive_s[i] = (uint16_t)(random_below(3) * 25);
    }
    for (unsigned i = 0; i < PREFIXES; i++) {
        unsigned owner = random_below(PEERS);
        rules->owner[i] = rules->exists[owner] ? (int)owner : -1;
    }
    if (random_below(2) == 0)
        memcpy(rules->private_key, key_number(random_below(2)), VOLE_KEY_BYTES);
    rules->listen_port = (uint16_t)random_below(3);
    rules->fwmark = random_below(3);
}

static void rules_run(const struct rules *rules, struct model_device *device)
{
    unsigned first = random_below(PEERS);

    model_init(device);
    model_set_private_key(device, rules->private_key);
    device->listen_port = rules->listen_port;
    device->fwmark = rules->fwmark;
    for (unsigned i = 0; i < PEERS; i++) {
        unsigned number = (first + i) % PEERS;
        struct model_peer *peer;

        if (!rules->exists[number])
            continue;
        peer = run_peer(device, number);
        memcpy(peer->preshared_key, rules->preshared_key[number], VOLE_KEY_BYTES);
        peer->endpoint = rules->endpoint[number];
        peer->persistent_keepalive_s = rules->keepalive_s[number];
        for (unsigned j = 0; j < PREFIXES; j++)
            if (rules->owner[j] == (int)number)
                run_allow(peer, prefix_texts[j]);
    }
}

/* signs: lists may be incremental. */
static void random_wanted(struct change *wanted, bool signs)
{
    change_init(wanted);
    wanted->replace_peers = true;
    wanted->has_private_key = random_below(2) == 0;
    memcpy(wanted->private_key, wanted->has_private_key ? key_number(random_below(2)) : key_number(0),
           VOLE_KEY_BYTES);
    if (!wanted->has_private_key)
        memset(wanted->private_key, 0, VOLE_KEY_BYTES);
    wanted->has_listen_port = random_below(2) == 0;
    wanted->listen_port = wanted->has_listen_port ? (uint16_t)random_below(3) : 0;
    wanted->has_fwmark = random_below(2) == 0;
    wanted->fwmark = wanted->has_fwmark ? random_below(3) : 0;
    for (uint32_t count = random_below(PEERS + 2); count > 0; count--) {
        struct change_peer *peer = want_peer(wanted, random_below(PEERS));

        peer->replace_allowed_ips = !signs || random_below(2) == 0;
        peer->remove = random_below(10) == 0;
        peer->has_preshared_key = random_below(3) == 0;
        if (peer->has_preshared_key && random_below(3) != 0)
            memcpy(peer->preshared_key, key_number(random_below(2) + 1), VOLE_KEY_BYTES);
        peer->has_endpoint = random_below(2) == 0;
        if (peer->has_endpoint)
            peer->endpoint = random_endpoint();
        peer->has_persistent_keepalive = random_below(2) == 0;
        if (peer->has_persistent_keepalive)
            peer->persistent_keepalive_s = (uint16_t)(random_below(3) * 25);
        for (uint32_t prefixes = random_below(4); prefixes > 0; prefixes--) {
            struct vole_prefix prefix = prefix_of(prefix_texts[random_below(PREFIXES)]);
            if (prefix.address.family == 4 && prefix.length < 32)
                prefix.address.bytes[3] = (uint8_t)random_below(2);
            assert_int_equal(change_allow(peer, &prefix, signs && random_below(3) == 0), 0);
        }
    }
}

/* What must come out: the configuration applied as a whole, but that peers which stay keep what endpoint they
 * had, and what they had of prefixes where the list is not replaced. */
static void rules_expect(struct rules *expected, const struct rules *running, const struct change *wanted,
                         bool whole_device)
{
    bool wanted_at_all[PEERS] = {false};
    struct change stripped = *wanted;

    *expected = *running;
    for (size_t i = 0; i < wanted->peer_count; i++)
        wanted_at_all[peer_number(wanted->peers[i].public_key)] |= !wanted->peers[i].remove;
    for (unsigned i = 0; i < PEERS; i++) {
        if (!wanted_at_all[i])
            rules_remove(expected, i);
        memset(expected->preshared_key[i], 0, VOLE_KEY_BYTES);
        expected->keepalive_s[i] = 0;
    }
    stripped.replace_peers = false;
    if (whole_device)
        stripped.has_private_key = stripped.has_listen_port = stripped.has_fwmark = true;
    rules_apply(expected, &stripped);
}

/* A peer that is told to go and to come again keeps its endpoint: it need not go. */
static void keep_endpoints(struct rules *expected, const struct rules *running, const struct change *wanted)
{
    for (unsigned peer = 0; peer < PEERS; peer++) {
        bool given = false;

        for (size_t i = 0; i < wanted->peer_count; i++)
            if (peer_number(wanted->peers[i].public_key) == peer)
                given = !wanted->peers[i].remove && (given || wanted->peers[i].has_endpoint);
        if (expected->exists[peer] && !given)
            expected->endpoint[peer] = running->endpoint[peer];
    }
}

static void assert_rules_equal(const struct rules *a, const struct rules *b)
{
    for (unsigned i = 0; i < PEERS; i++) {
        assert_int_equal(a->exists[i], b->exists[i]);
        if (!a->exists[i])
            continue;
        assert_memory_equal(a->preshared_key[i], b->preshared_key[i], VOLE_KEY_BYTES);
        assert_memory_equal(&a->endpoint[i], &b->endpoint[i], sizeof(a->endpoint[i]));
        assert_int_equal(a->keepalive_s[i], b->keepalive_s[i]);
    }
    for (unsigned i = 0; i < PREFIXES; i++)
        assert_int_equal(a->owner[i], b->owner[i]);
    assert_memory_equal(a->private_key, b->private_key, VOLE_KEY_BYTES);
    assert_int_equal(a->listen_port, b->listen_port);
    assert_int_equal(a->fwmark, b->fwmark);
}

/* Nothing in it is so already. */
static void assert_small(const struct change *difference, const struct rules *running)
{
    for (size_t i = 0; i < difference->peer_count; i++) {
        const struct change_peer *change = &difference->peers[i];
        unsigned peer = peer_number(change->public_key);

        if (change->remove || !running->exists[peer]) {
            assert_true(!change->remove || running->exists[peer]);
            continue;
        }
        assert_true(change->has_preshared_key || change->has_endpoint || change->has_persistent_keepalive ||
                    change->replace_allowed_ips || change->allowed_ip_count != 0);
        if (change->has_preshared_key)
            assert_memory_not_equal(change->preshared_key, running->preshared_key[peer], VOLE_KEY_BYTES);
        if (change->has_persistent_keepalive)
            assert_int_not_equal(change->persistent_keepalive_s, running->keepalive_s[peer]);
        if (change->has_endpoint)
            assert_memory_not_equal(&change->endpoint, &running->endpoint[peer], sizeof(change->endpoint));
        for (size_t j = 0; j < change->allowed_ip_count && !change->replace_allowed_ips; j++)
            assert_int_not_equal(running->owner[prefix_number(change->allowed_ips[j].prefix)], (int)peer);
    }
}

static void check_random_pair(bool signs)
{
    bool whole_device = random_below(2) == 0;
    struct rules running, expected;
    struct between_case c;
    struct change again;

    random_rules(&running);
    rules_run(&running, &c.running);
    random_wanted(&c.wanted, signs);
    change_init(&c.difference);
    case_compare(&c, whole_device);
    assert_small(&c.difference, &running);

    rules_expect(&expected, &running, &c.wanted, whole_device);
    keep_endpoints(&expected, &running, &c.wanted);
    rules_apply(&running, &c.difference);
    assert_rules_equal(&running, &expected);

    /* What was reached differs in nothing, unless the change says how to go on from there. */
    if (!signs) {
        model_free(&c.running);
        rules_run(&running, &c.running);
        change_init(&again);
        assert_int_equal(change_between(&again, &c.running, &c.wanted, whole_device), 0);
        assert_true(change_is_empty(&again));
        change_free(&again);
    }
    case_free(&c);
}

static void random_pairs_end_as_wanted(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        check_random_pair(round % 3 == 0);
}

/* ---- size ---- */

/* Every second peer moves its prefix to its neighbour; quadratic work would take minutes. */
static void many_peers(void **state)
{
    enum { MANY = 100000 };
    struct between_case c;

    (void)state;
    case_init(&c);
    for (uint32_t i = 0; i < MANY; i++) {
        uint8_t key[VOLE_KEY_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16)};
        struct vole_prefix prefix = {.address = {.family = 4, .bytes = {10, key[2], key[1], key[0]}},
                                     .length = 32};
        struct model_peer *running = model_add_peer(&c.running, key);
        struct change_peer *wanted = change_add_peer(&c.wanted, key);

        assert_true(running != NULL && wanted != NULL);
        wanted->replace_allowed_ips = true;
        assert_int_equal(model_allow(running, &prefix), 0);
        prefix.address.bytes[3] ^= 1;
        assert_int_equal(change_allow(wanted, &prefix, false), 0);
    }
    case_compare(&c, false);
    assert_int_equal(c.difference.peer_count, MANY);
    case_free(&c);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_device_is_compared_value_by_value),
        cmocka_unit_test(what_is_not_given_is_reset_only_with_the_whole_device),
        cmocka_unit_test(a_peer_that_is_not_wanted_is_removed_first),
        cmocka_unit_test(a_new_peer_has_what_is_given),
        cmocka_unit_test(a_new_peer_is_there_even_with_nothing),
        cmocka_unit_test(key_and_interval_that_are_not_given_go_the_endpoint_stays),
        cmocka_unit_test(endpoints_differ_by_address_port_or_zone),
        cmocka_unit_test(an_unknown_zone_differs_from_none),
        cmocka_unit_test(order_and_host_bits_make_no_difference),
        cmocka_unit_test(a_missing_prefix_is_added_without_replacing),
        cmocka_unit_test(a_prefix_too_many_makes_the_list_new),
        cmocka_unit_test(a_prefix_that_moves_is_only_given_to_its_new_owner),
        cmocka_unit_test(of_two_that_want_a_prefix_the_later_has_it),
        cmocka_unit_test(a_peer_twice_is_one_with_the_later_values),
        cmocka_unit_test(signs_change_what_runs),
        cmocka_unit_test(random_pairs_end_as_wanted),
        cmocka_unit_test(many_peers),
    };

    random_state = count > 1 ? strtoull(arguments[1], NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    random_state |= 1;
    printf("seed %#llx\n", (unsigned long long)random_state);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
