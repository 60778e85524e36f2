/* SPDX-License-Identifier: MIT
 *
 * What the filters of voled's two processes let through, on whatever machine this runs: the program that the
 * kernel would be given is asked about calls, by a small interpreter of such programs. So the lists of
 * machines whose kernel is not here are tested, too.
 */
#include "daemon/allowed_calls.h"
#include "linux/call_names.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ENGINE_PID 4711
#define REFUSED    (SECCOMP_RET_ERRNO | EACCES)

struct program {
    struct call_filter *filter;
    const struct sock_filter *steps;
    unsigned count;
    uint32_t machine; /* the only one it lets through */
};

static struct program engine, parent;

/* ---- the kernel's part ---- */

static uint32_t load_word(const struct seccomp_data *data, uint32_t offset)
{
    uint32_t word;

    assert_true(offset % 4 == 0 && offset + sizeof(word) <= sizeof(*data));
    memcpy(&word, (const uint8_t *)data + offset, sizeof(word));
    return word;
}

/* Where a jump leads, from the step behind it. */
static unsigned jump_of(const struct sock_filter *step, uint32_t word)
{
    switch (BPF_OP(step->code)) {
    case BPF_JA:
        return step->k;
    case BPF_JEQ:
        return word == step->k ? step->jt : step->jf;
    case BPF_JGE:
        return word >= step->k ? step->jt : step->jf;
    default:
        fail_msg("a jump of an unknown kind");
        return 0;
    }
}

static uint32_t answer(const struct program *program, const struct seccomp_data *data)
{
    uint32_t word = 0;

    for (unsigned at = 0; at < program->count; at++) {
        const struct sock_filter *step = &program->steps[at];

        if (step->code == (BPF_RET | BPF_K))
            return step->k;
        if (step->code == (BPF_LD | BPF_W | BPF_ABS))
            word = load_word(data, step->k);
        else if (step->code == (BPF_ALU | BPF_AND | BPF_K))
            word &= step->k;
        else if (BPF_CLASS(step->code) == BPF_JMP)
            at += jump_of(step, word);
        else
            fail_msg("a step of an unknown kind");
    }
    fail_msg("the program does not end");
    return 0;
}

/* ---- questions ---- */

static uint32_t ask(const struct program *program, const char *name, uint64_t first, uint64_t second,
                    uint64_t third)
{
    struct seccomp_data data = {
        .nr = call_number(name, strlen(name)), .arch = program->machine, .args = {first, second, third}};

    if (data.nr < 0)
        fail_msg("there is no %s here", name);
    return answer(program, &data);
}

static bool is_here(const char *name)
{
    return call_number(name, strlen(name)) >= 0;
}

/* Whether some argument makes it pass: none, or the second or first a small number. */
static bool may_pass(const struct program *program, const char *name)
{
    for (uint64_t i = 0; i < 40; i++)
        if (ask(program, name, 0, i, 0) == SECCOMP_RET_ALLOW ||
            ask(program, name, i, 0, 0) == SECCOMP_RET_ALLOW)
            return true;
    return false;
}

static void every_end(const struct program *program, const char *const *names, uint32_t end)
{
    for (; *names != NULL; names++) {
        if (is_here(*names) && ask(program, *names, 0, 0, 0) != end)
            fail_msg("%s: %#x instead of %#x", *names, ask(program, *names, 0, 0, 0), end);
    }
}

/* ---- tests ---- */

