/* SPDX-License-Identifier: MIT
 *
 * From rtnetlink's notifications to events.
 */
#include "linux/link_monitor.h"

#include "linux/link_message.h"
#include "linux/netlink_request.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* Buffers read per call, so that a storm of route changes cannot keep the caller forever. */
#define LINK_MONITOR_READS 256

#define LINK_MONITOR_LINKS RTMGRP_LINK
#define LINK_MONITOR_ROUTES                                                                                  \
    (RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE |    \
     1u << (RTNLGRP_IPV6_RULE - 1))

int link_monitor_open(bool addresses_and_routes)
{
    return netlink_open(LINK_MONITOR_LINKS | (addresses_and_routes ? LINK_MONITOR_ROUTES : 0), SOCK_NONBLOCK);
}

/* Translates one notification; false if it is none that matters. */
static bool link_monitor_translate(const struct nlmsghdr *message, struct link_event *event)
{
    bool moved;

    memset(event, 0, sizeof(*event));
    switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: {
        const struct ifinfomsg *link = netlink_message_payload(message);

        /* Bridges and IPv6 tell things of their own about links under other families. */
        if (netlink_message_payload_bytes(message) < sizeof(*link) || link->ifi_family != AF_UNSPEC ||
            link_message_parse(message, &event->state, &moved) < 0)
            return false;
        event->kind = LINK_CHANGED;
        if (message->nlmsg_type == RTM_DELLINK)
            event->kind = moved ? LINK_MOVED : LINK_DELETED;
        return true;
    }
    case RTM_NEWADDR:
    case RTM_DELADDR: {
        const struct ifaddrmsg *address = netlink_message_payload(message);

        if (netlink_message_payload_bytes(message) < sizeof(*address))
            return false;
        event->kind = LINK_ADDRESSES_CHANGED;
        event->state.index = address->ifa_index;
        return true;
    }
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
    case RTM_NEWRULE:
    case RTM_DELRULE:
        event->kind = LINK_ROUTES_CHANGED;
        return true;
    default:
        return false;
    }
}

int link_monitor_read(int monitor, link_event_function *function, void *context)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[NETLINK_ANSWER_BYTES];
    struct link_event event;

    for (int reads = 0; reads < LINK_MONITOR_READS; reads++) {
        struct sockaddr_nl from = {0};
        socklen_t from_bytes = sizeof(from);
        ssize_t length =
            recvfrom(monitor, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &from_bytes);

        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno == ENOBUFS) {
            event = (struct link_event){.kind = LINK_RESYNCHRONISE};
            function(context, &event);
            continue;
        }
        if (length < 0)
            return errno == EAGAIN ? 0 : -errno;
        if (from.nl_pid != 0)
            continue;
        const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
        size_t rest = (size_t)length;
        for (; netlink_message_ok(message, rest); message = netlink_message_next(message, &rest))
            if (link_monitor_translate(message, &event))
                function(context, &event);
    }
    return 0;
}
