/* SPDX-License-Identifier: MIT
 *
 * vole save NAME|FILE: writes what runs into the tunnel's file, whose comments stay. Spec: config §6.5.
 */
#include "cli/command.h"

#include "cli/root.h"
#include "cli/tunnel.h"
#include "cli/tunnel_save.h"

#include <stdio.h>

static bool save(struct tunnel *tunnel)
{
    if (!tunnel_has_interface(tunnel) || device_kind_of(tunnel->name) == DEVICE_NONE)
        return tunnel_fail(tunnel, "`%s' is not a WireGuard interface: there is nothing to save",
                           tunnel->name);
    return tunnel_save(tunnel);
}

int command_save(int count, char **arguments)
{
    struct tunnel tunnel;
    bool success;

    if (count != 2 || command_wants_help(count, arguments)) {
        bool wanted = command_wants_help(count, arguments);

        fputs("Usage: vole save NAME|FILE\n", wanted ? stdout : stderr);
        return wanted ? 0 : 1;
    }
    if (!root_is_given(count, arguments))
        return 1;
    success = tunnel_open(&tunnel, arguments[1], TUNNEL_SYSTEM) && save(&tunnel);
    tunnel_close(&tunnel);
    return success ? 0 : 1;
}
