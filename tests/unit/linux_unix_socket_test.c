/* SPDX-License-Identifier: MIT
 *
 * The configuration socket: its file, a leftover of an earlier run, and noticing its removal (uapi §1, §7).
 */
#include "linux/unix_socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];
static char path[UNIX_SOCKET_PATH_BYTES];

static int make_directory(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof(directory), "/tmp/vole-unix-socket-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/wg0.sock", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(directory);
}

static mode_t mode_of(const char *file)
{
    struct stat status;

    assert_int_equal(lstat(file, &status), 0);
    return status.st_mode & 07777;
}

static void the_socket_is_its_owners_alone(void **state)
{
    mode_t before = umask(0);

    (void)state;
    int listener = unix_socket_listen(path);
    assert_int_equal(umask(before), 0); /* restored */
    assert_true(listener >= 0);
    assert_int_equal(mode_of(path), 0700);
    assert_true(fcntl(listener, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(listener, F_GETFD) & FD_CLOEXEC);
    (void)close(listener);
}

static void missing_directories_are_made_for_all_to_enter(void **state)
{
    char deep[UNIX_SOCKET_PATH_BYTES];
    char first[UNIX_SOCKET_PATH_BYTES];
    char second[UNIX_SOCKET_PATH_BYTES];
    mode_t before = umask(077);

    (void)state;
    (void)snprintf(first, sizeof(first), "%s/run", directory);
    (void)snprintf(second, sizeof(second), "%s/run/wireguard", directory);
    (void)snprintf(deep, sizeof(deep), "%s/run/wireguard/wg0.sock", directory);
    int listener = unix_socket_listen(deep);
    umask(before);
    assert_true(listener >= 0);
    assert_int_equal(mode_of(first), 0755);
    assert_int_equal(mode_of(second), 0755);
    assert_int_equal(mode_of(deep), 0700);
    assert_int_equal(mode_of(directory), 0700); /* existing ones stay as they are */
    (void)close(listener);
    (void)unlink(deep);
    (void)rmdir(second);
    (void)rmdir(first);
}

static void clients_are_accepted(void **state)
{
    char byte = 0;

    (void)state;
    assert_int_equal(unix_socket_connect(path), -ENOENT);
    int listener = unix_socket_listen(path);
    assert_true(listener >= 0);
    assert_int_equal(unix_socket_accept(listener), -EAGAIN);
    int client = unix_socket_connect(path);
    assert_true(client >= 0);
    int served = unix_socket_accept(listener);
    assert_true(served >= 0);
    assert_true(fcntl(served, F_GETFL) & O_NONBLOCK);
    assert_int_equal(write(client, "x", 1), 1);
    assert_int_equal(read(served, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    (void)close(served);
    (void)close(client);
    (void)close(listener);
    assert_int_equal(unix_socket_connect(path), -ECONNREFUSED);
}

static void a_leftover_is_replaced(void **state)
{
    (void)state;
    int listener = unix_socket_listen(path);
    assert_true(listener >= 0);
    (void)close(listener); /* its file stays, as after a crash */
    listener = unix_socket_listen(path);
    assert_true(listener >= 0);
    int client = unix_socket_connect(path);
    assert_true(client >= 0);
    (void)close(client);
    (void)close(listener);
}

static void one_that_answers_is_in_use(void **state)
{
    (void)state;
    int listener = unix_socket_listen(path);
    assert_true(listener >= 0);
    assert_int_equal(unix_socket_listen(path), -EADDRINUSE);
    int client = unix_socket_connect(path); /* and is unharmed */
    assert_true(client >= 0);
    (void)close(client);
    (void)close(listener);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    (void)state;
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    (void)close(file);
    assert_int_equal(unix_socket_listen(path), -EADDRINUSE);
    assert_int_equal(access(path, F_OK), 0);
}

static void a_long_path_is_refused(void **state)
{
    char longest[UNIX_SOCKET_PATH_BYTES + 1];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[UNIX_SOCKET_PATH_BYTES] = '\0';
    assert_int_equal(unix_socket_listen(longest), -ENAMETOOLONG);
    assert_int_equal(unix_socket_connect(longest), -ENAMETOOLONG);
    assert_int_equal(unix_socket_listen(""), -EINVAL);
}

static void what_is_no_directory_is_told(void **state)
{
    char inside[UNIX_SOCKET_PATH_BYTES + 16];

    (void)state;
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    (void)close(file);
    (void)snprintf(inside, sizeof(inside), "%s/run/wg0.sock", path);
    assert_int_equal(unix_socket_listen(inside), -ENOTDIR);
}

static void a_descriptor_tells_its_path(void **state)
{
    char found[UNIX_SOCKET_PATH_BYTES];
    int unbound[2];

    (void)state;
    int listener = unix_socket_listen(path);
    assert_true(listener >= 0);
    assert_int_equal(unix_socket_path(listener, found), 0);
    assert_string_equal(found, path);
    (void)close(listener);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, unbound), 0);
    assert_int_equal(unix_socket_path(unbound[0], found), -EINVAL);
    (void)close(unbound[0]);
    (void)close(unbound[1]);
}

static bool is_readable(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    return poll(&poller, 1, 0) == 1;
}

static void removal_of_the_file_is_noticed(void **state)
{
    struct unix_socket_watch watch;

    (void)state;
    int listener = unix_socket_listen(path);
    assert_true(listener >= 0);
    assert_int_equal(unix_socket_watch(&watch, path), 0);
    assert_false(is_readable(watch.fd));
    assert_false(unix_socket_gone(&watch));
    assert_int_equal(chmod(path, 0770), 0); /* something happened, but it is there */
    assert_true(is_readable(watch.fd));
    assert_false(unix_socket_gone(&watch));
    assert_false(is_readable(watch.fd));
    assert_int_equal(unlink(path), 0);
    assert_true(is_readable(watch.fd));
    assert_true(unix_socket_gone(&watch));
    unix_socket_unwatch(&watch);
    (void)close(listener);
    assert_int_equal(unix_socket_watch(&watch, path), -ENOENT);
}

static void a_successors_file_is_not_removed(void **state)
{
    struct unix_socket_watch watch;

    (void)state;
    int listener = unix_socket_listen(path);
    assert_true(listener >= 0);
    assert_int_equal(unix_socket_watch(&watch, path), 0);
    assert_int_equal(unlink(path), 0);
    int successor = unix_socket_listen(path);
    assert_true(successor >= 0);
    assert_true(unix_socket_gone(&watch));
    unix_socket_remove(&watch);
    assert_int_equal(access(path, F_OK), 0);
    unix_socket_unwatch(&watch);
    assert_int_equal(unix_socket_watch(&watch, path), 0);
    unix_socket_remove(&watch);
    assert_int_equal(access(path, F_OK), -1);
    unix_socket_unwatch(&watch);
    (void)close(successor);
    (void)close(listener);
}

#define SOCKET_TEST(function) cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOCKET_TEST(the_socket_is_its_owners_alone),
        SOCKET_TEST(missing_directories_are_made_for_all_to_enter),
        SOCKET_TEST(clients_are_accepted),
        SOCKET_TEST(a_leftover_is_replaced),
        SOCKET_TEST(one_that_answers_is_in_use),
        SOCKET_TEST(a_file_that_is_no_socket_is_left_alone),
        SOCKET_TEST(a_long_path_is_refused),
        SOCKET_TEST(what_is_no_directory_is_told),
        SOCKET_TEST(a_descriptor_tells_its_path),
        SOCKET_TEST(removal_of_the_file_is_noticed),
        SOCKET_TEST(a_successors_file_is_not_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
