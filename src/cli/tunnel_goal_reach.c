/* SPDX-License-Identifier: MIT
 *
 * One stage for each kind of thing. Each reads what runs and does what is missing; what one stage takes away
 * as a side effect (with the last address of a family go its routes), a later one finds missing.
 */
#include "cli/tunnel_goal.h"

#include "cli/access.h"
#include "cli/firewall.h"
#include "config/address.h"
#include "linux/link.h"
#include "linux/process.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Taking away the first address of a network takes away the others in it, so this is looked at again. */
#define ADDRESS_ROUNDS 3

/* The whole way. */
struct reach {
    const struct tunnel_goal *goal;
    struct tunnel *tunnel;
    bool go_on;
    bool failed;
};

/* Takes note of a step that failed; whether to stop. */
static bool must_stop(struct reach *reach, bool success)
{
    if (!success)
        reach->failed = true;
    return !reach->go_on && (reach->failed || process_signal() != 0);
}

static int flag_of(const struct vole_prefix *prefix)
{
    return prefix->address.family == 4 ? 4 : 6;
}

/* ---- the link ---- */

static bool reach_mtu(struct reach *reach)
{
    const struct tunnel *tunnel = reach->tunnel;
    uint32_t mtu = reach->goal->mtu;
    struct link_state link;
    int error = link_query(tunnel->netlink, tunnel->index, &link);

    if (error == 0 && mtu != 0 && mtu != link.mtu) {
        steps_say("ip link set mtu %" PRIu32 " dev %s", mtu, tunnel->name);
        error = link_set_mtu(tunnel->netlink, tunnel->index, mtu);
    }
    return error == 0 ||
           tunnel_fail(tunnel, "MTU %" PRIu32 " is refused by the interface: %s", mtu, strerror(-error));
}

static bool reach_up(struct reach *reach, bool up)
{
    const struct tunnel *tunnel = reach->tunnel;
    struct link_state link;
    int error = link_query(tunnel->netlink, tunnel->index, &link);

    if (error == 0 && link.up != up) {
        steps_say("ip link set %s dev %s", up ? "up" : "down", tunnel->name);
        error = link_set_up(tunnel->netlink, tunnel->index, up);
    }
    return error == 0 || tunnel_fail(tunnel, "it cannot be set %s: %s", up ? "up" : "down", strerror(-error));
}

/* ---- addresses ---- */

static bool change_address(const struct tunnel *tunnel, const struct vole_prefix *address, bool add)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];
    int error;

    address_write_prefix(text, address);
    steps_say("ip -%d address %s %s dev %s", flag_of(address), add ? "add" : "delete", text, tunnel->name);
    error = add ? interface_address_add(tunnel->netlink, tunnel->index, address)
                : interface_address_remove(tunnel->netlink, tunnel->index, address);
    if (error == 0 || error == (add ? -EEXIST : -EADDRNOTAVAIL))
        return true;
    return tunnel_fail(tunnel, "the address %s cannot be %s: %s", text, add ? "added" : "removed",
                       strerror(-error));
}

/* Whether to stop; *changed: something was done. */
static bool compare_addresses(struct reach *reach, const struct interface_address_list *now, bool *changed)
{
    const struct tunnel_goal *goal = reach->goal;

    for (size_t i = 0; i < goal->address_count; i++) {
        if (tunnel_state_has_address(now, &goal->addresses[i]))
            continue;
        *changed = true;
        if (must_stop(reach, change_address(reach->tunnel, &goal->addresses[i], true)))
            return true;
    }
    for (size_t i = 0; i < now->count; i++) {
        if (tunnel_goal_has_address(goal, &now->addresses[i]))
            continue;
        *changed = true;
        if (must_stop(reach, change_address(reach->tunnel, &now->addresses[i], false)))
            return true;
    }
    return false;
}

static bool reach_addresses(struct reach *reach)
{
    struct interface_address_list now = {0};
    bool changed = true;
    bool ever = false;
    bool stop = false;

    for (int round = 0; round < ADDRESS_ROUNDS && changed && !stop; round++) {
        int error = interface_address_read(reach->tunnel->netlink, reach->tunnel->index, &now);

        changed = false;
        if (error != 0) {
            stop = must_stop(
                reach, tunnel_fail(reach->tunnel, "its addresses cannot be listed: %s", strerror(-error)));
            break;
        }
        stop = compare_addresses(reach, &now, &changed);
        ever = ever || changed;
    }
    interface_address_list_free(&now);
    for (unsigned i = 0; i < 2 && ever && !stop; i++) {
        if (reach->goal->firewall[i])
            stop = must_stop(reach, firewall_renew(reach->tunnel, i == 0 ? 4 : 6));
    }
    return !stop;
}

/* ---- routes ---- */

