/* SPDX-License-Identifier: MIT
 *
 * Set once, before anything else runs.
 */
#include "cli/program.h"

#include <string.h>

static bool called_as_wg;
static bool json_wanted;

void program_start(const char *called)
{
    const char *slash = called != NULL ? strrchr(called, '/') : NULL;

    if (slash != NULL)
        called = slash + 1;
    called_as_wg = called != NULL && strcmp(called, "wg") == 0;
}

bool program_is_wg(void)
{
    return called_as_wg;
}

bool program_wants_json(void)
{
    return json_wanted;
}

void program_want_json(void)
{
    json_wanted = true;
}

const char *program_name(void)
{
    return called_as_wg ? "wg" : "vole";
}
