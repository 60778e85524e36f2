/* SPDX-License-Identifier: MIT
 *
 * UDP over the loopback: one port for both families (routing §8), the outer header (routing §6), where
 * datagrams come from and were sent to (routing §9), and the offloads both ways (offload §6, §7).
 */
#include "fresh_network.h"
#include "linux/kernel_constants.h"
#include "linux/udp.h"
#include "linux/udp_receive.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct udp_wishes everything = {.segment = true, .receive_offload = true};
static const struct udp_wishes nothing = {0};

struct pair {
    struct udp_sockets here;
    struct udp_sockets there;
    struct udp_batch batch;
};

static void pair_open(struct pair *pair, const struct udp_wishes *wishes)
{
    assert_int_equal(udp_open(&pair->here, 0, 0, wishes), 0);
    assert_int_equal(udp_open(&pair->there, 0, 0, wishes), 0);
    assert_int_equal(udp_batch_init(&pair->batch, 8, UDP_BUFFER_BYTES), 0);
    assert_true(pair->here.v6 >= 0 && pair->there.v6 >= 0);
}

static void pair_close(struct pair *pair)
{
    udp_close(&pair->here);
    udp_close(&pair->there);
    udp_batch_fini(&pair->batch);
}

static int receiving_socket(const struct udp_sockets *sockets, const struct vole_endpoint *endpoint)
{
    return endpoint->address.family == 4 ? sockets->v4 : sockets->v6;
}

/* The kernel may finish a delivery over the loopback after the sending call returned. */
static void await(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&poller, 1, 10000), 1);
}

/* Receives exactly one message at the other side. */
static struct udp_received receive_one(struct pair *pair, const struct vole_endpoint *to)
{
    struct udp_received received[8];

    await(receiving_socket(&pair->there, to));
    assert_int_equal(udp_receive(receiving_socket(&pair->there, to), &pair->batch, received, 8), 1);
    return received[0];
}

static struct udp_message message_of(const struct vole_endpoint *to, struct iovec *piece)
{
    return (struct udp_message){.to = to, .pieces = piece, .piece_count = 1};
}

/* ---- opening ---- */

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage address;
    struct vole_endpoint endpoint;
    socklen_t length = sizeof(address);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    assert_true(udp_endpoint_from_address(&endpoint, &address));
    return endpoint.port;
}

static void port_zero_picks_one_port_for_both_families(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct udp_sockets sockets;

        assert_int_equal(udp_open(&sockets, 0, 0, &everything), 0);
        assert_true(sockets.port != 0);
        assert_int_equal(bound_port(sockets.v4), sockets.port);
        assert_int_equal(bound_port(sockets.v6), sockets.port);
        assert_true(fcntl(sockets.v4, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(sockets.v6, F_GETFD) & FD_CLOEXEC);
        udp_close(&sockets);
    }
}

/* Leaves the kernel four ports to choose from and takes the IPv6 side of three of them. */
static void port_zero_tries_again_when_the_other_family_has_the_port(void **state)
{
    static const char range[] = "40000 40003";
    struct udp_sockets sockets;
    int taken[3];

    (void)state;
    int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY);
    if (fd < 0)
        skip();
    assert_int_equal(write(fd, range, sizeof(range) - 1), sizeof(range) - 1);
    for (int i = 0; i < 3; i++) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)(40000 + i))};
        int one = 1;

        taken[i] = socket(AF_INET6, SOCK_DGRAM, 0);
        assert_int_equal(setsockopt(taken[i], IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
        assert_int_equal(bind(taken[i], (struct sockaddr *)&address, sizeof(address)), 0);
    }
    assert_int_equal(udp_open(&sockets, 0, 0, &everything), 0);
    assert_int_equal(sockets.port, 40003);
    udp_close(&sockets);
    for (int i = 0; i < 3; i++)
        (void)close(taken[i]);
    assert_int_equal(pwrite(fd, "32768 60999", 11, 0), 11);
    (void)close(fd);
}

