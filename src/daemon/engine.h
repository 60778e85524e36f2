/* SPDX-License-Identifier: MIT
 *
 * The engine: everything of one interface that is not privileged, put together (architecture: two planes,
 * two processes). It owns the device, the workers and their sockets, and what control follows from outside.
 *
 * It lives in its own process and works with what it was handed at the start and what the privileged parent
 * hands it later (requests.h); it opens nothing that needs a right.
 * Control, the main thread, owns every field. Workers reach back only through the device's hooks, `wake` and
 * `tun_gone`.
 */
#ifndef DAEMON_ENGINE_H
#define DAEMON_ENGINE_H

#include "core/device.h"
#include "daemon/confinement.h"
#include "daemon/flow_queue.h"
#include "daemon/follow.h"
#include "daemon/grace.h"
#include "daemon/icmp_limit.h"
#include "daemon/memory_plan.h"
#include "daemon/options.h"
#include "daemon/sockets.h"
#include "daemon/stale_routes.h"
#include "daemon/timestamps.h"
#include "daemon/uapi_dump.h"
#include "daemon/worker.h"
#include "linux/tun.h"

#include <stdatomic.h>

/* What the engine's process was handed at its start; it closes none of it, the process's end does. */
struct engine_parts {
    const struct options *options;
    const struct memory_plan *plan;
    struct tun *queues; /* the first so many are the first worker's, and so on */
    unsigned queues_per_worker;
    unsigned workers;
    const struct place *place; /* where the interface was made, now the engine's; NULL: to be asked for */
    struct sockets_found found;
    const struct stale_routes *stale_routes; /* started, now the engine's; NULL: none */
    const struct confinement *confinement;   /* of this process */
    int parent;                              /* pair to the privileged parent */
    int log;                                 /* pair to who reaches the system's log (log_relay.h) */
    int keeper;                              /* pair to its keeper of the clock, or -1 */
    int listener;                            /* the UAPI socket */
    int signals;                             /* signalfd of the ending signals, which are blocked */
    bool background;                         /* output is to be let go when ready */
};

struct engine {
    const struct engine_parts *parts;
    struct vole_device *device;
    struct worker *workers[OPTIONS_MAX_WORKERS];
    struct sockets sockets;
    struct flow_queues flow_queues;
    struct grace grace;
    struct icmp_limit icmp_limit;
    struct follow follow;
    struct stale_routes stale_routes;
    struct timestamps timestamps;
    struct uapi_dumps dumps;
    enum vole_vectors vectors; /* in use */
    int wake;                  /* eventfd: a worker has something for control */
    atomic_bool tun_gone;
    uint64_t sockets_due_ns; /* when to try again to open them, monotonic; 0: not */
    bool up;                 /* the interface is */
    bool ending;
    int exit_code;
};

/* Makes device and workers, with the interface down and no sockets. Workers reach back into *engine, so it
 * must stay where it is. Says what failed. 0 or -errno; to be ended by engine_fini either way. */
VOLE_MUST_CHECK int engine_init(struct engine *engine, const struct engine_parts *parts);
/* Stops the workers, then wipes and frees everything. */
void engine_fini(struct engine *engine);

/* The interface came up or went down: sockets and device follow (timers §7). A port that cannot be had is
 * said; the interface then is up without anybody listening. */
void engine_set_up(struct engine *engine, bool up);
/* If the interface is up but no port could be opened: tries again, and says how it went, a lack of memory or
 * descriptors once. */
void engine_retry_sockets(struct engine *engine);
void engine_set_mtu(struct engine *engine, uint32_t mtu);

/* Lets control's loop end soon; the first code given counts. */
void engine_end(struct engine *engine, int exit_code);

#endif
