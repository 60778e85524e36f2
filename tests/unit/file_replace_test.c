/* SPDX-License-Identifier: MIT
 *
 * Whoever is ended while replacing a file leaves the file, old or new, and nothing beside it.
 */
#include "cli/file_replace.h"

#include <dirent.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 100

static _Noreturn void replace_for_ever(const char *path)
{
    static char text[20000];

    for (;;) {
        if (file_replace(path, text, sizeof(text)) != 0)
            _exit(1);
    }
}

static void nothing_is_left_beside_the_file_when_the_program_is_ended(void **state)
{
    static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    char directory[] = "/tmp/file-replace-XXXXXX";
    char path[64];
    unsigned others = 0;
    const struct dirent *entry;
    DIR *listing;

    (void)state;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/wg0.conf", directory);
    assert_int_equal(file_replace(path, "", 0), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        pid_t child = fork();
        int status;

        assert_true(child >= 0);
        if (child == 0) {
            (void)signal(SIGINT, SIG_DFL); /* ignored where the test runs in the background */
            (void)signal(SIGQUIT, SIG_DFL);
            (void)signal(SIGHUP, SIG_DFL);
            replace_for_ever(path);
        }
        (void)usleep(1000 + i * 20);
        assert_int_equal(kill(child, endings[i % 4]), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
    }
    listing = opendir(directory);
    assert_non_null(listing);
    while ((entry = readdir(listing)) != NULL) {
        char other[PATH_MAX];

        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "wg0.conf") == 0)
            continue;
        others++;
        (void)snprintf(other, sizeof(other), "%s/%s", directory, entry->d_name);
        (void)unlink(other);
    }
    (void)closedir(listing);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(others, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_beside_the_file_when_the_program_is_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
