/* SPDX-License-Identifier: MIT
 *
 * Receiver indices (protocol §5.3): a million of them, collisions retried, gravestones swept, replacement
 * under the same number, and memory given back only through the retirer.
 */
#include "core/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct index_table table;
static uint64_t random_state;

static void draw(void *context, uint8_t *bytes, size_t length)
{
    uint32_t number;

    (void)context;
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    number = (uint32_t)(random_state >> 32);
    assert_int_equal(length, sizeof number);
    memcpy(bytes, &number, sizeof number);
}

/* Draws the numbers of a list, one after another. */
static void draw_scripted(void *context, uint8_t *bytes, size_t length)
{
    const uint32_t **next = context;

    assert_int_equal(length, 4);
    memcpy(bytes, (*next)++, 4);
}

static int make_table(void **state)
{
    (void)state;
    random_state = 7;
    return index_table_init(&table, (struct retirer){0});
}

static int end_table(void **state)
{
    (void)state;
    index_table_fini(&table);
    return 0;
}

static uint32_t number_of(const struct index_entry *entry)
{
    return atomic_load(&entry->index);
}

static void a_million_entries_are_all_found(void **state)
{
    const size_t count = 1000000;
    struct index_entry *entries = calloc(count, sizeof *entries);

    (void)state;
    assert_non_null(entries);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(index_insert(&table, &entries[i], draw, NULL), 0);
    assert_int_equal(index_count(&table), count);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(index_find(&table, number_of(&entries[i])), &entries[i]);
    for (size_t i = 0; i < count; i += 2)
        index_remove(&table, &entries[i]);
    assert_int_equal(index_count(&table), count / 2);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(index_find(&table, number_of(&entries[i])), i % 2 == 0 ? NULL : &entries[i]);
    free(entries);
}

static void a_collision_is_drawn_again(void **state)
{
    static const uint32_t script[] = {5, 5, 5, 21, 5, 21, 0};
    const uint32_t *next = script;
    struct index_entry entries[3];

    (void)state;
    memset(entries, 0, sizeof entries);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(index_insert(&table, &entries[i], draw_scripted, &next), 0);
    assert_int_equal(number_of(&entries[0]), 5);
    assert_int_equal(number_of(&entries[1]), 21);
    assert_int_equal(number_of(&entries[2]), 0); /* 0 is an index like any other */
    assert_ptr_equal(index_find(&table, 0), &entries[2]);
    assert_null(index_find(&table, 37)); /* would lie where 5 and 21 do */
}

static void removing_leaves_the_way_to_others_open(void **state)
{
    static const uint32_t script[] = {3, 19, 35, 51}; /* all begin at the same slot */
    const uint32_t *next = script;
    struct index_entry entries[4];

    (void)state;
    memset(entries, 0, sizeof entries);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(index_insert(&table, &entries[i], draw_scripted, &next), 0);
    index_remove(&table, &entries[0]);
    index_remove(&table, &entries[2]);
    assert_null(index_find(&table, 3));
    assert_ptr_equal(index_find(&table, 19), &entries[1]);
    assert_null(index_find(&table, 35));
    assert_ptr_equal(index_find(&table, 51), &entries[3]);
    index_remove(&table, &entries[0]); /* again: harmless */
    assert_int_equal(index_count(&table), 2);
}

static void replacing_keeps_the_number(void **state)
{
    struct index_entry handshake = {.kind = INDEX_HANDSHAKE}, keypair = {.kind = INDEX_KEYPAIR};
    uint32_t number;

    (void)state;
    assert_int_equal(index_insert(&table, &handshake, draw, NULL), 0);
    number = number_of(&handshake);
    index_replace(&table, &handshake, &keypair);
    assert_int_equal(number_of(&keypair), number);
    assert_ptr_equal(index_find(&table, number), &keypair);
    assert_int_equal(index_find(&table, number)->kind, INDEX_KEYPAIR);
    assert_false(handshake.listed);
    index_remove(&table, &handshake); /* harmless: it is not listed */
    assert_ptr_equal(index_find(&table, number), &keypair);
    assert_int_equal(index_count(&table), 1);
}

