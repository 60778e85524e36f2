/* SPDX-License-Identifier: MIT
 *
 * Receiving a reply from whoever is at the other end of the socket: it ends, whatever comes, and whatever
 * does not come. The other end is a process that writes the same text again and again.
 */
#include "config/reply_reader.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_MS  3600000
#define SHORT_MS 100

/* What is written, how often (0: until nobody reads any more), and the pause before each. */
struct other_end {
    const char *text;
    unsigned times;
    long pause_ns;
};

static int count_line(void *state, const char *line, size_t length)
{
    size_t *count = state;

    (void)line;
    (void)length;
    (*count)++;
    return 0;
}

/* Never returns. */
static void write_all(int descriptor, const struct other_end *other)
{
    const struct timespec pause = {.tv_nsec = other->pause_ns};

    (void)alarm(60);
    for (unsigned i = 0; other->times == 0 || i < other->times; i++) {
        if (other->pause_ns != 0)
            (void)nanosleep(&pause, NULL);
        if (send(descriptor, other->text, strlen(other->text), MSG_NOSIGNAL) < 0)
            break;
    }
    _exit(0);
}

/* The result of receiving; *lines: how many were handed on. */
static int receive(const struct other_end *other, size_t left_bytes, int64_t limit_ms, size_t *lines)
{
    struct reply_reader reader;
    int ends[2];
    int error;
    pid_t child;

    *lines = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        write_all(ends[1], other);
    }
    (void)close(ends[1]);
    reply_reader_init(&reader, count_line, lines);
    if (left_bytes != 0)
        reader.left_bytes = left_bytes;
    error = reply_reader_receive(&reader, ends[0], limit_ms);
    assert_true(error != 0 || reader.finished);
    reply_reader_wipe(&reader);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return error;
}

static void a_whole_reply_is_taken(void **state)
{
    const struct other_end whole = {.text = "fwmark=7\nerrno=0\n\n", .times = 1};
    size_t lines;

    (void)state;
    assert_int_equal(receive(&whole, 0, LONG_MS, &lines), 0);
    assert_int_equal(lines, 2);
    assert_int_equal(receive(&whole, strlen(whole.text), LONG_MS, &lines), 0);
}

static void a_reply_that_comes_in_drops_without_end_is_given_up(void **state)
{
    const struct other_end dripping = {.text = "x=1\n", .pause_ns = 1000000};
    size_t lines;

    (void)state;
    assert_int_equal(receive(&dripping, 0, SHORT_MS, &lines), -ETIMEDOUT);
}

static void a_reply_that_comes_fast_without_end_is_given_up(void **state)
{
    const struct other_end flooding = {.text = "allowed_ip=::/0\nallowed_ip=::/0\nallowed_ip=::/0\n"};
    size_t lines;

    (void)state;
    assert_int_equal(receive(&flooding, 1 << 20, LONG_MS, &lines), -EFBIG);
    assert_in_range(lines, 1, (1 << 20) / strlen("allowed_ip=::/0\n"));
}

static void a_reply_of_one_byte_too_many_is_refused(void **state)
{
    const struct other_end whole = {.text = "fwmark=7\nerrno=0\n\n", .times = 1};
    size_t lines;

    (void)state;
    assert_int_equal(receive(&whole, strlen(whole.text) - 1, LONG_MS, &lines), -EFBIG);
}

static void a_connection_that_ends_early_is_no_reply(void **state)
{
    const struct other_end nothing = {.text = "", .times = 1};
    const struct other_end half = {.text = "fwmark=7\nerrno=0\n", .times = 1};
    size_t lines;

    (void)state;
    assert_int_equal(receive(&nothing, 0, LONG_MS, &lines), -ECONNRESET);
    assert_int_equal(receive(&half, 0, LONG_MS, &lines), -EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_reply_is_taken),
        cmocka_unit_test(a_reply_that_comes_in_drops_without_end_is_given_up),
        cmocka_unit_test(a_reply_that_comes_fast_without_end_is_given_up),
        cmocka_unit_test(a_reply_of_one_byte_too_many_is_refused),
        cmocka_unit_test(a_connection_that_ends_early_is_no_reply),
    };

    (void)alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
