/* SPDX-License-Identifier: MIT
 *
 * vole confirm NAME: what `apply --confirm` did to the tunnel stays.
 */
#include "cli/command.h"

#include "cli/apply_guard.h"
#include "cli/root.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void print_usage(FILE *stream)
{
    fputs("Usage: vole confirm NAME\n"
          "\n"
          "Keeps what `vole apply --confirm SECONDS' did to the tunnel of this name.\n",
          stream);
}

/* What is true of an apply that was not confirmed. */
static const char *end_of(const char *answer)
{
    if (strcmp(answer, APPLY_GUARD_BACK) == 0)
        return "not confirmed: it was too late, and what was applied is taken back";
    if (strcmp(answer, APPLY_GUARD_PARTLY) == 0)
        return "not confirmed: it was too late, and not everything could be taken back; see `vole plan'";
    if (strcmp(answer, APPLY_GUARD_GONE) == 0)
        return "not confirmed: it was too late, but the interface is another by now, and was left alone";
    return "nothing waits to be confirmed any more; see `vole plan' for what differs";
}

/* Waits for as long as the apply, or taking it back, is at work: before, nobody knows how it ends. */
static int confirm(const char *name)
{
    char answer[APPLY_GUARD_LINE_BYTES];
    int error = apply_guard_ask(answer, name, "confirm\n", -1);

    if (error == -ENOENT || error == -ECONNREFUSED) {
        fprintf(stderr, "vole: %s: no apply waits to be confirmed\n", name);
        return 1;
    }
    if (error != 0) {
        fprintf(stderr, "vole: %s: it cannot be confirmed: %s\n", name, strerror(-error));
        return 1;
    }
    if (strcmp(answer, APPLY_GUARD_CONFIRMED) == 0)
        return 0;
    fprintf(stderr, "vole: %s: %s\n", name, end_of(answer));
    return 1;
}

int command_confirm(int count, char **arguments)
{
    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    if (count != 2 || arguments[1][0] == '-' || strchr(arguments[1], '/') != NULL) {
        print_usage(stderr);
        return 1;
    }
    if (!root_is_given(count, arguments))
        return 1;
    return confirm(arguments[1]);
}
