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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MS 1000000ULL

static struct courtesy courtesy;
static int before;
static bool may_return, may_raise_limit;

/* Another thread, there before anything happens, which tells its nice value when it is asked. */
static struct {
    pthread_t thread;
    pthread_barrier_t asked, told;
    int nice;
} other;

static void *tell(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&other.asked);
    other.nice = getpriority(PRIO_PROCESS, 0);
    pthread_barrier_wait(&other.told);
    return NULL;
}

/* Tried by a child, so that nothing changes here. */
static bool limit_can_be_raised(void)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0)
        _exit(setrlimit(RLIMIT_NICE, &(struct rlimit){.rlim_cur = 40, .rlim_max = 40}) != 0);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static int start(void **state)
{
    struct rlimit limit;

    (void)state;
    if (getrlimit(RLIMIT_NICE, &limit) == 0) { /* as at most hosts: no way back unless it is made */
        limit.rlim_cur = 0;
        (void)setrlimit(RLIMIT_NICE, &limit);
    }
    may_raise_limit = limit_can_be_raised();
    pthread_barrier_init(&other.asked, NULL, 2);
    pthread_barrier_init(&other.told, NULL, 2);
    if (pthread_create(&other.thread, NULL, tell, NULL) != 0)
        return -1;
    courtesy_allow_return();
    before = getpriority(PRIO_PROCESS, 0);
    assert_int_equal(setpriority(PRIO_PROCESS, 0, before + 1), 0);
    may_return = setpriority(PRIO_PROCESS, 0, before) == 0;
    before = getpriority(PRIO_PROCESS, 0);
    courtesy_init(&courtesy, 1000 * MS);
    return 0;
}

/* Where a flood puts control; whoever runs this may have been sent back already. */
static int back(void)
{
    return before + 15 > 19 ? 19 : before + 15;
}

static int nice_now(void)
{
    return getpriority(PRIO_PROCESS, 0);
}

static void the_start_secures_the_way_back_if_it_may(void **state)
{
    struct rlimit limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NICE, &limit), 0);
    if (may_raise_limit)
        assert_true(limit.rlim_cur >= (rlim_t)(20 - before));
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
    (void)state;
    courtesy_look(&courtesy, 3000 + 150, 4001 * MS);
    assert_int_equal(nice_now(), back());
    pthread_barrier_wait(&other.asked);
    pthread_barrier_wait(&other.told);
    assert_int_equal(pthread_join(other.thread, NULL), 0);
    assert_int_equal(other.nice, before);
    /* And keeps it there. */
    for (uint32_t i = 1; i <= 100; i++)
        courtesy_look(&courtesy, 3150 + 50 * i, (4001 + 10 * i) * MS);
    assert_int_equal(nice_now(), back());
}

static void when_it_is_over_control_comes_forward_if_it_may(void **state)
{
    (void)state;
    courtesy_look(&courtesy, 8200, 5500 * MS);
    courtesy_look(&courtesy, 8210, 5599 * MS);
    assert_int_equal(nice_now(), may_return ? before : back());
}

static void the_counter_may_wrap(void **state)
{
    (void)state;
    courtesy_look(&courtesy, UINT32_MAX - 20, 5600 * MS);
    assert_int_equal(nice_now(), back());
    courtesy_look(&courtesy, UINT32_MAX - 10, 5700 * MS);
    assert_int_equal(nice_now(), may_return ? before : back());
    courtesy_look(&courtesy, 80, 5750 * MS);
    assert_int_equal(nice_now(), may_return ? before : back());
    courtesy_look(&courtesy, 95, 5760 * MS);
    assert_int_equal(nice_now(), back());
    courtesy_look(&courtesy, 100, 5860 * MS);
    assert_int_equal(nice_now(), may_return ? before : back());
}

/* 64 at a time, most of them asked for a cookie: the fewer processors, the longer. */
static void after_a_round_of_denying_control_rests(void **state)
{
    (void)state;
    assert_int_equal(courtesy_rest_ms(64, 1), 4);
    assert_int_equal(courtesy_rest_ms(33, 1), 4);
    assert_int_equal(courtesy_rest_ms(64, 2), 2);
    assert_int_equal(courtesy_rest_ms(64, 3), 1);
    assert_int_equal(courtesy_rest_ms(64, 4), 1);
}

static void with_many_processors_or_for_who_has_a_cookie_it_does_not(void **state)
{
    (void)state;
    assert_int_equal(courtesy_rest_ms(64, 5), 0);
    assert_int_equal(courtesy_rest_ms(64, 1000), 0);
    assert_int_equal(courtesy_rest_ms(32, 1), 0);
    assert_int_equal(courtesy_rest_ms(0, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_start_secures_the_way_back_if_it_may),
        cmocka_unit_test(a_thousand_a_second_are_no_flood), /* each goes on with the last */
        cmocka_unit_test(a_flood_sends_control_behind_all_others_at_once),
        cmocka_unit_test(when_it_is_over_control_comes_forward_if_it_may),
        cmocka_unit_test(the_counter_may_wrap),
        cmocka_unit_test(after_a_round_of_denying_control_rests),
        cmocka_unit_test(with_many_processors_or_for_who_has_a_cookie_it_does_not),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
