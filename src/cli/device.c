/* SPDX-License-Identifier: MIT
 *
 * Which of the two kinds of interface a name is, decided anew at each call: a name's socket is asked first,
 * and only if nobody listens there, the kernel.
 */
#include "cli/device.h"

#include "config/array.h"
#include "config/device_socket.h"
#include "linux/wireguard_netlink.h"

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

/* Ends the list where the name that is looked for is found. */
static int device_compare_name(void *context, const char *name)
{
    return strcmp(context, name) == 0 ? -EEXIST : 0;
}

enum device_kind device_kind_of(const char *name)
{
    char wanted[DEVICE_NAME_BYTES] = "";

    if (device_has_socket(name))
        return DEVICE_SOCKET;
    if (strlen(name) >= sizeof(wanted))
        return DEVICE_NONE;
    strncpy(wanted, name, sizeof(wanted) - 1);
    return wireguard_netlink_list(device_compare_name, wanted) == -EEXIST ? DEVICE_KERNEL : DEVICE_NONE;
}

/* ---- listing ---- */

static int device_names_add(void *context, const char *name)
{
    struct device_names *names = context;
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
    int kernel_error;
    int socket_error;

    memset(names, 0, sizeof(*names));
    kernel_error = wireguard_netlink_list(device_names_add, names);
    socket_error = device_list_sockets(names);
    return kernel_error != 0 ? kernel_error : socket_error;
}

void device_names_free(struct device_names *names)
{
    free(names->names);
    memset(names, 0, sizeof(*names));
}

/* ---- reading ---- */

static int kernel_restart(void *context)
{
    model_free(context);
    return 0;
}

static int kernel_device(void *context, const struct wireguard_device *from)
{
    struct model_device *device = context;

    device->has_private_key = from->has_private_key;
    memcpy(device->private_key, from->private_key, VOLE_KEY_BYTES);
    memcpy(device->public_key, from->public_key, VOLE_KEY_BYTES);
    device->listen_port = from->listen_port;
    device->fwmark = from->fwmark;
    return 0;
}

static int kernel_peer(void *context, const struct wireguard_peer *from)
{
    struct model_peer *peer = model_add_peer(context, from->public_key);

    if (peer == NULL)
        return -ENOMEM;
    memcpy(peer->preshared_key, from->preshared_key, VOLE_KEY_BYTES);
    peer->endpoint = from->endpoint;
    peer->persistent_keepalive_s = from->persistent_keepalive_s;
    peer->latest_handshake_s = from->latest_handshake_s;
    peer->latest_handshake_ns = from->latest_handshake_ns;
    peer->received_bytes = from->received_bytes;
    peer->sent_bytes = from->sent_bytes;
    return 0;
}

static int kernel_allowed_ip(void *context, const struct vole_prefix *prefix)
{
    struct model_device *device = context;

    return model_allow(&device->peers[device->peer_count - 1], prefix);
}

int device_get(const char *name, struct model_device *device)
{
    const struct wireguard_reader reader = {.context = device,
                                            .restart = kernel_restart,
                                            .device = kernel_device,
                                            .peer = kernel_peer,
                                            .allowed_ip = kernel_allowed_ip};
    int error = device_socket_get(name, device);

    if (error == 0 || device_socket_decides(name, error))
        return error;
    model_free(device); /* a daemon may have said something before it went */
    return wireguard_netlink_get(name, &reader);
}

/* ---- changing ---- */

static int kernel_set_peer(struct wireguard_change *writing, const struct change_peer *from)
{
    const struct wireguard_peer_change peer = {
        .public_key = from->public_key,
        .remove = from->remove,
        .update = !from->remove && from->update,
        .replace_allowed_ips = !from->remove && from->replace_allowed_ips,
        .has_preshared_key = !from->remove && from->has_preshared_key,
        .has_endpoint = !from->remove && from->has_endpoint,
        .has_persistent_keepalive = !from->remove && from->has_persistent_keepalive,
        .preshared_key = from->preshared_key,
        .endpoint = &from->endpoint,
        .persistent_keepalive_s = from->persistent_keepalive_s,
    };
    int error = wireguard_change_peer(writing, &peer);

    for (size_t i = 0; i < from->allowed_ip_count && !from->remove && error == 0; i++)
        error =
            wireguard_change_allowed_ip(writing, &from->allowed_ips[i].prefix, from->allowed_ips[i].remove);
    return error;
}

static int kernel_set(const char *name, const struct change *change)
{
    const struct wireguard_device_change device = {
        .has_private_key = change->has_private_key,
        .has_listen_port = change->has_listen_port,
        .has_fwmark = change->has_fwmark,
        .replace_peers = change->replace_peers,
        .private_key = change->private_key,
        .listen_port = change->listen_port,
        .fwmark = change->fwmark,
    };
    int error;
    int end_error;
    struct wireguard_change *writing = wireguard_change_begin(name, &device, &error);

    if (writing == NULL)
        return error;
    for (size_t i = 0; i < change->peer_count && error == 0; i++)
        error = kernel_set_peer(writing, &change->peers[i]);
    end_error = wireguard_change_end(writing);
    return error != 0 ? error : end_error;
}

int device_set(const char *name, const struct change *change)
{
    int error = device_socket_set(name, change);

    if (error == 0 || device_socket_decides(name, error))
        return error;
    return kernel_set(name, change);
}
