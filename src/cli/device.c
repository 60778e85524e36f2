/* SPDX-License-Identifier: MIT
 *
 * Which of the two kinds of interface a name is, decided anew at each call: a name's socket is asked first,
 * and only if nobody listens there, the kernel.
 */
#include "cli/device.h"

#include "config/array.h"
#include "config/device_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(DEVICE_NAME_BYTES == DEVICE_SOCKET_NAME_BYTES, "names of both kinds are as long");

/* ---- the kinds ---- */

/* What connecting says if there is no daemon. A daemon may answer with these numbers, too. */
static bool device_error_is_absence(int error)
{
    return error == -ENOENT || error == -ENOTDIR || error == -ECONNREFUSED || error == -ENODEV;
}

/* A socket that we may not use is one all the same. */
static bool device_has_socket(const char *name)
{
    int descriptor = device_socket_connect(name);

    if (descriptor < 0)
        return !device_error_is_absence(descriptor);
    (void)close(descriptor);
    return true;
}

/* The error is the socket's or the daemon's, and there is no need to ask the kernel. */
static bool device_socket_decides(const char *name, int error)
{
    return !device_error_is_absence(error) || device_has_socket(name);
}

enum device_kind device_kind_of(const char *name)
{
    if (device_has_socket(name))
        return DEVICE_SOCKET;
    return DEVICE_NONE;
}

/* ---- listing ---- */

static int device_names_add(struct device_names *names, const char *name)
{
    char(*grown)[DEVICE_NAME_BYTES];

    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->names[i], name) == 0)
            return 0;
    }
    grown = array_grow(names->names, &names->capacity, names->count, sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    names->names = grown;
    strncpy(grown[names->count], name, DEVICE_NAME_BYTES - 1);
    grown[names->count++][DEVICE_NAME_BYTES - 1] = '\0';
    return 0;
}

static int device_list_sockets(struct device_names *names)
{
    struct device_socket_names sockets;
    int error = device_socket_list(&sockets);

    for (size_t i = 0; i < sockets.count && error == 0; i++)
        error = device_names_add(names, sockets.names[i]);
    device_socket_names_free(&sockets);
    return error;
}

int device_list(struct device_names *names)
{
    memset(names, 0, sizeof(*names));
    return device_list_sockets(names);
}

void device_names_free(struct device_names *names)
{
    free(names->names);
    memset(names, 0, sizeof(*names));
}

/* ---- reading and changing ---- */

int device_get(const char *name, struct model_device *device)
{
    int error = device_socket_get(name, device);

    if (error == 0 || device_socket_decides(name, error))
        return error;
    return -EPROTONOSUPPORT;
}

int device_set(const char *name, const struct change *change)
{
    (void)change;
    return device_has_socket(name) ? -EOPNOTSUPP : -EPROTONOSUPPORT;
}
