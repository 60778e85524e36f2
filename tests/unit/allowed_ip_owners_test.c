/* SPDX-License-Identifier: MIT
 *
 * Whose each allowed IP is before and after a difference: against the plain way, one step after another, for
 * many pairs of configurations of few peers and networks, so that they collide all the time.
 */
#include "cli/allowed_ip_owners.h"

#include "config/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEERS    5
#define NETWORKS 12
#define ROUNDS   3000
#define NOBODY   (-1)

static uint64_t seed = 1;

static unsigned below(unsigned limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % limit;
}

/* Half of them of each family; host bits differ from time to time. */
static struct vole_prefix network(unsigned number)
{
    struct vole_prefix prefix = {.address = {.family = number % 2 == 0 ? 4 : 6}, .length = 24};

    prefix.address.bytes[0] = 10;
    prefix.address.bytes[1] = (uint8_t)(number / 2);
    prefix.address.bytes[3] = (uint8_t)below(3);
    return prefix;
}

static void write_key(uint8_t key[static VOLE_KEY_BYTES], unsigned peer)
{
    memset(key, 'a' + (int)peer, VOLE_KEY_BYTES);
}

static int peer_of(const uint8_t *key)
{
    return key == NULL ? NOBODY : key[0] - 'a';
}

/* Fills what runs; owner: of each network. */
static void make_running(struct model_device *running, int owner[NETWORKS], bool runs[PEERS])
{
    uint8_t key[VOLE_KEY_BYTES];

    for (unsigned i = 0; i < NETWORKS; i++)
        owner[i] = below(3) == 0 ? NOBODY : (int)below(PEERS);
    for (unsigned i = 0; i < PEERS; i++) {
        struct model_peer *peer;

        runs[i] = below(4) != 0;
        if (!runs[i])
            continue;
        write_key(key, i);
        peer = model_add_peer(running, key);
        assert_non_null(peer);
        for (unsigned k = 0; k < NETWORKS; k++) {
            struct vole_prefix prefix = network(k);

            (void)address_clear_host_bits(&prefix);
            if (owner[k] == (int)i)
                assert_int_equal(model_allow(peer, &prefix), 0);
        }
    }
    for (unsigned i = 0; i < NETWORKS; i++) {
        if (owner[i] != NOBODY && !runs[owner[i]])
            owner[i] = NOBODY;
    }
}

/* A whole configuration, and who has what when it was played step by step. */
static void make_wanted(struct change *wanted, int owner[NETWORKS])
{
    uint8_t key[VOLE_KEY_BYTES];

    wanted->replace_peers = true;
    for (unsigned i = 0; i < NETWORKS; i++)
        owner[i] = NOBODY;
    for (unsigned i = 0; i < PEERS; i++) {
        struct change_peer *peer;

        if (below(4) == 0)
            continue;
        write_key(key, i);
        peer = change_add_peer(wanted, key);
        assert_non_null(peer);
        peer->replace_allowed_ips = true;
        for (unsigned k = below(5); k > 0; k--) {
            unsigned number = below(NETWORKS);
            struct vole_prefix prefix = network(number);

            assert_int_equal(change_allow(peer, &prefix, false), 0);
            owner[number] = (int)i;
        }
    }
}

static bool has_move(const struct allowed_ip_owners *owners, int peer, unsigned number, bool gained,
                     int other)
{
    uint8_t key[VOLE_KEY_BYTES];
    const struct allowed_ip_move *moves;
    size_t count;

    write_key(key, (unsigned)peer);
    moves = allowed_ip_owners_moves(owners, key, &count);
    for (size_t i = 0; i < count; i++) {
        if (moves[i].network.address.bytes[1] == number / 2 &&
            moves[i].network.address.family == (number % 2 == 0 ? 4 : 6))
            return moves[i].gained == gained && peer_of(moves[i].other) == other;
    }
    return false;
}

static void check(const struct allowed_ip_owners *owners, const int before[NETWORKS],
                  const int after[NETWORKS])
{
    size_t moves = 0;

    for (unsigned i = 0; i < NETWORKS; i++) {
        struct vole_prefix prefix = network(i);
        const struct allowed_ip_owner *owner = allowed_ip_owners_of(owners, &prefix);

        assert_int_equal(owner == NULL ? NOBODY : peer_of(owner->before), before[i]);
        assert_int_equal(owner == NULL ? NOBODY : peer_of(owner->after), after[i]);
        if (before[i] == after[i])
            continue;
        if (before[i] != NOBODY) {
            assert_true(has_move(owners, before[i], i, false, after[i]));
            moves++;
        }
        if (after[i] != NOBODY) {
            assert_true(has_move(owners, after[i], i, true, before[i]));
            moves++;
        }
    }
    assert_int_equal(owners->move_count, moves);
}

static void owners_are_those_of_playing_it_step_by_step(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct allowed_ip_owners owners = {0};
        struct model_device running;
        struct change wanted;
        struct change difference;
        uint8_t key[VOLE_KEY_BYTES];
        int before[NETWORKS];
        int after[NETWORKS];
        bool runs[PEERS];

        model_init(&running);
        change_init(&wanted);
        change_init(&difference);
        make_running(&running, before, runs);
        make_wanted(&wanted, after);
        assert_int_equal(change_between(&difference, &running, &wanted, false), 0);
        assert_int_equal(allowed_ip_owners_find(&owners, &running, &difference), 0);
        check(&owners, before, after);
        for (unsigned i = 0; i < PEERS; i++) {
            write_key(key, i);
            assert_int_equal(allowed_ip_owners_running(&owners, key) != NULL, runs[i]);
        }
        allowed_ip_owners_free(&owners);
        change_free(&difference);
        change_free(&wanted);
        model_free(&running);
    }
}

static void nothing_has_no_owners(void **state)
{
    struct allowed_ip_owners owners = {0};
    struct model_device running;
    struct change difference;
    struct vole_prefix prefix = network(0);
    uint8_t key[VOLE_KEY_BYTES];
    size_t count;

    (void)state;
    model_init(&running);
    change_init(&difference);
    write_key(key, 0);
    assert_int_equal(allowed_ip_owners_find(&owners, &running, &difference), 0);
    assert_null(allowed_ip_owners_of(&owners, &prefix));
    assert_null(allowed_ip_owners_running(&owners, key));
    (void)allowed_ip_owners_moves(&owners, key, &count);
    assert_int_equal(count, 0);
    allowed_ip_owners_free(&owners);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owners_are_those_of_playing_it_step_by_step),
        cmocka_unit_test(nothing_has_no_owners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