static unsigned retired;

static void count_and_free(void *context, void *pointer, void (*function)(void *pointer))
{
    (void)context;
    retired++;
    function(pointer);
}

/* A peer that rekeys for years must neither fill the table with gravestones nor make it grow. */
static void coming_and_going_does_not_make_the_table_grow(void **state)
{
    struct index_table churned;
    struct index_entry entries[10];

    (void)state;
    memset(entries, 0, sizeof entries);
    retired = 0;
    assert_int_equal(index_table_init(&churned, (struct retirer){.retire = count_and_free}), 0);
    for (unsigned i = 0; i < 100000; i++) {
        index_remove(&churned, &entries[i % 10]);
        assert_int_equal(index_insert(&churned, &entries[i % 10], draw, NULL), 0);
    }
    assert_int_equal(index_count(&churned), 10);
    for (size_t i = 0; i < 10; i++)
        assert_ptr_equal(index_find(&churned, number_of(&entries[i])), &entries[i]);
    assert_true(retired > 1000);       /* rebuilt whenever stones filled it */
    assert_true(retired < 100000 / 8); /* but not all the time */
    index_table_fini(&churned);
}

static void entries_have_homes_and_keep_them(void **state)
{
    enum { PEERS = 640 };
    static struct index_entry entries[PEERS];

    (void)state;
    for (unsigned homes = 2; homes <= 64; homes += 31) { /* 2, 33, 64: of which 33 leaves a row cut off */
        unsigned count[64] = {0};
        uint32_t low_bits = 0, high_bits = 0;

        memset(entries, 0, sizeof entries);
        index_table_spread(&table, homes);
        for (unsigned turn = 0; turn < 3; turn++)
            for (unsigned i = 0; i < PEERS; i++) {
                assert_int_equal(index_insert(&table, &entries[i], draw, NULL), 0);
                assert_int_equal((number_of(&entries[i]) >> 24) % homes, i % homes);
                assert_ptr_equal(index_find(&table, number_of(&entries[i])), &entries[i]);
                count[i % homes]++;
                low_bits |= number_of(&entries[i]) & 0xffffff;
                high_bits |= number_of(&entries[i]) >> 24;
                index_remove(&table, &entries[i]);
            }
        assert_in_range(count[homes - 1] + 3, count[0], count[0] + 3); /* spread evenly */
        assert_int_equal(low_bits, 0xffffff);
        assert_int_equal(high_bits, 0xff); /* and as random as can be */
    }
}

static void a_replacement_has_its_predecessors_home(void **state)
{
    struct index_entry handshake = {.kind = INDEX_HANDSHAKE}, keypairs[4];
    uint32_t number;

    (void)state;
    memset(keypairs, 0, sizeof keypairs);
    index_table_spread(&table, 7);
    assert_int_equal(index_insert(&table, &handshake, draw, NULL), 0);
    number = number_of(&handshake);
    for (unsigned i = 0; i < 4; i++) {
        index_replace(&table, &handshake, &keypairs[i]);
        assert_int_equal((number_of(&keypairs[i]) >> 24) % 7, (number >> 24) % 7);
        assert_int_equal(index_insert(&table, &handshake, draw, NULL), 0);
    }
    assert_int_equal((number_of(&handshake) >> 24) % 7, (number >> 24) % 7);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_table, end_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_million_entries_are_all_found),
        TEST(a_collision_is_drawn_again),
        TEST(removing_leaves_the_way_to_others_open),
        TEST(replacing_keeps_the_number),
        TEST(coming_and_going_does_not_make_the_table_grow),
        TEST(entries_have_homes_and_keep_them),
        TEST(a_replacement_has_its_predecessors_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
