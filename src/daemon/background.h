/* SPDX-License-Identifier: MIT
 *
 * Going to the background so that it looks like a program that has finished its work (uapi §6).
 *
 * The process that was started forks and waits; it exits with 0 when interface and socket exist, the engine
 * is forked and all is open that needs the privileges or the kernel's consent, or with 1 when the rest ended
 * before. Who asks at once waits on the socket for the engine to get there. Complaints still reach the stderr
 * of who started us until the engine is ready; only then the output is let go. There is no new session,
 * working directory or umask. Each process that stays calls background_release_output() for itself.
 */
#ifndef DAEMON_BACKGROUND_H
#define DAEMON_BACKGROUND_H

#include "daemon/options.h"

/* Forks. Returns only in the child, with a descriptor to report to, or a negative errno in the parent if
 * there is no child. stdin is the null device from then on. */
VOLE_MUST_CHECK int background_fork(void);

/* Lets the waiting process exit with success; closes the descriptor. False: it was killed meanwhile. */
VOLE_MUST_CHECK bool background_ready(int report);

/* Points stdout to the null device, and stderr too unless LOG_LEVEL asks to keep it (and is not silent); the
 * log goes to syslog from now on. */
void background_release_output(const struct options *options);
/* The same in a process that can open nothing: its log goes by way of the one at the other end of relay. */
void background_release_engine(const struct options *options, int relay);

#endif
