/* SPDX-License-Identifier: MIT
 *
 * SCM_RIGHTS over a SOCK_SEQPACKET pair.
 */
#include "linux/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union descriptors_control {
    struct cmsghdr header;
    unsigned char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

int descriptors_pair(int pair[static 2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
}

static int descriptors_send_with(int socket, const void *message, size_t length, const int *fds, size_t count,
                                 int flags)
{
    union descriptors_control control;
    struct iovec piece = {.iov_base = (void *)message, .iov_len = length};
    struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t sent;

    /* An empty message could not be told from the end of the connection. */
    if (length == 0 || count > DESCRIPTORS_MAX)
        return -EINVAL;
    if (count > 0) {
        memset(&control, 0, sizeof(control));
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    }
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL | flags);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int descriptors_send(int socket, const void *message, size_t length, const int *fds, size_t count)
{
    return descriptors_send_with(socket, message, length, fds, count, 0);
}

int descriptors_send_now(int socket, const void *message, size_t length, const int *fds, size_t count)
{
    return descriptors_send_with(socket, message, length, fds, count, MSG_DONTWAIT);
}

/* Moves the descriptors that came with a message to fds as far as there is room, and closes the others.
 * Returns how many came. */
static size_t descriptors_take(struct msghdr *header, int *fds, size_t room)
{
    size_t came = 0;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++, came++) {
            int fd;

            memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
            if (came < room)
                fds[came] = fd;
            else
                (void)close(fd);
        }
    }
    return came;
}

ssize_t descriptors_receive(int socket, void *message, size_t room, int *fds, size_t *count)
{
    union descriptors_control control;
    struct iovec piece = {.iov_base = message, .iov_len = room};
    struct msghdr header = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    size_t capacity = *count;
    ssize_t received;

    *count = 0;
    do
        received = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0)
        return errno == ECONNRESET ? 0 : -errno;
    size_t came = descriptors_take(&header, fds, capacity);
    if (came > capacity || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        for (size_t i = 0; i < came && i < capacity; i++)
            (void)close(fds[i]);
        return -EMSGSIZE;
    }
    *count = came;
    return received;
}
