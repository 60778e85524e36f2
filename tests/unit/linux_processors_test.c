/* SPDX-License-Identifier: MIT
 *
 * How many processors may be kept busy: by a set of them, and by groups' shares as files say.
 */
#include "linux/processors.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/processors-test-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static unsigned share(const char *membership)
{
    char path[256];

    put("membership", membership);
    (void)snprintf(path, sizeof path, "%s/membership", root);
    return processors_of_group(root, path);
}

static int make_groups(void **state)
{
    char path[256];

    (void)state;
    if (mkdtemp(root) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/outer", root);
    if (mkdir(path, 0700) < 0)
        return -1;
    (void)snprintf(path, sizeof path, "%s/outer/inner", root);
    return mkdir(path, 0700);
}

static int remove_groups(void **state)
{
    static const char *const names[] = {"/outer/inner/cpu.max", "/outer/cpu.max", "/cpu.max", "/membership",
                                        "/outer/inner",         "/outer",         ""};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[256];

        (void)snprintf(path, sizeof path, "%s%s", root, names[i]);
        (void)remove(path);
    }
    return 0;
}

static void a_set_of_one_processor_leaves_one(void **state)
{
    cpu_set_t all, one;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_in_range(processors_usable(), 1, CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (size_t cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(processors_usable(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

static void without_groups_there_is_no_limit(void **state)
{
    (void)state;
    assert_int_equal(processors_of_group(root, "/nonexistent"), 0);
    assert_int_equal(share("4:cpu,cpuacct:/outer\n1:name=systemd:/\n"), 0); /* version 1 */
    assert_int_equal(share("0::/outer/inner\n"), 0);                        /* nobody set one */
    assert_int_equal(share(""), 0);
}

static void the_share_is_rounded_up(void **state)
{
    static const struct {
        const char *text;
        unsigned processors;
    } shares[] = {
        {"200000 100000\n", 2}, {"250000 100000\n", 3}, {"1000 100000\n", 1},   {"max 100000\n", 0}, {"", 0},
        {"nonsense\n", 0},      {"5 0\n", 0},           {"1600000 50000\n", 32}};

    (void)state;
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        put("outer/inner/cpu.max", shares[i].text);
        assert_int_equal(share("1:name=systemd:/x\n0::/outer/inner\n"), shares[i].processors);
    }
}

static void the_smallest_share_on_the_way_up_counts(void **state)
{
    (void)state;
    put("outer/inner/cpu.max", "800000 100000\n");
    put("outer/cpu.max", "300000 100000\n");
    assert_int_equal(share("0::/outer/inner\n"), 3);
    put("outer/cpu.max", "max 100000\n");
    assert_int_equal(share("0::/outer/inner\n"), 8);
    put("cpu.max", "400000 100000\n"); /* of a container that sees its own group as the root */
    assert_int_equal(share("0::/outer/inner\n"), 4);
    assert_int_equal(share("0::/\n"), 4);
    assert_int_equal(share("0::/../elsewhere\n"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_of_one_processor_leaves_one),
        cmocka_unit_test(without_groups_there_is_no_limit),
        cmocka_unit_test(the_share_is_rounded_up),
        cmocka_unit_test(the_smallest_share_on_the_way_up_counts),
    };

    return cmocka_run_group_tests(tests, make_groups, remove_groups);
}
