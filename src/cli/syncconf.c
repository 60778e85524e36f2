/* SPDX-License-Identifier: MIT
 *
 * vole syncconf INTERFACE FILE: what setconf does, but only what differs is touched, so that sessions of
 * peers that stay go on. Between nothing and something there is no difference worth finding: a file or an
 * interface without peers is plain setconf. Spec: config §5.
 */
#include "cli/command.h"

#include "cli/access.h"
#include "cli/file_command.h"

static int apply_difference(const char *interface, const struct model_device *running,
                            const struct change *wanted)
{
    struct change difference;
    int error;
    int status = 1;

    change_init(&difference);
    error = change_between(&difference, running, wanted, true);
    if (error == 0)
        status = file_command_end(interface, &difference);
    else
        access_report_change(error);
    change_free(&difference);
    return status;
}

static int synchronise(const char *interface, struct change *wanted)
{
    struct model_device running;
    int status = 1;
    int error;

    model_init(&running);
    error = device_get(interface, &running);
    if (error != 0) {
        access_report(interface, error, false);
    } else if (wanted->peer_count == 0 || running.peer_count == 0) {
        file_command_reset_device(wanted);
        status = file_command_end(interface, wanted);
    } else {
        status = apply_difference(interface, &running, wanted);
    }
    model_free(&running);
    return status;
}

int command_syncconf(int count, char **arguments)
{
    char interface[DEVICE_NAME_BYTES];
    struct change wanted;
    int status;

    change_init(&wanted);
    if (file_command_begin(interface, &wanted, count, arguments, &status))
        status = synchronise(interface, &wanted);
    change_free(&wanted);
    return status;
}
