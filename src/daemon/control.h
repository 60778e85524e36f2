/* SPDX-License-Identifier: MIT
 *
 * The control thread: the engine process's main thread, which does everything but carry packets. It waits for
 * whatever comes first (a timer of the core, a worker's word, a client of the configuration socket, a link or
 * route message, a signal, the end of the privileged parent), does a bounded amount of it, and waits again.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "daemon/engine.h"

/* Runs the engine until it ends; returns the process's exit code. */
VOLE_MUST_CHECK int control_run(const struct engine_parts *parts);

#endif
