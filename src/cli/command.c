/* SPDX-License-Identifier: MIT
 *
 * What all commands do alike with their arguments.
 */
#include "cli/command.h"

#include "cli/program.h"

#include <stdio.h>
#include <string.h>

bool command_wants_help(int count, char **arguments)
{
    return count == 2 && (strcmp(arguments[1], "-h") == 0 || strcmp(arguments[1], "--help") == 0 ||
                          strcmp(arguments[1], "help") == 0);
}

bool command_takes_nothing(int count, char **arguments, int *status)
{
    if (count == 1)
        return true;
    *status = command_wants_help(count, arguments) ? 0 : 1;
    fprintf(*status == 0 ? stdout : stderr, "Usage: %s %s%s\n", program_name(), arguments[0],
            program_is_wg() ? "" : " [--json]");
    return false;
}
