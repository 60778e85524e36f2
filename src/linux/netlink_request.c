/* SPDX-License-Identifier: MIT
 *
 * Question and answer over rtnetlink.
 */
#include "linux/netlink_request.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define NETLINK_TIMEOUT_S 5

/* Tells the answer to this request from a late one to an earlier request that timed out. */
static atomic_uint netlink_sequence;

int netlink_open(uint32_t groups, int extra_flags)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    struct timeval timeout = {.tv_sec = NETLINK_TIMEOUT_S};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | extra_flags, NETLINK_ROUTE);

    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0)
        return fd;
    int error = -errno;
    (void)close(fd);
    return error;
}

void *netlink_request_init(struct netlink_request *request, uint16_t type, uint16_t flags,
                           size_t header_bytes)
{
    request->header = mnl_nlmsg_put_header(request->bytes);
    request->header->nlmsg_type = type;
    request->header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    request->header->nlmsg_seq = atomic_fetch_add(&netlink_sequence, 1) + 1;
    return mnl_nlmsg_put_extra_header(request->header, header_bytes);
}

/* Walks through one received buffer. Returns true when the acknowledgement was in it; *result is then the
 * kernel's verdict, or answer's if the kernel was content. */
static bool netlink_walk(const void *bytes, int length, uint32_t sequence, netlink_answer_function *answer,
                         void *argument, int *result)
{
    const struct nlmsghdr *message = bytes;

    for (; mnl_nlmsg_ok(message, length); message = mnl_nlmsg_next(message, &length)) {
        if (message->nlmsg_seq != sequence)
            continue;
        if (message->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *verdict = mnl_nlmsg_get_payload(message);

            if (mnl_nlmsg_get_payload_len(message) < sizeof(*verdict))
                *result = -EBADMSG;
            else if (verdict->error != 0)
                *result = verdict->error;
            return true;
        }
        if (answer && *result == 0)
            *result = answer(message, argument);
    }
    return false;
}

int netlink_request_do(int netlink, struct netlink_request *request, netlink_answer_function *answer,
                       void *argument)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[NETLINK_ANSWER_BYTES];
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    uint32_t sequence = request->header->nlmsg_seq;
    int result = 0;
    ssize_t length;

    do
        length = sendto(netlink, request->header, request->header->nlmsg_len, 0,
                        (const struct sockaddr *)&kernel, sizeof(kernel));
    while (length < 0 && errno == EINTR);
    if (length < 0)
        return -errno;
    for (;;) {
        struct sockaddr_nl from = {0};
        socklen_t from_bytes = sizeof(from);

        length = recvfrom(netlink, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_bytes);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        /* Only the kernel answers; another process may send here too. */
        if (from.nl_pid != 0)
            continue;
        if (netlink_walk(bytes, (int)length, sequence, answer, argument, &result))
            return result;
    }
}
