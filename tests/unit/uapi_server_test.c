/* SPDX-License-Identifier: MIT
 *
 * The configuration socket's server, with clients that are slow, stalled, hasty or gone. The device behind it
 * is a stand-in that remembers what was set and dumps a number of lines.
 */
#include "daemon/uapi_server.h"

#include "linux/unix_socket.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct uapi_server server;
    char folder[64];
    char path[96];
    int listener;
    /* the stand-in */
    char set_lines[256];
    unsigned sets, vole_sets, prepared, dumps_open;
    unsigned dump_lines; /* each 100 bytes */
    int set_result;
};

/* ---- the stand-in for a device ---- */

static struct fixture *the_fixture;

static void stand_in_prepare(void *context)
{
    ((struct fixture *)context)->prepared++;
}

static int stand_in_set(void *context, const char *lines, size_t length)
{
    struct fixture *fixture = context;

    fixture->sets++;
    if (length > sizeof fixture->set_lines - 1)
        length = sizeof fixture->set_lines - 1;
    memcpy(fixture->set_lines, lines, length);
    fixture->set_lines[length] = '\0';
    return fixture->set_result;
}

static int stand_in_set_vole(void *context, const char *lines, size_t length)
{
    struct fixture *fixture = context;

    fixture->vole_sets++;
    return length == 4 && memcmp(lines, "x=y\n", 4) == 0 ? 0 : -EINVAL;
}

static void stand_in_dump_begin(void *context, struct uapi_dump *dump, bool vole)
{
    memset(dump, 0, sizeof *dump);
    dump->vole = vole;
    ((struct fixture *)context)->dumps_open++;
}

static bool stand_in_dump_more(struct uapi_dump *dump, struct uapi_text *text)
{
    while (dump->feature < the_fixture->dump_lines) {
        if (!uapi_write_line(text, "%s%090u\n", dump->vole ? "drop12345" : "peer12345", dump->feature))
            return false;
        dump->feature++;
    }
    return true;
}

static void stand_in_dump_end(struct uapi_dump *dump)
{
    (void)dump;
    the_fixture->dumps_open--;
}

