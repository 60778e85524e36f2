/* SPDX-License-Identifier: MIT
 *
 * What engine and privileged parent say to each other: questions arrive as asked, answers with their
 * descriptors, and nothing leaks or hangs when the other side is gone or talks nonsense.
 */
#include "daemon/requests.h"

#include "linux/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The other side, in a thread: expects one request and gives one answer. */
struct parent {
    int pair[2]; /* [0] is the parent's */
    pthread_t thread;
    struct request request; /* what came */
    size_t received;        /* descriptors with it */
    struct request_answer answer;
    int given[DESCRIPTORS_MAX];
    size_t given_count;
    bool hang_up;
    size_t answer_bytes; /* 0: all of answer */
};

static void *parent_main(void *argument)
{
    struct parent *parent = argument;
    int fds[REQUEST_DESCRIPTORS];
    int error = request_receive(parent->pair[0], &parent->request, fds, &parent->received);

    for (size_t i = 0; i < parent->received; i++)
        close(fds[i]);
    if (error == 0 && !parent->hang_up)
        error = descriptors_send(parent->pair[0], &parent->answer, parent->answer_bytes, parent->given,
                                 parent->given_count);
    close(parent->pair[0]);
    return error == 0 ? NULL : parent;
}

static void parent_start(struct parent *parent)
{
    assert_int_equal(descriptors_pair(parent->pair), 0);
    if (parent->answer_bytes == 0)
        parent->answer_bytes = sizeof parent->answer;
    assert_int_equal(pthread_create(&parent->thread, NULL, parent_main, parent), 0);
}

static void parent_join(struct parent *parent)
{
    void *failed;

    assert_int_equal(pthread_join(parent->thread, &failed), 0);
    assert_null(failed);
    close(parent->pair[1]);
}

static unsigned open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static int some_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    assert_true(fd >= 0);
    return fd;
}

static bool same_file(int one, int other)
{
    struct stat first;
    struct stat second;

    return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_ino == second.st_ino;
}

static void sockets_arrive_as_they_were_opened(void **state)
{
    struct parent parent = {
        .answer = {.v4 = true, .v6 = true, .port = 777, .segment = true, .steered = true}};
    struct udp_wishes wishes = {.segment = true, .join_port = true, .steer_among = 3};
    struct udp_sockets sockets;

    (void)state;
    parent.given[0] = some_socket();
    parent.given[1] = some_socket();
    parent.given_count = 2;
    parent_start(&parent);
    assert_int_equal(request_sockets(parent.pair[1], 700, 9, &wishes, &sockets), 0);
    parent_join(&parent);
    assert_int_equal(parent.request.kind, REQUEST_SOCKETS);
    assert_int_equal(parent.request.port, 700);
    assert_int_equal(parent.request.mark, 9);
    assert_int_equal(parent.request.wishes, REQUEST_WISH_SEGMENT | REQUEST_WISH_JOIN_PORT);
    assert_true(same_file(sockets.v4, parent.given[0]));
    assert_true(same_file(sockets.v6, parent.given[1]));
    assert_int_equal(sockets.port, 777);
    assert_int_equal(parent.request.steer_among, 3);
    assert_true(sockets.segment);
    assert_true(sockets.steered);
    assert_false(sockets.receive_offload);
    udp_close(&sockets);
    close(parent.given[0]);
    close(parent.given[1]);
}

static void a_missing_family_is_none(void **state)
{
    struct parent parent = {.answer = {.v6 = true, .port = 1}};
    struct udp_wishes wishes = {.segment = false};
    struct udp_sockets sockets;

    (void)state;
    parent.given[0] = some_socket();
    parent.given_count = 1;
    parent_start(&parent);
    assert_int_equal(request_sockets(parent.pair[1], 0, 0, &wishes, &sockets), 0);
    parent_join(&parent);
    assert_int_equal(sockets.v4, -1);
    assert_true(same_file(sockets.v6, parent.given[0]));
    udp_close(&sockets);
    close(parent.given[0]);
}

static void a_refusal_is_the_result_and_leaves_nothing_open(void **state)
{
    struct parent parent = {.answer = {.error = -EADDRINUSE}};
    struct udp_wishes wishes = {.segment = false};
    struct udp_sockets sockets;
    unsigned before = open_descriptors();

    (void)state;
    parent.given[0] = some_socket();
    parent.given_count = 1;
    parent_start(&parent);
    assert_int_equal(request_sockets(parent.pair[1], 5, 0, &wishes, &sockets), -EADDRINUSE);
    parent_join(&parent);
    close(parent.given[0]);
    assert_int_equal(sockets.v4, -1);
    assert_int_equal(sockets.v6, -1);
    assert_int_equal(open_descriptors(), before);
}

