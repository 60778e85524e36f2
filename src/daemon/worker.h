/* SPDX-License-Identifier: MIT
 *
 * A worker: the thread that carries packets, both ways, to completion, on its queues of the TUN and one pair
 * of UDP sockets. It reads what control publishes (allowed IPs, keypairs, sockets) and never waits for
 * control, allocates, or holds a lock across a system call.
 *
 * Control makes, feeds and stops workers; all functions here are control's unless marked. A worker is
 * registered with grace.h: what it may be reading is freed only after it was offline.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include "core/device.h"
#include "daemon/flow_queue.h"
#include "daemon/icmp_limit.h"
#include "linux/icmp.h"
#include "linux/tun.h"
#include "linux/udp.h"

/* Queues of the TUN that one worker has. The kernel spreads flows over them, and the worker takes from each
 * in turn: a flow that has much to send waits behind itself, not everybody behind it. */
#define WORKER_QUEUES 8

struct worker;

struct worker_settings {
    struct vole_device *device;
    const struct tun *queues;             /* this worker's own, which share flows among them; outlive it */
    unsigned queue_count;                 /* 1..WORKER_QUEUES */
    const struct flow_queues *all_queues; /* of all workers; NULL: nothing is written to others' */
    struct icmp_limit *icmp_limit;        /* shared by all workers */
    unsigned receive_buffers;             /* at most so many; 0: as many as are good for it */
    bool merge_tcp, merge_udp;            /* on writes to the TUN; ignored if the TUN cannot */
    /* Called on the worker's thread when the TUN is gone (EBADFD): wakes control, which shall end. */
    void (*tun_gone)(void *context);
    void *context;
};

/* What still works, after what the kernel refused at run time. */
struct worker_features {
    bool merge_tcp, merge_udp;
    bool udp_segment;
};

/* Starts the thread; it has no sockets yet. 0 or -errno. */
VOLE_MUST_CHECK int worker_start(struct worker **worker, const struct worker_settings *settings);
/* Ends the thread and frees it. NULL is allowed. */
void worker_stop(struct worker *worker);
/* Some peer's staged packets can be sent (hooks.wake_worker). Any thread. */
void worker_wake(struct worker *worker);
/* From now on sends and receives on these (NULL: none). The struct is copied. Returns once the worker has
 * let go of the sockets it had, which the caller may then close. -errno: nothing changed. */
VOLE_MUST_CHECK int worker_set_sockets(struct worker *worker, const struct udp_sockets *sockets);
/* The same for the raw ICMP sockets (NULL: none). */
VOLE_MUST_CHECK int worker_set_icmp(struct worker *worker, const struct icmp_sockets *sockets);
struct worker_features worker_features(const struct worker *worker);

#endif
