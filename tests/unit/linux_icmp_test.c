/* SPDX-License-Identifier: MIT
 *
 * ICMP errors reach the local program whose packet could not be delivered, and the sockets that send them
 * never hold anything received (routing §4).
 */
#include "fresh_network.h"
#include "linux/icmp.h"
#include "linux/tun.h"
#include "packet/icmp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    struct tun tun;
    struct icmp_sockets icmp;
};

static int make_device(void **state)
{
    static struct fixture fixture;
    struct tun_wishes wishes = {0};

    if (tun_create(&fixture.tun, "vole0", &wishes) < 0 || icmp_open(&fixture.icmp) < 0)
        return -1;
    fresh_network_up("vole0");
    fresh_network_add_address("vole0", "10.7.0.1", 24);
    fresh_network_add_address("vole0", "fd00:7::1", 64);
    *state = &fixture;
    return 0;
}

static int remove_device(void **state)
{
    struct fixture *fixture = *state;

    icmp_close(&fixture->icmp);
    tun_close(&fixture->tun);
    return 0;
}

/* Reads packets from the TUN until one to the wanted address comes (the stack sends some of its own). */
static size_t read_packet_to(const struct tun *tun, const struct vole_address *to, uint8_t *packet,
                             size_t room)
{
    struct vnet_header header;
    size_t offset = to->family == 4 ? 16 : 24;
    size_t bytes = to->family == 4 ? 4 : 16;

    for (;;) {
        ssize_t length = tun_read(tun, &header, packet, room);

        assert_true(length > 0);
        if ((size_t)length > offset + bytes && packet[0] >> 4 == to->family &&
            memcmp(packet + offset, to->bytes, bytes) == 0)
            return (size_t)length;
    }
}

/* A program's UDP socket with its error queue on, connected through the tunnel. */
static int program_socket(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    int on = 1;
    int fd;

    if (strchr(text, ':')) {
        assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
        fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on)), 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&v6, sizeof(v6)), 0);
    } else {
        assert_int_equal(inet_pton(AF_INET, text, &v4.sin_addr), 1);
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&v4, sizeof(v4)), 0);
    }
    return fd;
}

/* The kernel may finish a delivery over the loopback after the sending call returned. */
static void await(int fd, short events)
{
    struct pollfd poller = {.fd = fd, .events = events};

    assert_int_equal(poll(&poller, 1, 10000), 1);
}

static struct sock_extended_err read_error(int fd)
{
    _Alignas(struct cmsghdr) unsigned char control[256];
    uint8_t byte;
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    struct msghdr header = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct sock_extended_err error = {0};

    await(fd, 0); /* POLLERR needs no asking */
    assert_true(recvmsg(fd, &header, MSG_ERRQUEUE) >= 0);
    struct cmsghdr *part = CMSG_FIRSTHDR(&header);
    assert_non_null(part);
    if (part)
        memcpy(&error, CMSG_DATA(part), sizeof(error));
    return error;
}

static void reaches_the_program(struct fixture *fixture, const char *text, uint8_t type, uint8_t code)
{
    static uint8_t packet[TUN_PACKET_BYTES];
    uint8_t message[ICMP_UNREACHABLE_BYTES];
    struct vole_address to = fresh_network_address(text);
    struct vole_address from = fresh_network_address(to.family == 4 ? "10.7.0.1" : "fd00:7::1");
    int fd = program_socket(text);

    assert_int_equal(send(fd, "x", 1, 0), 1);
    size_t length = read_packet_to(&fixture->tun, &to, packet, sizeof(packet));
    length = icmp_unreachable(message, sizeof(message), packet, length);
    assert_true(length > 0);
    assert_int_equal(icmp_send(&fixture->icmp, &from, message, length), 0);
    struct sock_extended_err error = read_error(fd);
    assert_int_equal(error.ee_errno, EHOSTUNREACH);
    assert_int_equal(error.ee_type, type);
    assert_int_equal(error.ee_code, code);
    (void)close(fd);
}

static void host_unreachable_reaches_an_ipv4_program(void **state)
{
    reaches_the_program(*state, "10.7.0.2", 3, 1);
}

static void address_unreachable_reaches_an_ipv6_program(void **state)
{
    reaches_the_program(*state, "fd00:7::2", 1, 3);
}

/* The messages sent above came back over the loopback to every raw socket there is. */
static void nothing_is_ever_received(void **state)
{
    struct fixture *fixture = *state;
    struct pollfd sockets[2] = {{.fd = fixture->icmp.v4, .events = POLLIN},
                                {.fd = fixture->icmp.v6, .events = POLLIN}};
    struct icmp_sockets other = {.v4 = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP),
                                 .v6 = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMPV6)};
    struct vole_address local = fresh_network_address("127.0.0.1");
    uint8_t unknown[8] = {40, 0, 0xd7, 0xff}; /* a type that the kernel's own filter cannot name */
    uint8_t byte;

    assert_int_equal(icmp_send(&other, &local, unknown, sizeof(unknown)), 0);
    reaches_the_program(fixture, "10.7.0.2", 3, 1);
    reaches_the_program(fixture, "fd00:7::2", 1, 3);
    await(other.v4, POLLIN);
    await(other.v6, POLLIN);
    assert_int_equal(recv(other.v4, &byte, 1, 0), 1);
    assert_int_equal(recv(other.v6, &byte, 1, 0), 1);
    icmp_close(&other);
    assert_int_equal(poll(sockets, 2, 0), 0);
}

static void sockets_do_not_block_and_are_closed_on_exec(void **state)
{
    struct fixture *fixture = *state;
    struct icmp_sockets none = {.v4 = -1, .v6 = -1};
    struct vole_address to = fresh_network_address("10.7.0.1");
    uint8_t message[8] = {3, 1};

    assert_true(fcntl(fixture->icmp.v4, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fixture->icmp.v6, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fixture->icmp.v4, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fixture->icmp.v6, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(icmp_send(&none, &to, message, sizeof(message)), -EAFNOSUPPORT);
    icmp_close(&none);
}

#define ICMP_TEST(function) cmocka_unit_test_setup_teardown(function, make_device, remove_device)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ICMP_TEST(host_unreachable_reaches_an_ipv4_program),
        ICMP_TEST(address_unreachable_reaches_an_ipv6_program),
        ICMP_TEST(nothing_is_ever_received),
        ICMP_TEST(sockets_do_not_block_and_are_closed_on_exec),
    };

    if (!fresh_network_enter(true))
        return FRESH_NETWORK_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
