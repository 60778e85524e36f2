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
    return netlink_open_protocol(NETLINK_ROUTE, groups, extra_flags);
}

int netlink_open_protocol(int protocol, uint32_t groups, int extra_flags)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    struct timeval timeout = {.tv_sec = NETLINK_TIMEOUT_S};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | extra_flags, protocol);

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
    request->header = netlink_message_begin(request->bytes);
    request->header->nlmsg_type = type;
    request->header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    return netlink_message_extend(request->header, header_bytes);
}

/* A list that changes while it is read is read again, so often at most. */
#define NETLINK_DUMP_ATTEMPTS 8

/* Walks through one received buffer. Returns true when the acknowledgement, or the end of a list, was in it;
 * *result is then the kernel's verdict, or answer's if the kernel was content. -EINTR: the list changed. */
static bool netlink_walk(const void *bytes, size_t length, uint32_t sequence, netlink_answer_function *answer,
                         void *argument, int *result)
{
    const struct nlmsghdr *message = bytes;

    for (; netlink_message_ok(message, length); message = netlink_message_next(message, &length)) {
        if (message->nlmsg_seq != sequence)
            continue;
        if ((message->nlmsg_flags & NLM_F_DUMP_INTR) && *result == 0)
            *result = -EINTR;
        if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
            int verdict = 0; /* both begin with a number; an empty end of a list is a good one */

            if (netlink_message_payload_bytes(message) >= sizeof(verdict))
                memcpy(&verdict, netlink_message_payload(message), sizeof(verdict));
            else if (message->nlmsg_type == NLMSG_ERROR)
                verdict = -EBADMSG;
            if (verdict != 0)
                *result = verdict < 0 ? verdict : -EBADMSG;
            return true;
        }
        if (answer && *result == 0)
            *result = answer(message, argument);
    }
    return false;
}

/* Receives until the acknowledgement of this sequence, or the end of its list. */
static int netlink_receive(int netlink, uint32_t sequence, netlink_answer_function *answer, void *argument)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[NETLINK_ANSWER_BYTES];
    int result = 0;

    for (;;) {
        struct sockaddr_nl from = {0};
        socklen_t from_bytes = sizeof(from);
        ssize_t length =
            recvfrom(netlink, bytes, sizeof(bytes), MSG_TRUNC, (struct sockaddr *)&from, &from_bytes);

        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0) {
            result = errno == EAGAIN ? -ETIMEDOUT : -errno;
            break;
        }
        /* Only the kernel answers; another process may send here too. */
        if (from.nl_pid != 0)
            continue;
        if (length > (ssize_t)sizeof(bytes)) {
            result = -EMSGSIZE;
            break;
        }
        if (netlink_walk(bytes, (size_t)length, sequence, answer, argument, &result))
            break;
    }
    explicit_bzero(bytes, sizeof(bytes));
    return result;
}

int netlink_exchange(int netlink, struct nlmsghdr *request, netlink_answer_function *answer, void *argument)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent;

    request->nlmsg_seq = atomic_fetch_add(&netlink_sequence, 1) + 1;
    do
        sent =
            sendto(netlink, request, request->nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return -errno;
    return netlink_receive(netlink, request->nlmsg_seq, answer, argument);
}

int netlink_request_do(int netlink, struct netlink_request *request, netlink_answer_function *answer,
                       void *argument)
{
    return netlink_exchange(netlink, request->header, answer, argument);
}

int netlink_request_dump(int netlink, struct netlink_request *request, void (*restart)(void *argument),
                         netlink_answer_function *answer, void *argument)
{
    int result = 0;

    for (int attempt = 0; attempt < NETLINK_DUMP_ATTEMPTS; attempt++) {
        restart(argument);
        result = netlink_request_do(netlink, request, answer, argument);
        if (result != -EINTR)
            return result;
    }
    return result;
}
