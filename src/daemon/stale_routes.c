/* SPDX-License-Identifier: MIT
 *
 * Forgetting stale source addresses: see stale_routes.h.
 */
#include "daemon/stale_routes.h"

#include "daemon/engine.h"
#include "daemon/log.h"
#include "linux/link_monitor.h"
#include "linux/route.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STALE_ROUTES_PEERS      128 /* looked at before control does something else */
#define STALE_ROUTES_SPACING_NS 1000000000ULL

void stale_routes_start(struct stale_routes *stale)
{
    memset(stale, 0, sizeof *stale);
    stale->monitor = link_monitor_open(true);
    stale->netlink = stale->monitor < 0 ? stale->monitor : link_open();
    if (stale->netlink >= 0)
        return;
    log_error("cannot watch routes: %s; peers on hosts with several ways out may be answered from an "
              "outdated address until they are heard again",
              strerror(-stale->netlink));
    stale_routes_stop(stale);
}

void stale_routes_stop(struct stale_routes *stale)
{
    if (stale->monitor >= 0)
        close(stale->monitor);
    if (stale->netlink >= 0)
        close(stale->netlink);
    stale->monitor = -1;
    stale->netlink = -1;
}

/* Any of them may change the way: a link that goes down takes its IPv4 routes along without a word. */
static void stale_routes_event(void *context, const struct link_event *event)
{
    struct stale_routes *stale = context;

    (void)event;
    stale->changed = true;
}

void stale_routes_read(struct engine *engine)
{
    struct stale_routes *stale = &engine->stale_routes;

    if (stale->monitor >= 0 && link_monitor_read(stale->monitor, stale_routes_event, stale) < 0)
        stale->changed = true;
}

/* Clears the source of one peer if its datagrams would now leave by another interface than they come in. */
static void stale_routes_look_at(struct engine *engine, struct vole_peer *peer)
{
    struct vole_endpoint endpoint;
    uint32_t interface = 0;
    int error;

    if (!endpoint_read(&peer->endpoint, &endpoint) || endpoint.source.family != 4 ||
        endpoint.source_interface == 0)
        return;
    error = route_query(engine->stale_routes.netlink, &endpoint.address, &endpoint.source,
                        engine->sockets.mark, &interface);
    if (error == -EINVAL || (error == 0 && interface != endpoint.source_interface))
        endpoint_clear_source(&peer->endpoint);
}

void stale_routes_look(struct engine *engine, const struct vole_time *now)
{
    struct stale_routes *stale = &engine->stale_routes;

    if (!stale->looking && stale->changed && now->monotonic_ns >= stale->next_round_ns) {
        stale->changed = false;
        stale->looking = true;
        stale->next_round_ns = now->monotonic_ns + STALE_ROUTES_SPACING_NS;
        stale->next = vole_peer_next(engine->device, NULL);
    }
    if (!stale->looking || stale->netlink < 0)
        return;
    for (unsigned i = 0; i < STALE_ROUTES_PEERS && stale->next != NULL; i++) {
        stale_routes_look_at(engine, stale->next);
        stale->next = vole_peer_next(engine->device, stale->next);
    }
    stale->looking = stale->next != NULL;
}

uint64_t stale_routes_deadline(const struct stale_routes *stale)
{
    if (stale->netlink < 0)
        return VOLE_NEVER;
    if (stale->looking)
        return 0;
    return stale->changed ? stale->next_round_ns : VOLE_NEVER;
}

void stale_routes_forget(struct stale_routes *stale, struct vole_peer *peer)
{
    if (stale->next == peer)
        stale->next = vole_peer_next(peer->device, peer);
}
