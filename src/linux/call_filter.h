/* SPDX-License-Identifier: MIT
 *
 * Which system calls a thread may make: a list of all that are allowed, given to the kernel (seccomp, through
 * libseccomp). What is not on the list ends the process. The filter holds for the calling thread and every
 * thread it starts later, and cannot be taken off again; so it is put on before there are threads.
 *
 * A rule names a call as the kernel does, whether this architecture has it or not. Two rules for the same
 * call with different conditions allow what either allows. A rule may also have a call fail with an errno,
 * for calls that libraries make on their own and can do without. Built without libseccomp, a filter cannot be
 * made: -ENOSYS.
 */
#ifndef VOLE_LINUX_CALL_FILTER_H
#define VOLE_LINUX_CALL_FILTER_H

#include "vole.h"

#include <stddef.h>
#include <stdint.h>

#define CALL_CONDITIONS 2
#define CALL_NAME_BYTES 32
#define CALL_ALL_BITS   UINT64_MAX
#define CALL_NO_CONDITION                                                                                    \
    {                                                                                                        \
        0, 0, 0                                                                                              \
    }

/* That (argument & mask) is value; a mask of 0 is no condition. */
struct call_condition {
    unsigned argument; /* from 0 */
    uint64_t mask;
    uint64_t value;
};

struct call_rule {
    const char *name;
    int error; /* positive errno the call fails with; 0: it is allowed */
    struct call_condition conditions[CALL_CONDITIONS];
};

enum call_filter_end {
    CALL_FILTER_TRAP, /* a forbidden call raises SIGSYS, which a handler may tell of before it ends the
                         process */
    CALL_FILTER_KILL  /* ends the process at once */
};

struct call_filter;

/* -ENOMEM, -ENOSYS: built without. */
VOLE_MUST_CHECK int call_filter_new(struct call_filter **filter, enum call_filter_end end);
/* Calls that this architecture does not have are passed over. */
VOLE_MUST_CHECK int call_filter_add(struct call_filter *filter, const struct call_rule *rules, size_t count);
/* Puts it on the calling thread, with no_new_privs. -EINVAL: the kernel has no such filters. */
VOLE_MUST_CHECK int call_filter_load(struct call_filter *filter);
/* NULL is allowed. What was loaded stays. */
void call_filter_free(struct call_filter *filter);

/* The name of the call with this number, or "number N". */
void call_name(char name[static CALL_NAME_BYTES], int number);

#endif
