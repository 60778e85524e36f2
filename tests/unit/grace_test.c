/* SPDX-License-Identifier: MIT
 *
 * Nothing is released while a worker may still be reading it.
 */
#include "daemon/grace.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A reader that holds the published thing for a while, and says so. */
struct reader {
    pthread_t thread;
    sem_t has_it;
    _Atomic(int *) published;
    int seen;
    atomic_bool reading;
};

static struct reader reader;
static unsigned released;
static bool released_too_soon;

static void *reader_main(void *argument)
{
    int *held;

    (void)argument;
    grace_thread_enter();
    held = atomic_load(&reader.published);
    atomic_store(&reader.reading, true);
    sem_post(&reader.has_it);
    for (unsigned i = 0; i < 10000; i++) {
        sched_yield();
        reader.seen = *held;
    }
    atomic_store(&reader.reading, false);
    grace_offline();
    grace_online();
    grace_thread_leave();
    return NULL;
}

static void release(void *pointer)
{
    released++;
    released_too_soon = released_too_soon || atomic_load(&reader.reading);
    free(pointer);
}

static void what_a_reader_holds_is_released_after_it_let_go(void **state)
{
    struct grace grace;
    int *thing = malloc(sizeof *thing);

    (void)state;
    *thing = 42;
    released = 0;
    released_too_soon = false;
    grace_init(&grace);
    atomic_store(&reader.published, thing);
    assert_int_equal(sem_init(&reader.has_it, 0, 0), 0);
    assert_int_equal(pthread_create(&reader.thread, NULL, reader_main, NULL), 0);
    sem_wait(&reader.has_it);
    atomic_store(&reader.published, NULL);
    grace_retire(&grace, thing, release);
    assert_int_equal(released, 0);
    grace_collect(&grace);
    assert_int_equal(released, 1);
    assert_false(released_too_soon);
    assert_int_equal(pthread_join(reader.thread, NULL), 0);
    assert_int_equal(reader.seen, 42);
}

static void a_full_list_releases_by_itself(void **state)
{
    struct grace grace;

    (void)state;
    released = 0;
    grace_init(&grace);
    for (unsigned i = 0; i < 2 * GRACE_BATCH; i++)
        grace_retire(&grace, malloc(1), release);
    assert_int_equal(released, GRACE_BATCH);
    grace_collect(&grace);
    assert_int_equal(released, 2 * GRACE_BATCH);
    grace_collect(&grace);
    assert_int_equal(released, 2 * GRACE_BATCH);
}

static struct grace chained_grace;

static void release_and_retire(void *pointer)
{
    grace_retire(&chained_grace, pointer, release);
}

static void a_release_may_retire_more(void **state)
{
    (void)state;
    released = 0;
    grace_init(&chained_grace);
    for (unsigned i = 0; i < GRACE_BATCH; i++)
        grace_retire(&chained_grace, malloc(1), release_and_retire);
    grace_collect(&chained_grace);
    assert_int_equal(released, 0);
    grace_collect(&chained_grace);
    assert_int_equal(released, GRACE_BATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_reader_holds_is_released_after_it_let_go),
        cmocka_unit_test(a_full_list_releases_by_itself),
        cmocka_unit_test(a_release_may_retire_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
