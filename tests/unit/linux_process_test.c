/* SPDX-License-Identifier: MIT
 *
 * Running programs: what they are given, what comes back, and that a signal reaches them and not us.
 */
#include "linux/process.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void exit_statuses_come_back(void **state)
{
    const char *good[] = {"true", NULL};
    const char *seven[] = {"sh", "-c", "exit 7", NULL};
    const char *killed[] = {"sh", "-c", "kill -9 $$", NULL};
    const char *missing[] = {"no-such-program-anywhere", NULL};

    (void)state;
    assert_int_equal(process_run(good, NULL), 0);
    assert_int_equal(process_run(seven, NULL), 7);
    assert_int_equal(process_run(killed, NULL), 128 + SIGKILL);
    assert_int_equal(process_run(missing, NULL), -ENOENT);
}

static void arguments_and_input_arrive_as_they_are(void **state)
{
    const char *echo[] = {"printf", "%s|", "a b", "$HOME", "*", NULL};
    const char *compare[] = {"sh", "-c", "test \"$(cat)\" = 'one\ntwo'", NULL};
    char *output;

    (void)state;
    assert_int_equal(process_read(echo, &output), 0);
    assert_string_equal(output, "a b|$HOME|*|");
    free(output);
    assert_int_equal(process_run(compare, "one\ntwo\n"), 0);
    assert_int_equal(process_run(compare, "one\nthree\n"), 1);
}

static void output_of_any_length_comes_back(void **state)
{
    const char *many[] = {"sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x; exit 3", NULL};
    char *output;

    (void)state;
    assert_int_equal(process_read(many, &output), 3);
    assert_int_equal(strlen(output), 300000);
    free(output);
}

static void programs_are_found_in_the_path(void **state)
{
    char path[PATH_MAX];

    (void)state;
    assert_true(process_find(path, "sh"));
    assert_int_equal(path[0], '/');
    assert_true(process_find(path, "/bin/sh"));
    assert_false(process_find(path, "no-such-program-anywhere"));
    assert_false(process_find(path, "/etc"));
    assert_false(process_find(path, ""));
    assert_true(process_own_path(path));
    assert_non_null(strstr(path, "linux_process_test"));
}

/* The child signals its parent, us, and then waits to be ended by what we hand on. */
static void a_signal_ends_the_program_and_not_us(void **state)
{
    const char *tells[] = {"sh", "-c", "kill -TERM $PPID; exec sleep 60", NULL};
    const char *later[] = {"sh", "-c", "kill -INT $$; kill -HUP $$; exit 5", NULL};
    const char *ended[] = {"sh", "-c", "kill -TERM $$; exit 5", NULL};

    (void)state;
    process_catch_signals();
    assert_int_equal(process_signal(), 0);
    assert_int_equal(process_run(tells, NULL), 128 + SIGTERM);
    assert_int_equal(process_signal(), SIGTERM);
    process_ignore_signals();
    assert_int_equal(process_signal(), 0);
    assert_int_equal(process_run(later, NULL), 5); /* Ctrl-C again, which the terminal gives to all */
    assert_int_equal(process_run(ended, NULL), 128 + SIGTERM);
    process_heed_signals();
    assert_int_equal(process_signal(), 0);
    assert_int_equal(process_run(tells, NULL), 128 + SIGTERM);
    assert_int_equal(process_signal(), SIGTERM);
}

/* The program says that it runs, and then holds a pipe open for as long as it lives. */
static void a_program_ends_when_who_waits_for_it_is_killed(void **state)
{
    const char *waits[] = {"sh", "-c", "echo runs; exec sleep 600", NULL};
    char said[8];
    int ends[2];
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        _exit(process_run(waits, NULL));
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], said, sizeof said), 5);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, 60000), 1);
    assert_int_equal(read(ends[0], said, sizeof said), 0);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_statuses_come_back),
        cmocka_unit_test(arguments_and_input_arrive_as_they_are),
        cmocka_unit_test(output_of_any_length_comes_back),
        cmocka_unit_test(programs_are_found_in_the_path),
        cmocka_unit_test(a_program_ends_when_who_waits_for_it_is_killed),
        cmocka_unit_test(a_signal_ends_the_program_and_not_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
