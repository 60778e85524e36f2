/* SPDX-License-Identifier: MIT
 *
 * Floods a WireGuard port with handshake initiations from many addresses.
 *
 *   flood ADDRESS PORT PREFIX KIND PUBLIC_KEY RATE SECONDS [CPU]
 *       ADDRESS is IPv4. PREFIX is the upper half of the sources' address, as in "10.77": each datagram comes
 *       from another of those 65 536 addresses, and from a random port. PUBLIC_KEY (base64) is the one of
 *       whoever listens at PORT. RATE is datagrams a second, 0: as many as one thread can send.
 *       Prints "DATAGRAMS REFUSED NANOSECONDS".
 *
 * KIND  valid   148 bytes, type 1, random contents under a right mac1: passes for an initiation until it is
 *               decrypted
 *       junk    the same with a random mac1
 *       noise   148 random bytes
 *
 * A raw socket writes the whole IP header, so nobody need have the addresses, but it needs CAP_NET_RAW in
 * its network namespace. What is answered goes wherever the target routes PREFIX; a host that has a route to
 * it, but neither address nor forwarding, throws it away silently, which is what floods are like.
 * 8192 different messages are made before the clock runs.
 */
#include "config/key.h"
#include "core/cookie.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH         64
#define MESSAGES      8192u
#define NS_PER_SECOND 1000000000ULL

struct datagram {
    struct iphdr ip;
    struct udphdr udp;
    uint8_t message[INITIATION_BYTES];
};

enum kind { VALID, JUNK, NOISE };

static struct datagram datagrams[MESSAGES];
static struct iovec slices[BATCH];
static struct mmsghdr messages[BATCH];
static uint64_t random_state = 0x9e3779b97f4a7c15U;

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
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

static uint32_t random_number(void)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(random_state >> 33);
}

static enum kind kind_read(const char *text)
{
    static const char *const names[] = {"valid", "junk", "noise"};

    for (unsigned i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0)
            return (enum kind)i;
    errno = EINVAL;
    die(text);
}

static void make_messages(enum kind kind, const char *key_text, struct in_addr to, uint16_t port)
{
    uint8_t public_key[KEY_BYTES];
    struct cookie_keys keys;

    if (!key_from_base64(public_key, key_text, strlen(key_text))) {
        errno = EINVAL;
        die(key_text);
    }
    cookie_keys_init(&keys, public_key);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        struct datagram *datagram = &datagrams[i];
        uint8_t *message = datagram->message;

        if (getrandom(message, INITIATION_BYTES, 0) != INITIATION_BYTES)
            die("getrandom");
        if (kind != NOISE)
            bytes_store_le32(message, MESSAGE_INITIATION);
        if (kind == VALID)
            blake2s_keyed_mac(&keys.mac1, message + message_mac1_offset(INITIATION_BYTES), message,
                              message_mac1_offset(INITIATION_BYTES));
        datagram->ip =
            (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .daddr = to.s_addr};
        datagram->ip.tot_len = htons(sizeof *datagram);
        datagram->udp.len = htons(sizeof datagram->udp + INITIATION_BYTES); /* checksum 0: none */
        datagram->udp.dest = htons(port);
    }
}

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

static int flood(int made, const struct sockaddr_in *to, uint32_t prefix, double rate, double seconds)
{
    uint64_t start = now_ns(), end = start + (uint64_t)(seconds * (double)NS_PER_SECOND), sent = 0,
             refused = 0, now;
    uint32_t next = 0;

    while ((now = now_ns()) < end) {
        unsigned count = rate > 0 ? allowance(start, sent, rate) : BATCH;
        int taken;

        if (count > BATCH)
            count = BATCH;
        for (unsigned i = 0; i < count; i++) {
            struct datagram *datagram = &datagrams[(next + i) % MESSAGES];

            datagram->ip.saddr = htonl(prefix << 16 | (random_number() & 0xffff));
            datagram->udp.source = htons((uint16_t)(1024 + random_number() % 64000));
            slices[i] = (struct iovec){.iov_base = datagram, .iov_len = sizeof *datagram};
            messages[i].msg_hdr = (struct msghdr){
                .msg_name = (void *)to, .msg_namelen = sizeof *to, .msg_iov = &slices[i], .msg_iovlen = 1};
        }
        taken = sendmmsg(made, messages, count, 0);
        if (taken > 0) {
            sent += (uint64_t)taken;
            next += (uint32_t)taken;
        } else if (errno == ENOBUFS || errno == EAGAIN) {
            refused++;
        } else if (errno != EINTR) {
            die("sendmmsg");
        }
    }
    return printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", sent, refused, now - start) < 0;
}

static void pin(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        die("sched_setaffinity");
}

int main(int count, char **arguments)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    unsigned upper, lower;
    uint16_t port;
    int made;

    if (count != 8 && count != 9) {
        (void)fputs("usage: flood ADDRESS PORT PREFIX valid|junk|noise PUBLIC_KEY RATE SECONDS [CPU]\n",
                    stderr);
        return 1;
    }
    if (key_start() != 0)
        die("key_start");
    errno = EINVAL;
    if (inet_pton(AF_INET, arguments[1], &to.sin_addr) != 1)
        die(arguments[1]);
    if (sscanf(arguments[3], "%3u.%3u", &upper, &lower) != 2 || upper > 223 || lower > 255)
        die(arguments[3]);
    port = (uint16_t)number(arguments[2], 1, UINT16_MAX);
    make_messages(kind_read(arguments[4]), arguments[5], to.sin_addr, port);
    if (count == 9)
        pin((unsigned)number(arguments[8], 0, CPU_SETSIZE - 1));
    made = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (made < 0)
        die("raw socket");
    return flood(made, &to, upper << 8 | lower, number(arguments[6], 0, 1e9),
                 number(arguments[7], 0.01, 3600));
}
