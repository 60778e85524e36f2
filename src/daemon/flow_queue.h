/* SPDX-License-Identifier: MIT
 *
 * Which queue of the TUN a packet is written to, and so which worker gets what the host answers: the kernel
 * remembers, flow by flow, the queue that was last written to, and gives packets the other way to who reads
 * it.
 *
 * Many peers: a worker writes to its own queues. All that goes to a peer is then sealed by the worker that
 * opens what comes from it, workers share nothing, and there are peers enough to keep all of them busy.
 * Few peers: flows are dealt out to the queues of all workers. Opening stays with a peer's own worker, since
 * a session's datagrams must be taken in order; sealing is then everybody's work, at the price of a few cache
 * lines that wander (docs/scaling.md has the figures).
 *
 * Either way, a flow's packets are written by one thread, in order, and read from one queue.
 */
#ifndef DAEMON_FLOW_QUEUE_H
#define DAEMON_FLOW_QUEUE_H

#include "linux/tun.h"

#include <stdatomic.h>

/* All queues of a device. Control's, read by workers; outlives them. */
struct flow_queues {
    const struct tun *queues; /* those of the first worker, of the second, and so on */
    unsigned count, workers;
    _Atomic bool deal; /* there are few peers */
};

/* Begins without peers. queues outlives it. */
void flow_queues_init(struct flow_queues *all, const struct tun *queues, unsigned count, unsigned workers);
/* Says how many peers there are now. Control only. */
void flow_queues_set_peers(struct flow_queues *all, unsigned peers);

/* The queue for a packet that ip_check() found right, of a worker that has these count queues itself. all
 * NULL: one of its own. Any worker. */
const struct tun *flow_queue(const struct flow_queues *all, const struct tun *own, unsigned count,
                             const uint8_t *packet, size_t length);

#endif
