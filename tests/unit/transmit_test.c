/* SPDX-License-Identifier: MIT
 *
 * What is done when the network refuses a datagram (offload §6, §9; routing §9). The socket calls are
 * replaced (--wrap) by a network that refuses on command and keeps an account of what it took.
 */
#include "daemon/transmit.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SEGMENT 100
#define MOST    256

/* The network: how it answers, and what it saw. */
static struct {
    int segmented_error; /* for messages with segments; 0: taken */
    int sourced_error;   /* for messages with a source address */
    int plain_error;     /* for single datagrams from number plain_error_at on */
    unsigned plain_error_at;
    unsigned full; /* so many calls end with EAGAIN first */

    unsigned segmented_calls, plain_calls, polls;
    unsigned datagrams;        /* taken */
    uint8_t first_bytes[MOST]; /* of each: its number */
    size_t lengths[MOST];      /* of each */
    bool had_source;           /* the last message */
    uint32_t most_segments;    /* in one message */
    uint8_t traffic_class;
} network;

static uint8_t bytes[MOST * SEGMENT];
static const struct udp_sockets sockets = {.v4 = 100, .v6 = -1, .port = 1, .segment = true};
static const struct vole_endpoint nowhere = {.address = {4, {192, 0, 2, 1}}, .port = 9};
static const struct vole_endpoint sourced = {
    .address = {4, {192, 0, 2, 1}}, .source = {4, {192, 0, 2, 2}}, .source_interface = 3, .port = 9};

int __wrap_udp_send(const struct udp_sockets *with, const struct udp_message *message);
int __wrap_udp_send_many(const struct udp_sockets *with, const struct udp_message *messages, size_t count);
int __wrap_poll(struct pollfd *descriptors, nfds_t count, int timeout);

static int common_refusal(const struct udp_message *message)
{
    network.had_source = message->to->source.family != 0;
    network.traffic_class = message->traffic_class;
    if (network.full > 0) {
        network.full--;
        return -EAGAIN;
    }
    return network.had_source ? network.sourced_error : 0;
}

static void take(const struct udp_message *message)
{
    const uint8_t *from = message->pieces[0].iov_base;
    size_t left = message->pieces[0].iov_len;
    size_t segment = message->segment_bytes != 0 ? message->segment_bytes : left;

    for (; left > 0; from += segment) {
        size_t length = left < segment ? left : segment;

        assert_true(network.datagrams < MOST);
        network.first_bytes[network.datagrams] = from[0];
        network.lengths[network.datagrams++] = length;
        left -= length;
    }
}

int __wrap_udp_send(const struct udp_sockets *with, const struct udp_message *message)
{
    int error = common_refusal(message);
    uint32_t segments;

    assert_ptr_equal(with, &sockets);
    network.segmented_calls++;
    assert_int_not_equal(message->segment_bytes, 0);
    segments = (uint32_t)((message->pieces[0].iov_len + message->segment_bytes - 1) / message->segment_bytes);
    if (segments > network.most_segments)
        network.most_segments = segments;
    assert_true(message->pieces[0].iov_len <= UDP_SEGMENTED_BYTES);
    if (error == 0)
        error = network.segmented_error;
    if (error == 0)
        take(message);
    return error;
}

int __wrap_udp_send_many(const struct udp_sockets *with, const struct udp_message *messages, size_t count)
{
    int taken = 0;

    assert_ptr_equal(with, &sockets);
    network.plain_calls++;
    for (size_t i = 0; i < count; i++) {
        int error = common_refusal(&messages[i]);

        assert_int_equal(messages[i].segment_bytes, 0);
        if (error == 0 && network.datagrams >= network.plain_error_at)
            error = network.plain_error;
        if (error != 0)
            return taken > 0 ? taken : error;
        take(&messages[i]);
        taken++;
    }
    return taken;
}

int __wrap_poll(struct pollfd *descriptors, nfds_t count, int timeout)
{
    assert_int_equal(count, 1);
    assert_int_equal(descriptors[0].fd, 100);
    assert_int_equal(descriptors[0].events, POLLOUT);
    assert_true(timeout > 0 && timeout <= 20);
    network.polls++;
    return 1;
}

static int reset(void **state)
{
    (void)state;
    memset(&network, 0, sizeof network);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i / SEGMENT);
    return 0;
}

/* Sends count datagrams, the last of them short; every one that was taken came in order and unharmed. */
static struct transmit_result send_row(_Atomic bool *segment, const struct vole_endpoint *to, uint32_t count)
{
    struct transmit_result result = transmit_run(&sockets, segment, to, 2, bytes, count, SEGMENT, 40);

    assert_int_equal(result.sent, network.datagrams);
    for (uint32_t i = 0; i < result.sent; i++) {
        assert_int_equal(network.first_bytes[i], (uint8_t)i);
        assert_int_equal(network.lengths[i], i + 1 < count ? SEGMENT : 40);
    }
    return result;
}

static void a_row_is_one_message(void **state)
{
    _Atomic bool segment = true;
    struct transmit_result result = send_row(&segment, &nowhere, 40);

    (void)state;
    assert_int_equal(result.sent, 40);
    assert_int_equal(result.error, 0);
    assert_int_equal(network.segmented_calls, 1);
    assert_int_equal(network.plain_calls, 0);
    assert_int_equal(network.traffic_class, 2);
}

