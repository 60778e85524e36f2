/* SPDX-License-Identifier: MIT
 *
 * The list of inverses.
 */
#include "cli/steps.h"

#include "linux/process.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void steps_say(const char *format, ...)
{
    va_list arguments;

    fputs("[#] ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

struct step *steps_push(struct steps *steps, step_undo_function *undo, const struct routing_rule *rule)
{
    assert(steps->count < STEPS_MAX);
    struct step *step = &steps->items[steps->count++];

    *step = (struct step){.undo = undo};
    if (rule != NULL)
        step->rule = *rule;
    return step;
}

void steps_undo(struct steps *steps, struct tunnel *tunnel)
{
    process_ignore_signals();
    while (steps->count > 0) {
        const struct step *step = &steps->items[--steps->count];

        step->undo(tunnel, step);
    }
}
