/* SPDX-License-Identifier: MIT
 *
 * One vole at a time: who changes what a running tunnel is holds the lock of its name, and who chooses a
 * number that no other tunnel may choose holds the host's for that moment.
 *
 * A tunnel's lock is flock(2) on TUNNEL_FILE_DIRECTORY/NAME.NAMESPACE.lock, in which the holder's process id
 * stands; NAMESPACE is the network namespace, as names are the namespace's. The kernel releases it when its
 * holder ends, however it does; children by fork() hold it as well, programs that are run do not. The file is
 * removed by who releases it. The host's lock is the directory itself.
 * Where locks cannot be made, this is said, and all goes on without. wg-quick has none. One thread.
 */
#ifndef CLI_TUNNEL_LOCK_H
#define CLI_TUNNEL_LOCK_H

#include "cli/tunnel.h"
#include "vole.h"

#include <stdbool.h>

/* Until tunnel_lock_release(), which tunnel_close() does. False: somebody else holds it, and a message was
 * printed. */
VOLE_MUST_CHECK bool tunnel_lock_take(struct tunnel *tunnel);
/* The same, for a child that may have inherited it, but waits so long for whoever else holds it, and goes on
 * without it then. */
void tunnel_lock_wait(struct tunnel *tunnel, int patience_ms);
/* Also for children that hold it. Does nothing if it is not held. */
void tunnel_lock_release(struct tunnel *tunnel);

/* Waits for the host's lock, but not beyond a signal that asks us to end. A descriptor to be closed, which
 * releases it; negative: there is none. */
VOLE_MUST_CHECK int tunnel_lock_host(void);

#endif
