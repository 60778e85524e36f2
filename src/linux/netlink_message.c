/* SPDX-License-Identifier: MIT
 *
 * Netlink messages: see netlink_message.h.
 */
#include "linux/netlink_message.h"

static size_t netlink_aligned(size_t bytes)
{
    return (bytes + NLMSG_ALIGNTO - 1) & ~(size_t)(NLMSG_ALIGNTO - 1);
}

/* ---- reading ---- */

const struct nlmsghdr *netlink_message_next(const struct nlmsghdr *message, size_t *left)
{
    size_t bytes = netlink_aligned(message->nlmsg_len);

    if (bytes > *left) /* the last one need not be filled up */
        bytes = *left;
    *left -= bytes;
    return (const struct nlmsghdr *)((const uint8_t *)message + bytes);
}

static int netlink_attributes_walk(const uint8_t *bytes, size_t left, netlink_attribute_function *function,
                                   void *argument)
{
    while (left >= sizeof(struct nlattr)) {
        const struct nlattr *attribute = (const struct nlattr *)bytes;
        size_t step = netlink_aligned(attribute->nla_len);
        int error;

        if (attribute->nla_len < sizeof(*attribute) || attribute->nla_len > left)
            return 0;
        error = function(attribute, argument);
        if (error < 0)
            return error;
        step = step < left ? step : left;
        bytes += step;
        left -= step;
    }
    return 0;
}

int netlink_attributes(const struct nlmsghdr *message, size_t header_bytes,
                       netlink_attribute_function *function, void *argument)
{
    size_t bytes = netlink_message_payload_bytes(message);
    size_t skipped = netlink_aligned(header_bytes);

    if (skipped > bytes)
        return 0;
    return netlink_attributes_walk((const uint8_t *)netlink_message_payload(message) + skipped,
                                   bytes - skipped, function, argument);
}

int netlink_attributes_inside(const struct nlattr *attribute, netlink_attribute_function *function,
                              void *argument)
{
    return netlink_attributes_walk(netlink_attribute_value(attribute), netlink_attribute_bytes(attribute),
                                   function, argument);
}

/* ---- writing ---- */

struct nlmsghdr *netlink_message_begin(void *bytes)
{
    struct nlmsghdr *message = bytes;

    memset(message, 0, sizeof(*message));
    message->nlmsg_len = sizeof(*message);
    return message;
}

void *netlink_message_extend(struct nlmsghdr *message, size_t bytes)
{
    uint8_t *end = (uint8_t *)message + message->nlmsg_len;

    bytes = netlink_aligned(bytes);
    memset(end, 0, bytes);
    message->nlmsg_len += (uint32_t)bytes;
    return end;
}

void netlink_put(struct nlmsghdr *message, uint16_t type, size_t bytes, const void *value)
{
    struct nlattr *attribute = netlink_message_extend(message, sizeof(*attribute) + bytes);

    attribute->nla_type = type;
    attribute->nla_len = (uint16_t)(sizeof(*attribute) + bytes);
    if (bytes > 0)
        memcpy(attribute + 1, value, bytes);
}

struct nlattr *netlink_nest_begin(struct nlmsghdr *message, uint16_t type)
{
    struct nlattr *nest = netlink_message_extend(message, sizeof(*nest));

    nest->nla_type = NLA_F_NESTED | type;
    return nest;
}

void netlink_nest_end(struct nlmsghdr *message, struct nlattr *nest)
{
    nest->nla_len = (uint16_t)((uint8_t *)message + message->nlmsg_len - (uint8_t *)nest);
}
