/* SPDX-License-Identifier: MIT
 *
 * Opening the UDP sockets of a port. Sending on them is udp_send.c.
 */
#include "linux/udp.h"

#include "linux/kernel_constants.h"
#include "linux/udp_steering.h"

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#define UDP_OPEN_TRIES         100
#define UDP_SOCKET_QUEUE_BYTES (7 * 1024 * 1024)

static int udp_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Beyond the host's limit where privileged, else up to it. A smaller queue only loses more under bursts. */
static void udp_size_queues(int fd, int bytes)
{
    if (udp_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) < 0)
        (void)udp_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
    if (udp_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes) < 0)
        (void)udp_option(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}

/* What makes the outer packets those of the kernel (routing §6): no DF, no multicast to ourselves. */
static int udp_prepare_v4(int fd)
{
    int result = udp_option(fd, IPPROTO_IP, IP_PKTINFO, 1);

    if (result == 0)
        result = udp_option(fd, IPPROTO_IP, IP_RECVTOS, 1);
    if (result == 0)
        result = udp_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    if (result == 0)
        result = udp_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
    return result;
}

/* The same, and no flow label of its own making. */
static int udp_prepare_v6(int fd)
{
    int result = udp_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);

    if (result == 0)
        result = udp_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    if (result == 0)
        result = udp_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    if (result == 0)
        result = udp_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
    if (result == 0)
        result = udp_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
    (void)udp_option(fd, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0);
    return result;
}

static int udp_bind(int fd, sa_family_t family, uint16_t *port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(*port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
    struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t length = family == AF_INET ? sizeof(v4) : sizeof(v6);

    if (bind(fd, address, length) < 0 || getsockname(fd, address, &length) < 0)
        return -errno;
    *port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return 0;
}

/* Opens, prepares and binds the socket of one family. port is in and out. Returns the descriptor. */
static int udp_open_family(sa_family_t family, uint16_t *port, uint32_t mark, const struct udp_wishes *wishes)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
    int result;

    if (fd < 0)
        return -errno;
    result = family == AF_INET ? udp_prepare_v4(fd) : udp_prepare_v6(fd);
    if (result == 0 && mark != 0)
        result = udp_set_mark(fd, mark);
    if (result == 0 && wishes->join_port)
        result = udp_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (result == 0)
        result = udp_bind(fd, family, port);
    /* Only now, so that somebody else's socket on the port is still an error. */
    if (result == 0 && wishes->reuse_port && !wishes->join_port)
        result = udp_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (result == 0) {
        udp_size_queues(fd, wishes->queue_bytes > 0 ? wishes->queue_bytes : UDP_SOCKET_QUEUE_BYTES);
        return fd;
    }
    (void)close(fd);
    return result;
}

/* IPv4 first; IPv6 follows on the same port (routing §8). */
static int udp_open_pair(struct udp_sockets *sockets, uint16_t port, uint32_t mark,
                         const struct udp_wishes *wishes)
{
    sockets->v4 = udp_open_family(AF_INET, &port, mark, wishes);
    if (sockets->v4 < 0)
        return sockets->v4;
    sockets->port = port;
    sockets->v6 = udp_open_family(AF_INET6, &port, mark, wishes);
    if (sockets->v6 >= 0)
        return 0;
    if (sockets->v6 == -EAFNOSUPPORT) {
        sockets->v6 = -1;
        return 0;
    }
    (void)close(sockets->v4);
    return sockets->v6;
}

static bool udp_option_readable(int fd, int option, int wanted)
{
    int value = -1;
    socklen_t length = sizeof(value);

    return getsockopt(fd, IPPROTO_UDP, option, &value, &length) == 0 && value == wanted;
}

/* Receive offload is only right where it can also be read back: from 5.12 on (offload §8). */
static bool udp_enable_receive_offload(int fd)
{
    if (udp_option(fd, IPPROTO_UDP, UDP_GRO, 1) == 0 && udp_option_readable(fd, UDP_GRO, 1))
        return true;
    (void)udp_option(fd, IPPROTO_UDP, UDP_GRO, 0);
    return false;
}

static void udp_probe_offloads(struct udp_sockets *sockets, const struct udp_wishes *wishes)
{
    sockets->segment = wishes->segment && udp_option_readable(sockets->v4, UDP_SEGMENT, 0);
    sockets->receive_offload = wishes->receive_offload && udp_enable_receive_offload(sockets->v4);
    if (sockets->receive_offload && sockets->v6 >= 0)
        (void)udp_enable_receive_offload(sockets->v6);
}

/* One family alone steered would be right as well, but nothing that could be said in a word. */
static bool udp_steer_pair(const struct udp_sockets *sockets, unsigned among)
{
    return among > 0 && udp_steer(sockets->v4, among) == 0 &&
           (sockets->v6 < 0 || udp_steer(sockets->v6, among) == 0);
}

int udp_open(struct udp_sockets *sockets, uint16_t port, uint32_t mark, const struct udp_wishes *wishes)
{
    int result = -EINVAL;

    if (!wishes->join_port || port != 0) {
        int tries = port == 0 ? UDP_OPEN_TRIES : 1;

        do
            result = udp_open_pair(sockets, port, mark, wishes);
        while (result == -EADDRINUSE && --tries > 0);
    }
    if (result == 0) {
        udp_probe_offloads(sockets, wishes);
        sockets->steered = udp_steer_pair(sockets, wishes->steer_among);
        return 0;
    }
    *sockets = (struct udp_sockets){.v4 = -1, .v6 = -1};
    return result;
}

void udp_close(struct udp_sockets *sockets)
{
    if (sockets->v4 >= 0)
        (void)close(sockets->v4);
    if (sockets->v6 >= 0)
        (void)close(sockets->v6);
    *sockets = (struct udp_sockets){.v4 = -1, .v6 = -1};
}

int udp_set_mark(int fd, uint32_t mark)
{
    return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ? -errno : 0;
}

socklen_t udp_address_from_endpoint(struct sockaddr_storage *address, const struct vole_endpoint *endpoint)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

    switch (endpoint->address.family) {
    case 4:
        *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
        memcpy(&v4->sin_addr, endpoint->address.bytes, 4);
        return sizeof(*v4);
    case 6:
        *v6 = (struct sockaddr_in6){
            .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port), .sin6_scope_id = endpoint->scope};
        memcpy(&v6->sin6_addr, endpoint->address.bytes, 16);
        return sizeof(*v6);
    default:
        return 0;
    }
}

bool udp_endpoint_from_address(struct vole_endpoint *endpoint, const struct sockaddr_storage *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

    memset(endpoint, 0, sizeof(*endpoint));
    if (address->ss_family == AF_INET) {
        endpoint->address.family = 4;
        memcpy(endpoint->address.bytes, &v4->sin_addr, 4);
        endpoint->port = ntohs(v4->sin_port);
        return true;
    }
    if (address->ss_family == AF_INET6) {
        endpoint->address.family = 6;
        memcpy(endpoint->address.bytes, &v6->sin6_addr, 16);
        endpoint->port = ntohs(v6->sin6_port);
        if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
            endpoint->scope = v6->sin6_scope_id;
        return true;
    }
    return false;
}
