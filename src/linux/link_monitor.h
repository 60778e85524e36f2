/* SPDX-License-Identifier: MIT
 *
 * What happens to the interfaces, addresses and routes of one network namespace, as it happens
 * (uapi §8, routing §9).
 *
 * The descriptor belongs to the namespace it was opened in and may be read by another process. It is
 * non-blocking. When the kernel had to drop notifications, LINK_RESYNCHRONISE tells to ask link_query() anew.
 * An interface moved to another namespace is reported as LINK_MOVED in the one it left; a new monitor must
 * then be opened where it is (linux/namespace.h).
 * Threads: one at a time per descriptor.
 */
#ifndef VOLE_LINUX_LINK_MONITOR_H
#define VOLE_LINUX_LINK_MONITOR_H

#include "linux/link.h"

enum link_event_kind {
    LINK_CHANGED,           /* new, up, down, renamed, other MTU: state is as it is now */
    LINK_DELETED,           /* state.index and state.name are gone */
    LINK_MOVED,             /* the same, because it now is in another network namespace */
    LINK_ADDRESSES_CHANGED, /* some address of the interface state.index came or went (rest of state empty) */
    LINK_ROUTES_CHANGED,    /* some route or rule changed (state empty) */
    LINK_RESYNCHRONISE      /* notifications were lost (state empty) */
};

struct link_event {
    enum link_event_kind kind;
    struct link_state state;
};

typedef void link_event_function(void *context, const struct link_event *event);

/* Opens a monitor of interfaces, and of addresses, routes and rules if wished; returns the descriptor. */
VOLE_MUST_CHECK int link_monitor_open(bool addresses_and_routes);

/* Hands every waiting event to function, in order; 0 when none is left. A flood of them is cut off after
 * some hundred messages, the descriptor then is still readable. */
VOLE_MUST_CHECK int link_monitor_read(int monitor, link_event_function *function, void *context);

#endif
