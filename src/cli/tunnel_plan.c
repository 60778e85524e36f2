/* SPDX-License-Identifier: MIT
 *
 * From the file to a goal, and what of it differs. Routes are worked out as `up` does it, without asking the
 * kernel what covers a network: the addresses that there will be tell.
 */
#include "cli/tunnel_plan.h"

#include "cli/file_load.h"
#include "cli/resolve.h"
#include "cli/tunnel_routes.h"
#include "config/address.h"
#include "linux/routing_table_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 32 /* addresses of one name that are looked at */

static void needs_restart(struct tunnel_plan *plan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void needs_restart(struct tunnel_plan *plan, const char *format, ...)
{
    va_list arguments;

    if (plan->restart_count == TUNNEL_PLAN_RESTARTS)
        return;
    va_start(arguments, format);
    (void)vsnprintf(plan->restart[plan->restart_count++], TUNNEL_PLAN_RESTART_BYTES, format, arguments);
    va_end(arguments);
}

/* ---- the device ---- */

static bool same_place(const struct vole_endpoint *one, const struct vole_endpoint *other)
{
    return one->port == other->port && one->address.family == other->address.family &&
           memcmp(one->address.bytes, other->address.bytes, one->address.family == 4 ? 4 : 16) == 0;
}

static const struct model_peer *running_peer(const struct tunnel_plan *plan, const uint8_t *public_key)
{
    for (size_t i = 0; i < plan->running.device.peer_count; i++) {
        if (memcmp(plan->running.device.peers[i].public_key, public_key, VOLE_KEY_BYTES) == 0)
            return &plan->running.device.peers[i];
    }
    return NULL;
}

/* A name holds as long as one of its addresses is in use. */
static void keep_endpoints(struct tunnel_plan *plan, const struct file *file)
{
    for (size_t i = 0; i < file->peer_count; i++) {
        const struct file_peer *from = &file->peers[i];
        struct change_peer *wanted = &plan->goal.change.peers[i];
        struct vole_endpoint places[PLACES_MAX];
        const struct model_peer *running;
        size_t count;

        if (!wanted->has_endpoint || resolve_is_numeric(&from->endpoints[0]))
            continue;
        running = running_peer(plan, wanted->public_key);
        if (running == NULL || same_place(&running->endpoint, &wanted->endpoint))
            continue;
        count = resolve_all(places, PLACES_MAX, &from->endpoints[0]);
        for (size_t k = 0; k < count; k++) {
            if (same_place(&places[k], &running->endpoint))
                wanted->endpoint = running->endpoint;
        }
    }
}

static bool plan_device(struct tunnel_plan *plan, const struct tunnel *tunnel)
{
    int error;

    if (!file_load_change_once(&plan->goal.change, &tunnel->file))
        return false;
    keep_endpoints(plan, &tunnel->file);
    error = change_between(&plan->difference, &plan->running.device, &plan->goal.change, false);
    if (error == 0)
        error = allowed_ip_owners_find(&plan->owners, &plan->running.device, &plan->difference);
    return error == 0 || tunnel_fail(tunnel, "it cannot be compared: %s", strerror(-error));
}

/* ---- the interface ---- */

/* An address that no interface can have. */
static bool address_is_possible(const struct vole_address *address)
{
    static const uint8_t zeros[16];

    if (address->family == 4)
        return address->bytes[0] != 0 && address->bytes[0] < 224;
    return address->bytes[0] != 0xff && memcmp(address->bytes, zeros, sizeof(zeros)) != 0;
}

static bool plan_addresses(struct tunnel_plan *plan, const struct tunnel *tunnel)
{
    const struct file *file = &tunnel->file;
    struct tunnel_goal *goal = &plan->goal;

    goal->addresses = calloc(file->address_count + 1, sizeof(*goal->addresses));
    if (goal->addresses == NULL)
        return tunnel_fail(tunnel, "out of memory");
    for (size_t i = 0; i < file->address_count; i++) {
        const struct file_address *address = &file->addresses[i];
        char text[ADDRESS_PREFIX_TEXT_BYTES];

        address_write_prefix(text, &address->prefix);
        if (tunnel_goal_has_address(goal, &address->prefix))
            return tunnel_fail_at(tunnel, &address->place, "the address %s is given twice", text);
        if (!address_is_possible(&address->prefix.address))
            return tunnel_fail_at(tunnel, &address->place, "%s is no address that an interface can have",
                                  text);
        goal->addresses[goal->address_count++] = address->prefix;
    }
    return true;
}

/* Name servers without a line in the file may be a hook's. */
static bool plan_dns(struct tunnel_plan *plan, const struct tunnel *tunnel)
{
    const struct file *file = &tunnel->file;

    plan->goal.has_dns = file->dns_servers.count > 0 ||
                         (file->hooks[FILE_PRE_UP].count == 0 && file->hooks[FILE_POST_UP].count == 0);
    return dns_can_be_set(tunnel) && dns_of_file(&plan->goal.dns, tunnel);
}

/* ---- routes ---- */

struct route_planner {
    struct tunnel_plan *plan;
    const struct tunnel *tunnel;
    bool automatic;
    uint32_t table; /* where networks go; those of a whole family go to that of the mark */
    uint32_t mark;
    const struct routing_table_entry **others; /* routes of the main table that the tunnel did not make */
    size_t other_count;
};

static bool is_owned(const struct allowed_ip_owners *owners, uint8_t family, bool after)
{
    const struct vole_prefix everything = {.address.family = family};
    const struct allowed_ip_owner *owner = allowed_ip_owners_of(owners, &everything);

    return owner != NULL && (after ? owner->after : owner->before) != NULL;
}

static uint32_t table_for(const struct route_planner *planner, const struct vole_prefix *network)
{
    return planner->automatic && network->length == 0 ? planner->mark : planner->table;
}

/* The tunnel made it, for the peers as they run. */
static bool is_own_route(const struct route_planner *planner, const struct routing_table_entry *entry)
{
    const struct allowed_ip_owner *owner = allowed_ip_owners_of(&planner->plan->owners, &entry->network);

    return entry->plain && owner != NULL && owner->before != NULL &&
           entry->table == table_for(planner, &entry->network);
}

static bool prefix_covers(const struct vole_prefix *wide, const struct vole_prefix *network)
{
    struct vole_prefix cut = *network;
    struct vole_prefix masked = *wide;

    if (wide->address.family != network->address.family || wide->length > network->length)
        return false;
    cut.length = wide->length;
    address_clear_host_bits(&cut);
    address_clear_host_bits(&masked);
    return tunnel_state_same_prefix(&cut, &masked);
}

/* They are few, where the tunnel's own may be thousands. */
static bool find_others(struct route_planner *planner)
{
    const struct routing_table_list *routes = &planner->plan->running.routes;

    planner->others = calloc(routes->count + 1, sizeof(struct routing_table_entry *));
    if (planner->others == NULL)
        return false;
    for (size_t i = 0; i < routes->count; i++) {
        const struct routing_table_entry *entry = &routes->entries[i];

        if (entry->table == ROUTING_TABLE_MAIN && !is_own_route(planner, entry))
            planner->others[planner->other_count++] = entry;
    }
    return true;
}

/* Some route of the main table into the interface leads there already: that of an address (the kernel makes
 * none for a single IPv4 address), or one that somebody else made. */
static bool is_covered(const struct route_planner *planner, const struct vole_prefix *network)
{
    const struct tunnel_goal *goal = &planner->plan->goal;

    for (size_t i = 0; i < goal->address_count; i++) {
        const struct vole_prefix *address = &goal->addresses[i];

        if (!(address->address.family == 4 && address->length == 32) && prefix_covers(address, network))
            return true;
    }
    for (size_t i = 0; i < planner->other_count; i++) {
        if (prefix_covers(&planner->others[i]->network, network))
            return true;
    }
    return false;
}

static int plan_wanted_routes(const struct route_planner *planner)
{
    struct tunnel_plan *plan = planner->plan;
    int error = 0;

    for (size_t i = 0; i < plan->owners.count && error == 0; i++) {
        const struct allowed_ip_owner *owner = &plan->owners.networks[i];
        bool everything = planner->automatic && owner->network.length == 0;

        if (owner->after == NULL ||
            (everything && !plan->goal.firewall[tunnel_state_family(owner->network.address.family)]))
            continue;
        if (everything || !planner->automatic || !is_covered(planner, &owner->network))
            error = tunnel_goal_add_route(&plan->goal.routes, table_for(planner, &owner->network),
                                          &owner->network);
    }
    return error;
}

/* Own routes that are not wanted go; others that vanish with an address are to be made again. */
static int plan_other_routes(const struct route_planner *planner)
{
    struct tunnel_plan *plan = planner->plan;
    size_t wanted = plan->goal.routes.count;
    int error = 0;

    for (size_t i = 0; i < plan->running.routes.count && error == 0; i++) {
        const struct routing_table_entry *entry = &plan->running.routes.entries[i];
        const struct tunnel_goal_routes first = {.items = plan->goal.routes.items, .count = wanted};

        if (!entry->plain || tunnel_goal_has_route(&first, entry->table, &entry->network))
            continue;
        error = tunnel_goal_add_route(
            planner->table != 0 && is_own_route(planner, entry) ? &plan->goal.gone : &plan->goal.routes,
            entry->table, &entry->network);
    }
    return error;
}

/* A default route's rules and firewall are there, and are to be. */
static void plan_default_routes(const struct route_planner *planner)
{
    static const char *const everything[] = {"0.0.0.0/0", "::/0"};
    static const uint8_t families[] = {4, 6};
    struct tunnel_plan *plan = planner->plan;
    const struct file *file = &planner->tunnel->file;
    bool any = false;

    for (size_t i = 0; i < 2 && planner->automatic; i++) {
        bool wanted = is_owned(&plan->owners, families[i], true);
        bool there = plan->running.rule[i] && is_owned(&plan->owners, families[i], false);

        if (wanted && !there)
            needs_restart(plan, "a default route (%s) comes, which takes rules and a firewall",
                          everything[i]);
        if (!wanted && there)
            needs_restart(plan, "its default route (%s) goes, with its rules and firewall", everything[i]);
        plan->goal.firewall[i] = wanted && there;
        any = any || plan->goal.firewall[i];
    }
    if (any && file->has_fwmark && file->fwmark != planner->mark)
        needs_restart(plan, "FwMark is another, which is also the table of its default route");
}

/* None of the tunnel's routes is where the file wants them, but all are elsewhere. */
static void plan_table_move(const struct route_planner *planner)
{
    struct tunnel_plan *plan = planner->plan;
    uint32_t elsewhere = 0;

    for (size_t i = 0; i < plan->running.routes.count; i++) {
        const struct routing_table_entry *entry = &plan->running.routes.entries[i];
        const struct allowed_ip_owner *owner = allowed_ip_owners_of(&plan->owners, &entry->network);

        if (!entry->plain || owner == NULL || owner->before == NULL)
            continue;
        if (entry->table == table_for(planner, &entry->network))
            return;
        elsewhere = entry->table;
    }
    if (elsewhere != 0 && plan->goal.routes.count > 0)
        needs_restart(plan, "Table is another: its routes are in table %" PRIu32, elsewhere);
}

static bool plan_routes(struct tunnel_plan *plan, const struct tunnel *tunnel)
{
    struct route_planner planner = {.plan = plan,
                                    .tunnel = tunnel,
                                    .automatic = tunnel_table_is_auto(tunnel),
                                    .table = ROUTING_TABLE_MAIN,
                                    .mark = plan->running.device.fwmark};
    bool off = tunnel->file.table.text != NULL && strcmp(tunnel->file.table.text, "off") == 0;
    int error = 0;

    if (off)
        planner.table = 0;
    else if (!planner.automatic && !routing_table_number(&planner.table, tunnel->file.table.text))
        return false; /* tunnel_routes_table_is_known() has said so */
    plan_default_routes(&planner);
    if (!off)
        error = find_others(&planner) ? plan_wanted_routes(&planner) : -ENOMEM;
    free(planner.others);
    if (!off && error == 0)
        plan_table_move(&planner);
    if (error == 0)
        error = plan_other_routes(&planner);
    return error == 0 || tunnel_fail(tunnel, "out of memory");
}

/* ---- peers ---- */

static void add_peer(struct tunnel_plan *plan, const struct change_peer *change, const uint8_t *public_key)
{
    struct tunnel_plan_peer *peer = &plan->peers[plan->peer_count++];

    *peer = (struct tunnel_plan_peer){.public_key = public_key,
                                      .running = allowed_ip_owners_running(&plan->owners, public_key),
                                      .change = change};
    peer->moves = allowed_ip_owners_moves(&plan->owners, public_key, &peer->move_count);
}

static bool is_in_difference(const struct tunnel_plan *plan, const uint8_t *public_key)
{
    for (size_t i = 0; i < plan->difference.peer_count; i++) {
        if (memcmp(plan->difference.peers[i].public_key, public_key, VOLE_KEY_BYTES) == 0)
            return true;
    }
    return false;
}

static bool plan_peers(struct tunnel_plan *plan, const struct tunnel *tunnel)
{
    const struct allowed_ip_owners *owners = &plan->owners;

    plan->peers = calloc(plan->difference.peer_count + owners->move_count + 1, sizeof(*plan->peers));
    if (plan->peers == NULL)
        return tunnel_fail(tunnel, "out of memory");
    for (size_t i = 0; i < plan->difference.peer_count; i++)
        add_peer(plan, &plan->difference.peers[i], plan->difference.peers[i].public_key);
    for (size_t i = 0; i < owners->move_count; i++) {
        const uint8_t *peer = owners->moves[i].peer;

        if ((i == 0 || memcmp(owners->moves[i - 1].peer, peer, VOLE_KEY_BYTES) != 0) &&
            !is_in_difference(plan, peer))
            add_peer(plan, NULL, peer);
    }
    return true;
}

/* ---- all of it ---- */

bool tunnel_plan_can_begin(struct tunnel *tunnel)
{
    if (!tunnel_has_interface(tunnel))
        return tunnel_fail(tunnel, "the tunnel is not up: bring it up with `vole up %s'", tunnel->name);
    if (device_kind_of(tunnel->name) == DEVICE_NONE)
        return tunnel_fail(tunnel, "`%s' is not a WireGuard interface", tunnel->name);
    return true;
}

bool tunnel_plan_make(struct tunnel_plan *plan, const struct tunnel *tunnel)
{
    memset(plan, 0, sizeof(*plan));
    change_init(&plan->goal.change);
    change_init(&plan->difference);
    plan->goal.mtu = tunnel->file.mtu;
    plan->goal.up = true;
    return tunnel_routes_table_is_known(tunnel) && tunnel_state_read(&plan->running, tunnel) &&
           plan_addresses(plan, tunnel) && plan_dns(plan, tunnel) && plan_device(plan, tunnel) &&
           plan_routes(plan, tunnel) && plan_peers(plan, tunnel);
}

void tunnel_plan_free(struct tunnel_plan *plan)
{
    free(plan->peers);
    allowed_ip_owners_free(&plan->owners);
    change_free(&plan->difference);
    tunnel_goal_free(&plan->goal);
    tunnel_state_free(&plan->running);
    memset(plan, 0, sizeof(*plan));
}

static bool interface_differs(const struct tunnel_plan *plan)
{
    const struct tunnel_state *running = &plan->running;
    const struct tunnel_goal *goal = &plan->goal;

    if ((goal->mtu != 0 && goal->mtu != running->mtu) || goal->up != running->up ||
        goal->address_count != running->addresses.count || goal->gone.count > 0)
        return true;
    for (size_t i = 0; i < goal->address_count; i++) {
        if (!tunnel_state_has_address(&running->addresses, &goal->addresses[i]))
            return true;
    }
    for (size_t i = 0; i < goal->routes.count; i++) {
        if (!tunnel_state_has_route(&running->routes, goal->routes.items[i].table,
                                    &goal->routes.items[i].network))
            return true;
    }
    return false;
}

bool tunnel_plan_differs(const struct tunnel_plan *plan)
{
    const struct dns_state *now = &plan->running.dns;
    const struct dns_state *wanted = &plan->goal.dns;
    bool dns = plan->goal.has_dns &&
               (strcmp(now->servers, wanted->servers) != 0 || strcmp(now->domains, wanted->domains) != 0);

    return dns || plan->restart_count > 0 || plan->peer_count > 0 || !change_is_empty(&plan->difference) ||
           interface_differs(plan);
}
