/* SPDX-License-Identifier: MIT
 *
 * The privileged parent with engines that do one thing each: what it gives, what it refuses, and that both
 * end together, whoever ends first. Needs a network namespace of its own and a TUN.
 */
#include "daemon/privileged.h"

#include "daemon/requests.h"
#include "fresh_network.h"
#include "linux/descriptors.h"
#include "linux/link.h"
#include "linux/namespace.h"
#include "linux/tun.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define FINE  0
#define WRONG 9 /* exit code of an engine that did not get what it should */

struct fixture {
    struct privileged parent;
    struct options options;
    struct unix_socket_watch watch;
    struct tun tun;
    int listener;
    char path[64];
};

static int make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct tun_wishes wishes = {.vnet_header = true};
    sigset_t set;

    fixture->options.log_level = LOG_LEVEL_SILENT;
    log_start("wg0", LOG_LEVEL_SILENT);
    (void)snprintf(fixture->path, sizeof fixture->path, "/tmp/privileged-test-%d.sock", (int)getpid());
    fixture->listener = unix_socket_listen(fixture->path);
    assert_true(fixture->listener >= 0);
    assert_int_equal(unix_socket_watch(&fixture->watch, fixture->path), 0);
    assert_int_equal(tun_create(&fixture->tun, "wg0", &wishes), 0);
    assert_int_equal(sigemptyset(&set), 0);
    assert_int_equal(sigaddset(&set, SIGCHLD), 0);
    assert_int_equal(sigaddset(&set, SIGTERM), 0);
    assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    fixture->parent.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    fixture->parent.home = namespace_current();
    fixture->parent.log = -1;
    fixture->parent.tun = fixture->tun.fd;
    fixture->parent.options = &fixture->options;
    fixture->parent.socket_watch = &fixture->watch;
    *state = fixture;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(access(fixture->path, F_OK), -1); /* whatever happened */
    unix_socket_unwatch(&fixture->watch);
    tun_close(&fixture->tun);
    close(fixture->listener);
    close(fixture->parent.signals);
    close(fixture->parent.home);
    free(fixture);
    return 0;
}

/* Runs the parent with an engine that does this; returns the exit code. */
static int run(struct fixture *fixture, int (*engine)(struct fixture *fixture, int parent))
{
    int pair[2];
    pid_t child;

    assert_int_equal(descriptors_pair(pair), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pair[0]);
        _exit(engine(fixture, pair[1]));
    }
    close(pair[1]);
    fixture->parent.engine = pair[0];
    fixture->parent.engine_pid = child;
    return privileged_run(&fixture->parent);
}

/* ---- engines ---- */

static void wait_for_the_end(int parent)
{
    char byte;

    (void)!read(parent, &byte, 1);
}

static int engine_that_ends_with_3(struct fixture *fixture, int parent)
{
    (void)fixture;
    (void)parent;
    return 3;
}

static int engine_that_dies(struct fixture *fixture, int parent)
{
    (void)fixture;
    (void)parent;
    (void)raise(SIGKILL);
    return FINE;
}

static int engine_that_has_the_parent_told_to_end(struct fixture *fixture, int parent)
{
    (void)fixture;
    (void)kill(getppid(), SIGTERM);
    wait_for_the_end(parent);
    return FINE;
}

static int engine_that_removes_the_socket(struct fixture *fixture, int parent)
{
    unlink(fixture->path);
    wait_for_the_end(parent);
    return FINE;
}

static int engine_that_speaks_nonsense(struct fixture *fixture, int parent)
{
    (void)fixture;
    if (descriptors_send(parent, "nonsense", 8, NULL, 0) < 0)
        return WRONG;
    wait_for_the_end(parent);
    return FINE;
}

static int engine_that_asks_for_sockets(struct fixture *fixture, int parent)
{
    struct udp_wishes wishes = {.segment = true, .receive_offload = true};
    struct udp_sockets sockets;
    struct udp_sockets second;
    uint32_t mark = 0;
    socklen_t length = sizeof mark;

    (void)fixture;
    if (request_sockets(parent, 0, 7, &wishes, &sockets) < 0 || sockets.port == 0 || sockets.v4 < 0)
        return WRONG;
    if (getsockopt(sockets.v4, SOL_SOCKET, SO_MARK, &mark, &length) < 0 || mark != 7)
        return WRONG;
    if (request_sockets(parent, sockets.port, 0, &wishes, &second) != -EADDRINUSE)
        return WRONG;
    if (request_mark(parent, &sockets, 99) < 0)
        return WRONG;
    return getsockopt(sockets.v4, SOL_SOCKET, SO_MARK, &mark, &length) < 0 || mark != 99 ? WRONG : FINE;
}

static int engine_that_asks_for_steered_sockets(struct fixture *fixture, int parent)
{
    struct udp_wishes wishes = {.reuse_port = true};
    struct udp_sockets first;
    struct udp_sockets second;

    (void)fixture;
    if (request_sockets(parent, 0, 0, &wishes, &first) < 0 || first.steered)
        return WRONG;
    wishes.join_port = true;
    wishes.steer_among = 2;
    return request_sockets(parent, first.port, 0, &wishes, &second) == 0 && second.steered ? FINE : WRONG;
}

