/* SPDX-License-Identifier: MIT
 *
 * Which system calls a thread may make: a list of all that are allowed, given to the kernel as a program
 * (seccomp). What is not on the list ends the process, or fails. The filter holds for the calling thread and
 * every thread it starts later, and cannot be taken off again; so it is put on before there are threads.
 *
 * A call is named as the kernel does, whether this machine has it or not (call_names.h). Rules for the same
 * call allow what any of them allows; of those that fit, the one that was added first counts. Calls of
 * another architecture, which the kernel has beside this one's, end the process.
 *
 * On machines where a C library reaches the calls of sockets through one call for all (socketcall), a rule
 * for one of them allows it there, too, and without its conditions: the kernel cannot look behind a pointer.
 *
 * The life of one: new, allow, refuse and add, load, free. On a machine whose name for seccomp is not known
 * here, a filter cannot be made: -ENOSYS.
 */
#ifndef VOLE_LINUX_CALL_FILTER_H
#define VOLE_LINUX_CALL_FILTER_H

#include "vole.h"

#include <stddef.h>
#include <stdint.h>

#define CALL_CONDITIONS 2

struct sock_filter;

/* That (argument & mask) is value; a mask of 0 is no condition. */
struct call_condition {
    unsigned argument; /* from 0 */
    uint64_t mask;
    uint64_t value;
};

struct call_rule {
    const char *name;
    struct call_condition conditions[CALL_CONDITIONS];
};

/* Where the flags of clone() are. */
#if defined(__s390__)
#define CALL_CLONE_FLAGS 1
#else
#define CALL_CLONE_FLAGS 0
#endif
/* Whether the arguments of mmap() are arguments, and not behind a pointer. */
#if defined(__s390__) || defined(__i386__)
#define CALL_MMAP_SHOWS 0
#else
#define CALL_MMAP_SHOWS 1
#endif
/* Whether a C library cannot do without a mmap() that does not show them. */
#if defined(__s390__)
#define CALL_MMAP_HIDDEN 1
#else
#define CALL_MMAP_HIDDEN 0
#endif

enum call_filter_end {
    CALL_FILTER_TRAP, /* a forbidden call raises SIGSYS, which a handler may tell of before it ends the
                         process */
    CALL_FILTER_KILL, /* ends the process at once */
    CALL_FILTER_FAIL  /* a forbidden call fails with ENOSYS */
};

struct call_filter;

/* -ENOMEM, -ENOSYS. */
VOLE_MUST_CHECK int call_filter_new(struct call_filter **filter, enum call_filter_end end);
/* Each takes names with a space between them. -E2BIG: there are too many rules. */
VOLE_MUST_CHECK int call_filter_allow(struct call_filter *filter, const char *names);
/* These fail with a positive errno, for calls that libraries make on their own and can do without. */
VOLE_MUST_CHECK int call_filter_refuse(struct call_filter *filter, int error, const char *names);
/* These are allowed if all conditions hold. */
VOLE_MUST_CHECK int call_filter_add(struct call_filter *filter, const struct call_rule *rules, size_t count);
/* The program that the kernel is given, of so many steps, which belongs to the filter. -E2BIG. */
VOLE_MUST_CHECK int call_filter_compile(struct call_filter *filter, const struct sock_filter **program,
                                        unsigned *steps);
/* Puts it on the calling thread, with no_new_privs. -EINVAL: the kernel has no such filters. */
VOLE_MUST_CHECK int call_filter_load(struct call_filter *filter);
/* NULL is allowed. What was loaded stays. */
void call_filter_free(struct call_filter *filter);

#endif
