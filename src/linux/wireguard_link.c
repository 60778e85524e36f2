/* SPDX-License-Identifier: MIT
 *
 * Those functions of wireguard_netlink.h that rtnetlink answers: making WireGuard interfaces of the kernel,
 * and finding them among all others by their kind (kernel-netlink §1).
 */
#include "linux/netlink_request.h"
#include "linux/wireguard_netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- listing ---- */

/* The names found so far: they are told when the list is complete, as it may have to be read again. */
struct link_names {
    char (*names)[IFNAMSIZ];
    size_t count;
    size_t capacity;
};

/* What of a link is looked at. */
struct link_kind {
    char name[IFNAMSIZ];
    bool is_wireguard;
};

static void link_names_restart(void *argument)
{
    struct link_names *names = argument;

    names->count = 0;
}

static int link_names_add(struct link_names *names, const char name[static IFNAMSIZ])
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity == 0 ? 16 : 2 * names->capacity;
        char(*grown)[IFNAMSIZ] = realloc(names->names, capacity * sizeof(*grown));

        if (grown == NULL)
            return -ENOMEM;
        names->names = grown;
        names->capacity = capacity;
    }
    memcpy(names->names[names->count++], name, IFNAMSIZ);
    return 0;
}

static int link_read_info(const struct nlattr *attribute, void *argument)
{
    struct link_kind *link = argument;
    size_t length = netlink_attribute_bytes(attribute);

    /* The kernel ends this text with a zero; others may not. */
    if (netlink_attribute_type(attribute) == IFLA_INFO_KIND)
        link->is_wireguard = length >= strlen(WG_GENL_NAME) && length <= sizeof(WG_GENL_NAME) &&
                             memcmp(netlink_attribute_value(attribute), WG_GENL_NAME, length) == 0;
    return 0;
}

static int link_read_attribute(const struct nlattr *attribute, void *argument)
{
    struct link_kind *link = argument;
    size_t length = netlink_attribute_bytes(attribute);

    switch (netlink_attribute_type(attribute)) {
    case IFLA_IFNAME:
        memset(link->name, 0, sizeof(link->name));
        memcpy(link->name, netlink_attribute_value(attribute), length < IFNAMSIZ ? length : IFNAMSIZ - 1);
        return 0;
    case IFLA_LINKINFO:
        return netlink_attributes_inside(attribute, link_read_info, link);
    default:
        return 0;
    }
}

static int link_read_answer(const struct nlmsghdr *message, void *argument)
{
    struct link_kind link = {.is_wireguard = false};

    if (message->nlmsg_type != RTM_NEWLINK ||
        netlink_message_payload_bytes(message) < sizeof(struct ifinfomsg))
        return 0;
    if (netlink_attributes(message, sizeof(struct ifinfomsg), link_read_attribute, &link) < 0)
        return -EBADMSG;
    return link.is_wireguard && link.name[0] != '\0' ? link_names_add(argument, link.name) : 0;
}

int wireguard_netlink_list(int (*each)(void *context, const char *name), void *context)
{
    struct netlink_request request;
    struct link_names names = {.count = 0};
    struct ifinfomsg *link = netlink_request_init(&request, RTM_GETLINK, NLM_F_DUMP, sizeof(*link));
    int netlink = netlink_open(0, 0);

    if (netlink < 0)
        return netlink;
    link->ifi_family = AF_UNSPEC;
    int result = netlink_request_dump(netlink, &request, link_names_restart, link_read_answer, &names);
    (void)close(netlink);
    /* What was seen of a list that never stays the same is taken as it is. */
    if (result == -EINTR)
        result = 0;
    for (size_t i = 0; i < names.count && result == 0; i++)
        result = each(context, names.names[i]);
    free(names.names);
    return result;
}

/* ---- making ---- */

int wireguard_link_create(const char *name)
{
    struct netlink_request request;
    struct ifinfomsg *link =
        netlink_request_init(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*link));
    int netlink;

    if (strlen(name) >= IFNAMSIZ)
        return -ENAMETOOLONG;
    netlink = netlink_open(0, 0);
    if (netlink < 0)
        return netlink;
    link->ifi_family = AF_UNSPEC;
    netlink_put_text(request.header, IFLA_IFNAME, name);
    struct nlattr *info = netlink_nest_begin(request.header, IFLA_LINKINFO);
    netlink_put(request.header, IFLA_INFO_KIND, strlen(WG_GENL_NAME), WG_GENL_NAME);
    netlink_nest_end(request.header, info);
    int result = netlink_request_do(netlink, &request, NULL, NULL);
    (void)close(netlink);
    return result;
}