static void a_fixed_port_in_use_is_an_error(void **state)
{
    struct udp_sockets first;
    struct udp_sockets second;

    (void)state;
    assert_int_equal(udp_open(&first, 51820, 0, &everything), 0);
    assert_int_equal(first.port, 51820);
    assert_int_equal(udp_open(&second, 51820, 0, &everything), -EADDRINUSE);
    assert_int_equal(second.v4, -1);
    assert_int_equal(second.v6, -1);
    udp_close(&first);
    assert_int_equal(udp_open(&second, 51820, 0, &everything), 0);
    udp_close(&second);
}

static void only_who_asks_shares_a_port(void **state)
{
    const struct udp_wishes sharing = {.reuse_port = true};
    const struct udp_wishes joining = {.join_port = true};
    struct udp_sockets first;
    struct udp_sockets second;
    struct udp_sockets third;

    (void)state;
    assert_int_equal(udp_open(&first, 0, 0, &sharing), 0);
    assert_int_equal(udp_open(&second, first.port, 0, &joining), 0);
    assert_int_equal(second.port, first.port);
    assert_int_equal(udp_open(&third, first.port, 0, &nothing), -EADDRINUSE);
    assert_int_equal(udp_open(&third, first.port, 0, &sharing), -EADDRINUSE);
    assert_int_equal(udp_open(&third, 0, 0, &joining), -EINVAL);
    udp_close(&second);
    udp_close(&first);
}

static void the_mark_is_set_and_changed(void **state)
{
    struct udp_sockets sockets;
    uint32_t mark = 0;
    socklen_t length = sizeof(mark);

    (void)state;
    assert_int_equal(udp_open(&sockets, 0, 0xca6c, &everything), 0);
    assert_int_equal(getsockopt(sockets.v6, SOL_SOCKET, SO_MARK, &mark, &length), 0);
    assert_int_equal(mark, 0xca6c);
    assert_int_equal(udp_set_mark(sockets.v6, 0xffffffff), 0);
    assert_int_equal(getsockopt(sockets.v6, SOL_SOCKET, SO_MARK, &mark, &length), 0);
    assert_int_equal(mark, 0xffffffff);
    udp_close(&sockets);
}

