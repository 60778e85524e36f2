/* SPDX-License-Identifier: MIT
 *
 * Network namespaces: where a TUN is now, and doing something there (routing §8: the TUN may move while the
 * UDP sockets stay).
 *
 * A namespace is an open descriptor, close-on-exec, that keeps it alive. Entering one changes the calling
 * thread only and needs CAP_SYS_ADMIN in both namespaces, so only the single-threaded parent process does
 * it, and never stays there.
 * Results: 0, a descriptor, or a negative errno.
 */
#ifndef VOLE_LINUX_NAMESPACE_H
#define VOLE_LINUX_NAMESPACE_H

#include "vole.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* Returns a descriptor of the calling thread's network namespace. -ENOENT: without CAP_NET_ADMIN over it,
 * /proc is needed, and is not mounted. */
VOLE_MUST_CHECK int namespace_current(void);

/* Returns a descriptor of the network namespace the TUN is in. Needs CAP_NET_ADMIN over it. -EBADFD: the
 * device is gone; -ENOTTY or -EINVAL: the kernel is older than 5.10. */
VOLE_MUST_CHECK int namespace_of_tun(int tun_fd);

/* True if both descriptors are of one namespace. */
bool namespace_same(int one, int other);

/* Calls function(argument) inside the namespace and comes back; returns its result (0 or a negative errno,
 * or a descriptor), or the error of entering. Aborts the process if there is no way back: going on in the
 * wrong namespace would mix up two networks. */
VOLE_MUST_CHECK int namespace_run(int network, int (*function)(void *argument), void *argument);

/* Finds the TUN's present name and index, valid inside its namespace network (from namespace_of_tun()).
 * -EBADFD, -ENODEV: the device is gone. */
VOLE_MUST_CHECK int namespace_tun_link(int tun_fd, int network, char name[static IFNAMSIZ], uint32_t *index);

#endif