static void descriptors_that_do_not_match_the_answer_are_refused(void **state)
{
    struct parent parent = {.answer = {.v4 = true, .v6 = true}};
    struct udp_wishes wishes = {.segment = false};
    struct udp_sockets sockets;
    unsigned before = open_descriptors();

    (void)state;
    parent.given[0] = some_socket();
    parent.given_count = 1;
    parent_start(&parent);
    assert_int_equal(request_sockets(parent.pair[1], 5, 0, &wishes, &sockets), -EPROTO);
    parent_join(&parent);
    close(parent.given[0]);
    assert_int_equal(open_descriptors(), before);
}

static void the_mark_goes_with_the_sockets(void **state)
{
    struct parent parent = {.answer = {.error = 0}};
    struct udp_sockets sockets = {.v4 = some_socket(), .v6 = some_socket()};

    (void)state;
    parent_start(&parent);
    assert_int_equal(request_mark(parent.pair[1], &sockets, 0xffffffff), 0);
    parent_join(&parent);
    assert_int_equal(parent.request.kind, REQUEST_MARK);
    assert_int_equal(parent.request.mark, 0xffffffff);
    assert_int_equal(parent.received, 2);
    udp_close(&sockets);
}

static void the_place_comes_with_all_that_belongs_to_it(void **state)
{
    struct parent parent = {.answer = {.v6 = true, .index = 42, .name = "wg5"}};
    struct place place;

    (void)state;
    for (parent.given_count = 0; parent.given_count < 3; parent.given_count++)
        parent.given[parent.given_count] = some_socket();
    parent_start(&parent);
    assert_int_equal(request_place(parent.pair[1], &place), 0);
    parent_join(&parent);
    assert_int_equal(parent.request.kind, REQUEST_PLACE);
    assert_true(same_file(place.monitor, parent.given[0]));
    assert_true(same_file(place.link, parent.given[1]));
    assert_int_equal(place.icmp.v4, -1);
    assert_true(same_file(place.icmp.v6, parent.given[2]));
    assert_int_equal(place.index, 42);
    assert_string_equal(place.name, "wg5");
    place_close(&place);
    for (size_t i = 0; i < 3; i++)
        close(parent.given[i]);
}

static void a_parent_that_hangs_up_is_noticed(void **state)
{
    struct parent parent = {.hang_up = true};
    struct place place;

    (void)state;
    parent_start(&parent);
    assert_int_equal(request_place(parent.pair[1], &place), -EPIPE);
    assert_int_equal(place.monitor, -1);
    assert_int_equal(place.link, -1);
    assert_int_equal(request_ready(parent.pair[1]), -EPIPE);
    parent_join(&parent);
}

static void a_short_answer_is_no_answer(void **state)
{
    struct parent parent = {.answer = {.error = 0}, .answer_bytes = 3};

    (void)state;
    parent_start(&parent);
    assert_int_equal(request_redirects_off(parent.pair[1]), -EPROTO);
    parent_join(&parent);
}

static void what_is_no_request_is_refused(void **state)
{
    struct request request;
    int fds[REQUEST_DESCRIPTORS];
    int pair[2];
    size_t count;
    unsigned before = open_descriptors();

    (void)state;
    assert_int_equal(descriptors_pair(pair), 0);
    fds[0] = some_socket();
    assert_int_equal(descriptors_send(pair[1], "x", 1, fds, 1), 0);
    close(fds[0]);
    assert_int_equal(request_receive(pair[0], &request, fds, &count), -EPROTO);
    assert_int_equal(count, 0);
    close(pair[1]);
    assert_int_equal(request_receive(pair[0], &request, fds, &count), -EPIPE);
    close(pair[0]);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_arrive_as_they_were_opened),
        cmocka_unit_test(a_missing_family_is_none),
        cmocka_unit_test(a_refusal_is_the_result_and_leaves_nothing_open),
        cmocka_unit_test(descriptors_that_do_not_match_the_answer_are_refused),
        cmocka_unit_test(the_mark_goes_with_the_sockets),
        cmocka_unit_test(the_place_comes_with_all_that_belongs_to_it),
        cmocka_unit_test(a_parent_that_hangs_up_is_noticed),
        cmocka_unit_test(a_short_answer_is_no_answer),
        cmocka_unit_test(what_is_no_request_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