static int make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const struct uapi_operations operations = {
        .context = fixture,
        .prepare = stand_in_prepare,
        .set = stand_in_set,
        .set_vole = stand_in_set_vole,
        .dump_begin = stand_in_dump_begin,
        .dump_more = stand_in_dump_more,
        .dump_end = stand_in_dump_end,
    };

    the_fixture = fixture;
    memcpy(fixture->folder, "/tmp/uapi-server-XXXXXX", 24);
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/wg.sock", fixture->folder);
    fixture->listener = unix_socket_listen(fixture->path);
    assert_true(fixture->listener >= 0);
    assert_int_equal(uapi_server_init(&fixture->server, fixture->listener, &operations), 0);
    fixture->dump_lines = 2;
    *state = fixture;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *fixture = *state;

    uapi_server_fini(&fixture->server);
    assert_int_equal(fixture->dumps_open, 0);
    assert_int_equal(fixture->server.budget, UAPI_BUDGET_BYTES);
    close(fixture->listener);
    unlink(fixture->path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

/* ---- clients ---- */

static int client_open(struct fixture *fixture)
{
    int fd = unix_socket_connect(fixture->path);

    assert_true(fd >= 0);
    return fd;
}

static void client_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Lets the server work until it has nothing left to do without us. */
static void serve(struct fixture *fixture)
{
    struct pollfd waiting = {.fd = fixture->server.epoll, .events = POLLIN};

    while (poll(&waiting, 1, 0) == 1)
        assert_int_equal(uapi_server_serve(&fixture->server), 0);
}

/* Everything the server has sent so far; closed tells whether it has hung up. */
static const char *client_read(int fd, bool *closed)
{
    static char text[4096];
    ssize_t length = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

    *closed = length == 0 || (length < 0 && errno == ECONNRESET);
    text[length < 0 ? 0 : length] = '\0';
    return text;
}

static void assert_reply(struct fixture *fixture, int fd, const char *expected)
{
    bool closed;

    serve(fixture);
    assert_string_equal(client_read(fd, &closed), expected);
    assert_false(closed);
}

static void assert_closed(struct fixture *fixture, int fd)
{
    bool closed;

    serve(fixture);
    assert_string_equal(client_read(fd, &closed), "");
    assert_true(closed);
}

#define LINE(kind, number) kind "12345" NINE_TENS_ZERO number "\n"
#define NINE_TENS_ZERO                                                                                       \
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"

/* ---- what is proved ---- */

static void a_set_is_applied_whole_and_answered(void **state)
{
    struct fixture *fixture = *state;
    int fd = client_open(fixture);

    client_send(fd, "set=1\nfwmark=1\n");
    assert_reply(fixture, fd, "");
    assert_int_equal(fixture->sets, 0);
    client_send(fd, "listen_port=2\n\n");
    assert_reply(fixture, fd, "errno=0\n\n");
    assert_int_equal(fixture->sets, 1);
    assert_int_equal(fixture->prepared, 1);
    assert_string_equal(fixture->set_lines, "fwmark=1\nlisten_port=2\n");
    close(fd);
}

static void errno_is_negative_for_set_and_positive_for_get(void **state)
{
    struct fixture *fixture = *state;
    int fd = client_open(fixture);

    fixture->set_result = -EINVAL;
    client_send(fd, "set=1\nx\n\n");
    assert_reply(fixture, fd, "errno=-22\n\n");
    client_send(fd, "get=1\nx\n\n");
    assert_reply(fixture, fd, "errno=22\n\n");
    close(fd);
}

static void our_own_set_is_answered_with_positive_numbers(void **state)
{
    struct fixture *fixture = *state;
    int fd = client_open(fixture);

    client_send(fd, "set=vole.1\nx=y\n\nset=vole.1\n\n");
    assert_reply(fixture, fd, "errno=0\n\nerrno=22\n\n");
    assert_int_equal(fixture->vole_sets, 2);
    assert_int_equal(fixture->sets, 0);
    close(fd);
}

static void a_get_dumps_and_the_connection_goes_on(void **state)
{
    struct fixture *fixture = *state;
    int fd = client_open(fixture);

    client_send(fd, "get=1\n\n");
    assert_reply(fixture, fd, LINE("peer", "00") LINE("peer", "01") "errno=0\n\n");
    client_send(fd, "get=vole.1\n\n");
    assert_reply(fixture, fd, LINE("drop", "00") LINE("drop", "01") "errno=0\n\n");
    assert_int_equal(fixture->prepared, 2);
    close(fd);
}

static void requests_sent_at_once_are_answered_in_order(void **state)
{
    struct fixture *fixture = *state;
    int fd = client_open(fixture);

    fixture->dump_lines = 0;
    client_send(fd, "get=1\n\nset=1\nfwmark=1\n\nget=1\nx\n\nset=1\n\n");
    assert_reply(fixture, fd, "errno=0\n\nerrno=0\n\nerrno=22\n\nerrno=0\n\n");
    assert_int_equal(fixture->sets, 2);
    close(fd);
}

static void many_requests_at_once_are_all_answered(void **state)
{
    struct fixture *fixture = *state;
    int fd = client_open(fixture);
    char requests[7 * 400 + 1];
    bool closed;

    fixture->dump_lines = 0;
    for (unsigned i = 0; i < 400; i++)
        memcpy(requests + 7 * (size_t)i, "get=1\n\n", 8);
    client_send(fd, requests);
    while (fixture->prepared < 400) {
        unsigned before = fixture->prepared;

        serve(fixture);
        assert_true(fixture->prepared > before);
        (void)client_read(fd, &closed);
        assert_false(closed);
    }
    assert_int_equal(fixture->prepared, 400);
    close(fd);
}

static void a_client_that_speaks_something_else_is_hung_up_on(void **state)
{
    struct fixture *fixture = *state;
    static const char *const wrong[] = {"hello\n", "get=2\n\n", "\n", "get=1\r\n\r\n"};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int fd = client_open(fixture);

        client_send(fd, wrong[i]);
        assert_closed(fixture, fd);
        close(fd);
    }
    assert_int_equal(fixture->server.count, 0);
}

static void the_end_of_the_stream_applies_a_set(void **state)
{
    struct fixture *fixture = *state;
    int fd = client_open(fixture);

    client_send(fd, "set=1\nfwmark=7");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_reply(fixture, fd, "errno=0\n\n");
    assert_string_equal(fixture->set_lines, "fwmark=7");
    assert_closed(fixture, fd);
    assert_int_equal(fixture->server.count, 0);
    close(fd);
}

