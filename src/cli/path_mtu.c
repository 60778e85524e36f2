/* SPDX-License-Identifier: MIT
 *
 * Asking for routes. What cannot be found out counts as if it were not there.
 */
#include "cli/path_mtu.h"

#include "linux/link.h"
#include "linux/route.h"
#include "linux/routing_table.h"

#define MTU_USUAL    1500
#define MTU_OVERHEAD 80

/* 0: not known. */
static uint32_t mtu_of_interface(int netlink, uint32_t index)
{
    struct link_state state;

    return index != 0 && link_query(netlink, index, &state) == 0 ? state.mtu : 0;
}

static uint32_t mtu_to(int netlink, const struct vole_endpoint *endpoint)
{
    uint32_t interface;
    uint32_t mtu;

    if (endpoint->scope != 0) /* link-local: its zone is the way */
        return mtu_of_interface(netlink, endpoint->scope);
    if (endpoint->address.family == 0 || route_query_mtu(netlink, &endpoint->address, &interface, &mtu) != 0)
        return 0;
    return mtu != 0 ? mtu : mtu_of_interface(netlink, interface);
}

static uint32_t mtu_of_default_route(int netlink)
{
    uint32_t interface;
    uint32_t mtu;

    if (routing_table_default(netlink, &interface, &mtu) != 0)
        return 0;
    return mtu != 0 ? mtu : mtu_of_interface(netlink, interface);
}

uint32_t path_mtu_of_peers(int netlink, const struct model_device *device)
{
    uint32_t smallest = 0;

    for (size_t i = 0; i < device->peer_count; i++) {
        uint32_t mtu = mtu_to(netlink, &device->peers[i].endpoint);

        if (mtu != 0 && (smallest == 0 || mtu < smallest))
            smallest = mtu;
    }
    if (smallest == 0)
        smallest = mtu_of_default_route(netlink);
    if (smallest <= MTU_OVERHEAD)
        smallest = MTU_USUAL;
    return smallest - MTU_OVERHEAD;
}
