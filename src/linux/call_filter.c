/* SPDX-License-Identifier: MIT
 *
 * Filters of system calls: see call_filter.h.
 *
 * The program finds the call's number by halves: the numbers are cut into stretches that are treated alike,
 * and each question is whether the number lies in the upper or the lower half of what is left. The kernel
 * itself asks the program once about every number, to remember those that are allowed whatever their
 * arguments are; these then cost next to nothing, others some hundred nanoseconds.
 */
#include "linux/call_filter.h"

#include "linux/call_names.h"
#include "linux/privileges.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/net.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL_FILTER_RULES 256
#define CALL_FILTER_STEPS 2048

/* What the kernel calls this machine; 0: not known here. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define CALL_FILTER_MACHINE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define CALL_FILTER_MACHINE AUDIT_ARCH_I386
#elif defined(__aarch64__) && !defined(__ILP32__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CALL_FILTER_MACHINE AUDIT_ARCH_AARCH64
#elif defined(__arm__) && defined(__ARM_EABI__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CALL_FILTER_MACHINE AUDIT_ARCH_ARM
#elif defined(__s390x__)
#define CALL_FILTER_MACHINE AUDIT_ARCH_S390X
#elif defined(__riscv) && __riscv_xlen == 64
#define CALL_FILTER_MACHINE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CALL_FILTER_MACHINE AUDIT_ARCH_PPC64LE
#else
#define CALL_FILTER_MACHINE 0
#endif

struct call_filter_rule {
    uint32_t number;
    uint16_t order; /* in which it was added */
    uint16_t error; /* 0: allowed */
    struct call_condition conditions[CALL_CONDITIONS];
};

/* Numbers from start on, up to the next stretch's, that the same rules are for; none: they end the process.
 */
struct call_filter_stretch {
    uint32_t start;
    const struct call_filter_rule *rules;
    unsigned count;
};

struct call_filter {
    enum call_filter_end end;
    struct call_filter_rule rules[CALL_FILTER_RULES];
    unsigned rule_count;
    struct call_filter_stretch stretches[2 * CALL_FILTER_RULES + 1];
    unsigned stretch_count;
    struct sock_filter program[CALL_FILTER_STEPS];
    unsigned steps; /* may become more than there is room for; what is too much is not written */
};

int call_filter_new(struct call_filter **filter, enum call_filter_end end)
{
    *filter = NULL;
    if (CALL_FILTER_MACHINE == 0)
        return -ENOSYS;
    *filter = calloc(1, sizeof(**filter));
    if (*filter == NULL)
        return -ENOMEM;
    (*filter)->end = end;
    return 0;
}

void call_filter_free(struct call_filter *filter)
{
    free(filter);
}

/* ---- rules ---- */

static int call_filter_append(struct call_filter *filter, uint32_t number, int error,
                              const struct call_condition *conditions)
{
    struct call_filter_rule *rule = &filter->rules[filter->rule_count];

    if (filter->rule_count == CALL_FILTER_RULES)
        return -E2BIG;
    *rule = (struct call_filter_rule){
        .number = number, .order = (uint16_t)filter->rule_count, .error = (uint16_t)error};
    if (conditions != NULL)
        memcpy(rule->conditions, conditions, sizeof(rule->conditions));
    filter->rule_count++;
    return 0;
}

#if defined(__NR_socketcall)

/* The number that the call for all of sockets' calls has for this one, 0: it is none of them. */
static unsigned call_filter_inside_socketcall(const char *name, size_t length)
{
    static const char *const calls[] = {
        [SYS_SOCKET] = "socket",
        [SYS_BIND] = "bind",
        [SYS_CONNECT] = "connect",
        [SYS_LISTEN] = "listen",
        [SYS_ACCEPT] = "accept",
        [SYS_GETSOCKNAME] = "getsockname",
        [SYS_GETPEERNAME] = "getpeername",
        [SYS_SOCKETPAIR] = "socketpair",
        [SYS_SEND] = "send",
        [SYS_RECV] = "recv",
        [SYS_SENDTO] = "sendto",
        [SYS_RECVFROM] = "recvfrom",
        [SYS_SHUTDOWN] = "shutdown",
        [SYS_SETSOCKOPT] = "setsockopt",
        [SYS_GETSOCKOPT] = "getsockopt",
        [SYS_SENDMSG] = "sendmsg",
        [SYS_RECVMSG] = "recvmsg",
        [SYS_ACCEPT4] = "accept4",
        [SYS_RECVMMSG] = "recvmmsg",
        [SYS_SENDMMSG] = "sendmmsg",
    };

    for (unsigned i = SYS_SOCKET; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strlen(calls[i]) == length && memcmp(calls[i], name, length) == 0)
            return i;
    return 0;
}

