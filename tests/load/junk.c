/* SPDX-License-Identifier: MIT
 *
 * Sends datagrams that mean nothing to a WireGuard port, as fast as one thread can.
 *
 *   junk ADDRESS PORT KIND SECONDS
 *       ADDRESS is IPv4. KIND: data (transport messages with random indices and contents), initiation and
 *       response (with a random mac1), noise (random bytes), one (a single random byte), mixed (all of them).
 *       Prints "DATAGRAMS NANOSECONDS".
 *
 * 44 datagrams of one length go with each message (UDP segmentation), 16 messages with each call; over a veth
 * they stay together up to the receiver, as on a network card with receive offload. Contents are made before
 * the clock runs, and repeat.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGES      64u /* different ones */
#define AT_ONCE       16u
#define SEGMENTS      44u /* of the longest, 1452 bytes, as many as fit into 64 KiB */
#define LONGEST       1452u
#define NS_PER_SECOND UINT64_C(1000000000)

enum kind { DATA, INITIATION, RESPONSE, NOISE, ONE, MIXED };

static const char *const names[] = {"data", "initiation", "response", "noise", "one", "mixed"};

struct bundle {
    uint16_t segment; /* bytes of each datagram */
    uint8_t bytes[SEGMENTS * LONGEST];
    struct iovec slice;
};

static struct bundle bundles[MESSAGES];
static union {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
} controls[MESSAGES]; /* say how long their segments are */

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "junk: %s: %s\n", what, strerror(errno));
    exit(1);
}

static _Noreturn void refuse(const char *word)
{
    errno = EINVAL;
    die(word);
}

static enum kind kind_read(const char *word)
{
    for (unsigned i = 0; i <= MIXED; i++)
        if (strcmp(word, names[i]) == 0)
            return (enum kind)i;
    refuse(word);
}

static uint16_t segment_of(enum kind kind)
{
    static const uint16_t lengths[] = {
        [DATA] = LONGEST, [INITIATION] = 148, [RESPONSE] = 92, [NOISE] = 500, [ONE] = 1, [MIXED] = 0};

    return lengths[kind];
}

static void make_bundle(unsigned which, enum kind kind)
{
    struct bundle *bundle = &bundles[which];
    static const uint8_t types[] = {[DATA] = 4, [INITIATION] = 1, [RESPONSE] = 2};
    size_t filled = 0;

    bundle->segment = segment_of(kind);
    while (filled < sizeof bundle->bytes) {
        ssize_t got = getrandom(bundle->bytes + filled, sizeof bundle->bytes - filled, 0);

        if (got <= 0)
            die("getrandom");
        filled += (size_t)got;
    }
    for (unsigned i = 0; kind <= RESPONSE && i < SEGMENTS; i++)
        memcpy(bundle->bytes + (size_t)i * bundle->segment, (uint8_t[4]){types[kind]}, 4);
    bundle->slice = (struct iovec){.iov_base = bundle->bytes, .iov_len = (size_t)SEGMENTS * bundle->segment};
    controls[which].header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof bundle->segment), .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT};
    memcpy(CMSG_DATA(&controls[which].header), &bundle->segment, sizeof bundle->segment);
}

static int send_for(int made, const struct sockaddr_in *to, double seconds)
{
    struct mmsghdr messages[AT_ONCE];
    uint64_t start = now_ns(), end = start + (uint64_t)(seconds * (double)NS_PER_SECOND), sent = 0, now;
    unsigned next = 0;

    while ((now = now_ns()) < end) {
        int taken;

        for (unsigned i = 0; i < AT_ONCE; i++) {
            unsigned which = (next + i) % MESSAGES;

            messages[i].msg_hdr = (struct msghdr){.msg_name = (void *)to,
                                                  .msg_namelen = sizeof *to,
                                                  .msg_iov = &bundles[which].slice,
                                                  .msg_iovlen = 1,
                                                  .msg_control = controls[which].bytes,
                                                  .msg_controllen = sizeof controls[which]};
        }
        taken = sendmmsg(made, messages, AT_ONCE, 0);
        if (taken > 0) {
            sent += (uint64_t)taken * SEGMENTS;
            next += (unsigned)taken;
        } else if (errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED && errno != EINTR) {
            die("sendmmsg");
        }
    }
    return printf("%" PRIu64 " %" PRIu64 "\n", sent, now - start) < 0;
}

int main(int count, char **arguments)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    enum kind kind;
    double seconds;
    long port;
    int made;

    if (count != 5) {
        (void)fputs("usage: junk ADDRESS PORT data|initiation|response|noise|one|mixed SECONDS\n", stderr);
        return 1;
    }
    port = strtol(arguments[2], NULL, 10);
    seconds = strtod(arguments[4], NULL);
    kind = kind_read(arguments[3]);
    if (inet_pton(AF_INET, arguments[1], &to.sin_addr) != 1 || port < 1 || port > UINT16_MAX ||
        !(seconds > 0 && seconds <= 3600))
        refuse("ADDRESS, PORT or SECONDS");
    to.sin_port = htons((uint16_t)port);
    for (unsigned i = 0; i < MESSAGES; i++)
        make_bundle(i, kind == MIXED ? (enum kind)(i % MIXED) : kind);
    made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (made < 0)
        die("socket");
    return send_for(made, &to, seconds);
}
