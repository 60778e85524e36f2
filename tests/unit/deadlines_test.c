/* SPDX-License-Identifier: MIT
 *
 * The heap of deadlines against a plain array searched from end to end.
 */
#include "core/deadlines.h"

#include "core/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEERS 200

static struct deadlines deadlines;
static struct vole_peer *peers;

static int start(void **state)
{
    (void)state;
    deadlines_init(&deadlines);
    peers = calloc(PEERS, sizeof *peers);
    assert_non_null(peers);
    for (size_t i = 0; i < PEERS; i++)
        peers[i].deadline_position = DEADLINE_UNLISTED;
    return deadlines_reserve(&deadlines, PEERS);
}

static int stop(void **state)
{
    (void)state;
    deadlines_fini(&deadlines);
    free(peers);
    return 0;
}

static void an_empty_heap_is_never_due(void **state)
{
    (void)state;
    assert_int_equal(deadlines_first(&deadlines), VOLE_NEVER);
    assert_null(deadlines_due(&deadlines, VOLE_NEVER));
    deadlines_set(&deadlines, &peers[0], VOLE_NEVER); /* not listed, not to be listed */
    assert_int_equal(deadlines_first(&deadlines), VOLE_NEVER);
}

static void a_peer_is_due_at_its_time_and_not_before(void **state)
{
    (void)state;
    deadlines_set(&deadlines, &peers[0], 100);
    assert_null(deadlines_due(&deadlines, 99));
    assert_ptr_equal(deadlines_due(&deadlines, 100), &peers[0]);
    assert_ptr_equal(deadlines_due(&deadlines, 100), &peers[0]); /* until it is set anew */
    deadlines_set(&deadlines, &peers[0], 200);
    assert_null(deadlines_due(&deadlines, 199));
    deadlines_set(&deadlines, &peers[0], VOLE_NEVER);
    assert_null(deadlines_due(&deadlines, VOLE_NEVER - 1));
}

static void peers_come_in_order_of_their_deadlines(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEERS; i++)
        deadlines_set(&deadlines, &peers[i], (i * 77) % PEERS);
    for (size_t i = 0; i < PEERS; i++) {
        assert_int_equal(deadlines_first(&deadlines), i);
        deadlines_set(&deadlines, deadlines_due(&deadlines, i), VOLE_NEVER);
    }
    assert_int_equal(deadlines.count, 0);
}

static void a_random_life_agrees_with_a_plain_array(void **state)
{
    uint64_t plain[PEERS], random = 3, first;

    (void)state;
    for (size_t i = 0; i < PEERS; i++)
        plain[i] = VOLE_NEVER;
    for (int step = 0; step < 100000; step++) {
        size_t i;

        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        i = (size_t)(random >> 33) % PEERS;
        plain[i] = (random >> 20) % 4 == 0 ? VOLE_NEVER : (random >> 40) % 1000;
        deadlines_set(&deadlines, &peers[i], plain[i]);
        first = VOLE_NEVER;
        for (size_t j = 0; j < PEERS; j++)
            first = plain[j] < first ? plain[j] : first;
        assert_int_equal(deadlines_first(&deadlines), first);
        if (first != VOLE_NEVER)
            assert_int_equal(plain[deadlines_due(&deadlines, first) - peers], first);
    }
}

static void room_grows_without_losing_anything(void **state)
{
    struct deadlines growing;

    (void)state;
    deadlines_init(&growing);
    for (uint32_t i = 0; i < PEERS; i++) {
        assert_int_equal(deadlines_reserve(&growing, i + 1), 0);
        deadlines_set(&growing, &peers[i], PEERS - i);
    }
    assert_int_equal(deadlines_first(&growing), 1);
    assert_int_equal(growing.count, PEERS);
    deadlines_fini(&growing);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_heap_is_never_due),
        TEST(a_peer_is_due_at_its_time_and_not_before),
        TEST(peers_come_in_order_of_their_deadlines),
        TEST(a_random_life_agrees_with_a_plain_array),
        TEST(room_grows_without_losing_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