/* From here on the kernel answers socket(AF_INET6) as it does when started with ipv6.disable=1. */
static int forbid_ipv6(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void without_ipv6_there_is_ipv4_only(void **state)
{
    int status;

    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct udp_sockets sockets;

        if (forbid_ipv6() < 0)
            _exit(77);
        if (udp_open(&sockets, 0, 0, &everything) != 0 || sockets.v4 < 0 || sockets.v6 != -1)
            _exit(1);
        struct vole_endpoint to = fresh_network_endpoint("::1", sockets.port);
        uint8_t byte = 0;
        struct iovec piece = {.iov_base = &byte, .iov_len = 1};
        struct udp_message message = message_of(&to, &piece);

        _exit(udp_send(&sockets, &message) == -EAFNOSUPPORT ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- sending and receiving ---- */

static void tells_where_a_datagram_came_from_and_went_to(void **state)
{
    static const struct {
        const char *from;
        const char *to;
    } cases[] = {{"127.0.0.3", "127.0.0.2"}, {"127.0.0.1", "127.0.0.1"}, {"fd00::2", "fd00::1"}};
    struct pair pair;
    uint8_t bytes[100] = {1, 2, 3};

    (void)state;
    pair_open(&pair, &everything);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vole_endpoint to = fresh_network_endpoint(cases[i].to, pair.there.port);
        struct vole_address from = fresh_network_address(cases[i].from);
        struct iovec pieces[2] = {{.iov_base = bytes, .iov_len = 2}, {.iov_base = bytes + 2, .iov_len = 98}};
        struct udp_message message = {.to = &to, .pieces = pieces, .piece_count = 2};

        to.source = from;
        assert_int_equal(udp_send(&pair.here, &message), 0);
        struct udp_received received = receive_one(&pair, &to);
        assert_int_equal(received.length, 100);
        assert_int_equal(received.segment_bytes, 100);
        assert_memory_equal(received.bytes, bytes, 100);
        assert_false(received.truncated);
        assert_int_equal(received.traffic_class, 0);
        assert_memory_equal(&received.from.address, &from, sizeof(from));
        assert_int_equal(received.from.port, pair.here.port);
        assert_memory_equal(&received.from.source, &to.address, sizeof(from));
        assert_int_equal(received.from.scope, 0);
        assert_int_equal(received.from.source_interface, from.family == 4 ? fresh_network_index("lo") : 0);
    }
    pair_close(&pair);
}

static void link_local_addresses_keep_their_scope(void **state)
{
    struct pair pair;
    uint8_t bytes[10] = {0};
    struct iovec piece = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    uint32_t loopback = fresh_network_index("lo");

    (void)state;
    pair_open(&pair, &everything);
    struct vole_endpoint to = fresh_network_endpoint("fe80::1", pair.there.port);
    struct udp_message message = message_of(&to, &piece);
    to.scope = loopback;
    to.source = fresh_network_address("fe80::2");
    assert_int_equal(udp_send(&pair.here, &message), 0);
    struct udp_received received = receive_one(&pair, &to);
    assert_int_equal(received.from.scope, loopback);
    assert_memory_equal(&received.from.address, &to.source, sizeof(to.source));
    to.scope = 0;
    assert_true(udp_send(&pair.here, &message) < 0);
    pair_close(&pair);
}

static void the_tos_byte_travels(void **state)
{
    static const uint8_t classes[] = {0x88, 0x01, 0x02, 0x03, 0x00, 0xff};
    static const char *const addresses[] = {"127.0.0.1", "::1"};
    struct pair pair;
    uint8_t bytes[10] = {0};
    struct iovec piece = {.iov_base = bytes, .iov_len = sizeof(bytes)};

    (void)state;
    pair_open(&pair, &everything);
    for (size_t i = 0; i < sizeof(classes) * 2; i++) {
        struct vole_endpoint to = fresh_network_endpoint(addresses[i % 2], pair.there.port);
        struct udp_message message = message_of(&to, &piece);

        message.traffic_class = classes[i / 2];
        assert_int_equal(udp_send(&pair.here, &message), 0);
        assert_int_equal(receive_one(&pair, &to).traffic_class, classes[i / 2]);
    }
    pair_close(&pair);
}

/* Sends ten datagrams of 1000 bytes and a shorter one as one message and checks that they all arrive. */
static void send_segments(struct pair *pair, const char *address, bool merged)
{
    static uint8_t bytes[10300];
    struct vole_endpoint to = fresh_network_endpoint(address, pair->there.port);
    struct iovec piece = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    struct udp_message message = message_of(&to, &piece);
    struct udp_received received[16];
    struct udp_batch batch;
    size_t total = 0;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i / 1000 + i);
    message.segment_bytes = 1000;
    message.traffic_class = 0x02;
    to.source = to.address;
    assert_int_equal(udp_send(&pair->here, &message), 0);
    assert_int_equal(udp_batch_init(&batch, 16, UDP_BUFFER_BYTES), 0);
    for (int seen = 0; seen < (merged ? 1 : 11);) {
        int fd = receiving_socket(&pair->there, &to);

        await(fd);
        int count = udp_receive(fd, &batch, received, 16);
        assert_true(count > 0);
        for (int i = 0; i < count; i++, seen++) {
            assert_memory_equal(received[i].bytes, bytes + total, received[i].length);
            assert_int_equal(received[i].segment_bytes, merged || seen < 10 ? 1000 : 300);
            assert_int_equal(received[i].traffic_class, 0x02);
            total += received[i].length;
        }
    }
    assert_int_equal(total, sizeof(bytes));
    udp_batch_fini(&batch);
}

static void segments_are_sent_and_received_as_one(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair, &everything);
    if (!pair.here.segment || !pair.there.receive_offload) {
        pair_close(&pair);
        skip();
    }
    send_segments(&pair, "127.0.0.1", true);
    send_segments(&pair, "::1", true);
    pair_close(&pair);
}

static void without_receive_offload_segments_arrive_singly(void **state)
{
    const struct udp_wishes segment_only = {.segment = true};
    struct pair pair;

    (void)state;
    pair_open(&pair, &segment_only);
    assert_false(pair.there.receive_offload);
    if (pair.here.segment) {
        send_segments(&pair, "127.0.0.1", false);
        send_segments(&pair, "::1", false);
    }
    pair_close(&pair);
}

