/* SPDX-License-Identifier: MIT
 *
 * Act 2 of the explainer: the nodes that it shows are the table's, a walk over them finds whom the table's
 * own lookup finds, and packets and datagrams get what the table says, on the example and on random tables.
 */
#include "config/address.h"
#include "core/device.h"
#include "explain/routing_act.h"
#include "explain/routing_example.h"
#include "explain/routing_questions.h"
#include "explain/routing_trie.h"
#include "explain/routing_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t random_state;

/* splitmix64 */
static uint32_t random_below(uint32_t limit)
{
    uint64_t mixed = random_state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((mixed >> 32) % limit);
}

/* Few different bits, so that prefixes nest, meet and miss each other. */
static struct vole_prefix random_prefix(uint8_t family)
{
    struct vole_prefix prefix = {.address.family = family};
    unsigned bits = family == 4 ? 32 : 128;

    for (unsigned i = 0; i < bits / 8; i++)
        prefix.address.bytes[i] = (uint8_t)(random_below(6) ? 0 : 1u << random_below(8));
    prefix.length = (uint8_t)random_below(bits + 1);
    return prefix;
}

static void fill_random(struct routing_table *table, size_t peers, size_t prefixes)
{
    routing_table_init(table, ROUTING_TABLE_FILE, "random");
    for (size_t i = 0; i < peers; i++)
        assert_int_equal(routing_table_add_peer(table, NULL, random_below(2) == 0), 0);
    for (size_t i = 0; i < prefixes; i++) {
        struct vole_prefix prefix = random_prefix(random_below(2) ? 4 : 6);
        size_t peer = random_below((uint32_t)peers);

        assert_int_equal(routing_table_give(table, peer, &prefix, random_below(8) == 0), 0);
    }
}

/* Whose the table says the address is. */
static size_t looked_up(const struct routing_world *world, const struct vole_address *address)
{
    return routing_world_position(
        world, allowed_ips_lookup(&world->server->device->allowed_ips, address->family, address->bytes));
}

static size_t owned_nodes(const struct routing_trie *trie)
{
    size_t owned = 0;

    for (size_t i = 0; i < trie->count; i++)
        owned += trie->nodes[i].peer != ROUTING_NOBODY;
    return owned;
}

/* Nodes hang together, in both directions, by the right bit, and a fork has two sides. */
static void assert_is_a_trie(const struct routing_trie *trie)
{
    for (size_t i = 0; i < trie->count; i++) {
        const struct routing_trie_node *node = &trie->nodes[i];

        assert_int_equal(node->parent == ROUTING_TRIE_NONE, i == 0);
        if (node->peer == ROUTING_NOBODY)
            assert_true(node->children[0] != ROUTING_TRIE_NONE && node->children[1] != ROUTING_TRIE_NONE);
        for (unsigned bit = 0; bit < 2; bit++) {
            const struct routing_trie_node *child;

            if (node->children[bit] == ROUTING_TRIE_NONE)
                continue;
            child = &trie->nodes[node->children[bit]];
            assert_int_equal(child->parent, i);
            assert_true(child->prefix.length > node->prefix.length);
            assert_int_equal(routing_trie_bit(&child->prefix.address, node->prefix.length), bit);
            assert_int_equal(
                routing_trie_common_bits(&child->prefix.address, &node->prefix.address, node->prefix.length),
                node->prefix.length);
        }
    }
}

static void assert_walks_agree(const struct routing_world *world, unsigned times)
{
    size_t prefixes = 0, owned = 0;

    for (size_t i = 0; i < world->table->peer_count; i++)
        prefixes += vole_peer_allowed(world->peers[i], NULL, 0);
    for (unsigned family = 4; family <= 6; family += 2) {
        struct routing_trie trie;

        routing_trie_gather(&trie, world, (uint8_t)family);
        assert_is_a_trie(&trie);
        owned += owned_nodes(&trie);
        for (unsigned i = 0; i < times; i++) {
            struct vole_address address = random_prefix((uint8_t)family).address;

            assert_int_equal(routing_trie_walk(&trie, &address), looked_up(world, &address));
        }
        routing_trie_fini(&trie);
    }
    assert_int_equal(owned, prefixes);
}

