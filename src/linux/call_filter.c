/* SPDX-License-Identifier: MIT
 *
 * Filters of system calls through libseccomp: see call_filter.h. Calls without conditions cost next to
 * nothing, as the kernel remembers that they are allowed; with conditions, some hundred nanoseconds.
 */
#include "linux/call_filter.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

/* What libseccomp hands out under a name of its own. */
static scmp_filter_ctx call_filter_inside(struct call_filter *filter)
{
    return filter;
}

int call_filter_new(struct call_filter **filter, enum call_filter_end end)
{
    *filter = seccomp_init(end == CALL_FILTER_TRAP ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS);
    if (*filter == NULL)
        return -ENOMEM;
    /* Kernels before 5.16 else slow the process down against one speculation attack, which is for programs
     * that run foreign code. Kernels that do not know the attribute do not slow down either. */
    (void)seccomp_attr_set(call_filter_inside(*filter), SCMP_FLTATR_CTL_SSB, 1);
    return 0;
}

static int call_filter_add_one(struct call_filter *filter, const struct call_rule *rule)
{
    struct scmp_arg_cmp conditions[CALL_CONDITIONS];
    int number = seccomp_syscall_resolve_name(rule->name);
    unsigned count = 0;

    if (number == __NR_SCMP_ERROR)
        return 0;
    for (unsigned i = 0; i < CALL_CONDITIONS; i++)
        if (rule->conditions[i].mask != 0)
            conditions[count++] =
                SCMP_CMP64(rule->conditions[i].argument, SCMP_CMP_MASKED_EQ,
                           (scmp_datum_t)rule->conditions[i].mask, (scmp_datum_t)rule->conditions[i].value);
    return seccomp_rule_add_array(call_filter_inside(filter),
                                  rule->error != 0 ? SCMP_ACT_ERRNO((uint16_t)rule->error) : SCMP_ACT_ALLOW,
                                  number, count, conditions);
}

int call_filter_add(struct call_filter *filter, const struct call_rule *rules, size_t count)
{
    int error = 0;

    for (size_t i = 0; i < count && error == 0; i++)
        error = call_filter_add_one(filter, &rules[i]);
    return error == -EDOM || error == -EEXIST ? 0 : error;
}

int call_filter_load(struct call_filter *filter)
{
    return seccomp_load(call_filter_inside(filter));
}

void call_filter_free(struct call_filter *filter)
{
    if (filter != NULL)
        seccomp_release(call_filter_inside(filter));
}

void call_name(char name[static CALL_NAME_BYTES], int number)
{
    char *found = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

    if (found != NULL)
        (void)snprintf(name, CALL_NAME_BYTES, "%s", found);
    else
        (void)snprintf(name, CALL_NAME_BYTES, "number %d", number);
    free(found);
}
