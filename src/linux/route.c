/* SPDX-License-Identifier: MIT
 *
 * Asking the kernel for a route.
 */
#include "linux/route.h"

#include "linux/netlink_request.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static int route_read_attribute(const struct nlattr *attribute, void *argument)
{
    uint32_t *interface = argument;

    if (mnl_attr_get_type(attribute) == RTA_OIF && mnl_attr_get_payload_len(attribute) == sizeof(uint32_t))
        *interface = mnl_attr_get_u32(attribute);
    return MNL_CB_OK;
}

static int route_read_answer(const struct nlmsghdr *message, void *argument)
{
    if (message->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(message) < sizeof(struct rtmsg))
        return 0;
    return mnl_attr_parse(message, sizeof(struct rtmsg), route_read_attribute, argument) < 0 ? -EBADMSG : 0;
}

int route_query(int netlink, const struct vole_address *destination, const struct vole_address *source,
                uint32_t mark, uint32_t *interface)
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
    mnl_attr_put(request.header, RTA_DST, bytes, destination->bytes);
    if (source->family != 0) {
        route->rtm_src_len = (uint8_t)(bytes * 8);
        mnl_attr_put(request.header, RTA_SRC, bytes, source->bytes);
    }
    if (mark != 0)
        mnl_attr_put_u32(request.header, RTA_MARK, mark);
    *interface = 0;
    int result = netlink_request_do(netlink, &request, route_read_answer, interface);
    if (result < 0)
        return result;
    return *interface != 0 ? 0 : -ENETUNREACH;
}