static void offloads_are_what_the_kernel_says_and_can_be_switched_off(void **state)
{
    struct udp_sockets on;
    struct udp_sockets off;
    int value = -1;
    socklen_t length = sizeof(value);

    (void)state;
    assert_int_equal(udp_open(&on, 0, 0, &everything), 0);
    assert_int_equal(udp_open(&off, 0, 0, &nothing), 0);
    int answer = getsockopt(on.v6, IPPROTO_UDP, UDP_GRO, &value, &length);
    assert_int_equal(on.receive_offload, answer == 0 && value == 1);
    assert_int_equal(on.segment, getsockopt(on.v6, IPPROTO_UDP, UDP_SEGMENT, &value, &length) == 0);
    assert_false(off.receive_offload || off.segment);
    if (getsockopt(off.v4, IPPROTO_UDP, UDP_GRO, &value, &length) == 0)
        assert_int_equal(value, 0);
    udp_close(&on);
    udp_close(&off);
}

static void the_largest_segmented_message_still_arrives_as_one(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "::1"};
    static uint8_t bytes[UDP_SEGMENTED_BYTES];
    struct iovec piece = {.iov_base = bytes};
    struct pair pair;

    (void)state;
    pair_open(&pair, &everything);
    if (!pair.here.segment || !pair.there.receive_offload) {
        pair_close(&pair);
        skip();
    }
    for (size_t i = 0; i < 2; i++) {
        struct vole_endpoint to = fresh_network_endpoint(addresses[i], pair.there.port);
        struct udp_message message = message_of(&to, &piece);

        piece.iov_len = UDP_SEGMENTED_BYTES;
        message.segment_bytes = 1452;
        assert_int_equal(udp_send(&pair.here, &message), 0);
        struct udp_received received = receive_one(&pair, &to);
        assert_int_equal(received.length, UDP_SEGMENTED_BYTES);
        assert_int_equal(received.segment_bytes, 1452);
        piece.iov_len = 100 * (size_t)UDP_SEGMENTED_COUNT;
        message.segment_bytes = 100;
        assert_int_equal(udp_send(&pair.here, &message), 0);
        received = receive_one(&pair, &to);
        assert_int_equal(received.length, UDP_SEGMENTED_COUNT * 100);
    }
    pair_close(&pair);
}

static void an_error_is_told_as_it_is(void **state)
{
    static uint8_t bytes[70000];
    struct iovec piece = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    struct pair pair;

    (void)state;
    pair_open(&pair, &everything);
    struct vole_endpoint to = fresh_network_endpoint("127.0.0.1", pair.there.port);
    struct udp_message message = message_of(&to, &piece);
    assert_int_equal(udp_send(&pair.here, &message), -EMSGSIZE);
    piece.iov_len = 10;
    to.source = fresh_network_address("10.99.0.1"); /* no address of ours */
    int result = udp_send(&pair.here, &message);
    assert_true(result == -EINVAL || result == -ENETUNREACH);
    to = fresh_network_endpoint("192.0.2.1", 1);
    assert_int_equal(udp_send(&pair.here, &message), -ENETUNREACH);
    to.address.family = 0;
    assert_int_equal(udp_send(&pair.here, &message), -EAFNOSUPPORT);
    pair_close(&pair);
}

static void a_truncated_message_is_marked(void **state)
{
    static uint8_t bytes[5000];
    struct iovec piece = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    struct udp_received received[2];
    struct udp_batch small;
    struct pair pair;

    (void)state;
    pair_open(&pair, &nothing);
    assert_int_equal(udp_batch_init(&small, 2, 2048), 0);
    struct vole_endpoint to = fresh_network_endpoint("127.0.0.1", pair.there.port);
    struct udp_message message = message_of(&to, &piece);
    assert_int_equal(udp_send(&pair.here, &message), 0);
    piece.iov_len = 2000;
    assert_int_equal(udp_send(&pair.here, &message), 0);
    await(pair.there.v4);
    assert_int_equal(udp_receive(pair.there.v4, &small, received, 1), 1);
    assert_true(received[0].truncated);
    await(pair.there.v4);
    assert_int_equal(udp_receive(pair.there.v4, &small, received, 2), 1);
    assert_false(received[0].truncated);
    assert_int_equal(received[0].length, 2000);
    assert_int_equal(udp_receive(pair.there.v4, &small, received, 2), -EAGAIN);
    udp_batch_fini(&small);
    pair_close(&pair);
}

