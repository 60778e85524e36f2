/* SPDX-License-Identifier: MIT
 *
 * Reading what rtnetlink says about a link.
 */
#include "linux/link_message.h"

#include "linux/kernel_constants.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct link_message {
    struct link_state *state;
    bool moved;
};

static int link_message_attribute(const struct nlattr *attribute, void *argument)
{
    struct link_message *into = argument;

    switch (netlink_attribute_type(attribute)) {
    case IFLA_IFNAME: {
        uint16_t length = netlink_attribute_bytes(attribute);
        size_t bytes = length < IFNAMSIZ ? length : IFNAMSIZ - 1;

        memcpy(into->state->name, netlink_attribute_value(attribute), bytes);
        into->state->name[bytes] = '\0';
        break;
    }
    case IFLA_MTU:
        if (netlink_attribute_bytes(attribute) == sizeof(uint32_t))
            into->state->mtu = netlink_attribute_u32(attribute);
        break;
    case LINK_ATTRIBUTE_NEW_NETNSID:
        into->moved = true;
        break;
    default:
        break;
    }
    return 0;
}

int link_message_parse(const struct nlmsghdr *message, struct link_state *state, bool *moved)
{
    const struct ifinfomsg *link = netlink_message_payload(message);
    struct link_message into = {.state = state};

    memset(state, 0, sizeof(*state));
    if (netlink_message_payload_bytes(message) < sizeof(*link))
        return -EBADMSG;
    state->index = (uint32_t)link->ifi_index;
    state->up = link->ifi_flags & IFF_UP;
    if (netlink_attributes(message, sizeof(*link), link_message_attribute, &into) < 0)
        return -EBADMSG;
    if (moved)
        *moved = into.moved;
    return 0;
}
