/* SPDX-License-Identifier: MIT
 *
 * Asking the device, the kernel and the keeper of name servers, one after another.
 */
#include "cli/tunnel_state.h"

#include "cli/access.h"
#include "linux/link.h"
#include "linux/routing_rule.h"

#include <string.h>

static bool read_rules(struct tunnel_state *state, const struct tunnel *tunnel)
{
    static const uint8_t families[] = {4, 6};
    int error = 0;

    for (size_t i = 0; i < 2 && error == 0; i++) {
        struct routing_rule_list list = {0};

        error = routing_rule_read(tunnel->netlink, families[i], &list);
        for (size_t k = 0; error == 0 && k < list.count; k++) {
            if (list.rules[k].kind == ROUTING_RULE_MARK && state->device.fwmark != 0 &&
                list.rules[k].mark == state->device.fwmark)
                state->rule[i] = true;
        }
        routing_rule_list_free(&list);
    }
    return error == 0 || tunnel_fail(tunnel, "policy rules cannot be listed: %s", strerror(-error));
}

bool tunnel_state_read(struct tunnel_state *state, const struct tunnel *tunnel)
{
    struct link_state link;
    int error;

    memset(state, 0, sizeof(*state));
    model_init(&state->device);
    state->index = tunnel->index;
    error = device_get(tunnel->name, &state->device);
    if (error != 0) {
        access_report(tunnel->name, error, true);
        return false;
    }
    error = interface_address_read(tunnel->netlink, tunnel->index, &state->addresses);
    if (error == 0)
        error = link_query(tunnel->netlink, tunnel->index, &link);
    if (error == 0)
        error = routing_table_read(tunnel->netlink, tunnel->index, &state->routes);
    if (error != 0)
        return tunnel_fail(tunnel, "its addresses and routes cannot be listed: %s", strerror(-error));
    state->mtu = link.mtu;
    state->up = link.up;
    return read_rules(state, tunnel) && dns_of_host(&state->dns, tunnel);
}

void tunnel_state_free(struct tunnel_state *state)
{
    model_free(&state->device);
    interface_address_list_free(&state->addresses);
    routing_table_list_free(&state->routes);
    dns_state_free(&state->dns);
}

bool tunnel_state_same_prefix(const struct vole_prefix *one, const struct vole_prefix *other)
{
    return one->length == other->length && one->address.family == other->address.family &&
           memcmp(one->address.bytes, other->address.bytes, one->address.family == 4 ? 4 : 16) == 0;
}

bool tunnel_state_has_address(const struct interface_address_list *addresses,
                              const struct vole_prefix *address)
{
    for (size_t i = 0; i < addresses->count; i++) {
        if (tunnel_state_same_prefix(&addresses->addresses[i], address))
            return true;
    }
    return false;
}

bool tunnel_state_has_route(const struct routing_table_list *routes, uint32_t table,
                            const struct vole_prefix *network)
{
    for (size_t i = 0; i < routes->count; i++) {
        if (routes->entries[i].table == table &&
            tunnel_state_same_prefix(&routes->entries[i].network, network))
            return true;
    }
    return false;
}
