/* SPDX-License-Identifier: MIT
 *
 * The diary of the world.
 */
#include "trace.h"

#include <inttypes.h>
#include <stdio.h>

static void print(FILE *file, const struct trace_entry *entry)
{
    fprintf(file, "%13.6f  %-8s %-28s", (double)entry->at_ns / 1e9, entry->who != NULL ? entry->who : "",
            entry->what);
    if (entry->whom != NULL)
        fprintf(file, " %-8s", entry->whom);
    fprintf(file, " %" PRIu64, entry->number);
    if (entry->detail != NULL)
        fprintf(file, "  %s", entry->detail);
    fputc('\n', file);
}

void trace_add(struct trace *trace, const struct trace_entry *entry)
{
    trace->entries[trace->count++ % TRACE_ENTRIES] = *entry;
    if (trace->verbose)
        print(stdout, entry);
}

void trace_print(const struct trace *trace)
{
    uint64_t first = trace->count > TRACE_ENTRIES ? trace->count - TRACE_ENTRIES : 0;

    for (uint64_t i = first; i < trace->count; i++)
        print(stderr, &trace->entries[i % TRACE_ENTRIES]);
}
