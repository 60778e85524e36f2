/* SPDX-License-Identifier: MIT
 *
 * Filters of system calls where there is no libseccomp: none.
 */
#include "linux/call_filter.h"

#include <errno.h>
#include <stdio.h>

int call_filter_new(struct call_filter **filter, enum call_filter_end end)
{
    (void)end;
    *filter = NULL;
    return -ENOSYS;
}

int call_filter_add(struct call_filter *filter, const struct call_rule *rules, size_t count)
{
    (void)filter;
    (void)rules;
    (void)count;
    return -ENOSYS;
}

int call_filter_load(struct call_filter *filter)
{
    (void)filter;
    return -ENOSYS;
}

void call_filter_free(struct call_filter *filter)
{
    (void)filter;
}

void call_name(char name[static CALL_NAME_BYTES], int number)
{
    (void)snprintf(name, CALL_NAME_BYTES, "number %d", number);
}
