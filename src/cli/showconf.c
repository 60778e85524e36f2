/* SPDX-License-Identifier: MIT
 *
 * vole showconf INTERFACE: the running interface as a configuration file. Spec: config §4.
 */
#include "cli/command.h"

#include "cli/access.h"
#include "cli/device.h"
#include "cli/program.h"
#include "cli/showconf_text.h"

#include <stdio.h>

int command_showconf(int count, char **arguments)
{
    bool help = command_wants_help(count, arguments);
    struct model_device device;
    int error;

    if (count != 2 || help) {
        fprintf(help ? stdout : stderr, "Usage: %s showconf INTERFACE\n", program_name());
        return help ? 0 : 1;
    }
    model_init(&device);
    error = device_get(arguments[1], &device);
    if (error == 0)
        showconf_text_print(stdout, &device);
    else
        access_report(arguments[1], error, false);
    model_free(&device);
    return error == 0 ? 0 : 1;
}
