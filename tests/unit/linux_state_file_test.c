/* SPDX-License-Identifier: MIT
 *
 * Files that survive a crash: what they look like, what is never read or replaced, and that two writers take
 * turns.
 */
#include "linux/state_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char above[64], path[80];

/* What was asked of the disk, in order. */
static char order[64];

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);

int __wrap_fsync(int fd)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    (void)strncat(order, S_ISDIR(status.st_mode) ? "directory " : "file ", sizeof order - strlen(order) - 1);
    return __real_fsync(fd);
}

int __wrap_renameat(int from, const char *old, int to, const char *new)
{
    (void)strncat(order, "rename ", sizeof order - strlen(order) - 1);
    return __real_renameat(from, old, to, new);
}

static int make(void **state)
{
    (void)state;
    (void)snprintf(above, sizeof above, "/tmp/vole-state-file-XXXXXX");
    if (mkdtemp(above) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/vole", above);
    return 0;
}

static int unmake(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", above);
    return system(command);
}

static int open_it(void)
{
    int directory = state_directory_open(path, true);

    assert_true(directory >= 0);
    return directory;
}

static void assert_content(int directory, const char *name, const char *wanted)
{
    char bytes[64];
    ssize_t length = state_file_read(directory, name, bytes, sizeof bytes);

    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(bytes, wanted, strlen(wanted));
}

static unsigned count_files(int directory);

static void directory_and_file_are_their_owners_alone(void **state)
{
    char file[96];
    struct stat status;
    mode_t before = umask(0);
    int directory;

    (void)state;
    directory = open_it();
    assert_int_equal(state_file_write(directory, "one", "text", 4), 0);
    (void)umask(before);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    (void)snprintf(file, sizeof file, "%s/one", path);
    assert_int_equal(lstat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(S_ISREG(status.st_mode));
    close(directory);
}

static void a_file_is_replaced_as_a_whole_and_nothing_stays_beside_it(void **state)
{
    int directory = open_it();

    (void)state;
    assert_int_equal(state_file_write(directory, "one", "a long first text", 17), 0);
    assert_int_equal(state_file_write(directory, "one", "short", 5), 0);
    assert_content(directory, "one", "short");
    assert_int_equal(count_files(directory), 1);
    assert_int_equal(state_file_remove(directory, "one"), 0);
    assert_int_equal(state_file_remove(directory, "one"), -ENOENT);
    assert_int_equal(count_files(directory), 0);
    close(directory);
}

static void a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_we_return(void **state)
{
    int directory = open_it();

    (void)state;
    order[0] = '\0';
    assert_int_equal(state_file_write(directory, "one", "text", 4), 0);
    assert_string_equal(order, "file rename directory ");
    order[0] = '\0';
    assert_int_equal(state_file_remove(directory, "one"), 0);
    assert_string_equal(order, "directory ");
    close(directory);
}

static int count_one(void *context, const char *name)
{
    *(unsigned *)context += strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    return 0;
}

static unsigned count_files(int directory)
{
    unsigned count = 0;

    assert_int_equal(state_directory_each(directory, count_one, &count), 0);
    return count;
}

static void a_crash_while_writing_leaves_the_old_text(void **state)
{
    int directory = open_it(), status;
    pid_t child;

    (void)state;
    assert_int_equal(state_file_write(directory, "one", "old", 3), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* dies in the middle of the second text */
        struct rlimit limit = {2, 2};

        _exit(setrlimit(RLIMIT_FSIZE, &limit) < 0 || state_file_write(directory, "one", "newer", 5) == 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
    assert_content(directory, "one", "old");
    assert_int_equal(count_files(directory), 2); /* what it left behind */
    assert_int_equal(state_file_write(directory, "one", "new", 3), 0);
    assert_content(directory, "one", "new");
    assert_int_equal(count_files(directory), 1);
    close(directory);
}

static void a_full_disk_leaves_the_old_text(void **state)
{
    int directory = open_it();
    struct rlimit limit, before;

    (void)state;
    assert_int_equal(state_file_write(directory, "one", "old", 3), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){2, before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(state_file_write(directory, "one", "newer", 5), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_content(directory, "one", "old");
    assert_int_equal(count_files(directory), 1);
    close(directory);
}

static void only_regular_files_of_a_fitting_size_are_read(void **state)
{
    char other[96], bytes[4];
    int directory = open_it();

    (void)state;
    assert_int_equal(state_file_read(directory, "none", bytes, sizeof bytes), -ENOENT);
    assert_int_equal(state_file_write(directory, "four", "1234", 4), 0);
    assert_int_equal(state_file_read(directory, "four", bytes, 4), 4);
    assert_int_equal(state_file_read(directory, "four", bytes, 3), -EFBIG);
    (void)snprintf(other, sizeof other, "%s/link", path);
    assert_int_equal(symlink("four", other), 0);
    assert_int_equal(state_file_read(directory, "link", bytes, 4), -EINVAL);
    (void)snprintf(other, sizeof other, "%s/pipe", path);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(state_file_read(directory, "pipe", bytes, 4), -EINVAL); /* and does not hang */
    (void)snprintf(other, sizeof other, "%s/folder", path);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(state_file_read(directory, "folder", bytes, 4), -EINVAL);
    assert_true(state_file_write(directory, "folder", "x", 1) < 0);
    close(directory);
}

/* The name beside it is planted as a link to somebody's file. */
static void links_are_replaced_not_followed(void **state)
{
    char precious[96], planted[96];
    int directory = open_it();

    (void)state;
    assert_int_equal(state_file_write(directory, "precious", "keep", 4), 0);
    (void)snprintf(precious, sizeof precious, "%s/precious", path);
    (void)snprintf(planted, sizeof planted, "%s/.one.new", path);
    assert_int_equal(symlink(precious, planted), 0);
    (void)snprintf(planted, sizeof planted, "%s/one", path);
    assert_int_equal(symlink(precious, planted), 0);
    assert_int_equal(state_file_write(directory, "one", "mine", 4), 0);
    assert_content(directory, "one", "mine");
    assert_content(directory, "precious", "keep");
    close(directory);
}

static void what_is_missing_or_no_directory_is_an_error(void **state)
{
    char file[96];

    (void)state;
    assert_int_equal(state_directory_open(path, false), -ENOENT);
    assert_int_equal(access(path, F_OK), -1);
    (void)snprintf(file, sizeof file, "%s/x/y", above);
    assert_int_equal(state_directory_open(file, true), -ENOENT); /* what is above it is not made */
    (void)snprintf(file, sizeof file, "%s/file", above);
    assert_true(close(open(file, O_CREAT | O_WRONLY, 0600)) == 0);
    assert_int_equal(state_directory_open(file, true), -ENOTDIR);
}

static void the_lock_makes_writers_take_turns(void **state)
{
    int directory = open_it(), status, pipes[2];
    char byte = 0;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int again;

        close(directory); /* the lock stays with the other copy */
        again = state_directory_open(path, true);
        _exit(again < 0 || state_file_write(again, "one", "second", 6) < 0 || write(pipes[1], "x", 1) != 1);
    }
    assert_int_equal(state_file_write(directory, "one", "first", 5), 0);
    assert_int_equal(fcntl(pipes[0], F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(read(pipes[0], &byte, 1), -1);
        (void)usleep(1000);
    }
    assert_content(directory, "one", "first");
    close(directory);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    directory = open_it();
    assert_content(directory, "one", "second");
    close(directory);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(directory_and_file_are_their_owners_alone),
        TEST(a_file_is_replaced_as_a_whole_and_nothing_stays_beside_it),
        TEST(a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_we_return),
        TEST(a_crash_while_writing_leaves_the_old_text),
        TEST(a_full_disk_leaves_the_old_text),
        TEST(only_regular_files_of_a_fitting_size_are_read),
        TEST(links_are_replaced_not_followed),
        TEST(what_is_missing_or_no_directory_is_an_error),
        TEST(the_lock_makes_writers_take_turns),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
