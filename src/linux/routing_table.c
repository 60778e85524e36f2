/* SPDX-License-Identifier: MIT
 *
 * RTM_NEWROUTE, RTM_DELROUTE and RTM_GETROUTE of whole tables.
 *
 * The kernel is asked for all routes of a family and those not meant are passed over here: older kernels do
 * not filter.
 */
#include "linux/routing_table.h"

#include "linux/netlink_request.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int routing_table_change(int netlink, uint16_t type, uint16_t flags, uint32_t table,
                                uint32_t interface, const struct vole_prefix *network)
{
    struct netlink_request request;
    bool is_v4 = network->address.family == 4;
    uint16_t bytes = is_v4 ? 4 : 16;

    if ((!is_v4 && network->address.family != 6) || network->length > bytes * 8)
        return -EINVAL;
    struct rtmsg *route = netlink_request_init(&request, type, flags, sizeof(*route));
    route->rtm_family = is_v4 ? AF_INET : AF_INET6;
    route->rtm_dst_len = network->length;
    route->rtm_table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
    route->rtm_scope = is_v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE; /* no router in between */
    route->rtm_protocol = RTPROT_BOOT; /* when removing, so that the kernel's own route stays */
    if (type == RTM_NEWROUTE)
        route->rtm_type = RTN_UNICAST;
    if (table >= 256)
        netlink_put_u32(request.header, RTA_TABLE, table);
    if (network->length > 0)
        netlink_put(request.header, RTA_DST, bytes, network->address.bytes);
    netlink_put_u32(request.header, RTA_OIF, interface);
    return netlink_request_do(netlink, &request, NULL, NULL);
}

int routing_table_add(int netlink, uint32_t table, uint32_t interface, const struct vole_prefix *network)
{
    return routing_table_change(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, table, interface, network);
}

int routing_table_remove(int netlink, uint32_t table, uint32_t interface, const struct vole_prefix *network)
{
    return routing_table_change(netlink, RTM_DELROUTE, 0, table, interface, network);
}

/* ---- looking ---- */

struct routing_table_route {
    uint32_t table;
    uint32_t interface; /* 0: none named */
    uint32_t mtu;       /* 0: none */
    struct vole_prefix network;
    uint8_t network_bytes; /* of its family */
    bool plain;            /* as routing_table_add() makes it */
};

/* What is looked for among all routes of a family: found is set by match(). */
struct routing_table_search {
    void (*match)(struct routing_table_search *search, const struct routing_table_route *route);
    uint32_t table;
    uint32_t interface;
    const struct vole_prefix *network;
    bool found;
    struct routing_table_route route; /* the first that was found */
};

static int routing_table_metric(const struct nlattr *attribute, void *argument)
{
    struct routing_table_route *route = argument;

    if (netlink_attribute_type(attribute) == RTAX_MTU &&
        netlink_attribute_bytes(attribute) == sizeof(uint32_t))
        route->mtu = netlink_attribute_u32(attribute);
    return 0;
}

/* The metric that the kernel gives to routes of IPv6 that are made without one. */
#define USUAL_PRIORITY_V6 1024

/* What routing_table_add() never gives to a route. */
static bool routing_table_is_special(const struct nlattr *attribute, const struct routing_table_route *route)
{
    switch (netlink_attribute_type(attribute)) {
    case RTA_GATEWAY:
    case RTA_VIA:
    case RTA_PREFSRC:
    case RTA_SRC:
    case RTA_METRICS:
    case RTA_ENCAP:
        return true;
    case RTA_PRIORITY:
        return netlink_attribute_bytes(attribute) != sizeof(uint32_t) ||
               netlink_attribute_u32(attribute) != (route->network_bytes == 4 ? 0 : USUAL_PRIORITY_V6);
    default:
        return false;
    }
}

