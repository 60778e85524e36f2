/* SPDX-License-Identifier: MIT
 *
 * The lists: see allowed_calls.h. Names that end in 64 or time64, and the old ones beside new ones, are those
 * of other machines and C libraries.
 */
#include "daemon/allowed_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* An argument that is exactly so; its upper half, where the kernel does not look at it, included. */
#define ALLOWED_IF(number, wanted)                                                                           \
    {                                                                                                        \
        .argument = (number), .mask = UINT32_MAX, .value = (uint64_t)(wanted)                                \
    }
/* An argument without, or with, these bits. */
#define ALLOWED_WITHOUT(number, bits)                                                                        \
    {                                                                                                        \
        .argument = (number), .mask = (uint64_t)(bits), .value = 0                                           \
    }
#define ALLOWED_WITH(number, bits)                                                                           \
    {                                                                                                        \
        .argument = (number), .mask = (uint64_t)(bits), .value = (uint64_t)(bits)                            \
    }
#define ALLOWED_COUNT(rules) (sizeof(rules) / sizeof(rules)[0])

/* ---- memory, threads, time: what a C library does for any program ---- */

static const char allowed_anywhere[] = "read write close dup2 dup3 poll ppoll ppoll_time64 "
                                       "sendmsg sendto send recvmsg recvfrom recv "
                                       "brk munmap mremap madvise "
                                       "futex futex_time64 set_robust_list rseq sched_yield "
                                       "sched_getaffinity getcpu getpid gettid exit exit_group "
                                       "rt_sigprocmask rt_sigreturn sigreturn sigaltstack restart_syscall "
                                       "clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 "
                                       "nanosleep gettimeofday time getrandom";

static const struct call_rule allowed_anywhere_if[] = {
    {"fcntl", {ALLOWED_IF(1, F_GETFD)}},
    {"fcntl", {ALLOWED_IF(1, F_SETFD)}},
    {"fcntl", {ALLOWED_IF(1, F_GETFL)}},
    {"fcntl", {ALLOWED_IF(1, F_SETFL)}},
    {"fcntl64", {ALLOWED_IF(1, F_GETFD)}},
    {"fcntl64", {ALLOWED_IF(1, F_SETFD)}},
    {"fcntl64", {ALLOWED_IF(1, F_GETFL)}},
    {"fcntl64", {ALLOWED_IF(1, F_SETFL)}},
    {"mmap2", {ALLOWED_WITHOUT(2, PROT_EXEC)}},
    {"mprotect", {ALLOWED_WITHOUT(2, PROT_EXEC)}},
    {"clone", {ALLOWED_WITH(CALL_CLONE_FLAGS, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND)}},
    {"prctl", {ALLOWED_IF(0, PR_SET_NAME)}},
    {"rt_sigaction", {ALLOWED_IF(0, 32)}}, /* both are for a C library's threads */
    {"rt_sigaction", {ALLOWED_IF(0, 33)}},
    {"rt_sigaction", {ALLOWED_IF(0, SIGABRT)}},
};

static const struct call_rule allowed_mmap = {"mmap", {ALLOWED_WITHOUT(2, PROT_EXEC)}};

static int allowed_calls_anywhere(struct call_filter *filter)
{
    /* abort() signals its own process; the parent ends the engine, too. */
    const struct call_rule abortion = {"tgkill", {ALLOWED_IF(0, getpid()), ALLOWED_IF(2, SIGABRT)}};
    int error = call_filter_allow(filter, allowed_anywhere);

    if (error == 0)
        error = call_filter_add(filter, allowed_anywhere_if, ALLOWED_COUNT(allowed_anywhere_if));
    if (error == 0 && CALL_MMAP_SHOWS)
        error = call_filter_add(filter, &allowed_mmap, 1);
    if (error == 0 && CALL_MMAP_HIDDEN)
        error = call_filter_allow(filter, "mmap");
    if (error == 0)
        error =
            call_filter_refuse(filter, ENOSYS, "clone3"); /* flags cannot be seen: clone() then shows them */
    return error == 0 ? call_filter_add(filter, &abortion, 1) : error;
}

/* ---- the engine ---- */

static const char allowed_in_engine[] =
    "readv writev sendmmsg recvmmsg recvmmsg_time64 " /* packets */
    "epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 timerfd_create timerfd_settime "
    "timerfd_settime64 "
    "accept4 " /* clients of the configuration socket */
    "mlock2";  /* pages of secrets */

static const char refused_in_engine[] =
    "open openat openat2 access faccessat faccessat2 stat stat64 lstat lstat64 newfstatat fstatat64 statx "
    "readlink readlinkat";

static const struct call_rule allowed_in_engine_if[] = {
    {"ioctl", {ALLOWED_IF(1, SIOCGIFINDEX)}}, /* zones of link-local endpoints */
    {"ioctl", {ALLOWED_IF(1, SIOCGIFNAME)}},
    {"getpriority", {ALLOWED_IF(0, PRIO_PROCESS), ALLOWED_IF(1, 0)}}, /* courtesy */
    {"setpriority", {ALLOWED_IF(0, PRIO_PROCESS), ALLOWED_IF(1, 0)}},
};

int allowed_calls_of_engine(struct call_filter *filter)
{
    int error = allowed_calls_anywhere(filter);

    if (error == 0)
        error = call_filter_allow(filter, allowed_in_engine);
    if (error == 0)
        error = call_filter_refuse(filter, EACCES, refused_in_engine);
    return error == 0 ? call_filter_add(filter, allowed_in_engine_if, ALLOWED_COUNT(allowed_in_engine_if))
                      : error;
}

/* ---- the parent ---- */

static const char allowed_in_parent[] =
    "bind getsockname getsockopt setsockopt ioctl dup pipe2 "
    "connect " /* the system's log */
    /* files: the state directory, sysctls, the socket's; and what a C library reads */
    "lseek _llseek open openat access stat stat64 lstat lstat64 fstat fstat64 newfstatat fstatat64 statx "
    "mkdir mkdirat rename renameat renameat2 unlink unlinkat fsync flock getdents64 readlink readlinkat "
    "wait4 waitid"; /* the engine */

static const struct call_rule allowed_in_parent_if[] = {
    {"socket", {ALLOWED_IF(0, AF_UNIX)}},
    {"socket", {ALLOWED_IF(0, AF_INET)}},
    {"socket", {ALLOWED_IF(0, AF_INET6)}},
    {"socket", {ALLOWED_IF(0, AF_NETLINK), ALLOWED_IF(2, NETLINK_ROUTE)}},
    {"setns", {ALLOWED_IF(1, CLONE_NEWNET)}},
};

int allowed_calls_of_parent(struct call_filter *filter, pid_t engine)
{
    const struct call_rule ending = {"kill", {ALLOWED_IF(0, engine), ALLOWED_IF(1, SIGKILL)}};
    int error = allowed_calls_anywhere(filter);

    if (error == 0)
        error = call_filter_allow(filter, allowed_in_parent);
    if (error == 0)
        error = call_filter_add(filter, allowed_in_parent_if, ALLOWED_COUNT(allowed_in_parent_if));
    return error == 0 ? call_filter_add(filter, &ending, 1) : error;
}
