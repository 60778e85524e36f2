/* SPDX-License-Identifier: MIT
 *
 * vole showconf INTERFACE: the running interface as a configuration file. Spec: config §4.
 */
#include "cli/command.h"

#include "cli/access.h"
#include "cli/device.h"
#include "cli/give_up.h"
#include "cli/program.h"
#include "cli/show_view.h"
#include "cli/showconf_text.h"

#include <stdio.h>

/* What the file would say, secrets included, and nothing that just happens to be so. */
static int print_json(const struct model_device *device, const char *name)
{
    struct json_output output;

    json_output_begin(&output);
    json_output_list(&output, "interfaces");
    show_json(&output, device, name, NULL,
              SHOW_PRIVATE_KEY | SHOW_LISTEN_PORT | SHOW_FWMARK | SHOW_PEERS | SHOW_PRESHARED_KEYS |
                  SHOW_ALLOWED_IPS | SHOW_ENDPOINTS | SHOW_KEEPALIVES | SHOW_SECRETS);
    json_output_end(&output);
    return json_output_finish(&output, 0);
}

int command_showconf(int count, char **arguments)
{
    bool help = command_wants_help(count, arguments);
    struct model_device device;
    int status = 0;
    int error;

    if (count != 2 || help) {
        fprintf(help ? stdout : stderr, "Usage: %s showconf%s INTERFACE\n", program_name(),
                program_is_wg() ? "" : " [--json]");
        return help ? 0 : 1;
    }
    model_init(&device);
    error = device_get(arguments[1], &device);
    give_up(GIVE_UP_CHANGES);
    if (error != 0)
        access_report(arguments[1], error, false);
    else if (program_wants_json())
        status = print_json(&device, arguments[1]);
    else
        showconf_text_print(stdout, &device);
    model_free(&device);
    return error == 0 ? status : 1;
}
