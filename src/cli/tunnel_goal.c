/* SPDX-License-Identifier: MIT
 *
 * Goals as data: from a state, and what is in them. Reaching one is tunnel_goal_reach.c.
 */
#include "cli/tunnel_goal.h"

#include "config/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tunnel_goal_add_route(struct tunnel_goal_routes *routes, uint32_t table,
                          const struct vole_prefix *network)
{
    struct tunnel_goal_route *items =
        array_grow(routes->items, &routes->capacity, routes->count, sizeof(*items));

    if (items == NULL)
        return -ENOMEM;
    routes->items = items;
    items[routes->count++] = (struct tunnel_goal_route){.table = table, .network = *network};
    return 0;
}

bool tunnel_goal_has_route(const struct tunnel_goal_routes *routes, uint32_t table,
                           const struct vole_prefix *network)
{
    for (size_t i = 0; i < routes->count; i++) {
        if (routes->items[i].table == table && tunnel_state_same_prefix(&routes->items[i].network, network))
            return true;
    }
    return false;
}

bool tunnel_goal_has_address(const struct tunnel_goal *goal, const struct vole_prefix *address)
{
    for (size_t i = 0; i < goal->address_count; i++) {
        if (tunnel_state_same_prefix(&goal->addresses[i], address))
            return true;
    }
    return false;
}

void tunnel_goal_free(struct tunnel_goal *goal)
{
    change_free(&goal->change);
    free(goal->without_endpoint);
    free(goal->addresses);
    free(goal->routes.items);
    free(goal->gone.items);
    dns_state_free(&goal->dns);
    memset(goal, 0, sizeof(*goal));
}

/* ---- the way back ---- */

static const struct change_peer *find_peer(const struct change *change, const uint8_t *public_key)
{
    for (size_t i = 0; i < change->peer_count; i++) {
        if (memcmp(change->peers[i].public_key, public_key, VOLE_KEY_BYTES) == 0)
            return &change->peers[i];
    }
    return NULL;
}

/* Endpoints move by themselves: only those that were set are set back. */
static int write_peer(struct tunnel_goal *goal, const struct model_peer *from, const struct change *forward)
{
    const struct change_peer *other = find_peer(forward, from->public_key);
    bool has_endpoint = from->endpoint.address.family != 0;
    struct change_peer *peer = change_add_peer(&goal->change, from->public_key);

    if (peer == NULL)
        return -ENOMEM;
    peer->replace_allowed_ips = true;
    peer->has_preshared_key = true;
    memcpy(peer->preshared_key, from->preshared_key, VOLE_KEY_BYTES);
    peer->has_persistent_keepalive = true;
    peer->persistent_keepalive_s = from->persistent_keepalive_s;
    if (has_endpoint && from->zone[0] == '\0' && (other == NULL || other->has_endpoint)) {
        peer->has_endpoint = true;
        peer->endpoint = from->endpoint;
    }
    if (!has_endpoint && other != NULL && other->has_endpoint)
        memcpy(goal->without_endpoint[goal->without_endpoint_count++], from->public_key, VOLE_KEY_BYTES);
    for (size_t i = 0; i < from->allowed_ip_count; i++) {
        if (change_allow(peer, &from->allowed_ips[i], false) != 0)
            return -ENOMEM;
    }
    return 0;
}

static int write_device(struct tunnel_goal *goal, const struct model_device *device,
                        const struct change *forward)
{
    struct change *change = &goal->change;

    goal->without_endpoint = calloc(device->peer_count + 1, sizeof(*goal->without_endpoint));
    if (goal->without_endpoint == NULL)
        return -ENOMEM;
    change->has_private_key = true;
    memcpy(change->private_key, device->private_key, VOLE_KEY_BYTES);
    change->has_listen_port = true;
    change->listen_port = device->listen_port;
    change->has_fwmark = true;
    change->fwmark = device->fwmark;
    change->replace_peers = true;
    for (size_t i = 0; i < device->peer_count; i++) {
        if (write_peer(goal, &device->peers[i], forward) != 0)
            return -ENOMEM;
    }
    return 0;
}

/* Routes that vanished with an address are made again, too, as far as we can make them. */
static int write_routes(struct tunnel_goal *goal, const struct tunnel_state *state,
                        const struct tunnel_goal *forward)
{
    for (size_t i = 0; i < state->routes.count; i++) {
        const struct routing_table_entry *entry = &state->routes.entries[i];

        if (entry->plain && tunnel_goal_add_route(&goal->routes, entry->table, &entry->network) != 0)
            return -ENOMEM;
    }
    for (size_t i = 0; i < forward->routes.count; i++) {
        const struct tunnel_goal_route *route = &forward->routes.items[i];

        if (!tunnel_state_has_route(&state->routes, route->table, &route->network) &&
            tunnel_goal_add_route(&goal->gone, route->table, &route->network) != 0)
            return -ENOMEM;
    }
    return 0;
}

int tunnel_goal_of_state(struct tunnel_goal *goal, const struct tunnel_state *state,
                         const struct tunnel_goal *forward)
{
    const struct interface_address_list *addresses = &state->addresses;

    memset(goal, 0, sizeof(*goal));
    change_init(&goal->change);
    goal->mtu = state->mtu;
    goal->up = state->up;
    goal->has_dns = forward->has_dns;
    memcpy(goal->firewall, forward->firewall, sizeof(goal->firewall));
    goal->dns.servers = strdup(state->dns.servers);
    goal->dns.domains = strdup(state->dns.domains);
    goal->addresses = calloc(addresses->count + 1, sizeof(*goal->addresses));
    if (goal->dns.servers == NULL || goal->dns.domains == NULL || goal->addresses == NULL)
        return -ENOMEM;
    if (addresses->count > 0)
        memcpy(goal->addresses, addresses->addresses, addresses->count * sizeof(*goal->addresses));
    goal->address_count = addresses->count;
    if (write_device(goal, &state->device, &forward->change) != 0)
        return -ENOMEM;
    return write_routes(goal, state, forward);
}
