/* SPDX-License-Identifier: MIT
 *
 * vole syncconf INTERFACE FILE: what setconf does, but only what differs is touched, so that sessions of
 * peers that stay go on. Spec: config §5.
 */
#include "cli/command.h"

#include "cli/access.h"
#include "cli/allowed_ip_theft.h"
#include "cli/file_command.h"

static int synchronise(const char *interface, const struct change *wanted)
{
    struct model_device running;
    struct change difference;
    int status = 1;
    int error;

    model_init(&running);
    change_init(&difference);
    error = device_get(interface, &running);
    if (error == 0)
        error = change_between(&difference, &running, wanted, true);
    if (error != 0)
        access_report(interface, error, false);
    else
        status = file_command_end(interface, &difference);
    change_free(&difference);
    model_free(&running);
    return status;
}

int command_syncconf(int count, char **arguments)
{
    char interface[DEVICE_NAME_BYTES];
    struct change wanted;
    int status;

    change_init(&wanted);
    if (file_command_begin(interface, &wanted, count, arguments, &status)) {
        /* what the file moves from one peer to another is no theft, so the difference is not asked */
        allowed_ip_theft_warn(interface, &wanted);
        status = synchronise(interface, &wanted);
    }
    change_free(&wanted);
    return status;
}