static void a_walk_of_the_exported_nodes_is_the_tables_own_lookup(void **state)
{
    (void)state;
    random_state = 1;
    for (unsigned round = 0; round < 60; round++) {
        struct routing_table table;
        struct routing_world world;

        size_t peers = 1 + random_below(40);

        fill_random(&table, peers, random_below(round % 10 == 9 ? 3000 : 200));
        routing_world_init(&world, &table, chance_public_seed, 0);
        assert_walks_agree(&world, 400);
        routing_world_fini(&world);
        routing_table_fini(&table);
    }
}

/* ---- packets ---- */

/* The last owner among the recorded steps, and each step inside the one before. */
static void assert_record_is_a_walk(const struct walk_record *record)
{
    assert_int_equal(record->lookups, 1);
    for (size_t i = 0; i < record->step_count; i++) {
        const struct walk_step *step = &record->steps[i];
        unsigned same =
            routing_trie_common_bits(&step->prefix.address, &record->address, step->prefix.length);

        assert_int_equal(step->contains, same == step->prefix.length);
        assert_true(step->contains || i + 1 == record->step_count);
        assert_true(i == 0 || step->prefix.length > record->steps[i - 1].prefix.length);
    }
}

static void a_packet_goes_to_whom_the_table_names_or_nowhere(void **state)
{
    struct routing_table table;
    struct routing_world world;
    struct routing_answer answer;
    unsigned sent = 0, lost = 0;

    (void)state;
    random_state = 2;
    fill_random(&table, 9, 14);
    routing_world_init(&world, &table, chance_public_seed, 0);
    routing_world_meet(&world);
    for (unsigned i = 0; i < 500; i++) {
        struct vole_address to = random_prefix(random_below(2) ? 4 : 6).address;
        size_t owner = looked_up(&world, &to);

        routing_world_send(&world, &to, &answer);
        assert_record_is_a_walk(&answer.walk);
        assert_int_equal(answer.winner, owner);
        if (owner == ROUTING_NOBODY) {
            assert_int_equal(answer.outcome, VOLE_DROPPED);
            assert_string_equal(vole_drop_name(answer.reason), "no_peer");
            lost++;
        } else {
            const struct cast_datagram *datagram = &world.cast.wire[answer.datagram];

            assert_int_equal(answer.outcome, VOLE_SENT);
            assert_ptr_equal(cast_at(&world.cast, &datagram->to), world.members[owner]);
            sent++;
        }
    }
    assert_true(sent > 50 && lost > 50);
    routing_world_fini(&world);
    routing_table_fini(&table);
}

static void a_datagram_is_delivered_only_from_who_owns_its_source(void **state)
{
    struct routing_table table;
    struct routing_world world;
    struct routing_answer answer;
    unsigned delivered = 0, dropped = 0;

    (void)state;
    random_state = 3;
    fill_random(&table, 6, 60);
    routing_world_init(&world, &table, chance_public_seed, 0);
    routing_world_meet(&world);
    for (unsigned i = 0; i < 500; i++) {
        struct vole_address source = random_prefix(random_below(2) ? 4 : 6).address;
        size_t sender = random_below(6), owner = looked_up(&world, &source);

        routing_world_receive(&world, sender, &source, &answer);
        assert_record_is_a_walk(&answer.walk);
        assert_int_equal(answer.winner, owner);
        assert_int_equal(answer.outcome, owner == sender ? VOLE_DELIVERED : VOLE_DROPPED);
        if (owner != sender)
            assert_string_equal(vole_drop_name(answer.reason), "source_not_allowed");
        owner == sender ? delivered++ : dropped++;
    }
    assert_true(delivered > 20 && dropped > 20);
    routing_world_fini(&world);
    routing_table_fini(&table);
}

