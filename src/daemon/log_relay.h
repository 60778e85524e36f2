/* SPDX-License-Identifier: MIT
 *
 * What the engine tells by way of the parent, over a socket pair of its own: lines for the system's log,
 * which it cannot reach any more once it is confined, and the system call that it is about to be ended for.
 *
 * The parent believes none of it: text is cut, made harmless for a terminal and marked with a level that
 * exists; the call is only a number to be named. Neither side ever waits for the other for long: what does
 * not fit into the pair is lost.
 */
#ifndef DAEMON_LOG_RELAY_H
#define DAEMON_LOG_RELAY_H

#include "vole.h"

/* Both ends of the pair, close-on-exec. 0 or a negative errno. */
VOLE_MUST_CHECK int log_relay_pair(int pair[static 2]);

/* ---- the engine's side; any thread ---- */

/* A whole line with its syslog priority. */
void log_relay_send(int relay, int priority, const char *line);
/* May be called in a signal handler. */
void log_relay_forbidden(int relay, int call);

/* ---- the parent's side ---- */

/* Logs what waits, a bounded number of lines. */
void log_relay_take(int relay);

#endif
