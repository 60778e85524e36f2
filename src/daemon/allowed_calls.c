/* SPDX-License-Identifier: MIT
 *
 * The lists: see allowed_calls.h. Names that end in 64 or time64, and the old ones beside new ones, are those
 * of other architectures.
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

/* Memory, threads, time: what a C library does for any program. */
static const struct call_rule allowed_anywhere[] = {
    {.name = "read"},
    {.name = "write"},
    {.name = "close"},
    {.name = "sendmsg"},
    {.name = "sendto"},
    {.name = "send"},
    {.name = "recvmsg"},
    {.name = "recvfrom"},
    {.name = "recv"},
    {.name = "poll"},
    {.name = "ppoll"},
    {.name = "ppoll_time64"},
    {.name = "dup2"},
    {.name = "dup3"},
    {.name = "fcntl", .conditions = {ALLOWED_IF(1, F_GETFD)}},
    {.name = "fcntl", .conditions = {ALLOWED_IF(1, F_SETFD)}},
    {.name = "fcntl", .conditions = {ALLOWED_IF(1, F_GETFL)}},
    {.name = "fcntl", .conditions = {ALLOWED_IF(1, F_SETFL)}},
    {.name = "fcntl64", .conditions = {ALLOWED_IF(1, F_GETFD)}},
    {.name = "fcntl64", .conditions = {ALLOWED_IF(1, F_SETFD)}},
    {.name = "fcntl64", .conditions = {ALLOWED_IF(1, F_GETFL)}},
    {.name = "fcntl64", .conditions = {ALLOWED_IF(1, F_SETFL)}},
    {.name = "brk"},
    {.name = "mmap", .conditions = {ALLOWED_WITHOUT(2, PROT_EXEC)}},
    {.name = "mmap2", .conditions = {ALLOWED_WITHOUT(2, PROT_EXEC)}},
    {.name = "mprotect", .conditions = {ALLOWED_WITHOUT(2, PROT_EXEC)}},
    {.name = "munmap"},
    {.name = "mremap"},
    {.name = "madvise"},
    {.name = "futex"},
    {.name = "futex_time64"},
    {.name = "clone", .conditions = {ALLOWED_WITH(0, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND)}},
    {.name = "clone3", .error = ENOSYS}, /* its flags cannot be seen: clone() then does */
    {.name = "set_robust_list"},
    {.name = "rseq"},
    {.name = "prctl", .conditions = {ALLOWED_IF(0, PR_SET_NAME)}},
    {.name = "sched_yield"},
    {.name = "sched_getaffinity"},
    {.name = "getcpu"},
    {.name = "getpid"},
    {.name = "gettid"},
    {.name = "exit"},
    {.name = "exit_group"},
    {.name = "rt_sigaction", .conditions = {ALLOWED_IF(0, 32)}}, /* both are for a C library's threads */
    {.name = "rt_sigaction", .conditions = {ALLOWED_IF(0, 33)}},
    {.name = "rt_sigaction", .conditions = {ALLOWED_IF(0, SIGABRT)}},
    {.name = "rt_sigprocmask"},
    {.name = "rt_sigreturn"},
    {.name = "sigreturn"},
    {.name = "sigaltstack"},
    {.name = "restart_syscall"},
    {.name = "clock_gettime"},
    {.name = "clock_gettime64"},
    {.name = "clock_nanosleep"},
    {.name = "clock_nanosleep_time64"},
    {.name = "nanosleep"},
    {.name = "gettimeofday"},
    {.name = "time"},
    {.name = "getrandom"},
};

