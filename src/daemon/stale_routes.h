/* SPDX-License-Identifier: MIT
 *
 * Forgetting learnt source addresses that no longer fit the route (routing §9): an IPv4 peer was heard on one
 * interface, and now the way to it leaves by another.
 *
 * Work is bounded: it starts only after the kernel announced changed routes, links or addresses, at most once
 * a second, and looks at a limited number of peers at a time.
 * Messages come from the namespace the UDP sockets are in, the engine's own; asking needs no privilege.
 * Control only.
 */
#ifndef DAEMON_STALE_ROUTES_H
#define DAEMON_STALE_ROUTES_H

#include "vole.h"

struct engine;

struct stale_routes {
    int monitor;            /* announcements; -1: none */
    int netlink;            /* questions; -1: none */
    bool changed;           /* something was announced since the last round began */
    bool looking;           /* a round goes on */
    struct vole_peer *next; /* to be looked at, NULL: the round ends */
    uint64_t next_round_ns; /* monotonic: not before */
};

/* Opens what is needed; if that fails, it is said and nothing is ever found stale. Before the process gives
 * up making sockets. */
void stale_routes_start(struct stale_routes *stale);
void stale_routes_stop(struct stale_routes *stale);

/* Takes waiting announcements. */
void stale_routes_read(struct engine *engine);
/* Looks at some peers if a round is due. */
void stale_routes_look(struct engine *engine, const struct vole_time *now);
/* When stale_routes_look wants to be called (monotonic), or VOLE_NEVER. */
uint64_t stale_routes_deadline(const struct stale_routes *stale);
/* A peer is about to be removed. */
void stale_routes_forget(struct stale_routes *stale, struct vole_peer *peer);

#endif
