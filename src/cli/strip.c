/* SPDX-License-Identifier: MIT
 *
 * vole strip NAME|FILE: prints the file without what only wg-quick and `up` know, for
 * `vole syncconf NAME <(vole strip NAME)`. Needs to be able to read the file, and nothing else.
 * Spec: config §6.5.
 */
#include "cli/command.h"

#include "cli/give_up.h"
#include "cli/tunnel.h"
#include "config/file_edit.h"

#include <stdio.h>
#include <string.h>

static bool strip(const struct tunnel *tunnel)
{
    struct file_edit_text text = {0};
    int error;

    give_up(GIVE_UP_ALL);
    error = file_edit_strip(&text, &tunnel->file);

    if (error == 0)
        (void)fwrite(text.bytes, 1, text.length, stdout);
    file_edit_free(&text);
    return error == 0 || tunnel_fail(tunnel, "%s", strerror(-error));
}

int command_strip(int count, char **arguments)
{
    struct tunnel tunnel;
    bool success;

    if (count != 2 || command_wants_help(count, arguments)) {
        bool wanted = command_wants_help(count, arguments);

        fputs("Usage: vole strip NAME|FILE\n", wanted ? stdout : stderr);
        return wanted ? 0 : 1;
    }
    success = tunnel_open(&tunnel, arguments[1], TUNNEL_TEXT) && strip(&tunnel);
    tunnel_close(&tunnel);
    return success ? 0 : 1;
}
