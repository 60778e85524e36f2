/* SPDX-License-Identifier: MIT
 *
 * Runs a function one instruction at a time and remembers which instructions ran and which addresses they
 * used: what a constant-time function does the same for all secrets.
 *
 * The processor's trap flag raises a signal after each instruction; the handler looks at the next one
 * (instruction.h) and at the registers it forms addresses of. No debugger and no privilege is needed. One
 * trace at a time; the traced function must not use signals. Takes about two microseconds per instruction.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_STEPS_MAX ((size_t)8 << 20)

/* What one run did. */
struct trace {
    size_t steps;
    bool too_long;       /* more than TRACE_STEPS_MAX */
    uintptr_t gather;    /* an instruction that made addresses of a vector, 0: none */
    bool differs;        /* from the trace before, compared with: */
    size_t differs_step; /* the first step that does, */
    uintptr_t at;        /* its instruction here, */
    uintptr_t at_first;  /* and there: the same one if only addresses differ */
};

/* Installs the handler. 0 or a negative errno. */
int trace_start(void);
/* Runs function. The first run is remembered, the others are compared with it. */
struct trace trace_run(void (*function)(void), bool first);

#endif
