/* SPDX-License-Identifier: MIT
 *
 * Sends UDP datagrams as fast as one thread can, or counts those that arrive.
 *
 *   udp_load receive ADDRESS PORT
 *       Prints "ready", counts until its standard input ends, prints "DATAGRAMS BYTES NANOSECONDS": what
 *       arrived, and the time from the first to the last datagram.
 *   udp_load send ADDRESS PORT BYTES SECONDS [RATE]
 *       Sends datagrams of BYTES payload for SECONDS, not more than RATE in a second if given. Prints
 *       "DATAGRAMS REFUSED": how many the socket took, and how many times it refused (full buffers).
 *
 * ADDRESS is an IPv4 address. Both ends move up to 64 datagrams per system call (sendmmsg, recvmmsg); neither
 * uses UDP segmentation or GRO: the network sees each datagram as a small program would send it. The
 * sending socket's buffer is left at the system's default, so that a device which pushes back is heard;
 * the receiving one's is as large as allowed, so that what is counted is what the network delivers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH                64
#define LARGEST_PAYLOAD      1500
#define RECEIVE_BUFFER_BYTES (32 << 20)
#define NS_PER_SECOND        1000000000ULL

static uint8_t payloads[BATCH][LARGEST_PAYLOAD];
static struct iovec slices[BATCH];
static struct mmsghdr messages[BATCH];

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "udp_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double number(const char *text, double lowest, double highest)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= lowest && value <= highest)) {
        errno = EINVAL;
        die(text);
    }
    return value;
}

static struct sockaddr_in address_read(const char *address, const char *port)
{
    struct sockaddr_in read = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number(port, 1, 65535))};

    if (inet_pton(AF_INET, address, &read.sin_addr) != 1) {
        errno = EINVAL;
        die(address);
    }
    return read;
}

static void messages_prepare(size_t bytes)
{
    for (size_t i = 0; i < BATCH; i++) {
        slices[i] = (struct iovec){.iov_base = payloads[i], .iov_len = bytes};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &slices[i], .msg_iovlen = 1};
    }
}

/* ---- receive ---- */

static int receive(const struct sockaddr_in *address)
{
    int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int size = RECEIVE_BUFFER_BYTES;
    struct pollfd waiting[2] = {{.fd = made, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    uint64_t datagrams = 0;
    uint64_t bytes = 0;
    uint64_t first = 0;
    uint64_t last = 0;

    if (made < 0 || bind(made, (const struct sockaddr *)address, sizeof *address) != 0)
        die("receiving socket");
    if (setsockopt(made, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(made, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    messages_prepare(LARGEST_PAYLOAD);
    if (puts("ready") < 0 || fflush(stdout) != 0)
        die("standard output");
    for (;;) {
        int count = recvmmsg(made, messages, BATCH, MSG_DONTWAIT, NULL);

        if (count > 0) {
            last = now_ns();
            if (first == 0)
                first = last;
            datagrams += (uint64_t)count;
            for (int i = 0; i < count; i++)
                bytes += messages[i].msg_len;
            continue;
        }
        if (count < 0 && errno != EAGAIN && errno != EINTR)
            die("recvmmsg");
        if (poll(waiting, 2, -1) > 0 && waiting[0].revents == 0 && waiting[1].revents != 0)
            break;
    }
    return printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", datagrams, bytes, last - first) < 0;
}

/* ---- send ---- */

/* How many datagrams may be sent now; waits while none may. */
static unsigned allowance(uint64_t start, uint64_t sent, double rate)
{
    for (;;) {
        double due = (double)(now_ns() - start) * rate / (double)NS_PER_SECOND + 1;

        if (due > (double)sent)
            return due - (double)sent < BATCH ? (unsigned)(due - (double)sent) + 1 : BATCH;
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
}

static int load(const struct sockaddr_in *address, size_t bytes, double seconds, double rate)
{
    int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint64_t start = now_ns();
    uint64_t end = start + (uint64_t)(seconds * (double)NS_PER_SECOND);
    uint64_t sent = 0;
    uint64_t refused = 0;

    if (made < 0 || connect(made, (const struct sockaddr *)address, sizeof *address) != 0)
        die("sending socket");
    messages_prepare(bytes);
    while (now_ns() < end) {
        int count = sendmmsg(made, messages, rate > 0 ? allowance(start, sent, rate) : BATCH, 0);

        if (count > 0)
            sent += (uint64_t)count;
        else if (errno == ENOBUFS || errno == EAGAIN || errno == ECONNREFUSED)
            refused++;
        else if (errno != EINTR)
            die("sendmmsg");
    }
    return printf("%" PRIu64 " %" PRIu64 "\n", sent, refused) < 0;
}

int main(int count, char **arguments)
{
    struct sockaddr_in address;

    if (count >= 4)
        address = address_read(arguments[2], arguments[3]);
    if (count == 4 && strcmp(arguments[1], "receive") == 0)
        return receive(&address);
    if ((count == 6 || count == 7) && strcmp(arguments[1], "send") == 0)
        return load(&address, (size_t)number(arguments[4], 0, LARGEST_PAYLOAD),
                    number(arguments[5], 0.01, 3600), count == 7 ? number(arguments[6], 1, 1e9) : 0);
    (void)fputs("usage: udp_load receive ADDRESS PORT\n"
                "       udp_load send ADDRESS PORT BYTES SECONDS [RATE]\n",
                stderr);
    return 1;
}
