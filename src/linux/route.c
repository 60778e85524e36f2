/* SPDX-License-Identifier: MIT
 *
 * Asking the kernel for a route.
 */
#include "linux/route.h"

#include "linux/netlink_request.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

struct route_answer {
    uint32_t interface;
    uint32_t mtu; /* 0: the route has none of its own */
};

static int route_read_metric(const struct nlattr *attribute, void *argument)
{
    struct route_answer *answer = argument;

    if (netlink_attribute_type(attribute) == RTAX_MTU &&
        netlink_attribute_bytes(attribute) == sizeof(uint32_t))
        answer->mtu = netlink_attribute_u32(attribute);
    return 0;
}

static int route_read_attribute(const struct nlattr *attribute, void *argument)
{
    struct route_answer *answer = argument;

    if (netlink_attribute_type(attribute) == RTA_OIF &&
        netlink_attribute_bytes(attribute) == sizeof(uint32_t))
        answer->interface = netlink_attribute_u32(attribute);
    else if (netlink_attribute_type(attribute) == RTA_METRICS)
        return netlink_attributes_inside(attribute, route_read_metric, answer);
    return 0;
}

static int route_read_answer(const struct nlmsghdr *message, void *argument)
{
    if (message->nlmsg_type != RTM_NEWROUTE || netlink_message_payload_bytes(message) < sizeof(struct rtmsg))
        return 0;
    return netlink_attributes(message, sizeof(struct rtmsg), route_read_attribute, argument) < 0 ? -EBADMSG
                                                                                                 : 0;
}

static int route_ask(int netlink, const struct vole_address *destination, const struct vole_address *source,
                     uint32_t mark, struct route_answer *answer)
{
    struct netlink_request request;
    bool is_v4 = destination->family == 4;
    uint8_t bytes = is_v4 ? 4 : 16;

    if ((destination->family != 4 && destination->family != 6) ||
        (source->family != 0 && source->family != destination->family))
        return -EINVAL;
    struct rtmsg *route = netlink_request_init(&request, RTM_GETROUTE, 0, sizeof(*route));
    route->rtm_family = is_v4 ? AF_INET : AF_INET6;
    route->rtm_dst_len = (uint8_t)(bytes * 8);
    netlink_put(request.header, RTA_DST, bytes, destination->bytes);
    if (source->family != 0) {
        route->rtm_src_len = (uint8_t)(bytes * 8);
        netlink_put(request.header, RTA_SRC, bytes, source->bytes);
    }
    if (mark != 0)
        netlink_put_u32(request.header, RTA_MARK, mark);
    *answer = (struct route_answer){0};
    int result = netlink_request_do(netlink, &request, route_read_answer, answer);
    if (result < 0)
        return result;
    return answer->interface != 0 ? 0 : -ENETUNREACH;
}

int route_query(int netlink, const struct vole_address *destination, const struct vole_address *source,
                uint32_t mark, uint32_t *interface)
{
    struct route_answer answer = {0};
    int result = route_ask(netlink, destination, source, mark, &answer);

    *interface = answer.interface;
    return result;
}

int route_query_mtu(int netlink, const struct vole_address *destination, uint32_t *interface, uint32_t *mtu)
{
    struct vole_address any = {0};
    struct route_answer answer = {0};
    int result = route_ask(netlink, destination, &any, 0, &answer);

    *interface = answer.interface;
    *mtu = answer.mtu;
    return result;
}