static bool change_route(const struct tunnel *tunnel, const struct tunnel_goal_route *route, bool add)
{
    const struct vole_prefix *network = &route->network;
    char text[ADDRESS_PREFIX_TEXT_BYTES];
    int error;

    address_write_prefix(text, network);
    if (route->table == ROUTING_TABLE_MAIN)
        steps_say("ip -%d route %s %s dev %s", flag_of(network), add ? "add" : "delete", text, tunnel->name);
    else
        steps_say("ip -%d route %s %s dev %s table %" PRIu32, flag_of(network), add ? "add" : "delete", text,
                  tunnel->name, route->table);
    error = add ? routing_table_add(tunnel->netlink, route->table, tunnel->index, network)
                : routing_table_remove(tunnel->netlink, route->table, tunnel->index, network);
    if (error == 0 || (!add && error == -ESRCH))
        return true;
    if (error == -EEXIST)
        return tunnel_fail(tunnel,
                           "there is another route to %s already: see ip -%d route show %s table %" PRIu32,
                           text, flag_of(network), text, route->table);
    return tunnel_fail(tunnel, "the route to %s cannot be %s: %s", text, add ? "added" : "removed",
                       strerror(-error));
}

static bool reach_routes(struct reach *reach)
{
    const struct tunnel_goal *goal = reach->goal;
    struct routing_table_list now = {0};
    int error = routing_table_read(reach->tunnel->netlink, reach->tunnel->index, &now);
    bool stop = error != 0 && must_stop(reach, tunnel_fail(reach->tunnel, "its routes cannot be listed: %s",
                                                           strerror(-error)));

    for (size_t i = 0; i < goal->routes.count && !stop; i++) {
        const struct tunnel_goal_route *route = &goal->routes.items[i];

        if (!tunnel_state_has_route(&now, route->table, &route->network))
            stop = must_stop(reach, change_route(reach->tunnel, route, true));
    }
    for (size_t i = 0; i < goal->gone.count && !stop; i++) {
        const struct tunnel_goal_route *route = &goal->gone.items[i];

        if (tunnel_state_has_route(&now, route->table, &route->network))
            stop = must_stop(reach, change_route(reach->tunnel, route, false));
    }
    routing_table_list_free(&now);
    return !stop;
}

/* ---- name servers ---- */

static bool reach_dns(struct reach *reach)
{
    const struct dns_state *wanted = &reach->goal->dns;
    struct dns_state now = {0};
    bool success = true;

    if (reach->goal->has_dns) {
        success = dns_of_host(&now, reach->tunnel);
        if (success &&
            (strcmp(now.servers, wanted->servers) != 0 || strcmp(now.domains, wanted->domains) != 0))
            success = dns_change(reach->tunnel, wanted);
        dns_state_free(&now);
    }
    return success;
}

/* ---- the device ---- */

/* Peers that have an endpoint and must have none: an endpoint goes with its peer only. */
static int find_too_much(struct change *change, const struct model_device *now,
                         const struct tunnel_goal *goal)
{
    for (size_t i = 0; i < goal->without_endpoint_count; i++) {
        for (size_t k = 0; k < now->peer_count; k++) {
            const struct model_peer *running = &now->peers[k];
            struct change_peer *peer;

            if (running->endpoint.address.family == 0 ||
                memcmp(running->public_key, goal->without_endpoint[i], VOLE_KEY_BYTES) != 0)
                continue;
            peer = change_add_peer(change, running->public_key);
            if (peer == NULL)
                return -ENOMEM;
            peer->remove = true;
        }
    }
    return 0;
}

/* One change of what runs now: first peers that must go and come again, then all that differs. */
static int change_device(struct reach *reach, bool first)
{
    const char *name = reach->tunnel->name;
    struct model_device now;
    struct change change;
    int error;

    model_init(&now);
    change_init(&change);
    error = device_get(name, &now);
    if (error == 0)
        error = first ? find_too_much(&change, &now, reach->goal)
                      : change_between(&change, &now, &reach->goal->change, false);
    if (error == 0 && !change_is_empty(&change)) {
        steps_say("wg syncconf %s", name);
        error = device_set(name, &change);
    }
    change_free(&change);
    model_free(&now);
    return error;
}

static bool reach_device(struct reach *reach)
{
    int error = change_device(reach, true);

    if (error == 0)
        error = change_device(reach, false);
    if (error == 0)
        return true;
    access_report_change(error);
    return tunnel_fail(reach->tunnel, "its keys, port and peers cannot be changed: %s", strerror(-error));
}

/* ---- all of it ---- */

bool tunnel_goal_reach(const struct tunnel_goal *goal, struct tunnel *tunnel, bool go_on)
{
    struct reach reach = {.goal = goal, .tunnel = tunnel, .go_on = go_on};

    if (must_stop(&reach, reach_mtu(&reach)) || !reach_addresses(&reach) ||
        (goal->up && must_stop(&reach, reach_up(&reach, true))) || !reach_routes(&reach) ||
        must_stop(&reach, reach_dns(&reach)) || must_stop(&reach, reach_device(&reach)) ||
        (!goal->up && must_stop(&reach, reach_up(&reach, false))))
        return false;
    return !reach.failed;
}
