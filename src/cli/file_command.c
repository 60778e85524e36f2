/* SPDX-License-Identifier: MIT
 *
 * The file is gone from memory before the interface is touched; only the change is left of it.
 */
#include "cli/file_command.h"

#include "cli/access.h"
#include "cli/command.h"
#include "cli/file_load.h"
#include "cli/interface_argument.h"
#include "cli/program.h"

#include <stdio.h>

bool file_command_begin(char interface[static DEVICE_NAME_BYTES], struct change *change, int count,
                        char **arguments, int *status)
{
    struct file file;
    bool success;

    *status = command_wants_help(count, arguments) ? 0 : 1;
    if (count != 3) {
        fprintf(*status == 0 ? stdout : stderr, "Usage: %s %s INTERFACE FILE\n", program_name(),
                arguments[0]);
        return false;
    }
    if (!interface_argument_read(interface, arguments[1]))
        return false;
    success = file_load(&file, arguments[2], FILE_WG) && file_load_change(change, &file);
    file_free(&file);
    if (!success)
        fprintf(stderr, "%s %s: %s was not changed\n", program_name(), arguments[0], interface);
    return success;
}

void file_command_reset_device(struct change *change)
{
    change->has_private_key = true;
    change->has_listen_port = true;
    change->has_fwmark = true;
}

int file_command_end(const char *interface, const struct change *change)
{
    int error = device_set(interface, change);

    if (error != 0)
        access_report_change(error);
    return error == 0 ? 0 : 1;
}
