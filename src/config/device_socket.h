/* SPDX-License-Identifier: MIT
 *
 * The client's end of the configuration socket: which interfaces have one, and asking one of them.
 *
 * An interface NAME with a userspace implementation has a UNIX stream socket
 * DEVICE_SOCKET_DIRECTORY/NAME.sock. A socket on which nobody listens any more is left over from a crash and
 * is removed when it is met, as the wg tool does.
 * No call waits forever: a daemon that does not answer for DEVICE_SOCKET_TIMEOUT_S, or whose answer is not
 * complete after DEVICE_SOCKET_REPLY_MS, ends in -ETIMEDOUT; an answer that is longer than any device's ends
 * in -EFBIG. Used by one thread at a time. Errors: negative errno. Spec: uapi §1, §2.
 */
#ifndef CONFIG_DEVICE_SOCKET_H
#define CONFIG_DEVICE_SOCKET_H

#include "config/change.h"
#include "config/model.h"
#include "config/uapi_vole.h"
#include "vole.h"

#include <stddef.h>

#define DEVICE_SOCKET_DIRECTORY  "/var/run/wireguard"
#define DEVICE_SOCKET_TIMEOUT_S  10
#define DEVICE_SOCKET_REPLY_MS   30000
#define DEVICE_SOCKET_NAME_BYTES 16

/* Owned by the caller until device_socket_names_free(). */
struct device_socket_names {
    char (*names)[DEVICE_SOCKET_NAME_BYTES];
    size_t count;
    size_t capacity;
};

/* All interfaces whose socket accepts a connection, in the directory's order. No directory: none.
 * -ENOMEM, or why the directory cannot be read; names is valid either way. */
VOLE_MUST_CHECK int device_socket_list(struct device_socket_names *names);
void device_socket_names_free(struct device_socket_names *names);

/* A connected descriptor, to be closed by the caller; or -ENOENT: no such socket, -ECONNREFUSED: a dead one
 * (now removed), -EACCES, -ENODEV: no interface can have this name, and what else connecting may answer. */
VOLE_MUST_CHECK int device_socket_connect(const char *name);

/* Asks `get=1` into an initialised model, which is to be freed whatever the result. 0; an error of
 * connecting; the daemon's own errno; -EPROTO: not a reply; -ETIMEDOUT; -EFBIG; -ENOMEM. */
VOLE_MUST_CHECK int device_socket_get(const char *name, struct model_device *device);

/* Asks `set=vole.1`: forgets the time of earlier handshakes. As device_socket_get_vole(). */
VOLE_MUST_CHECK int device_socket_reset_clock(const char *name);

/* Asks `get=vole.1`. As above; -EOPNOTSUPP: the daemon closed the connection without a word, as one does that
 * does not know this operation. */
VOLE_MUST_CHECK int device_socket_get_vole(const char *name, struct uapi_vole *reply);

/* Applies a change. As device_socket_get(); a daemon's own errno is taken with either sign. What the daemon
 * applied before an error stays. */
VOLE_MUST_CHECK int device_socket_set(const char *name, const struct change *change);

#endif