static void a_long_row_is_cut_at_the_kernels_limit(void **state)
{
    _Atomic bool segment = true;

    (void)state;
    assert_int_equal(send_row(&segment, &nowhere, 200).sent, 200);
    assert_int_equal(network.most_segments, UDP_SEGMENTED_COUNT);
}

static void a_single_datagram_has_no_segments(void **state)
{
    _Atomic bool segment = true;

    (void)state;
    assert_int_equal(send_row(&segment, &nowhere, 1).sent, 1);
    assert_int_equal(network.segmented_calls, 0);
}

static void switched_off_means_one_by_one(void **state)
{
    _Atomic bool segment = false;

    (void)state;
    assert_int_equal(send_row(&segment, &nowhere, 100).sent, 100);
    assert_int_equal(network.segmented_calls, 0);
    assert_true(network.plain_calls < 100); /* but not call by call */
}

static void eio_gives_segmentation_up_for_good(void **state)
{
    _Atomic bool segment = true;

    (void)state;
    network.segmented_error = -EIO;
    assert_int_equal(send_row(&segment, &nowhere, 20).sent, 20);
    assert_false(segment);
    assert_int_equal(network.segmented_calls, 1);
}

static void emsgsize_sends_this_row_plainly_and_goes_on_segmenting(void **state)
{
    _Atomic bool segment = true;

    (void)state;
    network.segmented_error = -EMSGSIZE;
    assert_int_equal(send_row(&segment, &nowhere, 20).sent, 20);
    assert_true(segment);
    network.segmented_error = 0;
    network.datagrams = 0;
    assert_int_equal(send_row(&segment, &nowhere, 20).sent, 20);
    assert_int_equal(network.segmented_calls, 2);
}

static void einval_of_segmentation_sends_plainly(void **state)
{
    _Atomic bool segment = true;

    (void)state;
    network.segmented_error = -EINVAL;
    assert_int_equal(send_row(&segment, &nowhere, 5).sent, 5);
}

static void a_vanished_source_is_left_out(void **state)
{
    const int errors[] = {-EINVAL, -ENETUNREACH};

    for (size_t i = 0; i < 2; i++) {
        _Atomic bool segment = true;
        struct transmit_result result;

        reset(state);
        network.sourced_error = errors[i];
        result = send_row(&segment, &sourced, 10);
        assert_int_equal(result.sent, 10);
        assert_true(result.source_vanished);
        assert_false(network.had_source);
        assert_true(segment);
        assert_int_equal(transmit_one(&sockets, &sourced, 2, bytes, 40), 1);
    }
}

static void without_a_source_unreachable_is_final(void **state)
{
    _Atomic bool segment = true;
    struct transmit_result result;

    (void)state;
    network.segmented_error = -ENETUNREACH;
    result = send_row(&segment, &nowhere, 10);
    assert_int_equal(result.sent, 0);
    assert_int_equal(result.error, -ENETUNREACH);
    assert_false(result.source_vanished);
    network.plain_error = -EPERM;
    assert_int_equal(transmit_one(&sockets, &nowhere, 2, bytes, 40), -EPERM);
}

static void a_full_buffer_is_waited_for_but_not_forever(void **state)
{
    _Atomic bool segment = true;

    (void)state;
    network.full = 2;
    assert_int_equal(send_row(&segment, &nowhere, 10).sent, 10);
    assert_int_equal(network.polls, 2);
    network.full = 1000;
    network.datagrams = 0;
    assert_int_equal(send_row(&segment, &nowhere, 10).error, -EAGAIN);
    assert_true(network.polls < 20);
}

static void what_was_taken_before_an_error_counts(void **state)
{
    struct transmit_result result;

    (void)state;
    network.plain_error = -EPERM;
    network.plain_error_at = 7;
    result = send_row(NULL, &nowhere, 10);
    assert_int_equal(result.sent, 7);
    assert_int_equal(result.error, -EPERM);
}

/* Cut to 16 bits it would be a short one. */
static void a_datagram_longer_than_any_is_refused(void **state)
{
    (void)state;
    assert_int_equal(transmit_one(&sockets, &nowhere, 2, bytes, UINT16_MAX + 1 + 40), -EMSGSIZE);
    assert_int_equal(network.plain_calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_row_is_one_message, reset),
        cmocka_unit_test_setup(a_long_row_is_cut_at_the_kernels_limit, reset),
        cmocka_unit_test_setup(a_single_datagram_has_no_segments, reset),
        cmocka_unit_test_setup(switched_off_means_one_by_one, reset),
        cmocka_unit_test_setup(eio_gives_segmentation_up_for_good, reset),
        cmocka_unit_test_setup(emsgsize_sends_this_row_plainly_and_goes_on_segmenting, reset),
        cmocka_unit_test_setup(einval_of_segmentation_sends_plainly, reset),
        cmocka_unit_test_setup(a_vanished_source_is_left_out, reset),
        cmocka_unit_test_setup(without_a_source_unreachable_is_final, reset),
        cmocka_unit_test_setup(a_full_buffer_is_waited_for_but_not_forever, reset),
        cmocka_unit_test_setup(what_was_taken_before_an_error_counts, reset),
        cmocka_unit_test_setup(a_datagram_longer_than_any_is_refused, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