/* What takes over, spies, or reaches beyond what is open. */
static const char *const for_nobody[] = {"execve",
                                         "execveat",
                                         "fork",
                                         "vfork",
                                         "ptrace",
                                         "process_vm_readv",
                                         "process_vm_writev",
                                         "process_madvise",
                                         "pidfd_getfd",
                                         "pidfd_open",
                                         "mount",
                                         "umount2",
                                         "move_mount",
                                         "open_tree",
                                         "fsopen",
                                         "pivot_root",
                                         "chroot",
                                         "unshare",
                                         "setuid",
                                         "setuid32",
                                         "setgid",
                                         "setgid32",
                                         "setresuid",
                                         "setresuid32",
                                         "setgroups",
                                         "setgroups32",
                                         "capset",
                                         "bpf",
                                         "perf_event_open",
                                         "userfaultfd",
                                         "io_uring_setup",
                                         "io_uring_enter",
                                         "init_module",
                                         "finit_module",
                                         "delete_module",
                                         "kexec_load",
                                         "reboot",
                                         "swapon",
                                         "settimeofday",
                                         "clock_settime",
                                         "clock_settime64",
                                         "clock_adjtime",
                                         "adjtimex",
                                         "stime",
                                         "sethostname",
                                         "keyctl",
                                         "add_key",
                                         "request_key",
                                         "personality",
                                         "pkey_mprotect",
                                         "shmat",
                                         "shmget",
                                         "ipc",
                                         "memfd_create",
                                         "splice",
                                         "vmsplice",
                                         "tee",
                                         "sendfile",
                                         "sendfile64",
                                         "prlimit64",
                                         "setrlimit",
                                         "tkill",
                                         "rt_sigqueueinfo",
                                         "rt_tgsigqueueinfo",
                                         "ioperm",
                                         "iopl",
                                         "modify_ldt",
                                         "arch_prctl",
                                         "quotactl",
                                         "acct",
                                         "fanotify_init",
                                         "inotify_init1",
                                         "open_by_handle_at",
                                         "name_to_handle_at",
                                         "mknod",
                                         "mknodat",
                                         "symlink",
                                         "symlinkat",
                                         "link",
                                         "linkat",
                                         "chmod",
                                         "fchmod",
                                         "fchmodat",
                                         "chown",
                                         "fchown",
                                         "fchownat",
                                         "truncate",
                                         "ftruncate",
                                         "ftruncate64",
                                         "creat",
                                         "openat2",
                                         "seccomp",
                                         "landlock_restrict_self",
                                         "mlockall",
                                         "syslog",
                                         "socketpair",
                                         "listen",
                                         "shutdown",
                                         "migrate_pages",
                                         "kcmp",
                                         NULL};

static const char *const for_the_parent[] = {"bind",       "connect", "getsockname", "setsockopt", "pipe2",
                                             "dup",        "lseek",   "mkdirat",     "renameat2",  "unlink",
                                             "unlinkat",   "fsync",   "flock",       "wait4",      "waitid",
                                             "getdents64", "rename",  NULL};

