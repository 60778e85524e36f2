/* SPDX-License-Identifier: MIT
 *
 * vole setconf INTERFACE FILE: the interface becomes what the file says, and what the file does not say is
 * gone, sessions included. Spec: config §2.
 */
#include "cli/command.h"

#include "cli/allowed_ip_theft.h"
#include "cli/file_command.h"

int command_setconf(int count, char **arguments)
{
    char interface[DEVICE_NAME_BYTES];
    struct change change;
    int status;

    change_init(&change);
    if (file_command_begin(interface, &change, count, arguments, &status)) {
        file_command_reset_device(&change);
        allowed_ip_theft_warn(interface, &change);
        status = file_command_end(interface, &change);
    }
    change_free(&change);
    return status;
}