static int call_filter_append_socketcall(struct call_filter *filter, const char *name, size_t length,
                                         int error)
{
    struct call_condition conditions[CALL_CONDITIONS] = {
        {.mask = UINT32_MAX, .value = call_filter_inside_socketcall(name, length)}};

    return conditions[0].value == 0 ? 0 : call_filter_append(filter, __NR_socketcall, error, conditions);
}

#else

static int call_filter_append_socketcall(struct call_filter *filter, const char *name, size_t length,
                                         int error)
{
    (void)filter;
    (void)name;
    (void)length;
    (void)error;
    return 0;
}

#endif

static int call_filter_append_named(struct call_filter *filter, const char *name, size_t length, int error,
                                    const struct call_condition *conditions)
{
    int number = call_number(name, length);
    int result = number < 0 ? 0 : call_filter_append(filter, (uint32_t)number, error, conditions);

    return result < 0 ? result : call_filter_append_socketcall(filter, name, length, error);
}

static int call_filter_append_all(struct call_filter *filter, const char *names, int error)
{
    int result = 0;

    for (const char *name = names; *name != '\0' && result == 0; name += strspn(name, " ")) {
        size_t length = strcspn(name, " ");

        result = call_filter_append_named(filter, name, length, error, NULL);
        name += length;
    }
    return result;
}

int call_filter_allow(struct call_filter *filter, const char *names)
{
    return call_filter_append_all(filter, names, 0);
}

int call_filter_refuse(struct call_filter *filter, int error, const char *names)
{
    return call_filter_append_all(filter, names, error);
}

int call_filter_add(struct call_filter *filter, const struct call_rule *rules, size_t count)
{
    int error = 0;

    for (size_t i = 0; i < count && error == 0; i++)
        error =
            call_filter_append_named(filter, rules[i].name, strlen(rules[i].name), 0, rules[i].conditions);
    return error;
}

/* ---- stretches ---- */

static int call_filter_compare(const void *left, const void *right)
{
    const struct call_filter_rule *one = left;
    const struct call_filter_rule *other = right;

    if (one->number != other->number)
        return one->number < other->number ? -1 : 1;
    return one->order < other->order ? -1 : 1;
}

static bool call_filter_is_plain(const struct call_filter_stretch *stretch)
{
    return stretch->count > 0 && stretch->rules[0].conditions[0].mask == 0;
}

/* Appends it, unless it goes on with what the last one does. */
static void call_filter_stretch_on(struct call_filter *filter, struct call_filter_stretch stretch)
{
    const struct call_filter_stretch *last =
        filter->stretch_count > 0 ? &filter->stretches[filter->stretch_count - 1] : NULL;

    if (last != NULL && call_filter_is_plain(last) && call_filter_is_plain(&stretch) &&
        last->rules[0].error == stretch.rules[0].error)
        return;
    filter->stretches[filter->stretch_count++] = stretch;
}

static void call_filter_cut(struct call_filter *filter)
{
    uint32_t next = 0; /* the lowest number that is not cut yet */

    qsort(filter->rules, filter->rule_count, sizeof(filter->rules[0]), call_filter_compare);
    filter->stretch_count = 0;
    for (unsigned i = 0; i < filter->rule_count;) {
        const struct call_filter_rule *first = &filter->rules[i];
        unsigned count = 1;

        while (i + count < filter->rule_count && first[count].number == first->number)
            count++;
        if (first->number > next)
            filter->stretches[filter->stretch_count++] = (struct call_filter_stretch){.start = next};
        call_filter_stretch_on(filter, (struct call_filter_stretch){first->number, first, count});
        next = first->number + 1;
        i += count;
    }
    filter->stretches[filter->stretch_count++] = (struct call_filter_stretch){.start = next};
}

/* ---- the program ---- */

static void call_filter_step(struct call_filter *filter, struct sock_filter step)
{
    if (filter->steps < CALL_FILTER_STEPS)
        filter->program[filter->steps] = step;
    filter->steps++;
}

