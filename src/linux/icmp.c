/* SPDX-License-Identifier: MIT
 *
 * Raw ICMP sockets that only send.
 */
#include "linux/icmp.h"

#include "linux/kernel_constants.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* TOS of ICMP errors in the kernel: precedence "internetwork control". */
#define ICMP_TOS 0xc0

/* Keeps everything out: a filter program that accepts no byte of any packet, and next to no queue in case
 * something came in between. The types are filtered too, which is cheaper for the kernel. */
static int icmp_send_only(int fd)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog program = {.len = 1, .filter = nothing};
    int least = 0;

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
    return 0;
}

static void icmp_prepare_v4(int fd)
{
    uint32_t all_types = UINT32_MAX;
    int no_df = IP_PMTUDISC_DONT;
    int tos = ICMP_TOS;

    (void)setsockopt(fd, IPPROTO_RAW, ICMP_FILTER, &all_types, sizeof(all_types));
    (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &no_df, sizeof(no_df));
    (void)setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
}

static void icmp_prepare_v6(int fd)
{
    struct icmp6_filter all_types;
    int no_df = IPV6_PMTUDISC_DONT;

    ICMP6_FILTER_SETBLOCKALL(&all_types);
    (void)setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &all_types, sizeof(all_types));
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &no_df, sizeof(no_df));
}

static int icmp_open_family(int family)
{
    int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);

    if (fd < 0)
        return -errno;
    int result = icmp_send_only(fd);
    if (result < 0) {
        (void)close(fd);
        return result;
    }
    if (family == AF_INET)
        icmp_prepare_v4(fd);
    else
        icmp_prepare_v6(fd);
    return fd;
}

int icmp_open(struct icmp_sockets *sockets)
{
    sockets->v6 = -1;
    sockets->v4 = icmp_open_family(AF_INET);
    if (sockets->v4 < 0) {
        int result = sockets->v4;

        sockets->v4 = -1;
        return result;
    }
    sockets->v6 = icmp_open_family(AF_INET6);
    if (sockets->v6 >= 0)
        return 0;
    int result = sockets->v6 == -EAFNOSUPPORT ? 0 : sockets->v6;
    sockets->v6 = -1;
    if (result < 0)
        icmp_close(sockets);
    return result;
}

void icmp_close(struct icmp_sockets *sockets)
{
    if (sockets->v4 >= 0)
        (void)close(sockets->v4);
    if (sockets->v6 >= 0)
        (void)close(sockets->v6);
    sockets->v4 = -1;
    sockets->v6 = -1;
}

int icmp_send(const struct icmp_sockets *sockets, const struct vole_address *to, const uint8_t *message,
              size_t length)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const struct sockaddr *address = (const struct sockaddr *)&v4;
    socklen_t address_bytes = sizeof(v4);
    int fd = sockets->v4;

    if (to->family == 4) {
        memcpy(&v4.sin_addr, to->bytes, 4);
    } else {
        memcpy(&v6.sin6_addr, to->bytes, 16);
        address = (const struct sockaddr *)&v6;
        address_bytes = sizeof(v6);
        fd = sockets->v6;
    }
    if (fd < 0)
        return -EAFNOSUPPORT;
    ssize_t sent = sendto(fd, message, length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address_bytes);
    return sent < 0 ? -errno : 0;
}
