/* SPDX-License-Identifier: MIT
 *
 * ECMA-48 "select graphic rendition".
 */
#include "cli/terminal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct terminal_styles plain = {"", "", "", "", "", ""};
static const struct terminal_styles coloured = {
    .reset = "\x1b[0m",
    .bold = "\x1b[1m",
    .red = "\x1b[31m",
    .green = "\x1b[32m",
    .yellow = "\x1b[33m",
    .cyan = "\x1b[36m",
};

const struct terminal_styles *terminal_styles_of_output(void)
{
    const char *mode = getenv("WG_COLOR_MODE");
    bool colours;

    if (mode != NULL && strcmp(mode, "always") == 0)
        colours = true;
    else if (mode != NULL && strcmp(mode, "never") == 0)
        colours = false;
    else
        colours = isatty(STDOUT_FILENO) == 1;
    return colours ? &coloured : &plain;
}