static void many_messages_go_in_order_to_both_families(void **state)
{
    struct pair pair;
    struct udp_message messages[40];
    struct vole_endpoint to[3];
    struct iovec pieces[40];
    uint8_t numbers[40];
    struct udp_received received[8];
    int v4_count = 0;
    int seen = 0;

    (void)state;
    pair_open(&pair, &nothing);
    to[0] = fresh_network_endpoint("127.0.0.1", pair.there.port);
    to[1] = fresh_network_endpoint("::1", pair.there.port);
    to[2] = fresh_network_endpoint("192.0.2.1", 1);
    for (uint8_t i = 0; i < 40; i++) {
        numbers[i] = i;
        pieces[i] = (struct iovec){.iov_base = &numbers[i], .iov_len = 1};
        messages[i] = message_of(&to[i / 3 % 2], &pieces[i]);
        messages[i].traffic_class = i;
    }
    messages[30].to = &to[2];
    for (int i = 0; i < 40; i++)
        v4_count += messages[i].to == &to[0];
    assert_int_equal(udp_send_many(&pair.here, messages, 40), 30);
    assert_int_equal(udp_send_many(&pair.here, messages + 30, 10), -ENETUNREACH);
    assert_int_equal(udp_send_many(&pair.here, messages + 31, 9), 9);
    for (int last[2] = {-1, -1}; seen < 39;) {
        int family = seen < v4_count ? 0 : 1;
        int fd = family == 0 ? pair.there.v4 : pair.there.v6;

        await(fd);
        int count = udp_receive(fd, &pair.batch, received, 8);
        assert_true(count > 0);
        for (int i = 0; i < count; i++, seen++) {
            assert_true(received[i].bytes[0] > last[family]);
            last[family] = received[i].bytes[0];
            assert_int_equal(received[i].traffic_class, last[family]);
            assert_int_equal(last[family] / 3 % 2, family);
        }
    }
    pair_close(&pair);
}

/* ---- on the wire ---- */

/* Sends one datagram while a packet socket watches the loopback, and returns its IP header. */
static void watch_one(struct pair *pair, const char *address, uint8_t traffic_class, uint8_t wire[static 40])
{
    struct vole_endpoint to = fresh_network_endpoint(address, pair->there.port);
    uint8_t bytes[100] = {0};
    struct iovec piece = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    struct udp_message message = message_of(&to, &piece);
    int watcher = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));

    assert_true(watcher >= 0);
    message.traffic_class = traffic_class;
    assert_int_equal(udp_send(&pair->here, &message), 0);
    assert_int_equal(recv(watcher, wire, 40, 0), 40);
    (void)close(watcher);
    (void)receive_one(pair, &to);
}

static void the_outer_header_is_the_kernels(void **state)
{
    struct pair pair;
    uint8_t wire[40];

    (void)state;
    pair_open(&pair, &everything);
    watch_one(&pair, "127.0.0.1", 0x88, wire);
    assert_int_equal(wire[0], 0x45);
    assert_int_equal(wire[1], 0x88);
    assert_int_equal(wire[6] & 0xe0, 0); /* no DF */
    assert_int_equal(wire[8], 64);
    watch_one(&pair, "::1", 0x88, wire);
    assert_int_equal(wire[0], 0x68);
    assert_int_equal(wire[1], 0x80); /* rest of the traffic class, and a flow label of zero */
    assert_int_equal(wire[2] | wire[3], 0);
    assert_int_equal(wire[7], 64);
    pair_close(&pair);
}

