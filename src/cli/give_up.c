/* SPDX-License-Identifier: MIT
 *
 * Giving up: see give_up.h.
 */
#include "cli/give_up.h"

#include "linux/call_filter.h"
#include "linux/landlock.h"
#include "linux/privileges.h"
#include "linux/sanitizer.h"

#include <linux/capability.h>
#include <linux/netlink.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(rules) (sizeof(rules) / sizeof(rules)[0])

#define IF_ARGUMENT(number, wanted)                                                                          \
    {                                                                                                        \
        .argument = (number), .mask = UINT32_MAX, .value = (uint64_t)(wanted)                                \
    }
#define WITHOUT_EXECUTION                                                                                    \
    {                                                                                                        \
        .argument = 2, .mask = PROT_EXEC, .value = 0                                                         \
    }

/* What a C library does for any program with its memory, its open files and signals, and the time. */
static const char computing[] =
    "read readv pread64 write writev close dup dup2 dup3 fcntl fcntl64 lseek _llseek fstat fstat64 fsync "
    "poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 "
    "brk munmap mremap madvise futex futex_time64 set_robust_list rseq sched_yield sched_getaffinity "
    "getpid gettid getuid geteuid getgid getegid getuid32 geteuid32 getgid32 getegid32 exit exit_group uname "
    "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend sigreturn sigaltstack restart_syscall "
    "clock_gettime clock_gettime64 clock_getres clock_nanosleep clock_nanosleep_time64 nanosleep "
    "gettimeofday "
    "time getrandom newfstatat fstatat64 statx";

static const struct call_rule computing_if[] = {
    {"mmap2", {WITHOUT_EXECUTION}},         {"mprotect", {WITHOUT_EXECUTION}},
    {"ioctl", {IF_ARGUMENT(1, TCGETS)}}, /* a terminal's, but not putting words into it */
    {"ioctl", {IF_ARGUMENT(1, TCSETS)}},    {"ioctl", {IF_ARGUMENT(1, TCSETSW)}},
    {"ioctl", {IF_ARGUMENT(1, TCSETSF)}},   {"ioctl", {IF_ARGUMENT(1, TIOCGWINSZ)}},
    {"ioctl", {IF_ARGUMENT(1, TIOCGPGRP)}}, {"ioctl", {IF_ARGUMENT(1, FIONREAD)}},
    {"ioctl", {IF_ARGUMENT(1, FIONBIO)}},
};

static const struct call_rule computing_mmap = {"mmap", {WITHOUT_EXECUTION}};

static const char serving[] =
    "accept accept4 recv recvfrom recvmsg send sendto sendmsg sendfile sendfile64 shutdown getsockname "
    "getpeername getsockopt setsockopt epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 pipe2";

static const char looking[] = "open openat access faccessat faccessat2 stat stat64 lstat lstat64 readlink "
                              "readlinkat getdents getdents64 "
                              "getcwd bind connect";

static const struct call_rule looking_if[] = {
    {"socket", {IF_ARGUMENT(0, AF_UNIX)}},
    {"socket", {IF_ARGUMENT(0, AF_NETLINK), IF_ARGUMENT(2, NETLINK_ROUTE)}},
    {"socket", {IF_ARGUMENT(0, AF_NETLINK), IF_ARGUMENT(2, NETLINK_GENERIC)}},
    {"ioctl", {IF_ARGUMENT(1, SIOCGIFINDEX)}}, /* zones of link-local endpoints */
    {"ioctl", {IF_ARGUMENT(1, SIOCGIFNAME)}},
};

static int allow_computing(struct call_filter *filter)
{
    const struct call_rule ourselves[] = {
        {"kill", {IF_ARGUMENT(0, getpid())}},
        {"tgkill", {IF_ARGUMENT(0, getpid())}},
    };
    int error = call_filter_allow(filter, computing);

    if (error == 0)
        error = call_filter_add(filter, computing_if, COUNT(computing_if));
    if (error == 0 && CALL_MMAP_SHOWS)
        error = call_filter_add(filter, &computing_mmap, 1);
    if (error == 0 && CALL_MMAP_HIDDEN)
        error = call_filter_allow(filter, "mmap");
    return error == 0 ? call_filter_add(filter, ourselves, COUNT(ourselves)) : error;
}

static int allow(struct call_filter *filter, enum give_up what)
{
    int error = allow_computing(filter);

    if (error == 0 && what != GIVE_UP_ALL)
        error = call_filter_allow(filter, serving);
    if (error == 0 && what == GIVE_UP_CHANGES)
        error = call_filter_allow(filter, looking);
    if (error == 0 && what == GIVE_UP_CHANGES)
        error = call_filter_add(filter, looking_if, COUNT(looking_if));
    return error;
}

static void give_up_calls(enum give_up what)
{
    struct call_filter *filter = NULL;
    int error = call_filter_new(&filter, CALL_FILTER_FAIL);

    if (error == 0)
        error = allow(filter, what);
    if (error == 0)
        error = call_filter_load(filter);
    call_filter_free(filter);
    (void)error; /* then all calls are left */
}

/* Root without capabilities sees and changes what is root's, which voled's sockets and the kernel's
 * interfaces need not be. */
static void give_up_capabilities(enum give_up what)
{
    static const unsigned looking_needs[] = {CAP_NET_ADMIN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH};
    bool looks = what == GIVE_UP_CHANGES || what == GIVE_UP_PROGRAMS;

    (void)!privileges_keep(looking_needs, looks ? COUNT(looking_needs) : 0);
}

void give_up(enum give_up what)
{
    give_up_capabilities(what);
    if (privileges_no_new() < 0 || sanitizer_built_in())
        return;
    if (what == GIVE_UP_ALL || what == GIVE_UP_FILES)
        (void)!landlock_give_up_files();
    else
        (void)!landlock_give_up_changes();
    if (what != GIVE_UP_PROGRAMS)
        give_up_calls(what);
}
