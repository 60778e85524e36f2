/* SPDX-License-Identifier: MIT
 *
 * What the system calls of a packet's way cost inside a running voled: a library that is loaded before the
 * others (LD_PRELOAD) and takes the time of each call, as CLOCK_MONOTONIC has it.
 *
 * Reading the clock twice costs some 50 ns, which is in every figure. Blocking calls (epoll_wait) are left
 * out. Calls are told apart by how much they moved, since a superpacket is what the design is about: below
 * and above 4 KiB. When the process ends, one line per kind goes to the file named in CALL_TIMES: name, size
 * class, calls, failed calls, bytes, nanoseconds, of all threads together.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LARGE_BYTES 4096

enum kind { TUN_READ, TUN_WRITE, SEND, RECEIVE, KINDS };

static const char *const names[KINDS] = {"tun_read", "tun_write", "udp_send", "udp_receive"};

struct tally {
    _Atomic uint64_t calls, bytes, ns;
};

static struct tally tallies[KINDS][2];
static struct tally failed[KINDS];

static ssize_t (*real_readv)(int, const struct iovec *, int);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_sendmmsg)(int, struct mmsghdr *, unsigned, int);
static int (*real_recvmmsg)(int, struct mmsghdr *, unsigned, int, struct timespec *);

/* A pointer to a function from the linker, which has only pointers to objects. */
static void *find(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL)
        abort();
    return found;
}

__attribute__((constructor)) static void begin(void)
{
    *(void **)&real_readv = find("readv");
    *(void **)&real_writev = find("writev");
    *(void **)&real_sendmmsg = find("sendmmsg");
    *(void **)&real_recvmmsg = find("recvmmsg");
}

static uint64_t now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void add(struct tally *tally, uint64_t bytes, uint64_t began)
{
    atomic_fetch_add_explicit(&tally->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&tally->bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&tally->ns, now_ns() - began, memory_order_relaxed);
}

static void note(enum kind kind, ssize_t bytes, uint64_t began)
{
    int error = errno;

    if (bytes < 0)
        add(&failed[kind], 0, began);
    else
        add(&tallies[kind][bytes >= LARGE_BYTES], (uint64_t)bytes, began);
    errno = error;
}

static ssize_t moved(const struct mmsghdr *messages, int count)
{
    ssize_t bytes = 0;

    for (int i = 0; i < count; i++)
        bytes += (ssize_t)messages[i].msg_len;
    return count < 0 ? -1 : bytes;
}

ssize_t readv(int fd, const struct iovec *pieces, int count)
{
    uint64_t began = now_ns();
    ssize_t result = real_readv(fd, pieces, count);

    note(TUN_READ, result, began);
    return result;
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    uint64_t began = now_ns();
    ssize_t result = real_writev(fd, pieces, count);

    note(TUN_WRITE, result, began);
    return result;
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    uint64_t began = now_ns();
    int result = real_sendmmsg(fd, messages, count, flags);

    note(SEND, moved(messages, result), began);
    return result;
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    uint64_t began = now_ns();
    int result = real_recvmmsg(fd, messages, count, flags, timeout);

    note(RECEIVE, moved(messages, result), began);
    return result;
}

static void print(FILE *out, const char *name, const char *class, const struct tally *tally)
{
    fprintf(out, "%s %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", name, class, tally->calls, tally->bytes,
            tally->ns);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("CALL_TIMES");
    FILE *out = path == NULL ? NULL : fopen(path, "a");

    if (out == NULL)
        return;
    for (int kind = 0; kind < KINDS; kind++) {
        print(out, names[kind], "small", &tallies[kind][0]);
        print(out, names[kind], "large", &tallies[kind][1]);
        print(out, names[kind], "failed", &failed[kind]);
    }
    (void)fclose(out);
}