/* A datagram above the MTU is fragmented and arrives, segments above it are refused (offload §6). */
static void oversize_is_fragmented_unless_segmented(void **state)
{
    static uint8_t bytes[6000];
    static const char *const addresses[] = {"127.0.0.1", "::1"};
    struct iovec piece = {.iov_base = bytes, .iov_len = 3000};
    struct ifreq request = {.ifr_name = "lo", .ifr_mtu = 1500};
    struct pair pair;

    (void)state;
    pair_open(&pair, &everything);
    assert_int_equal(ioctl(pair.here.v4, SIOCSIFMTU, &request), 0);
    for (size_t i = 0; i < 2; i++) {
        struct vole_endpoint to = fresh_network_endpoint(addresses[i], pair.there.port);
        struct udp_message message = message_of(&to, &piece);

        piece.iov_len = 3000;
        message.segment_bytes = 0;
        assert_int_equal(udp_send(&pair.here, &message), 0);
        assert_int_equal(receive_one(&pair, &to).length, 3000);
        if (!pair.here.segment)
            continue;
        piece.iov_len = 6000;
        message.segment_bytes = 3000;
        assert_int_equal(udp_send(&pair.here, &message), -EMSGSIZE);
    }
    request.ifr_mtu = 65536;
    assert_int_equal(ioctl(pair.here.v4, SIOCSIFMTU, &request), 0);
    pair_close(&pair);
}

/* ---- memory ---- */

static size_t resident_pages(const struct udp_batch *batch)
{
    unsigned char map[64];
    size_t pages = batch->count * batch->buffer_bytes / (size_t)sysconf(_SC_PAGESIZE);
    size_t resident = 0;

    assert_true(pages <= sizeof(map));
    assert_int_equal(mincore(batch->buffers, batch->count * batch->buffer_bytes, map), 0);
    for (size_t i = 0; i < pages; i++)
        resident += map[i] & 1;
    return resident;
}

static void buffers_cost_nothing_until_used(void **state)
{
    uint8_t byte = 0;
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    struct udp_received received[2];
    struct udp_batch batch;
    struct pair pair;

    (void)state;
    pair_open(&pair, &everything);
    assert_int_equal(udp_batch_init(&batch, 2, UDP_BUFFER_BYTES), 0);
    assert_int_equal(resident_pages(&batch), 0);
    struct vole_endpoint to = fresh_network_endpoint("127.0.0.1", pair.there.port);
    struct udp_message message = message_of(&to, &piece);
    assert_int_equal(udp_send(&pair.here, &message), 0);
    await(pair.there.v4);
    assert_int_equal(udp_receive(pair.there.v4, &batch, received, 2), 1);
    assert_int_equal(resident_pages(&batch), 1);
    udp_batch_fini(&batch);
    assert_int_equal(udp_batch_init(&batch, 0, 1), -EINVAL);
    assert_int_equal(udp_batch_init(&batch, 1, UDP_BUFFER_BYTES + 1), -EINVAL);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_zero_picks_one_port_for_both_families),
        cmocka_unit_test(port_zero_tries_again_when_the_other_family_has_the_port),
        cmocka_unit_test(a_fixed_port_in_use_is_an_error),
        cmocka_unit_test(only_who_asks_shares_a_port),
        cmocka_unit_test(the_mark_is_set_and_changed),
        cmocka_unit_test(without_ipv6_there_is_ipv4_only),
        cmocka_unit_test(tells_where_a_datagram_came_from_and_went_to),
        cmocka_unit_test(link_local_addresses_keep_their_scope),
        cmocka_unit_test(the_tos_byte_travels),
        cmocka_unit_test(segments_are_sent_and_received_as_one),
        cmocka_unit_test(without_receive_offload_segments_arrive_singly),
        cmocka_unit_test(offloads_are_what_the_kernel_says_and_can_be_switched_off),
        cmocka_unit_test(the_largest_segmented_message_still_arrives_as_one),
        cmocka_unit_test(an_error_is_told_as_it_is),
        cmocka_unit_test(a_truncated_message_is_marked),
        cmocka_unit_test(many_messages_go_in_order_to_both_families),
        cmocka_unit_test(the_outer_header_is_the_kernels),
        cmocka_unit_test(oversize_is_fragmented_unless_segmented),
        cmocka_unit_test(buffers_cost_nothing_until_used),
    };

    if (!fresh_network_enter(false))
        return FRESH_NETWORK_SKIP;
    fresh_network_add_address("lo", "fe80::1", 64);
    fresh_network_add_address("lo", "fe80::2", 64);
    fresh_network_add_address("lo", "fd00::1", 128);
    fresh_network_add_address("lo", "fd00::2", 128);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
