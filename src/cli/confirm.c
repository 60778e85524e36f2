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

#define PATIENCE_MS 10000

static void print_usage(FILE *stream)
{
    fputs("Usage: vole confirm NAME\n"
          "\n"
          "Keeps what `vole apply --confirm SECONDS' did to the tunnel of this name.\n",
          stream);
}

static int confirm(const char *name)
{
    char answer[APPLY_GUARD_LINE_BYTES];
    int error = apply_guard_ask(answer, name, "confirm\n", PATIENCE_MS);

    if (error == -ENOENT || error == -ECONNREFUSED) {
        fprintf(stderr, "vole: %s: no apply waits to be confirmed\n", name);
        return 1;
    }
    if (error != 0) {
        fprintf(stderr, "vole: %s: it cannot be confirmed: %s\n", name, strerror(-error));
        return 1;
    }
    if (strcmp(answer, "confirmed") == 0)
        return 0;
    fprintf(stderr, "vole: %s: not confirmed: the time is over, and it is taken back; see `vole plan'\n",
            name);
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
