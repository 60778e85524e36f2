/* SPDX-License-Identifier: MIT
 *
 * systemctl is not waited for: we may be run by a service ourselves, which would wait for us.
 */
#include "cli/watch_unit.h"

#include "cli/steps.h"
#include "cli/watch_peers.h"
#include "linux/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SYSTEMD_RUNS "/run/systemd/system"
#define UNIT_BYTES   64

static void unit_of(char unit[static UNIT_BYTES], const struct tunnel *tunnel)
{
    (void)snprintf(unit, UNIT_BYTES, "vole-watch@%s.service", tunnel->name);
}

/* What systemctl answers to this question, in silence. */
static bool systemctl_says(const char *question, const char *unit)
{
    const char *const arguments[] = {"systemctl", question, unit, NULL};
    char *output = NULL;
    bool yes = access(SYSTEMD_RUNS, F_OK) == 0 && process_read(arguments, &output) == 0;

    free(output);
    return yes;
}

static void systemctl_do(const struct tunnel *tunnel, const char *verb, const char *unit)
{
    const char *const arguments[] = {"systemctl", "--no-block", verb, unit, NULL};

    steps_say("systemctl --no-block %s %s", verb, unit);
    if (process_run(arguments, NULL) != 0)
        (void)tunnel_fail(tunnel, "systemctl could not %s %s", verb, unit);
}

void watch_unit_start(const struct tunnel *tunnel, bool names_wait)
{
    char unit[UNIT_BYTES];

    if (!watch_peers_are_in(&tunnel->file))
        return;
    unit_of(unit, tunnel);
    if (systemctl_says("cat", unit))
        systemctl_do(tunnel, "start", unit);
    else if (names_wait)
        (void)tunnel_fail(tunnel, "its host names are resolved by `vole watch %s', which is to be started",
                          tunnel->name);
}

void watch_unit_stop(const struct tunnel *tunnel)
{
    char unit[UNIT_BYTES];

    unit_of(unit, tunnel);
    if (systemctl_says("is-active", unit))
        systemctl_do(tunnel, "stop", unit);
}
