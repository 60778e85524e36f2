/* SPDX-License-Identifier: MIT
 *
 * The replay window (protocol §7): the vectors, its exact edges, its overflow, and a random walk against a
 * naive set of everything ever seen.
 */
#include "core/replay.h"

#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT (UINT64_MAX - 8129)

static struct replay replay;

static int clear(void **state)
{
    (void)state;
    memset(&replay, 0, sizeof replay);
    return 0;
}

static void sequences_are_the_vectors(void **state)
{
    const struct vector *file = vectors_load("replay.json"), *sequences = vector_member(file, "sequences");

    (void)state;
    assert_int_equal(vector_number(file, "window"), REPLAY_WINDOW);
    assert_int_equal(vector_number(file, "reject_after_messages"), REJECT_AFTER_MESSAGES);
    assert_int_equal(vector_count(sequences), 3);
    for (size_t i = 0; i < vector_count(sequences); i++) {
        const struct vector *sequence = vector_at(sequences, i);

        clear(NULL);
        for (size_t j = 0; j < vector_count(sequence); j++) {
            const struct vector *step = vector_at(sequence, j);

            if (replay_accept(&replay, vector_number(step, "counter")) != vector_bool(step, "accept"))
                fail_msg("sequence %zu, step %zu", i, j);
        }
    }
    vectors_free(file);
}

static void a_counter_is_accepted_once(void **state)
{
    (void)state;
    for (uint64_t counter = 0; counter < 20000; counter++) {
        assert_true(replay_accept(&replay, counter));
        assert_false(replay_accept(&replay, counter));
    }
}

static void any_order_within_the_window_is_accepted_once(void **state)
{
    (void)state;
    for (uint64_t counter = 8128; counter-- > 0;)
        assert_true(replay_accept(&replay, counter));
    for (uint64_t counter = 0; counter < 8128; counter++)
        assert_false(replay_accept(&replay, counter));
}

static void distance_8128_is_accepted_and_8129_is_not(void **state)
{
    (void)state;
    for (uint64_t newest = 9000; newest < 9000 + 200 * 64; newest += 63) { /* at every place within a word */
        assert_true(replay_accept(&replay, newest));
        assert_false(replay_accept(&replay, newest - 8129));
        assert_true(replay_accept(&replay, newest - 8128));
        assert_false(replay_accept(&replay, newest - 8128));
        clear(NULL);
    }
}

static void a_jump_over_the_whole_ring_forgets_what_was_in_it(void **state)
{
    (void)state;
    for (uint64_t counter = 0; counter < 8192; counter++)
        assert_true(replay_accept(&replay, counter));
    assert_true(replay_accept(&replay, 3 * 8192 + 100));
    for (uint64_t counter = 3 * 8192 + 99; counter >= 2 * 8192 + 164; counter--)
        assert_true(replay_accept(&replay, counter));
    assert_false(replay_accept(&replay, 8191));
}

static void a_jump_of_exactly_one_ring_does_not_find_the_old_bit(void **state)
{
    (void)state;
    for (uint64_t jump = 8192 - 64; jump <= 8192 + 64; jump++) {
        clear(NULL);
        assert_true(replay_accept(&replay, 5));
        assert_true(replay_accept(&replay, 5 + jump));
        assert_false(replay_accept(&replay, 5 + jump));
    }
}

static void the_top_is_the_highest_accepted_plus_one(void **state)
{
    (void)state;
    assert_int_equal(atomic_load(&replay.top), 0);
    assert_true(replay_accept(&replay, 0));
    assert_int_equal(atomic_load(&replay.top), 1);
    assert_true(replay_accept(&replay, 41));
    assert_true(replay_accept(&replay, 40));
    assert_int_equal(atomic_load(&replay.top), 42);
}

static void the_limit_and_all_beyond_are_refused(void **state)
{
    (void)state;
    assert_int_equal(REJECT_AFTER_MESSAGES, LIMIT);
    for (uint64_t counter = UINT64_MAX; counter >= LIMIT; counter--) {
        assert_false(replay_accept(&replay, counter));
        assert_int_equal(atomic_load(&replay.top), 0);
    }
    assert_true(replay_accept(&replay, LIMIT - 1));
    assert_int_equal(atomic_load(&replay.top), LIMIT);
    assert_true(replay_accept(&replay, LIMIT - 2)); /* the window itself goes on; the keypair ends here */
    assert_false(replay_accept(&replay, LIMIT));
    atomic_store(&replay.top, LIMIT + 1);
    assert_false(replay_accept(&replay, LIMIT - 100));
}

/* What the window must do, with memory for everything. */
struct naive {
    uint64_t newest;
    bool any;
    uint8_t seen[400000];
};

static bool naive_accept(struct naive *naive, uint64_t counter)
{
    if (naive->seen[counter] || (naive->any && counter + 8128 < naive->newest))
        return false;
    naive->seen[counter] = 1;
    if (!naive->any || counter > naive->newest)
        naive->newest = counter;
    naive->any = true;
    return true;
}

static void a_random_walk_agrees_with_the_naive_window(void **state)
{
    struct naive *naive = calloc(1, sizeof *naive);
    uint64_t random = 42, around = 0;

    (void)state;
    assert_non_null(naive);
    while (around < 380000) {
        uint64_t counter, spread;

        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        spread = random >> 32;
        around += spread % 1000 == 0 ? (spread >> 10) % 12000 : (spread >> 10) % 4;
        counter = around + (spread >> 3) % 64;
        if (spread % 7 < 4)
            counter -= counter < 9000 ? counter : (spread >> 12) % 9000;
        assert_int_equal(replay_accept(&replay, counter), naive_accept(naive, counter));
    }
    free(naive);
}

#define TEST(test) cmocka_unit_test_setup(test, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sequences_are_the_vectors),
        TEST(a_counter_is_accepted_once),
        TEST(any_order_within_the_window_is_accepted_once),
        TEST(distance_8128_is_accepted_and_8129_is_not),
        TEST(a_jump_over_the_whole_ring_forgets_what_was_in_it),
        TEST(a_jump_of_exactly_one_ring_does_not_find_the_old_bit),
        TEST(the_top_is_the_highest_accepted_plus_one),
        TEST(the_limit_and_all_beyond_are_refused),
        TEST(a_random_walk_agrees_with_the_naive_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
