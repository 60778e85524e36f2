/* SPDX-License-Identifier: MIT
 *
 * Control's nice value follows the rate of handshake messages, and no other thread's does.
 */
#include "daemon/courtesy.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

#define MS 1000000ULL

static struct courtesy courtesy;
static int before;
static bool may_return;

static int start(void **state)
{
    (void)state;
    courtesy_init(&courtesy, 1000 * MS);
    before = getpriority(PRIO_PROCESS, 0);
    assert_int_equal(setpriority(PRIO_PROCESS, 0, before + 1), 0);
    may_return = setpriority(PRIO_PROCESS, 0, before) == 0;
    before = getpriority(PRIO_PROCESS, 0);
    courtesy_init(&courtesy, 1000 * MS);
    return before > 4 ? -1 : 0;
}

static int nice_now(void)
{
    return getpriority(PRIO_PROCESS, 0);
}

static void *look_from_another_thread(void *nice)
{
    *(int *)nice = getpriority(PRIO_PROCESS, 0);
    return NULL;
}

static void a_thousand_a_second_are_no_flood(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 3000; i++)
        courtesy_look(&courtesy, i, (1000 + i) * MS);
    assert_int_equal(nice_now(), before);
}

static void a_flood_sends_control_behind_all_others_at_once(void **state)
{
    pthread_t thread;
    int other = -1;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, look_from_another_thread, &other), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    courtesy_look(&courtesy, 3000 + 150, 4001 * MS);
    assert_int_equal(nice_now(), before + 15);
    assert_int_equal(other, before);
    /* And keeps it there. */
    for (uint32_t i = 1; i <= 100; i++)
        courtesy_look(&courtesy, 3150 + 50 * i, (4001 + 10 * i) * MS);
    assert_int_equal(nice_now(), before + 15);
}

static void when_it_is_over_control_comes_forward_if_it_may(void **state)
{
    (void)state;
    courtesy_look(&courtesy, 8200, 5500 * MS);
    courtesy_look(&courtesy, 8210, 5599 * MS);
    assert_int_equal(nice_now(), may_return ? before : before + 15);
}

static void the_counter_may_wrap(void **state)
{
    (void)state;
    courtesy_look(&courtesy, UINT32_MAX - 20, 5600 * MS);
    assert_int_equal(nice_now(), before + 15);
    courtesy_look(&courtesy, 30, 5700 * MS);
    assert_int_equal(nice_now(), may_return ? before : before + 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_a_second_are_no_flood), /* each goes on with the last */
        cmocka_unit_test(a_flood_sends_control_behind_all_others_at_once),
        cmocka_unit_test(when_it_is_over_control_comes_forward_if_it_may),
        cmocka_unit_test(the_counter_may_wrap),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