static void call_filter_load_word(struct call_filter *filter, size_t offset)
{
    call_filter_step(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void call_filter_return(struct call_filter *filter, uint32_t what)
{
    call_filter_step(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

static void call_filter_end_it(struct call_filter *filter)
{
    static const uint32_t ends[] = {[CALL_FILTER_TRAP] = SECCOMP_RET_TRAP,
                                    [CALL_FILTER_KILL] = SECCOMP_RET_KILL_PROCESS,
                                    [CALL_FILTER_FAIL] = SECCOMP_RET_ERRNO | ENOSYS};

    call_filter_return(filter, ends[filter->end]);
}

/* Goes on if this word of the argument, behind the mask, is value; else to a place that is not known yet. */
static void call_filter_ask(struct call_filter *filter, size_t offset, uint32_t mask, uint32_t value)
{
    if (mask == 0)
        return;
    call_filter_load_word(filter, offset);
    if (mask != UINT32_MAX)
        call_filter_step(filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    call_filter_step(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, UINT8_MAX));
}

/* Answers if all conditions hold; else goes on behind. */
static void call_filter_rule_steps(struct call_filter *filter, const struct call_filter_rule *rule)
{
    const bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    unsigned begin = filter->steps;

    for (unsigned i = 0; i < CALL_CONDITIONS; i++) {
        const struct call_condition *one = &rule->conditions[i];
        size_t low = offsetof(struct seccomp_data, args) + one->argument * sizeof(uint64_t) + (big ? 4 : 0);
        size_t high = big ? low - 4 : low + 4;

        call_filter_ask(filter, low, (uint32_t)one->mask, (uint32_t)one->value);
        call_filter_ask(filter, high, (uint32_t)(one->mask >> 32), (uint32_t)(one->value >> 32));
    }
    call_filter_return(filter, rule->error != 0 ? SECCOMP_RET_ERRNO | rule->error : SECCOMP_RET_ALLOW);
    for (unsigned i = begin; i < filter->steps && i < CALL_FILTER_STEPS; i++)
        if (BPF_CLASS(filter->program[i].code) == BPF_JMP)
            filter->program[i].jf = (uint8_t)(filter->steps - i - 1);
}

static void call_filter_stretch_steps(struct call_filter *filter, const struct call_filter_stretch *stretch)
{
    for (unsigned i = 0; i < stretch->count; i++)
        call_filter_rule_steps(filter, &stretch->rules[i]);
    if (!call_filter_is_plain(stretch))
        call_filter_end_it(filter);
}

/* The number is in the accumulator, and in one of these stretches. */
static void call_filter_halve(struct call_filter *filter, unsigned first, unsigned count)
{
    unsigned lower = count / 2;
    unsigned jump;

    if (count == 1) {
        call_filter_stretch_steps(filter, &filter->stretches[first]);
        return;
    }
    call_filter_step(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K,
                                                          filter->stretches[first + lower].start, 0, 1));
    jump = filter->steps;
    call_filter_step(filter, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
    call_filter_halve(filter, first, lower);
    if (jump < CALL_FILTER_STEPS)
        filter->program[jump].k = filter->steps - jump - 1;
    call_filter_halve(filter, first + lower, count - lower);
}

int call_filter_compile(struct call_filter *filter, const struct sock_filter **program, unsigned *steps)
{
    call_filter_cut(filter);
    filter->steps = 0;
    call_filter_load_word(filter, offsetof(struct seccomp_data, arch));
    call_filter_step(
        filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)CALL_FILTER_MACHINE, 1, 0));
    call_filter_return(filter, SECCOMP_RET_KILL_PROCESS);
    call_filter_load_word(filter, offsetof(struct seccomp_data, nr));
    call_filter_halve(filter, 0, filter->stretch_count);
    *program = filter->program;
    *steps = filter->steps;
    return filter->steps > CALL_FILTER_STEPS ? -E2BIG : 0;
}

int call_filter_load(struct call_filter *filter)
{
    const struct sock_filter *program;
    unsigned steps;
    int error = call_filter_compile(filter, &program, &steps);
    struct sock_fprog given = {.len = (unsigned short)steps, .filter = filter->program};

    if (error == 0)
        error = privileges_no_new();
    if (error < 0)
        return error;
    /* Kernels before 5.16 else slow the process down against one speculation attack, which is for programs
     * that run foreign code. Older ones do not know the flag, and the oldest only the old way. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &given) == 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &given, 0L, 0L) == 0)
        return 0;
    return -errno;
}
