/* SPDX-License-Identifier: MIT
 *
 * Interfaces of both kinds behind one face: those of a userspace daemon, by its socket, and the kernel's own,
 * by netlink. Commands need not know which they speak to.
 *
 * A name with a socket that accepts connections is asked there; any other name is the kernel's (uapi §1, "who
 * wins"). Errors: negative errno, for access_report(). One thread.
 */
#ifndef CLI_DEVICE_H
#define CLI_DEVICE_H

#include "config/change.h"
#include "config/model.h"
#include "vole.h"

#include <stddef.h>

#define DEVICE_NAME_BYTES 16

enum device_kind { DEVICE_NONE, DEVICE_SOCKET, DEVICE_KERNEL };

/* Owned by the caller until device_names_free(). */
struct device_names {
    char (*names)[DEVICE_NAME_BYTES];
    size_t count;
    size_t capacity;
};

/* All WireGuard interfaces here: the kernel's first, then those with a socket; each once. names is valid and
 * to be freed whatever the result: what could be found is in it. */
VOLE_MUST_CHECK int device_list(struct device_names *names);
void device_names_free(struct device_names *names);

/* Reads everything into an initialised model, which is to be freed whatever the result. -ENODEV: no such
 * interface; -EOPNOTSUPP: it is no WireGuard; -EPROTONOSUPPORT: the kernel has no WireGuard and nobody
 * else has that interface; -EPERM; those of config/device_socket.h and linux/wireguard_netlink.h. */
VOLE_MUST_CHECK int device_get(const char *name, struct model_device *device);
/* Applies a change. The same errors; what a daemon or the kernel refused, as it said. Not atomic: what came
 * before an error stays (uapi §4, kernel-netlink §5). */
VOLE_MUST_CHECK int device_set(const char *name, const struct change *change);
/* Which kind answers to this name now. */
enum device_kind device_kind_of(const char *name);

#endif