static int routing_table_attribute(const struct nlattr *attribute, void *argument)
{
    struct routing_table_route *route = argument;
    uint16_t length = netlink_attribute_bytes(attribute);

    if (routing_table_is_special(attribute, route))
        route->plain = false;
    switch (netlink_attribute_type(attribute)) {
    case RTA_TABLE:
        if (length == sizeof(uint32_t))
            route->table = netlink_attribute_u32(attribute);
        break;
    case RTA_OIF:
        if (length == sizeof(uint32_t))
            route->interface = netlink_attribute_u32(attribute);
        break;
    case RTA_DST:
        if (length == route->network_bytes)
            memcpy(route->network.address.bytes, netlink_attribute_value(attribute), length);
        break;
    case RTA_METRICS:
        return netlink_attributes_inside(attribute, routing_table_metric, route);
    default:
        break;
    }
    return 0;
}

/* 1: a route; 0: something else. */
static int routing_table_parse(struct routing_table_route *route, const struct nlmsghdr *message)
{
    const struct rtmsg *header = netlink_message_payload(message);

    memset(route, 0, sizeof(*route));
    if (message->nlmsg_type != RTM_NEWROUTE || netlink_message_payload_bytes(message) < sizeof(*header) ||
        (header->rtm_family != AF_INET && header->rtm_family != AF_INET6) ||
        (header->rtm_flags & RTM_F_CLONED) != 0)
        return 0;
    route->table = header->rtm_table;
    route->network.address.family = header->rtm_family == AF_INET ? 4 : 6;
    route->network.length = header->rtm_dst_len;
    route->network_bytes = header->rtm_family == AF_INET ? 4 : 16;
    if (route->network.length > route->network_bytes * 8)
        return -EBADMSG;
    route->plain =
        header->rtm_type == RTN_UNICAST && header->rtm_protocol == RTPROT_BOOT && header->rtm_tos == 0;
    if (netlink_attributes(message, sizeof(*header), routing_table_attribute, route) < 0)
        return -EBADMSG;
    return 1;
}

static int routing_table_answer(const struct nlmsghdr *message, void *argument)
{
    struct routing_table_search *search = argument;
    struct routing_table_route route;
    int result = routing_table_parse(&route, message);

    if (result <= 0 || search->found || route.table != search->table)
        return result < 0 ? result : 0;
    search->match(search, &route);
    if (search->found)
        search->route = route;
    return 0;
}

static void routing_table_restart(void *argument)
{
    struct routing_table_search *search = argument;

    search->found = false;
    memset(&search->route, 0, sizeof(search->route));
}

static int routing_table_look(int netlink, int family, struct routing_table_search *search)
{
    struct netlink_request request;
    struct rtmsg *route = netlink_request_init(&request, RTM_GETROUTE, NLM_F_DUMP, sizeof(*route));

    route->rtm_family = (uint8_t)family;
    return netlink_request_dump(netlink, &request, routing_table_restart, routing_table_answer, search);
}

