/* SPDX-License-Identifier: MIT
 *
 * In the place of explain.c where vole is built without libjansson.
 */
#include "cli/command.h"

#include <stdio.h>

int command_explain(int count, char **arguments)
{
    (void)count;
    (void)arguments;
    fputs("vole explain: this program was built without it, for it needs libjansson\n", stderr);
    return 1;
}
