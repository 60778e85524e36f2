/* SPDX-License-Identifier: MIT
 *
 * The TUN: what is made, what the kernel accepts, what comes out of it and goes in (offload §2, §4, §5).
 */
#include "fresh_network.h"
#include "linux/kernel_constants.h"
#include "linux/link.h"
#include "linux/tun.h"
#include "linux/udp.h"
#include "old_kernel.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct tun_wishes everything = {.vnet_header = true, .tso = true, .uso = true};

static unsigned device_flags(int fd)
{
    struct ifreq request = {0};

    assert_int_equal(ioctl(fd, TUNGETIFF, &request), 0);
    return (unsigned)(unsigned short)request.ifr_flags;
}

static void makes_a_device_without_packet_information_non_blocking_and_close_on_exec(void **state)
{
    struct tun tun;

    (void)state;
    assert_int_equal(tun_create(&tun, "vole0", &everything), 0);
    assert_string_equal(tun.name, "vole0");
    assert_true(if_nametoindex("vole0") != 0);
    assert_true(device_flags(tun.fd) & IFF_NO_PI);
    assert_true(device_flags(tun.fd) & IFF_TUN);
    assert_int_equal(!!(device_flags(tun.fd) & IFF_VNET_HDR), tun.vnet_header);
    assert_true(fcntl(tun.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(tun.fd, F_GETFD) & FD_CLOEXEC);
    tun_close(&tun);
    assert_int_equal(if_nametoindex("vole0"), 0);
}

static void says_of_offloads_what_the_kernel_says(void **state)
{
    struct tun tun;

    (void)state;
    assert_int_equal(tun_create(&tun, "vole0", &everything), 0);
    assert_true(tun.vnet_header);
    assert_true(tun.tso);
    int answer = ioctl(tun.fd, TUNSETOFFLOAD, 0x6fUL);
    assert_int_equal(tun.uso, answer == 0);
    tun_close(&tun);
}

static void switches_leave_offloads_off(void **state)
{
    struct tun tun;
    struct tun_wishes no_uso = {.vnet_header = true, .tso = true};
    struct tun_wishes no_header = {.tso = true, .uso = true};

    (void)state;
    assert_int_equal(tun_create(&tun, "vole0", &no_uso), 0);
    assert_true(tun.vnet_header && tun.tso && !tun.uso);
    tun_close(&tun);
    assert_int_equal(tun_create(&tun, "vole0", &no_header), 0);
    assert_false(tun.vnet_header || tun.tso || tun.uso);
    assert_false(device_flags(tun.fd) & IFF_VNET_HDR);
    tun_close(&tun);
}

static bool has_only_tso(void)
{
    struct tun tun;
    bool good = tun_create(&tun, "vole0", &everything) == 0 && tun.vnet_header && tun.tso && !tun.uso;

    tun_close(&tun);
    return good;
}

static bool has_no_offload(void)
{
    struct tun tun;
    bool good = tun_create(&tun, "vole0", &everything) == 0 && tun.vnet_header && !tun.tso && !tun.uso;

    tun_close(&tun);
    return good;
}

static bool has_no_header(void)
{
    struct tun tun;
    bool good = tun_create(&tun, "vole0", &everything) == 0 && !tun.vnet_header && !tun.tso && !tun.uso;

    tun_close(&tun);
    return good;
}

static void a_kernel_that_takes_less_is_asked_step_by_step(void **state)
{
    (void)state;
    assert_true(old_kernel_run(TUNSETOFFLOAD, TUN_F_USO4 | TUN_F_USO6, has_only_tso));
    assert_true(old_kernel_run(TUNSETOFFLOAD, TUN_F_USO4 | TUN_F_TSO_ECN, has_only_tso));
    assert_true(old_kernel_run(TUNSETOFFLOAD, TUN_F_USO4 | TUN_F_TSO6, has_no_offload));
    assert_true(old_kernel_run(TUNSETOFFLOAD, 0, has_no_header));
}

static void a_pattern_becomes_the_next_free_name(void **state)
{
    struct tun first;
    struct tun second;

    (void)state;
    assert_int_equal(tun_create(&first, "wg%d", &everything), 0);
    assert_int_equal(tun_create(&second, "wg%d", &everything), 0);
    assert_string_equal(first.name, "wg0");
    assert_string_equal(second.name, "wg1");
    tun_close(&first);
    tun_close(&second);
}

static void a_name_in_use_is_busy(void **state)
{
    struct tun first;
    struct tun second;

    (void)state;
    assert_int_equal(tun_create(&first, "vole0", &everything), 0);
    assert_int_equal(tun_create(&second, "vole0", &everything), -EBUSY);
    assert_int_equal(tun_create(&second, "lo", &everything), -EBUSY);
    tun_close(&first);
}

static void illegal_names_are_invalid(void **state)
{
    static const char *const names[] = {"",   ".",      "..",   "a/b", "a b",
                                        "a:", "wg%d%d", "wg%s", "%",   "a_name_of_sixteen"};
    struct tun tun;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(tun_create(&tun, names[i], &everything), -EINVAL);
}

static void adopts_a_descriptor_and_learns_what_it_is(void **state)
{
    struct tun made;
    struct tun adopted;
    struct tun_wishes plain = {0};
    int pipes[2];

    (void)state;
    assert_int_equal(tun_create(&made, "vole0", &everything), 0);
    assert_int_equal(fcntl(made.fd, F_SETFL, 0), 0);
    assert_int_equal(tun_adopt(&adopted, made.fd, &everything), 0);
    assert_string_equal(adopted.name, "vole0");
    assert_true(adopted.vnet_header && adopted.tso);
    assert_int_equal(adopted.uso, made.uso);
    assert_true(fcntl(adopted.fd, F_GETFL) & O_NONBLOCK);
    tun_close(&adopted);
    assert_int_equal(tun_create(&made, "vole0", &plain), 0);
    assert_int_equal(tun_adopt(&adopted, made.fd, &everything), 0);
    assert_false(adopted.vnet_header || adopted.tso || adopted.uso);
    tun_close(&adopted);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(tun_adopt(&adopted, pipes[0], &everything), -ENOTTY);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static void more_queues_belong_to_the_same_device(void **state)
{
    struct tun first;
    struct tun second;
    struct tun_wishes queues = {.vnet_header = true, .tso = true, .uso = true, .multi_queue = true};

    (void)state;
    assert_int_equal(tun_create(&first, "vole0", &queues), 0);
    assert_int_equal(tun_add_queue(&second, &first), 0);
    assert_string_equal(second.name, "vole0");
    assert_int_equal(second.uso, first.uso);
    tun_close(&second);
    tun_close(&first);
    assert_int_equal(tun_create(&first, "vole0", &everything), 0);
    assert_int_equal(tun_add_queue(&second, &first), -EINVAL);
    tun_close(&first);
}

static void make_up_device(struct tun *tun, const struct tun_wishes *wishes)
{
    int netlink = link_open();

    assert_true(netlink >= 0);
    assert_int_equal(tun_create(tun, "vole0", wishes), 0);
    assert_int_equal(link_make_like_wireguard(netlink, fresh_network_index("vole0"), true), 0);
    (void)close(netlink);
    fresh_network_up("vole0");
    fresh_network_add_address("vole0", "10.7.0.1", 24);
}

/* Sends bytes into the tunnel as the host's own UDP socket would. */
static void send_through(struct udp_sockets *sockets, uint16_t segment_bytes, size_t length)
{
    static uint8_t bytes[20000];
    struct vole_endpoint to = fresh_network_endpoint("10.7.0.2", 9999);
    struct iovec piece = {.iov_base = bytes, .iov_len = length};
    struct udp_message message = {
        .to = &to, .pieces = &piece, .piece_count = 1, .segment_bytes = segment_bytes};

    assert_int_equal(udp_send(sockets, &message), 0);
}

static void yields_superpackets_with_their_header(void **state)
{
    static uint8_t packet[TUN_PACKET_BYTES];
    struct tun tun;
    struct vnet_header header;
    struct udp_sockets sockets;
    struct udp_wishes wishes = {.segment = true};

    (void)state;
    make_up_device(&tun, &everything);
    assert_int_equal(udp_open(&sockets, 0, 0, &wishes), 0);
    if (tun.uso && sockets.segment) {
        send_through(&sockets, 1000, 9500);
        assert_int_equal(tun_read(&tun, &header, packet, sizeof(packet)), 28 + 9500);
        assert_int_equal(header.segment_kind, VNET_KIND_UDP);
        assert_int_equal(header.segment_bytes, 1000);
        assert_int_equal(header.checksum_start, 20);
    }
    send_through(&sockets, 0, 100);
    assert_int_equal(tun_read(&tun, &header, packet, sizeof(packet)), 128);
    assert_int_equal(header.segment_kind, VNET_KIND_NONE);
    assert_int_equal(packet[0], 0x45);
    assert_int_equal(tun_read(&tun, &header, packet, sizeof(packet)), -EAGAIN);
    udp_close(&sockets);
    tun_close(&tun);
}

/* Turns a packet that came out of the tunnel around and writes it back. */
static int write_back(const struct tun *tun, uint8_t *packet, size_t length)
{
    uint8_t header[VNET_HEADER_BYTES] = {0};
    uint8_t swapped[4];
    struct iovec pieces[3] = {{.iov_base = header, .iov_len = sizeof(header)},
                              {.iov_base = packet, .iov_len = 28},
                              {.iov_base = packet + 28, .iov_len = length - 28}};

    memcpy(swapped, packet + 12, 4);
    memcpy(packet + 12, packet + 16, 4);
    memcpy(packet + 16, swapped, 4);
    /* The receiving socket's port is the sender's; both sums do not mind the order of what is summed. */
    memcpy(swapped, packet + 20, 2);
    memcpy(packet + 20, packet + 22, 2);
    memcpy(packet + 22, swapped, 2);
    return tun_write(tun, pieces, 3);
}

static void packets_go_out_and_in(const struct tun_wishes *wishes)
{
    static uint8_t packet[TUN_PACKET_BYTES];
    struct tun tun;
    struct vnet_header header;
    struct udp_sockets sockets;
    struct udp_wishes none = {0};
    uint8_t answer[200];

    make_up_device(&tun, wishes);
    assert_int_equal(udp_open(&sockets, 0, 0, &none), 0);
    send_through(&sockets, 0, 100);
    ssize_t length = tun_read(&tun, &header, packet, sizeof(packet));
    assert_int_equal(length, 128);
    if (header.flags & VNET_NEEDS_CHECKSUM)
        memset(packet + 26, 0, 2); /* an IPv4 datagram may go without */
    assert_int_equal(write_back(&tun, packet, (size_t)length), 0);
    struct pollfd poller = {.fd = sockets.v4, .events = POLLIN};
    assert_int_equal(poll(&poller, 1, 10000), 1);
    assert_int_equal(recv(sockets.v4, answer, sizeof(answer), 0), 100);
    udp_close(&sockets);
    tun_close(&tun);
}

static void packets_go_out_and_in_with_the_header(void **state)
{
    (void)state;
    packets_go_out_and_in(&everything);
}

static void packets_go_out_and_in_without_the_header(void **state)
{
    struct tun_wishes plain = {0};

    (void)state;
    packets_go_out_and_in(&plain);
}

static void tells_down_and_gone_apart(void **state)
{
    static uint8_t packet[TUN_PACKET_BYTES];
    uint8_t minimal[20] = {0x45, 0, 0, 20};
    uint8_t zero_header[VNET_HEADER_BYTES] = {0};
    struct iovec pieces[2] = {{.iov_base = zero_header, .iov_len = sizeof(zero_header)},
                              {.iov_base = minimal, .iov_len = sizeof(minimal)}};
    struct vnet_header header;
    struct tun tun;

    (void)state;
    assert_int_equal(tun_create(&tun, "vole0", &everything), 0);
    assert_int_equal(tun_write(&tun, pieces, 2), -EIO);
    assert_int_equal(tun_read(&tun, &header, packet, sizeof(packet)), -EAGAIN);
    fresh_network_up("vole0");
    zero_header[1] = VNET_KIND_UDP; /* without saying that a checksum is needed */
    assert_int_equal(tun_write(&tun, pieces, 2), -EINVAL);
    fresh_network_delete("vole0");
    assert_int_equal(tun_write(&tun, pieces, 2), -EBADFD);
    assert_int_equal(tun_read(&tun, &header, packet, sizeof(packet)), -EBADFD);
    tun_close(&tun);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_device_without_packet_information_non_blocking_and_close_on_exec),
        cmocka_unit_test(says_of_offloads_what_the_kernel_says),
        cmocka_unit_test(switches_leave_offloads_off),
        cmocka_unit_test(a_kernel_that_takes_less_is_asked_step_by_step),
        cmocka_unit_test(a_pattern_becomes_the_next_free_name),
        cmocka_unit_test(a_name_in_use_is_busy),
        cmocka_unit_test(illegal_names_are_invalid),
        cmocka_unit_test(adopts_a_descriptor_and_learns_what_it_is),
        cmocka_unit_test(more_queues_belong_to_the_same_device),
        cmocka_unit_test(yields_superpackets_with_their_header),
        cmocka_unit_test(packets_go_out_and_in_with_the_header),
        cmocka_unit_test(packets_go_out_and_in_without_the_header),
        cmocka_unit_test(tells_down_and_gone_apart),
    };

    if (!fresh_network_enter(true))
        return FRESH_NETWORK_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
