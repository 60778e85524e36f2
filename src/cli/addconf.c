/* SPDX-License-Identifier: MIT
 *
 * vole addconf INTERFACE FILE: what the file says is set, all else stays; but the allowed IPs of a peer in
 * the file become those of the file. Spec: config §2.
 */
#include "cli/command.h"

#include "cli/allowed_ip_theft.h"
#include "cli/file_command.h"

int command_addconf(int count, char **arguments)
{
    char interface[DEVICE_NAME_BYTES];
    struct change change;
    int status;

    change_init(&change);
    if (file_command_begin(interface, &change, count, arguments, &status)) {
        change.replace_peers = false;
        allowed_ip_theft_warn(interface, &change);
        status = file_command_end(interface, &change);
    }
    change_free(&change);
    return status;
}
