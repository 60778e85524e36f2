/* SPDX-License-Identifier: MIT
 *
 * From the command line to a served interface, in this order (uapi §6): make the TUN and give it the kernel
 * device's looks, open the configuration socket, go to the background, split into privileged parent and
 * engine, serve. Each failure is said with what to do about it.
 */
#ifndef DAEMON_START_H
#define DAEMON_START_H

#include "daemon/options.h"

/* Does all of that; returns the exit code when it is over, in whichever of our processes. */
VOLE_MUST_CHECK int start_run(const struct options *options);

#endif