static void what_takes_over_or_reaches_out_ends_both(void **state)
{
    (void)state;
    for (const char *const *name = for_nobody; *name != NULL; name++) {
        if (!is_here(*name) || strcmp(*name, "openat2") == 0)
            continue;
        if (may_pass(&engine, *name) || may_pass(&parent, *name))
            fail_msg("%s is allowed", *name);
        assert_int_equal(ask(&parent, *name, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
        assert_int_equal(ask(&engine, *name, 0, 0, 0), SECCOMP_RET_TRAP);
    }
}

static void what_only_requests_need_ends_the_engine(void **state)
{
    (void)state;
    every_end(&parent, for_the_parent, SECCOMP_RET_ALLOW);
    every_end(&engine, for_the_parent, SECCOMP_RET_TRAP);
    if (is_here("socket"))
        assert_false(may_pass(&engine, "socket"));
}

static void what_a_library_tries_fails_in_the_engine(void **state)
{
    static const char *const files[] = {"open",  "openat",     "openat2", "access",   "faccessat",
                                        "stat",  "stat64",     "statx",   "readlink", "readlinkat",
                                        "lstat", "newfstatat", NULL};

    (void)state;
    every_end(&engine, files, REFUSED);
    assert_int_equal(ask(&engine, "clone3", 0, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
    assert_int_equal(ask(&parent, "clone3", 0, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
    assert_int_equal(ask(&parent, "openat", 0, 0, 0), SECCOMP_RET_ALLOW);
}

static void memory_never_becomes_executable(void **state)
{
    static const char *const calls[] = {"mmap", "mmap2", "mprotect"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        if (!is_here(calls[i]) || (i == 0 && !CALL_MMAP_SHOWS))
            continue;
        for (uint64_t bits = 0; bits < 8; bits++) {
            bool allowed = (bits & PROT_EXEC) == 0;

            assert_int_equal(ask(&engine, calls[i], 0, 0, bits),
                             allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP);
            assert_int_equal(ask(&parent, calls[i], 0, 0, bits),
                             allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS);
        }
    }
    /* The old one, whose arguments the filter cannot see, where a C library does not need it. */
    if (!CALL_MMAP_SHOWS && !CALL_MMAP_HIDDEN)
        assert_false(may_pass(&engine, "mmap"));
}

static void only_threads_are_started(void **state)
{
    const uint64_t thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_SETTLS;
    const uint64_t flags[] = {thread, thread & ~(uint64_t)CLONE_THREAD, thread & ~(uint64_t)CLONE_VM,
                              SIGCHLD};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint64_t arguments[2] = {0, 0};
        uint32_t result;

        arguments[CALL_CLONE_FLAGS] = flags[i];
        result = ask(&engine, "clone", arguments[0], arguments[1], 0);
        assert_int_equal(result, i == 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP);
    }
}

/* A C library with a clock of 64 bits takes the new call instead of the old one, and falls back if there is
 * none; if it were ended for it, it could not. */
static void the_calls_for_a_clock_of_64_bits_are_allowed_beside_the_old_ones(void **state)
{
    unsigned found = 0;

    (void)state;
    for (unsigned i = 0; i < call_names_count; i++) {
        const char *name = call_names_text + call_names_offsets[i];
        size_t length = strlen(name);
        size_t old = length > 7 && strcmp(name + length - 7, "_time64") == 0 ? length - 7
                     : length > 2 && strcmp(name + length - 2, "64") == 0    ? length - 2
                                                                             : 0;
        char base[CALL_NAME_BYTES];

        (void)snprintf(base, sizeof(base), "%.*s", (int)old, name);
        if (old == 0 || !is_here(base) || strcmp(base, "prlimit") == 0)
            continue;
        if (may_pass(&engine, base) && !may_pass(&engine, name))
            fail_msg("the engine may %s, but not %s", base, name);
        if (may_pass(&parent, base) && !may_pass(&parent, name))
            fail_msg("the parent may %s, but not %s", base, name);
        found += may_pass(&engine, name) ? 1 : 0;
    }
    assert_true(sizeof(long) == 8 || found >= 5);
}

static void conditions_look_at_whole_arguments(void **state)
{
    (void)state;
    assert_int_equal(ask(&parent, "kill", ENGINE_PID, SIGKILL, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(&parent, "kill", ENGINE_PID, SIGTERM, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(&parent, "kill", ENGINE_PID + 1, SIGKILL, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(&engine, "kill", ENGINE_PID, SIGKILL, 0), SECCOMP_RET_TRAP);
    assert_int_equal(ask(&parent, "setns", 5, CLONE_NEWNET, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(&parent, "setns", 5, CLONE_NEWNS, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(&parent, "setns", 5, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(&engine, "tgkill", (uint64_t)getpid(), 1, SIGABRT), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(&engine, "tgkill", (uint64_t)getpid(), 1, SIGKILL), SECCOMP_RET_TRAP);
    assert_int_equal(ask(&engine, "tgkill", (uint64_t)getppid(), 1, SIGABRT), SECCOMP_RET_TRAP);
    if (is_here("socket")) {
        assert_int_equal(ask(&parent, "socket", AF_INET6, SOCK_DGRAM, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&parent, "socket", AF_PACKET, SOCK_RAW, 0), SECCOMP_RET_KILL_PROCESS);
        assert_int_equal(ask(&parent, "socket", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&parent, "socket", AF_NETLINK, SOCK_RAW, NETLINK_AUDIT),
                         SECCOMP_RET_KILL_PROCESS);
    }
}

/* The kernel has the calls of other machines, too, with other numbers. */
static void calls_of_another_machine_end_both(void **state)
{
    struct seccomp_data data = {.nr = call_number("read", 4)};

    (void)state;
    for (uint32_t bit = 0; bit < 32; bit++) {
        data.arch = engine.machine ^ (1u << bit);
        assert_int_equal(answer(&engine, &data), SECCOMP_RET_KILL_PROCESS);
        assert_int_equal(answer(&parent, &data), SECCOMP_RET_KILL_PROCESS);
    }
}

static void numbers_without_a_call_end_both(void **state)
{
    static const int numbers[] = {-1, 0x7fffffff, 0x40000000, 1 << 20, 5000, 1023};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct seccomp_data data = {.nr = numbers[i], .arch = engine.machine};

        assert_int_equal(answer(&engine, &data), SECCOMP_RET_TRAP);
        assert_int_equal(answer(&parent, &data), SECCOMP_RET_KILL_PROCESS);
    }
    for (unsigned i = 0; i < call_names_count; i++) { /* what a number of a kernel's second half would be */
        struct seccomp_data data = {.nr = (int)(call_names_numbers[i] | 0x40000000), .arch = engine.machine};

        assert_int_equal(answer(&engine, &data), SECCOMP_RET_TRAP);
    }
}

static void the_call_for_all_of_sockets_calls_is_open_for_the_same(void **state)
{
    (void)state;
    if (!is_here("socketcall"))
        skip();
    assert_int_equal(ask(&engine, "socketcall", SYS_SENDMSG, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(&engine, "socketcall", SYS_RECVMSG, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(&engine, "socketcall", SYS_ACCEPT4, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(&engine, "socketcall", SYS_SOCKET, 0, 0), SECCOMP_RET_TRAP);
    assert_int_equal(ask(&engine, "socketcall", SYS_CONNECT, 0, 0), SECCOMP_RET_TRAP);
    assert_int_equal(ask(&engine, "socketcall", SYS_BIND, 0, 0), SECCOMP_RET_TRAP);
    assert_int_equal(ask(&parent, "socketcall", SYS_SOCKET, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(&parent, "socketcall", SYS_SETSOCKOPT, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(&parent, "socketcall", SYS_LISTEN, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(&parent, "socketcall", SYS_SOCKETPAIR, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

static void names_and_numbers_belong_together(void **state)
{
    char name[CALL_NAME_BYTES];

    (void)state;
    for (unsigned i = 0; i < call_names_count; i++) {
        const char *known = call_names_text + call_names_offsets[i];

        assert_int_equal(call_number(known, strlen(known)), call_names_numbers[i]);
    }
    call_name(name, call_number("execve", 6));
    assert_string_equal(name, "execve");
    call_name(name, 99999);
    assert_string_equal(name, "number 99999");
    assert_int_equal(call_number("execve", 5), -1);
    assert_int_equal(call_number("execveat2", 9), -1);
    assert_int_equal(call_number("", 0), -1);
}

/* ---- beginning and end ---- */

static int compile(struct program *program, enum call_filter_end end, bool of_engine)
{
    if (call_filter_new(&program->filter, end) != 0 ||
        (of_engine ? allowed_calls_of_engine(program->filter)
                   : allowed_calls_of_parent(program->filter, ENGINE_PID)) != 0 ||
        call_filter_compile(program->filter, &program->steps, &program->count) != 0)
        return -1;
    program->machine = program->steps[1].k;
    return program->steps[0].k == offsetof(struct seccomp_data, arch) && program->count <= BPF_MAXINSNS ? 0
                                                                                                        : -1;
}

static int begin(void **state)
{
    (void)state;
    return compile(&engine, CALL_FILTER_TRAP, true) == 0 && compile(&parent, CALL_FILTER_KILL, false) == 0
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    call_filter_free(engine.filter);
    call_filter_free(parent.filter);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_takes_over_or_reaches_out_ends_both),
        cmocka_unit_test(what_only_requests_need_ends_the_engine),
        cmocka_unit_test(what_a_library_tries_fails_in_the_engine),
        cmocka_unit_test(memory_never_becomes_executable),
        cmocka_unit_test(only_threads_are_started),
        cmocka_unit_test(the_calls_for_a_clock_of_64_bits_are_allowed_beside_the_old_ones),
        cmocka_unit_test(conditions_look_at_whole_arguments),
        cmocka_unit_test(calls_of_another_machine_end_both),
        cmocka_unit_test(numbers_without_a_call_end_both),
        cmocka_unit_test(the_call_for_all_of_sockets_calls_is_open_for_the_same),
        cmocka_unit_test(names_and_numbers_belong_together),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
