/* SPDX-License-Identifier: MIT
 *
 * Making and removing a tunnel's interface: the kernel's own WireGuard or, where the kernel has none or the
 * user says so, a userspace program: the one that WG_QUICK_USERSPACE_IMPLEMENTATION names, else voled beside
 * this program, else voled in PATH. It gets the name as its only argument and must leave interface and socket
 * behind when it goes into the background. Spec: config §6.2, §6.7.
 */
#ifndef CLI_TUNNEL_LINK_H
#define CLI_TUNNEL_LINK_H

#include "cli/tunnel.h"
#include "vole.h"

#include <stdbool.h>

/* Makes it and sets index; its inverse is on the list of steps. False: a message was printed. */
VOLE_MUST_CHECK bool tunnel_link_make(struct tunnel *tunnel, bool userspace);
/* Removes it if it is there, and waits until its daemon, if it has one that did not hang before, is gone as
 * well. False: a message was printed. */
bool tunnel_link_remove(struct tunnel *tunnel);

#endif
