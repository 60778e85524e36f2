/* SPDX-License-Identifier: MIT
 *
 * Following the interface: whether it is up, its MTU, its deletion, and where it goes when it is moved to
 * another network namespace (uapi §8, timers §7).
 *
 * Link messages of the namespace the interface is in come from a monitor that was opened there when the
 * interface was made, or by the privileged parent when it had moved (place.h). When they say that it left,
 * the parent is asked where it is now: nowhere means that it was deleted, and the engine ends. Control only.
 */
#ifndef DAEMON_FOLLOW_H
#define DAEMON_FOLLOW_H

#include "daemon/requests.h"

struct engine;

struct follow {
    struct place place; /* owned */
    bool left;          /* the interface is no longer at place */
    bool ask;           /* messages were lost: ask how it is */
};

/* Finds out how the interface is, at the place that was opened when it was made; where there is none, or the
 * interface has left it already, first where it is. If it was deleted meanwhile the engine is told to end.
 * 0, or why not. */
VOLE_MUST_CHECK int follow_start(struct engine *engine);
void follow_stop(struct engine *engine);

/* Takes all waiting link messages and does what follows from them. True if the monitor is another
 * descriptor than before. */
bool follow_read(struct engine *engine);

#endif