static void a_packet_for_nobody_is_answered_by_icmp_about_it(void **state)
{
    struct routing_table table;
    struct routing_world world;
    struct routing_answer answer;
    struct vole_address nobody = {6, {0x20, 0x01, 0x0d, 0xb8, 0, 0x99, [15] = 1}};
    struct vole_address many = {6, {0xff, 0x02, [15] = 1}};

    (void)state;
    routing_example_fill(&table);
    routing_world_init(&world, &table, chance_public_seed, 0);
    routing_world_send(&world, &nobody, &answer);
    assert_int_equal(answer.icmp[0], 1);
    assert_int_equal(answer.icmp[1], 3);
    assert_int_equal(answer.icmp_length, 8 + answer.packet_length);
    assert_memory_equal(answer.icmp + 8, answer.packet, answer.packet_length);
    routing_world_send(&world, &many, &answer);
    assert_int_equal(answer.outcome, VOLE_DROPPED);
    assert_int_equal(answer.icmp_length, 0);
    routing_world_fini(&world);
    routing_table_fini(&table);
}

/* ---- who lost what ---- */

static void give(struct routing_table *table, size_t peer, const char *text, bool remove)
{
    struct vole_prefix prefix;

    assert_int_equal(address_read_prefix(&prefix, text, strlen(text)), 0);
    assert_int_equal(routing_table_give(table, peer, &prefix, remove), 0);
}

static void losses_are_what_another_has_in_the_end(void **state)
{
    struct routing_table table;
    struct routing_world world;

    (void)state;
    routing_table_init(&table, ROUTING_TABLE_FILE, "losses");
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(routing_table_add_peer(&table, NULL, false), 0);
    give(&table, 0, "10.0.0.1/8", false); /* lost to 1, then to 2: once, and to 2 */
    give(&table, 1, "10.0.0.2/8", false);
    give(&table, 2, "10.0.0.0/8", false);
    give(&table, 0, "10.1.0.0/16", false); /* inside, so not the same */
    give(&table, 0, "fd00::/8", false);    /* came back */
    give(&table, 1, "fd00::/8", false);
    give(&table, 0, "fd00::/8", false);
    give(&table, 0, "172.16.0.0/12", false); /* in the end nobody's */
    give(&table, 1, "172.16.0.0/12", false);
    give(&table, 1, "172.16.0.0/12", true);
    for (unsigned i = 0; i < 4; i++)
        give(&table, i % 2, "192.168.0.0/16", false); /* lost twice: said once */
    routing_world_init(&world, &table, chance_public_seed, 0);
    assert_int_equal(world.loss_count, 4);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(world.losses[i].from, i);
        assert_int_equal(world.losses[i].to, 2);
        assert_int_equal(world.losses[i].prefix.length, 8);
        assert_int_equal(world.losses[i].prefix.address.bytes[3], 0);
    }
    assert_int_equal(world.losses[2].from, 1); /* of fd00::/8, which it had meanwhile */
    assert_int_equal(world.losses[2].to, 0);
    assert_int_equal(world.losses[3].from, 0);
    assert_int_equal(world.losses[3].to, 1);
    routing_world_fini(&world);
    routing_table_fini(&table);
}

static void peers_are_called_by_name_or_number_each_differently(void **state)
{
    struct routing_table table;

    (void)state;
    routing_table_init(&table, ROUTING_TABLE_FILE, "names");
    assert_int_equal(routing_table_add_peer(&table, "alice", false), 0);
    assert_int_equal(routing_table_add_peer(&table, "", false), 0);
    assert_int_equal(routing_table_add_peer(&table, "alice", false), 0);
    assert_string_equal(table.peers[0].name, "alice");
    assert_string_equal(table.peers[1].name, "peer 2");
    assert_string_equal(table.peers[2].name, "alice (peer 3)");
    assert_int_equal(routing_table_find(&table, "peer 2"), 1);
    assert_int_equal(routing_table_find(&table, "bob"), 3);
    routing_table_fini(&table);
}

/* ---- the act ---- */

