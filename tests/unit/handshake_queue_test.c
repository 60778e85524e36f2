/* SPDX-License-Identifier: MIT
 *
 * The queue of handshake messages: order, bounds, how much memory it touches, and that workers and control
 * lose nothing between them, neither a message nor a wake-up.
 */
#include "core/handshake_queue.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define WORKERS  2u
#define MESSAGES 100000u /* of each worker */

static struct handshake_queue queue;

static int make_queue(void **state)
{
    (void)state;
    return handshake_queue_init(&queue);
}

static int end_queue(void **state)
{
    (void)state;
    handshake_queue_fini(&queue);
    return 0;
}

static bool put(uint32_t number, bool *first)
{
    static const struct vole_endpoint from = {.port = 7};
    uint8_t message[8];

    bytes_store_le32(message, number);
    bytes_store_le32(message + 4, ~number);
    return handshake_queue_put(&queue, message, sizeof message, &from, number / 2, first);
}

static void assert_is(const struct queued_handshake *message, uint32_t number)
{
    assert_non_null(message);
    assert_int_equal(message->length, 8);
    assert_int_equal(bytes_load_le32(message->message), number);
    assert_int_equal(bytes_load_le32(message->message + 4), ~number);
    assert_int_equal(message->generation, number / 2);
    assert_int_equal(message->from.port, 7);
}

static void messages_come_out_as_they_went_in(void **state)
{
    uint32_t in = 0, out = 0;
    bool first;

    (void)state;
    /* Between empty and full, several times around the ring. */
    for (uint32_t round = 0; round < 30; round++) {
        for (uint32_t i = 0; i < 700 + round; i++)
            assert_true(put(in++, &first));
        for (uint32_t i = 0; i < 600; i++) {
            assert_is(handshake_queue_look(&queue, 0), out);
            assert_is(handshake_queue_look(&queue, 17), out + 17);
            handshake_queue_take(&queue, 1);
            out++;
        }
        assert_int_equal(handshake_queue_count(&queue), in - out);
    }
    handshake_queue_take(&queue, 2);
    assert_is(handshake_queue_look(&queue, 0), out + 2);
    handshake_queue_clear(&queue);
    assert_int_equal(handshake_queue_count(&queue), 0);
    assert_null(handshake_queue_look(&queue, 0));
}

static void it_holds_4096_and_no_more(void **state)
{
    bool first;

    (void)state;
    for (uint32_t i = 0; i < 4096; i++) {
        assert_false(handshake_queue_is_full(&queue));
        assert_true(put(i, &first));
    }
    assert_true(handshake_queue_is_full(&queue));
    assert_false(put(4096, &first));
    assert_null(handshake_queue_look(&queue, 4096));
    assert_is(handshake_queue_look(&queue, 4095), 4095);
    handshake_queue_take(&queue, 1);
    assert_true(put(4096, &first));
    for (uint32_t i = 1; i <= 4096; i++, handshake_queue_take(&queue, 1))
        assert_is(handshake_queue_look(&queue, 0), i);
}

static void what_is_too_long_is_refused(void **state)
{
    static const uint8_t message[HANDSHAKE_MAX_BYTES + 1];
    static const struct vole_endpoint from;
    bool first;

    (void)state;
    assert_false(handshake_queue_put(&queue, message, sizeof message, &from, 0, &first));
    assert_true(handshake_queue_put(&queue, message, HANDSHAKE_MAX_BYTES, &from, 0, &first));
}

static void an_empty_queue_begins_again_at_its_first_slot(void **state)
{
    bool first;

    (void)state;
    for (uint32_t i = 0; i < 5000; i++) {
        assert_true(put(i, &first) && put(i, &first));
        assert_ptr_equal(handshake_queue_look(&queue, 0), &queue.slots[0]);
        assert_ptr_equal(handshake_queue_look(&queue, 1), &queue.slots[1]);
        handshake_queue_take(&queue, 2);
    }
}

static void control_is_woken_for_the_first_message_only(void **state)
{
    bool first;

    (void)state;
    assert_true(put(0, &first) && first);
    assert_true(put(1, &first) && !first);
    (void)handshake_queue_look(&queue, 0); /* at work on it: not asleep */
    assert_true(put(2, &first) && !first);
    handshake_queue_take(&queue, 3);
    assert_true(put(3, &first) && first);
}

static void control_that_polls_is_not_woken(void **state)
{
    bool first;

    (void)state;
    handshake_queue_poll(&queue, true);
    assert_true(put(0, &first) && !first);
    handshake_queue_take(&queue, 1);
    assert_true(put(1, &first) && !first);
    handshake_queue_take(&queue, 1);
    handshake_queue_poll(&queue, false);
    assert_true(put(2, &first) && first);
}

/* ---- threads ---- */

static sem_t wake;

static void *work(void *argument)
{
    uint32_t worker = *(const uint32_t *)argument;

    for (uint32_t i = 0; i < MESSAGES;) {
        bool first = false;

        if (!put(worker * MESSAGES + i, &first))
            continue; /* full or contended */
        i++;
        if (first)
            sem_post(&wake);
    }
    return NULL;
}

/* Control sleeps whenever it sees nothing, unless it polls, as it does half of the time. A lost wake-up would
 * hang it, and so would a lost message. */
static void workers_and_control_lose_nothing(void **state)
{
    uint32_t numbers[WORKERS], next[WORKERS] = {0};
    pthread_t threads[WORKERS];

    (void)state;
    assert_int_equal(sem_init(&wake, 0, 0), 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
    }
    for (uint32_t seen = 0; seen < WORKERS * MESSAGES;) {
        bool polled = seen / 1000 % 2 == 1;
        uint32_t count;

        handshake_queue_poll(&queue, polled);
        count = handshake_queue_count(&queue);
        if (count == 0) {
            assert_int_equal(polled ? sched_yield() : sem_wait(&wake), 0);
            continue;
        }
        count = count > 16 ? 16 : count;
        for (uint32_t i = 0; i < count; i++) {
            const struct queued_handshake *message = handshake_queue_look(&queue, i);
            uint32_t number = bytes_load_le32(message->message), worker = number / MESSAGES;

            assert_true(worker < WORKERS);
            assert_is(message, worker * MESSAGES + next[worker]++);
        }
        handshake_queue_take(&queue, count);
        seen += count;
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(handshake_queue_count(&queue), 0);
    sem_destroy(&wake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_come_out_as_they_went_in, make_queue, end_queue),
        cmocka_unit_test_setup_teardown(it_holds_4096_and_no_more, make_queue, end_queue),
        cmocka_unit_test_setup_teardown(what_is_too_long_is_refused, make_queue, end_queue),
        cmocka_unit_test_setup_teardown(an_empty_queue_begins_again_at_its_first_slot, make_queue, end_queue),
        cmocka_unit_test_setup_teardown(control_is_woken_for_the_first_message_only, make_queue, end_queue),
        cmocka_unit_test_setup_teardown(control_that_polls_is_not_woken, make_queue, end_queue),
        cmocka_unit_test_setup_teardown(workers_and_control_lose_nothing, make_queue, end_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
