/* SPDX-License-Identifier: MIT
 *
 * The limits on ICMP errors: per destination, in all, and under pressure on the table.
 */
#include "daemon/icmp_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ULL

static struct vole_address address(uint32_t number)
{
    struct vole_address made = {.family = 4};

    memcpy(made.bytes, &number, sizeof number);
    return made;
}

static void one_per_second_to_each_destination(void **state)
{
    struct icmp_limit limit;
    struct vole_address first = address(1);
    struct vole_address second = address(2);
    uint64_t now = 5 * SECOND;

    (void)state;
    icmp_limit_init(&limit, now, 7);
    assert_true(icmp_limit_allow(&limit, &first, now));
    assert_false(icmp_limit_allow(&limit, &first, now));
    assert_true(icmp_limit_allow(&limit, &second, now));
    assert_false(icmp_limit_allow(&limit, &first, now + SECOND - 1));
    assert_true(icmp_limit_allow(&limit, &first, now + SECOND));
    assert_false(icmp_limit_allow(&limit, &first, now + SECOND + 1));
}

static void families_are_different_destinations(void **state)
{
    struct icmp_limit limit;
    struct vole_address v4 = address(1);
    struct vole_address v6 = address(1);

    (void)state;
    v6.family = 6;
    icmp_limit_init(&limit, 0, 7);
    assert_true(icmp_limit_allow(&limit, &v4, SECOND));
    assert_true(icmp_limit_allow(&limit, &v6, SECOND));
}

static void a_burst_of_fifty_in_all_then_a_thousand_per_second(void **state)
{
    struct icmp_limit limit;
    uint32_t number = 0;
    unsigned allowed = 0;

    (void)state;
    icmp_limit_init(&limit, SECOND, 3);
    for (unsigned i = 0; i < 1000; i++) {
        struct vole_address to = address(number++);
        allowed += icmp_limit_allow(&limit, &to, SECOND);
    }
    assert_int_equal(allowed, 50);
    allowed = 0;
    for (unsigned i = 0; i < 10000; i++) {
        struct vole_address to = address(number++);
        allowed += icmp_limit_allow(&limit, &to, SECOND + i * (SECOND / 10000));
    }
    assert_in_range(allowed, 999, 1000);
}

static void idle_time_never_earns_more_than_a_burst(void **state)
{
    struct icmp_limit limit;
    unsigned allowed = 0;

    (void)state;
    icmp_limit_init(&limit, 0, 3);
    for (uint32_t i = 0; i < 200; i++) {
        struct vole_address to = address(i);
        allowed += icmp_limit_allow(&limit, &to, 3600 * SECOND);
    }
    assert_int_equal(allowed, 50);
}

static void who_finds_the_table_busy_is_refused(void **state)
{
    struct icmp_limit limit;
    struct vole_address to = address(1);

    (void)state;
    icmp_limit_init(&limit, 0, 3);
    assert_false(atomic_flag_test_and_set(&limit.busy));
    assert_false(icmp_limit_allow(&limit, &to, SECOND));
    atomic_flag_clear(&limit.busy);
    assert_true(icmp_limit_allow(&limit, &to, SECOND));
}

static void a_clock_that_jumps_back_does_not_open_the_gate(void **state)
{
    struct icmp_limit limit;
    struct vole_address to = address(1);

    (void)state;
    icmp_limit_init(&limit, 10 * SECOND, 3);
    assert_true(icmp_limit_allow(&limit, &to, 10 * SECOND));
    assert_false(icmp_limit_allow(&limit, &to, 5 * SECOND));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_per_second_to_each_destination),
        cmocka_unit_test(families_are_different_destinations),
        cmocka_unit_test(a_burst_of_fifty_in_all_then_a_thousand_per_second),
        cmocka_unit_test(idle_time_never_earns_more_than_a_burst),
        cmocka_unit_test(who_finds_the_table_busy_is_refused),
        cmocka_unit_test(a_clock_that_jumps_back_does_not_open_the_gate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