static const char *text_at(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void assert_winner(const json_t *act, const char *walk, const char *winner, const char *prefix)
{
    const json_t *run = json_object_get(json_object_get(act, "telling"), walk);

    assert_non_null(run);
    if (winner == NULL) {
        assert_true(json_is_null(json_object_get(run, "winner")));
        assert_string_equal(text_at(run, "reason"), "no_peer");
        return;
    }
    assert_string_equal(text_at(run, "winner"), winner);
    assert_string_equal(text_at(run, "prefix"), prefix);
    assert_string_equal(text_at(run, "outcome"), "sent");
}

static void the_example_shows_each_rule(void **state)
{
    struct story_options options = {0};
    json_t *act;
    const json_t *broken, *loss;

    (void)state;
    memcpy(options.seed, chance_public_seed, sizeof options.seed);
    act = routing_act_new(&options);
    assert_winner(act, "host", "laptop", "10.0.0.2/32");
    assert_winner(act, "nested", "printer", "192.168.20.77/32");
    assert_winner(act, "lab", "lab", "192.168.20.64/26");
    assert_winner(act, "office", "office", "192.168.20.0/24");
    assert_winner(act, "stolen", "phone", "10.0.0.3/32");
    assert_winner(act, "near", "gateway", "0.0.0.0/0");
    assert_winner(act, "nested_v6", "lab", "2001:db8:20:7::/64");
    assert_winner(act, "missing", NULL, NULL);
    loss = json_array_get(json_object_get(json_object_get(act, "example"), "losses"), 0);
    assert_string_equal(text_at(loss, "from"), "old-phone");
    assert_string_equal(text_at(loss, "to"), "phone");
    broken = json_object_get(act, "broken");
    loss = json_object_get(broken, "foreign_source");
    assert_string_equal(text_at(json_object_get(loss, "honest"), "outcome"), "delivered");
    assert_string_equal(text_at(json_object_get(loss, "foreign"), "reason"), "source_not_allowed");
    loss = json_object_get(broken, "stolen_prefix");
    assert_string_equal(text_at(json_object_get(loss, "before"), "winner"), "laptop");
    assert_string_equal(text_at(json_object_get(loss, "after"), "winner"), "printer");
    assert_string_equal(text_at(json_object_get(loss, "claim_after"), "reason"), "source_not_allowed");
    loss = json_object_get(broken, "missing_route");
    assert_string_equal(text_at(json_object_get(loss, "before"), "winner"), "gateway");
    assert_string_equal(text_at(json_object_get(loss, "after"), "reason"), "no_peer");
    json_decref(act);
}

static void a_table_that_is_too_large_is_not_put_on_the_page(void **state)
{
    struct story_options options = {0};
    struct routing_table table;
    const json_t *own;
    json_t *act;

    (void)state;
    routing_table_init(&table, ROUTING_TABLE_FILE, "large");
    assert_int_equal(routing_table_add_peer(&table, "all", false), 0);
    for (unsigned i = 0; i <= 20000; i++) {
        struct vole_prefix prefix = {{4, {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}}, 32};

        assert_int_equal(routing_table_give(&table, 0, &prefix, false), 0);
    }
    options.own = &table;
    act = routing_act_new(&options);
    own = json_object_get(act, "own");
    assert_true(json_is_true(json_object_get(own, "too_large")));
    assert_int_equal(json_integer_value(json_object_get(own, "prefix_count")), 20001);
    assert_null(json_object_get(own, "v4"));
    json_decref(act);
    routing_table_fini(&table);
}

static void questions_about_any_table_are_addresses_each_once(void **state)
{
    struct routing_questions questions;
    struct routing_table table;

    (void)state;
    random_state = 4;
    for (unsigned round = 0; round < 50; round++) {
        fill_random(&table, 5, random_below(40));
        routing_questions_choose(&questions, &table);
        assert_in_range(questions.count, 2, ROUTING_QUESTIONS);
        assert_null(questions.items[questions.count].name);
        for (size_t i = 0; i < questions.count; i++) {
            struct vole_address address;
            const char *text = questions.items[i].address;

            assert_int_equal(address_read(&address, text, strlen(text)), 0);
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(questions.items[j].address, text);
        }
        routing_table_fini(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_of_the_exported_nodes_is_the_tables_own_lookup),
        cmocka_unit_test(a_packet_goes_to_whom_the_table_names_or_nowhere),
        cmocka_unit_test(a_datagram_is_delivered_only_from_who_owns_its_source),
        cmocka_unit_test(a_packet_for_nobody_is_answered_by_icmp_about_it),
        cmocka_unit_test(losses_are_what_another_has_in_the_end),
        cmocka_unit_test(peers_are_called_by_name_or_number_each_differently),
        cmocka_unit_test(the_example_shows_each_rule),
        cmocka_unit_test(a_table_that_is_too_large_is_not_put_on_the_page),
        cmocka_unit_test(questions_about_any_table_are_addresses_each_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
