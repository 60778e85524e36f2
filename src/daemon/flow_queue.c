/* SPDX-License-Identifier: MIT
 *
 * See flow_queue.h.
 */
#include "daemon/flow_queue.h"

#include "packet/ip.h"

#define FLOW_PEERS_PER_WORKER 2 /* from here on there are peers enough */

void flow_queues_init(struct flow_queues *all, const struct tun *queues, unsigned count, unsigned workers)
{
    all->queues = queues;
    all->count = count;
    all->workers = workers;
    atomic_init(&all->deal, false);
    flow_queues_set_peers(all, 0);
}

void flow_queues_set_peers(struct flow_queues *all, unsigned peers)
{
    bool deal = all->workers > 1 && peers < FLOW_PEERS_PER_WORKER * all->workers;

    if (deal != atomic_load_explicit(&all->deal, memory_order_relaxed))
        atomic_store_explicit(&all->deal, deal, memory_order_relaxed);
}

const struct tun *flow_queue(const struct flow_queues *all, const struct tun *own, unsigned count,
                             const uint8_t *packet, size_t length)
{
    uint64_t flow = ip_flow(packet, length);

    if (all != NULL && atomic_load_explicit(&all->deal, memory_order_relaxed))
        return &all->queues[flow * all->count >> 32];
    return &own[flow * count >> 32];
}
