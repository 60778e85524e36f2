/* SPDX-License-Identifier: MIT
 *
 * Messages with descriptors between two processes, and the clocks they both read.
 */
#include "linux/clock.h"
#include "linux/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int make_pair(void **state)
{
    static int pair[2];

    *state = pair;
    return descriptors_pair(pair);
}

static int close_pair(void **state)
{
    int *pair = *state;

    (void)close(pair[0]);
    (void)close(pair[1]);
    return 0;
}

static int count_open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static bool same_file(int one, int other)
{
    struct stat first;
    struct stat second;

    return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_ino == second.st_ino &&
           first.st_dev == second.st_dev;
}

static void a_message_brings_its_descriptors(void **state)
{
    int *pair = *state;
    int pipes[2];
    int came[4];
    size_t count = 4;
    char text[16];

    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(descriptors_send(pair[0], "hello", 5, pipes, 2), 0);
    assert_int_equal(descriptors_send(pair[0], "bye", 3, NULL, 0), 0);
    assert_int_equal(descriptors_receive(pair[1], text, sizeof(text), came, &count), 5);
    assert_memory_equal(text, "hello", 5);
    assert_int_equal(count, 2);
    assert_true(same_file(came[0], pipes[0]));
    assert_true(same_file(came[1], pipes[1]));
    assert_true(fcntl(came[0], F_GETFD) & FD_CLOEXEC);
    count = 4;
    assert_int_equal(descriptors_receive(pair[1], text, sizeof(text), came + 2, &count), 3);
    assert_int_equal(count, 0);
    for (int i = 0; i < 2; i++) {
        (void)close(came[i]);
        (void)close(pipes[i]);
    }
}

static void the_largest_number_fits_and_one_more_does_not(void **state)
{
    int *pair = *state;
    int many[DESCRIPTORS_MAX + 1];
    int came[DESCRIPTORS_MAX];
    size_t count = DESCRIPTORS_MAX;
    char byte;

    for (size_t i = 0; i < DESCRIPTORS_MAX + 1; i++)
        many[i] = pair[0];
    assert_int_equal(descriptors_send(pair[0], "x", 1, many, DESCRIPTORS_MAX), 0);
    assert_int_equal(descriptors_receive(pair[1], &byte, 1, came, &count), 1);
    assert_int_equal(count, DESCRIPTORS_MAX);
    for (size_t i = 0; i < count; i++)
        (void)close(came[i]);
    assert_int_equal(descriptors_send(pair[0], "x", 1, many, DESCRIPTORS_MAX + 1), -EINVAL);
    assert_int_equal(descriptors_send(pair[0], "", 0, NULL, 0), -EINVAL);
}

static void what_does_not_fit_is_an_error_and_leaks_nothing(void **state)
{
    int *pair = *state;
    int came[1];
    size_t count = 1;
    char text[4];
    int before = count_open_descriptors();

    assert_int_equal(descriptors_send(pair[0], "long message", 12, pair, 1), 0);
    assert_int_equal(descriptors_receive(pair[1], text, sizeof(text), came, &count), -EMSGSIZE);
    assert_int_equal(count, 0);
    count = 1;
    assert_int_equal(descriptors_send(pair[0], "x", 1, pair, 2), 0);
    assert_int_equal(descriptors_receive(pair[1], text, sizeof(text), came, &count), -EMSGSIZE);
    assert_int_equal(count_open_descriptors(), before);
    count = 1;
    assert_int_equal(descriptors_send(pair[0], "next", 4, NULL, 0), 0);
    assert_int_equal(descriptors_receive(pair[1], text, sizeof(text), came, &count), 4);
}

static void the_end_of_the_other_process_is_seen(void **state)
{
    int *pair = *state;
    size_t count = 0;
    char byte;
    int status;

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)close(pair[0]);
    assert_int_equal(descriptors_receive(pair[1], &byte, 1, NULL, &count), 0);
    assert_int_equal(descriptors_send(pair[1], "x", 1, NULL, 0), -EPIPE);
    pair[0] = -1;
}

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec time;

    assert_int_equal(clock_gettime(clock, &time), 0);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void clocks_lie_between_readings_before_and_after(void **state)
{
    const clockid_t clocks[3] = {CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME};
    uint64_t before[3];
    struct vole_time now;

    (void)state;
    for (int i = 0; i < 3; i++)
        before[i] = nanoseconds(clocks[i]);
    clock_now(&now);
    const uint64_t read[3] = {now.monotonic_ns, now.boot_ns, now.real_s * 1000000000 + now.real_ns};
    for (int i = 0; i < 3; i++) {
        assert_true(read[i] >= before[i]);
        assert_true(read[i] <= nanoseconds(clocks[i]));
    }
    assert_true(now.real_ns < 1000000000);
}

#define PAIR_TEST(function) cmocka_unit_test_setup_teardown(function, make_pair, close_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(a_message_brings_its_descriptors),
        PAIR_TEST(the_largest_number_fits_and_one_more_does_not),
        PAIR_TEST(what_does_not_fit_is_an_error_and_leaks_nothing),
        PAIR_TEST(the_end_of_the_other_process_is_seen),
        cmocka_unit_test(clocks_lie_between_readings_before_and_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
