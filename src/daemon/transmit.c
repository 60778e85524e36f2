/* SPDX-License-Identifier: MIT
 *
 * One run, sent: segmented where that works, else message by message in one call.
 */
#include "daemon/transmit.h"

#include <errno.h>
#include <poll.h>

#define WAIT_MS    5 /* for room in the socket's buffer ... */
#define WAIT_TURNS 4 /* ... and so often, before the datagram is given up */

/* What is on its way: shrinks from the front. */
struct transmission {
    const struct udp_sockets *sockets;
    _Atomic bool *segment;
    struct vole_endpoint to;
    uint8_t traffic_class;
    const uint8_t *bytes;
    uint32_t count;
    uint16_t segment_bytes, last_bytes;
    uint32_t plain; /* so many from the front go out one by one, whatever the switch says */
    unsigned waits;
};

static size_t bytes_of(const struct transmission *left, uint32_t datagrams)
{
    size_t bytes = (size_t)datagrams * left->segment_bytes;

    return datagrams < left->count ? bytes : bytes - left->segment_bytes + left->last_bytes;
}

/* How many fit one segmented message; 1: not worth it, or not possible. */
static uint32_t segments(const struct transmission *left)
{
    uint32_t most = UDP_SEGMENTED_BYTES / left->segment_bytes;

    if (left->plain > 0 || left->segment == NULL || !left->sockets->segment ||
        !atomic_load_explicit(left->segment, memory_order_relaxed))
        return 1;
    if (most > UDP_SEGMENTED_COUNT)
        most = UDP_SEGMENTED_COUNT;
    return most > left->count ? left->count : most > 0 ? most : 1;
}

/* Returns how many datagrams were taken, or -errno. */
static int send_segmented(const struct transmission *left, uint32_t datagrams)
{
    struct iovec piece = {.iov_base = (void *)left->bytes, .iov_len = bytes_of(left, datagrams)};
    struct udp_message message = {.to = &left->to,
                                  .traffic_class = left->traffic_class,
                                  .segment_bytes = left->segment_bytes,
                                  .pieces = &piece,
                                  .piece_count = 1};
    int error = udp_send(left->sockets, &message);

    return error == 0 ? (int)datagrams : error;
}

static int send_plain(const struct transmission *left)
{
    struct udp_message messages[UDP_SEND_MESSAGES];
    struct iovec pieces[UDP_SEND_MESSAGES];
    uint32_t count = left->plain > 0 && left->plain < left->count ? left->plain : left->count;

    if (count > UDP_SEND_MESSAGES)
        count = UDP_SEND_MESSAGES;
    for (uint32_t i = 0; i < count; i++) {
        pieces[i].iov_base = (void *)(left->bytes + (size_t)i * left->segment_bytes);
        pieces[i].iov_len = i + 1 < left->count ? left->segment_bytes : left->last_bytes;
        messages[i] = (struct udp_message){
            .to = &left->to, .traffic_class = left->traffic_class, .pieces = &pieces[i], .piece_count = 1};
    }
    return udp_send_many(left->sockets, messages, count);
}

static bool wait_for_room(struct transmission *left)
{
    struct pollfd descriptor = {.fd = left->to.address.family == 4 ? left->sockets->v4 : left->sockets->v6,
                                .events = POLLOUT};

    return left->waits++ < WAIT_TURNS && poll(&descriptor, 1, WAIT_MS) >= 0;
}

/* Whether trying again makes sense, and with what given up. */
static bool recover(struct transmission *left, uint32_t segmented, int error, struct transmit_result *result)
{
    switch (error) {
    case -EAGAIN:
    case -ENOBUFS:
        return wait_for_room(left);
    case -EINTR:
        return true;
    case -EINVAL:
    case -ENETUNREACH:
    case -EADDRNOTAVAIL:
        if (left->to.source.family != 0) {
            left->to.source = (struct vole_address){0};
            left->to.source_interface = 0;
            return result->source_vanished = true;
        }
        break;
    case -EIO:
        if (segmented > 1)
            atomic_store_explicit(left->segment, false, memory_order_relaxed);
        return segmented > 1;
    default:
        break;
    }
    if (segmented > 1 && (error == -EMSGSIZE || error == -EINVAL)) {
        left->plain = segmented;
        return true;
    }
    return false;
}

static void advance(struct transmission *left, uint32_t taken)
{
    left->bytes += (size_t)taken * left->segment_bytes;
    left->count -= taken;
    left->plain -= left->plain < taken ? left->plain : taken;
    left->waits = 0;
}

struct transmit_result transmit_run(const struct udp_sockets *sockets, _Atomic bool *segment,
                                    const struct vole_endpoint *to, uint8_t traffic_class,
                                    const uint8_t *bytes, uint32_t count, uint16_t segment_bytes,
                                    uint16_t last_bytes)
{
    struct transmission left = {.sockets = sockets,
                                .segment = segment,
                                .to = *to,
                                .traffic_class = traffic_class,
                                .bytes = bytes,
                                .count = count,
                                .segment_bytes = segment_bytes,
                                .last_bytes = last_bytes};
    struct transmit_result result = {0};

    while (left.count > 0) {
        uint32_t together = segments(&left);
        int taken = together > 1 ? send_segmented(&left, together) : send_plain(&left);

        if (taken > 0) {
            advance(&left, (uint32_t)taken);
            result.sent += (uint32_t)taken;
        } else if (!recover(&left, together, taken, &result)) {
            result.error = taken;
            break;
        }
    }
    return result;
}

int transmit_one(const struct udp_sockets *sockets, const struct vole_endpoint *to, uint8_t traffic_class,
                 const uint8_t *datagram, size_t length)
{
    struct transmit_result result;

    if (length > UINT16_MAX)
        return -EMSGSIZE;
    result = transmit_run(sockets, NULL, to, traffic_class, datagram, 1, (uint16_t)length, (uint16_t)length);
    return result.error != 0 ? result.error : result.source_vanished;
}