static const struct call_rule allowed_in_engine[] = {
    {.name = "readv"}, /* packets */
    {.name = "writev"},
    {.name = "sendmmsg"},
    {.name = "recvmmsg"},
    {.name = "recvmmsg_time64"},
    {.name = "epoll_create1"}, /* waiting */
    {.name = "epoll_ctl"},
    {.name = "epoll_wait"},
    {.name = "epoll_pwait"},
    {.name = "epoll_pwait2"},
    {.name = "eventfd2"},
    {.name = "timerfd_create"},
    {.name = "timerfd_settime"},
    {.name = "timerfd_settime64"},
    {.name = "accept4"},                                            /* clients of the configuration socket */
    {.name = "ioctl", .conditions = {ALLOWED_IF(1, SIOCGIFINDEX)}}, /* zones of link-local endpoints */
    {.name = "ioctl", .conditions = {ALLOWED_IF(1, SIOCGIFNAME)}},
    {.name = "mlock2"}, /* pages of secrets */
    {.name = "getpriority", .conditions = {ALLOWED_IF(0, PRIO_PROCESS), ALLOWED_IF(1, 0)}}, /* courtesy */
    {.name = "setpriority", .conditions = {ALLOWED_IF(0, PRIO_PROCESS), ALLOWED_IF(1, 0)}},
    {.name = "open", .error = EACCES},
    {.name = "openat", .error = EACCES},
    {.name = "openat2", .error = EACCES},
    {.name = "access", .error = EACCES},
    {.name = "faccessat", .error = EACCES},
    {.name = "faccessat2", .error = EACCES},
    {.name = "stat", .error = EACCES},
    {.name = "stat64", .error = EACCES},
    {.name = "lstat", .error = EACCES},
    {.name = "lstat64", .error = EACCES},
    {.name = "newfstatat", .error = EACCES},
    {.name = "fstatat64", .error = EACCES},
    {.name = "statx", .error = EACCES},
    {.name = "readlink", .error = EACCES},
    {.name = "readlinkat", .error = EACCES},
};

static const struct call_rule allowed_in_parent[] = {
    {.name = "socket", .conditions = {ALLOWED_IF(0, AF_UNIX)}},
    {.name = "socket", .conditions = {ALLOWED_IF(0, AF_INET)}},
    {.name = "socket", .conditions = {ALLOWED_IF(0, AF_INET6)}},
    {.name = "socket", .conditions = {ALLOWED_IF(0, AF_NETLINK), ALLOWED_IF(2, NETLINK_ROUTE)}},
    {.name = "bind"},
    {.name = "connect"}, /* the system's log */
    {.name = "getsockname"},
    {.name = "getsockopt"},
    {.name = "setsockopt"},
    {.name = "ioctl"},
    {.name = "setns", .conditions = {ALLOWED_IF(1, CLONE_NEWNET)}},
    {.name = "dup"},
    {.name = "pipe2"},
    {.name = "lseek"}, /* files: the state directory, sysctls, the socket's; and what a C library reads */
    {.name = "_llseek"},
    {.name = "open"},
    {.name = "openat"},
    {.name = "access"},
    {.name = "stat"},
    {.name = "stat64"},
    {.name = "lstat"},
    {.name = "lstat64"},
    {.name = "fstat"},
    {.name = "fstat64"},
    {.name = "newfstatat"},
    {.name = "fstatat64"},
    {.name = "statx"},
    {.name = "mkdir"},
    {.name = "mkdirat"},
    {.name = "rename"},
    {.name = "renameat"},
    {.name = "renameat2"},
    {.name = "unlink"},
    {.name = "unlinkat"},
    {.name = "fsync"},
    {.name = "flock"},
    {.name = "getdents64"},
    {.name = "readlink"},
    {.name = "readlinkat"},
    {.name = "wait4"}, /* the engine */
    {.name = "waitid"},
};

#define ALLOWED_COUNT(rules) (sizeof(rules) / sizeof(rules)[0])

/* abort() signals its own process; the parent ends the engine, too. */
static int allowed_calls_signals(struct call_filter *filter)
{
    const struct call_rule rules[] = {
        {.name = "tgkill", .conditions = {ALLOWED_IF(0, getpid()), ALLOWED_IF(2, SIGABRT)}},
    };

    return call_filter_add(filter, rules, ALLOWED_COUNT(rules));
}

int allowed_calls_of_engine(struct call_filter *filter)
{
    int error = call_filter_add(filter, allowed_anywhere, ALLOWED_COUNT(allowed_anywhere));

    if (error == 0)
        error = call_filter_add(filter, allowed_in_engine, ALLOWED_COUNT(allowed_in_engine));
    return error == 0 ? allowed_calls_signals(filter) : error;
}

int allowed_calls_of_parent(struct call_filter *filter, pid_t engine)
{
    const struct call_rule kill = {.name = "kill",
                                   .conditions = {ALLOWED_IF(0, engine), ALLOWED_IF(1, SIGKILL)}};
    int error = call_filter_add(filter, allowed_anywhere, ALLOWED_COUNT(allowed_anywhere));

    if (error == 0)
        error = call_filter_add(filter, allowed_in_parent, ALLOWED_COUNT(allowed_in_parent));
    if (error == 0)
        error = call_filter_add(filter, &kill, 1);
    return error == 0 ? allowed_calls_signals(filter) : error;
}
