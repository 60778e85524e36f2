/* SPDX-License-Identifier: MIT
 *
 * An errno says enough if it comes from device.h. Only what voled alone can answer needs other words: an
 * interface without a socket may well exist then.
 */
#include "cli/access.h"

#include "cli/device.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static const char *reason_of(int error)
{
    if (error == -EFBIG)
        return "its daemon's answer is longer than any interface's";
    return error == -ETIMEDOUT ? "its daemon does not answer" : strerror(-error);
}

/* Who reads it may think of this machine's memory, and look no further. */
static const char *change_reason_of(int error)
{
    return error == -ENOMEM
               ? "no memory for all of it: its daemon's log says what was refused (voled --memory-limit?)"
               : reason_of(error);
}

static const char *vole_reason_of(const char *name, int error)
{
    switch (error) {
    case -ENOENT:
    case -ENOTDIR:
    case -ECONNREFUSED:
    case -ENODEV:
        if (device_kind_of(name) == DEVICE_KERNEL)
            return "the kernel's WireGuard does not count drops or list features; only voled does";
        return strerror(if_nametoindex(name) == 0 ? ENODEV : EOPNOTSUPP);
    case -EOPNOTSUPP:
        return "its daemon does not count drops or list features; only voled does";
    default:
        return reason_of(error);
    }
}

static void print_report(const char *name, bool with_name, const char *reason)
{
    fprintf(stderr, "Unable to access interface%s%s: %s\n", with_name ? " " : "", with_name ? name : "",
            reason);
}

void access_report(const char *name, int error, bool with_name)
{
    print_report(name, with_name, reason_of(error));
}

void access_report_change(int error)
{
    fprintf(stderr, "Unable to modify interface: %s\n", change_reason_of(error));
}

void access_report_vole(const char *name, int error, bool with_name)
{
    print_report(name, with_name, vole_reason_of(name, error));
}
