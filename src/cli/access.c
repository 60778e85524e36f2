/* SPDX-License-Identifier: MIT
 *
 * An interface without a socket is either none at all, or the kernel's own WireGuard, or something else. The
 * kernel tells which in sysfs.
 */
#include "cli/access.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static bool is_kernel_wireguard(const char *name)
{
    char path[64];
    char line[64];
    bool found = false;
    FILE *file;

    snprintf(path, sizeof(path), "/sys/class/net/%s/uevent", name);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof(line), file) != NULL)
        found = strcmp(line, "DEVTYPE=wireguard\n") == 0;
    (void)fclose(file);
    return found;
}

static const char *reason_without_socket(const char *name)
{
    if (strlen(name) >= IF_NAMESIZE || strchr(name, '/') != NULL || if_nametoindex(name) == 0)
        return strerror(ENODEV);
    if (is_kernel_wireguard(name))
        return "this is a WireGuard device of the kernel, which this version of vole cannot read yet; use "
               "wg(8)";
    return strerror(EOPNOTSUPP);
}

static const char *reason_of(const char *name, int error)
{
    switch (error) {
    case -ENOENT:
    case -ENOTDIR:
    case -ECONNREFUSED:
    case -ENODEV:
        return reason_without_socket(name);
    case -EOPNOTSUPP:
        return "its daemon does not count drops or list features; only voled does";
    case -ETIMEDOUT:
        return "its daemon does not answer";
    default:
        return strerror(-error);
    }
}

void access_report(const char *name, int error, bool with_name)
{
    fprintf(stderr, "Unable to access interface%s%s: %s\n", with_name ? " " : "", with_name ? name : "",
            reason_of(name, error));
}
