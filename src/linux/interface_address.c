/* SPDX-License-Identifier: MIT
 *
 * RTM_NEWADDR, RTM_DELADDR and RTM_GETADDR.
 */
#include "linux/interface_address.h"

#include "linux/netlink_request.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define IPV4_LOOPBACK_NETWORK 127

static int interface_address_change(int netlink, uint16_t type, uint16_t flags, uint32_t interface,
                                    const struct vole_prefix *prefix)
{
    struct netlink_request request;
    const struct vole_address *address = &prefix->address;
    uint16_t bytes = address->family == 4 ? 4 : 16;

    if ((address->family != 4 && address->family != 6) || prefix->length > bytes * 8)
        return -EINVAL;
    struct ifaddrmsg *message = netlink_request_init(&request, type, flags, sizeof(*message));
    message->ifa_family = address->family == 4 ? AF_INET : AF_INET6;
    message->ifa_prefixlen = prefix->length;
    message->ifa_index = interface;
    if (address->family == 4 && address->bytes[0] == IPV4_LOOPBACK_NETWORK)
        message->ifa_scope = RT_SCOPE_HOST;
    netlink_put(request.header, IFA_LOCAL, bytes, address->bytes);
    netlink_put(request.header, IFA_ADDRESS, bytes, address->bytes);
    return netlink_request_do(netlink, &request, NULL, NULL);
}

int interface_address_add(int netlink, uint32_t interface, const struct vole_prefix *address)
{
    return interface_address_change(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, interface, address);
}

int interface_address_remove(int netlink, uint32_t interface, const struct vole_prefix *address)
{
    return interface_address_change(netlink, RTM_DELADDR, 0, interface, address);
}

/* ---- listing ---- */

struct interface_address_reader {
    struct interface_address_list *list;
    uint32_t interface;
};

static void interface_address_restart(void *argument)
{
    struct interface_address_reader *reader = argument;

    reader->list->count = 0;
}

/* IFA_LOCAL is the interface's own address where there is one, IFA_ADDRESS the other end's, or the same. */
struct interface_address_found {
    uint8_t bytes; /* 4 or 16 */
    uint8_t local[16];
    bool has_local;
    uint8_t address[16];
    bool has_address;
};

static int interface_address_attribute(const struct nlattr *attribute, void *argument)
{
    struct interface_address_found *found = argument;

    if (netlink_attribute_bytes(attribute) != found->bytes)
        return 0;
    if (netlink_attribute_type(attribute) == IFA_LOCAL) {
        memcpy(found->local, netlink_attribute_value(attribute), found->bytes);
        found->has_local = true;
    } else if (netlink_attribute_type(attribute) == IFA_ADDRESS) {
        memcpy(found->address, netlink_attribute_value(attribute), found->bytes);
        found->has_address = true;
    }
    return 0;
}

static int interface_address_append(struct interface_address_list *list, const struct vole_prefix *prefix)
{
    if (list->count == list->capacity) {
        size_t larger = list->capacity == 0 ? 4 : list->capacity * 2;
        struct vole_prefix *grown = realloc(list->addresses, larger * sizeof(*grown));

        if (grown == NULL)
            return -ENOMEM;
        list->addresses = grown;
        list->capacity = larger;
    }
    list->addresses[list->count++] = *prefix;
    return 0;
}

static int interface_address_answer(const struct nlmsghdr *message, void *argument)
{
    const struct interface_address_reader *reader = argument;
    const struct ifaddrmsg *header = netlink_message_payload(message);
    struct interface_address_found found = {0};
    struct vole_prefix prefix = {0};

    if (message->nlmsg_type != RTM_NEWADDR || netlink_message_payload_bytes(message) < sizeof(*header) ||
        header->ifa_index != reader->interface ||
        (header->ifa_family != AF_INET && header->ifa_family != AF_INET6))
        return 0;
    found.bytes = header->ifa_family == AF_INET ? 4 : 16;
    if (header->ifa_prefixlen > found.bytes * 8)
        return -EBADMSG;
    if (netlink_attributes(message, sizeof(*header), interface_address_attribute, &found) < 0)
        return -EBADMSG;
    if (!found.has_local && !found.has_address)
        return 0;
    prefix.address.family = header->ifa_family == AF_INET ? 4 : 6;
    memcpy(prefix.address.bytes, found.has_local ? found.local : found.address, found.bytes);
    prefix.length = header->ifa_prefixlen;
    return interface_address_append(reader->list, &prefix);
}

int interface_address_read(int netlink, uint32_t interface, struct interface_address_list *list)
{
    struct netlink_request request;
    struct interface_address_reader reader = {list, interface};
    struct ifaddrmsg *message = netlink_request_init(&request, RTM_GETADDR, NLM_F_DUMP, sizeof(*message));

    message->ifa_family = AF_UNSPEC;
    return netlink_request_dump(netlink, &request, interface_address_restart, interface_address_answer,
                                &reader);
}

void interface_address_list_free(struct interface_address_list *list)
{
    free(list->addresses);
    memset(list, 0, sizeof(*list));
}