/* The first length bits of both are the same. */
static bool routing_table_same_bits(const uint8_t *one, const uint8_t *other, unsigned length)
{
    unsigned whole = length / 8;
    unsigned rest = length % 8;

    if (memcmp(one, other, whole) != 0)
        return false;
    return rest == 0 || ((one[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

static bool routing_table_is_cover(const struct vole_prefix *wide, const struct vole_prefix *network)
{
    return wide->address.family == network->address.family && wide->length <= network->length &&
           routing_table_same_bits(wide->address.bytes, network->address.bytes, wide->length);
}

static void routing_table_match_cover(struct routing_table_search *search,
                                      const struct routing_table_route *route)
{
    search->found =
        route->interface == search->interface && routing_table_is_cover(&route->network, search->network);
}

int routing_table_covers(int netlink, uint32_t interface, const struct vole_prefix *network)
{
    struct routing_table_search search = {.match = routing_table_match_cover,
                                          .table = ROUTING_TABLE_MAIN,
                                          .interface = interface,
                                          .network = network};
    int result = routing_table_look(netlink, network->address.family == 4 ? AF_INET : AF_INET6, &search);

    return result < 0 ? result : search.found;
}

static void routing_table_match_any(struct routing_table_search *search,
                                    const struct routing_table_route *route)
{
    (void)route;
    search->found = true;
}

int routing_table_is_empty(int netlink, uint32_t table)
{
    struct routing_table_search search = {.match = routing_table_match_any, .table = table};
    int result = routing_table_look(netlink, AF_INET, &search);

    if (result == 0 && !search.found)
        result = routing_table_look(netlink, AF_INET6, &search);
    return result < 0 ? result : !search.found;
}

static void routing_table_match_default(struct routing_table_search *search,
                                        const struct routing_table_route *route)
{
    search->found = route->network.length == 0;
}

int routing_table_default(int netlink, uint32_t *interface, uint32_t *mtu)
{
    struct routing_table_search search = {.match = routing_table_match_default, .table = ROUTING_TABLE_MAIN};
    int result = routing_table_look(netlink, AF_INET, &search);

    *interface = search.route.interface;
    *mtu = search.route.mtu;
    return result;
}

/* ---- listing ---- */

struct routing_table_reader {
    struct routing_table_list *list;
    uint32_t interface;
    bool with_kernel;
    size_t begun_with; /* entries of the family before */
};

static void routing_table_list_restart(void *argument)
{
    struct routing_table_reader *reader = argument;

    reader->list->count = reader->begun_with;
}

static int routing_table_append(struct routing_table_list *list, const struct routing_table_route *route)
{
    if (list->count == list->capacity) {
        size_t larger = list->capacity == 0 ? 16 : list->capacity * 2;
        struct routing_table_entry *grown = realloc(list->entries, larger * sizeof(*grown));

        if (grown == NULL)
            return -ENOMEM;
        list->entries = grown;
        list->capacity = larger;
    }
    list->entries[list->count++] =
        (struct routing_table_entry){.table = route->table, .network = route->network, .plain = route->plain};
    return 0;
}

static int routing_table_list_answer(const struct nlmsghdr *message, void *argument)
{
    const struct routing_table_reader *reader = argument;
    const struct rtmsg *header = netlink_message_payload(message);
    struct routing_table_route route;
    int result = routing_table_parse(&route, message);

    if (result <= 0 || route.interface != reader->interface || route.table == RT_TABLE_LOCAL ||
        (header->rtm_protocol == RTPROT_KERNEL && !reader->with_kernel))
        return result < 0 ? result : 0;
    return routing_table_append(reader->list, &route);
}

static int routing_table_list_routes(int netlink, struct routing_table_reader *reader)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    struct routing_table_list *list = reader->list;
    int result = 0;

    list->count = 0;
    for (size_t i = 0; result == 0 && i < sizeof(families); i++) {
        struct netlink_request request;
        struct rtmsg *route = netlink_request_init(&request, RTM_GETROUTE, NLM_F_DUMP, sizeof(*route));

        route->rtm_family = families[i];
        reader->begun_with = list->count;
        result = netlink_request_dump(netlink, &request, routing_table_list_restart,
                                      routing_table_list_answer, reader);
    }
    return result;
}

int routing_table_read(int netlink, uint32_t interface, struct routing_table_list *list)
{
    struct routing_table_reader reader = {.list = list, .interface = interface};

    return routing_table_list_routes(netlink, &reader);
}

int routing_table_read_all(int netlink, uint32_t interface, struct routing_table_list *list)
{
    struct routing_table_reader reader = {.list = list, .interface = interface, .with_kernel = true};

    return routing_table_list_routes(netlink, &reader);
}

bool routing_table_list_covers(const struct routing_table_list *list, const struct vole_prefix *network)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->entries[i].table == ROUTING_TABLE_MAIN &&
            routing_table_is_cover(&list->entries[i].network, network))
            return true;
    }
    return false;
}

void routing_table_list_free(struct routing_table_list *list)
{
    free(list->entries);
    memset(list, 0, sizeof(*list));
}
