/* SPDX-License-Identifier: MIT
 *
 * The last things that happened, kept as numbers and put into words only when somebody wants to read them:
 * all of them with --verbose, the last ones when a rule was broken.
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#define TRACE_ENTRIES 64u

struct trace_entry {
    uint64_t at_ns;
    const char *what;       /* static text */
    const char *who, *whom; /* static names, or NULL */
    uint64_t number;
    const char *detail; /* static text, or NULL */
};

struct trace {
    struct trace_entry entries[TRACE_ENTRIES];
    uint64_t count;
    bool verbose;
};

void trace_add(struct trace *trace, const struct trace_entry *entry);
/* Prints what is remembered, oldest first, on stderr. */
void trace_print(const struct trace *trace);

#endif