static int engine_that_joins_the_port_of_another(struct fixture *fixture, int parent)
{
    struct udp_wishes wishes = {.reuse_port = true};
    struct udp_sockets others, own, joined;

    (void)fixture;
    if (udp_open(&others, 0, 0, &wishes) < 0 || request_sockets(parent, 0, 0, &wishes, &own) < 0)
        return WRONG;
    wishes.join_port = true;
    if (udp_open(&joined, others.port, 0, &wishes) < 0) /* the kernel would not mind */
        return WRONG;
    if (request_sockets(parent, others.port, 0, &wishes, &joined) != -EPERM)
        return WRONG;
    return request_sockets(parent, own.port, 0, &wishes, &joined) == 0 ? FINE : WRONG;
}

static int engine_that_marks_what_is_no_udp_socket(struct fixture *fixture, int parent)
{
    struct udp_sockets sockets = {.v4 = socket(AF_INET, SOCK_STREAM, 0), .v6 = -1};
    struct udp_sockets file = {.v4 = fixture->tun.fd, .v6 = -1};

    return request_mark(parent, &sockets, 5) == -EINVAL && request_mark(parent, &file, 5) == -EINVAL ? FINE
                                                                                                     : WRONG;
}

static int engine_that_asks_for_what_there_is_not(struct fixture *fixture, int parent)
{
    struct request request = {.kind = 77};
    struct request_answer answer;
    int fds[REQUEST_DESCRIPTORS];
    size_t count = REQUEST_DESCRIPTORS;

    (void)fixture;
    if (descriptors_send(parent, &request, sizeof request, NULL, 0) < 0 ||
        descriptors_receive(parent, &answer, sizeof answer, fds, &count) != (ssize_t)sizeof answer)
        return WRONG;
    return answer.error == -EPROTO && count == 0 ? FINE : WRONG;
}

/* Asks on and on and takes no answer. Lets go only when the parent has, or has done nothing for long. */
static int engine_that_takes_no_answers(struct fixture *fixture, int parent)
{
    const struct request request = {.kind = REQUEST_READY};
    struct pollfd room = {.fd = parent, .events = POLLOUT};

    (void)fixture;
    while (send(parent, &request, sizeof request, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN)
        if (poll(&room, 1, 10000) == 0)
            return WRONG;
    return FINE;
}

static int engine_that_asks_for_the_place(struct fixture *fixture, int parent)
{
    struct link_state state;
    struct place place;

    if (request_place(parent, &place) < 0 || strcmp(place.name, fixture->tun.name) != 0)
        return WRONG;
    if (link_query(place.link, place.index, &state) < 0 || strcmp(state.name, fixture->tun.name) != 0)
        return WRONG;
    return request_redirects_off(parent) == 0 && request_ready(parent) == 0 ? FINE : WRONG;
}

static int engine_whose_interface_is_deleted(struct fixture *fixture, int parent)
{
    struct place place;
    int error;

    if (request_place(parent, &place) < 0 || link_set_up(place.link, place.index, false) < 0)
        return WRONG;
    fresh_network_delete(fixture->tun.name);
    place_close(&place);
    error = request_place(parent, &place);
    return error == -EBADFD || error == -ENODEV ? FINE : WRONG;
}

/* ---- what is proved ---- */

static void the_engines_exit_code_is_passed_on(void **state)
{
    assert_int_equal(run(*state, engine_that_ends_with_3), 3);
}

static void an_engine_that_dies_is_a_failure(void **state)
{
    assert_int_equal(run(*state, engine_that_dies), 1);
}

static void a_signal_ends_the_engine_first(void **state)
{
    assert_int_equal(run(*state, engine_that_has_the_parent_told_to_end), FINE);
}

static void a_removed_socket_file_ends_both(void **state)
{
    assert_int_equal(run(*state, engine_that_removes_the_socket), FINE);
}

static void nonsense_ends_both(void **state)
{
    assert_int_equal(run(*state, engine_that_speaks_nonsense), FINE);
}

static void sockets_have_port_and_mark(void **state)
{
    assert_int_equal(run(*state, engine_that_asks_for_sockets), FINE);
}

static void the_last_of_several_sockets_steers(void **state)
{
    assert_int_equal(run(*state, engine_that_asks_for_steered_sockets), FINE);
}

static void only_a_port_of_its_own_is_joined(void **state)
{
    assert_int_equal(run(*state, engine_that_joins_the_port_of_another), FINE);
}

static void only_udp_sockets_are_marked(void **state)
{
    assert_int_equal(run(*state, engine_that_marks_what_is_no_udp_socket), FINE);
}

static void unknown_requests_are_refused(void **state)
{
    assert_int_equal(run(*state, engine_that_asks_for_what_there_is_not), FINE);
}

static void nobody_waits_for_an_engine_that_takes_no_answers(void **state)
{
    assert_int_equal(run(*state, engine_that_takes_no_answers), FINE);
}

static void the_place_is_where_the_interface_is(void **state)
{
    assert_int_equal(run(*state, engine_that_asks_for_the_place), FINE);
}

static void a_deleted_interface_has_no_place(void **state)
{
    assert_int_equal(run(*state, engine_whose_interface_is_deleted), FINE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_engines_exit_code_is_passed_on),
        TEST(an_engine_that_dies_is_a_failure),
        TEST(a_signal_ends_the_engine_first),
        TEST(a_removed_socket_file_ends_both),
        TEST(nonsense_ends_both),
        TEST(sockets_have_port_and_mark),
        TEST(the_last_of_several_sockets_steers),
        TEST(only_a_port_of_its_own_is_joined),
        TEST(only_udp_sockets_are_marked),
        TEST(unknown_requests_are_refused),
        TEST(nobody_waits_for_an_engine_that_takes_no_answers),
        TEST(the_place_is_where_the_interface_is),
        TEST(a_deleted_interface_has_no_place),
    };

    if (!fresh_network_enter(true))
        return FRESH_NETWORK_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