static void a_stalled_client_holds_up_nobody(void **state)
{
    struct fixture *fixture = *state;
    int stalled = client_open(fixture);
    int other = client_open(fixture);

    fixture->dump_lines = 0;
    client_send(stalled, "set=1\nprivate_key=");
    serve(fixture);
    client_send(other, "get=1\n\n");
    assert_reply(fixture, other, "errno=0\n\n");
    client_send(other, "set=1\n\n");
    assert_reply(fixture, other, "errno=0\n\n");
    close(stalled);
    close(other);
    serve(fixture);
    assert_int_equal(fixture->server.count, 0);
    assert_int_equal(fixture->sets, 2); /* the stalled one's end counts as the end of its request */
}

/* A reply of ten megabytes to somebody who does not read: it occupies one buffer, and others are served. */
static void a_client_that_does_not_read_holds_up_nobody(void **state)
{
    struct fixture *fixture = *state;
    int deaf = client_open(fixture);
    int other = client_open(fixture);
    size_t total = 0;
    char text[65536];

    fixture->dump_lines = 100000;
    client_send(deaf, "get=1\n\n");
    serve(fixture);
    assert_int_equal(fixture->dumps_open, 1);
    client_send(other, "set=1\n\n");
    assert_reply(fixture, other, "errno=0\n\n");
    while (fixture->dumps_open > 0 || poll(&(struct pollfd){.fd = deaf, .events = POLLIN}, 1, 0) == 1) {
        ssize_t length = recv(deaf, text, sizeof text, MSG_DONTWAIT);

        total += length > 0 ? (size_t)length : 0;
        serve(fixture);
    }
    assert_int_equal(total, (size_t)100000 * 100 + strlen("errno=0\n\n"));
    close(deaf);
    close(other);
}

static void a_client_that_leaves_during_its_dump_leaves_nothing_behind(void **state)
{
    struct fixture *fixture = *state;
    int fd = client_open(fixture);

    fixture->dump_lines = 100000;
    client_send(fd, "get=1\n\n");
    serve(fixture);
    assert_int_equal(fixture->dumps_open, 1);
    close(fd);
    serve(fixture);
    assert_int_equal(fixture->dumps_open, 0);
    assert_int_equal(fixture->server.count, 0);
}

static void the_quietest_connection_makes_way(void **state)
{
    struct fixture *fixture = *state;
    int fds[UAPI_CLIENTS];
    int newcomer;
    bool closed;

    for (unsigned i = 0; i < UAPI_CLIENTS; i++) {
        fds[i] = client_open(fixture);
        serve(fixture);
    }
    assert_int_equal(fixture->server.count, UAPI_CLIENTS);
    client_send(fds[0], "set=1\n\n");
    assert_reply(fixture, fds[0], "errno=0\n\n");
    newcomer = client_open(fixture);
    client_send(newcomer, "set=1\n\n");
    assert_reply(fixture, newcomer, "errno=0\n\n");
    assert_closed(fixture, fds[1]);
    (void)client_read(fds[0], &closed);
    assert_false(closed);
    (void)client_read(fds[2], &closed);
    assert_false(closed);
    for (unsigned i = 0; i < UAPI_CLIENTS; i++)
        close(fds[i]);
    close(newcomer);
}

/* Nobody is there to make way: who came is sent away rather than announced for ever, and the next one is
 * served. */
static void without_descriptors_a_lone_client_is_sent_away(void **state)
{
    struct fixture *fixture = *state;
    int first = client_open(fixture), second = client_open(fixture), lowest = dup(first);
    struct rlimit before, none;

    assert_true(lowest >= 0);
    close(lowest); /* the next to be given */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    serve(fixture);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_closed(fixture, first);
    assert_closed(fixture, second);
    close(first);
    close(second);
    first = client_open(fixture);
    client_send(first, "set=1\n\n");
    assert_reply(fixture, first, "errno=0\n\n");
    close(first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_set_is_applied_whole_and_answered),
        TEST(our_own_set_is_answered_with_positive_numbers),
        TEST(errno_is_negative_for_set_and_positive_for_get),
        TEST(a_get_dumps_and_the_connection_goes_on),
        TEST(requests_sent_at_once_are_answered_in_order),
        TEST(many_requests_at_once_are_all_answered),
        TEST(a_client_that_speaks_something_else_is_hung_up_on),
        TEST(the_end_of_the_stream_applies_a_set),
        TEST(a_stalled_client_holds_up_nobody),
        TEST(a_client_that_does_not_read_holds_up_nobody),
        TEST(a_client_that_leaves_during_its_dump_leaves_nothing_behind),
        TEST(the_quietest_connection_makes_way),
        TEST(without_descriptors_a_lone_client_is_sent_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
