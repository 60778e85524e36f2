/* SPDX-License-Identifier: MIT
 *
 * The form of netlink messages (the kernel's uapi/linux/netlink.h): a header, a family's own header, and
 * attributes, each a length, a type and a value, which may itself be attributes. All parts begin at multiples
 * of 4 bytes; what fills the gaps is written as zero.
 *
 * Reading trusts no length: what is given out lies inside the message. Writing appends at the end of a
 * message; the caller knows that there is room.
 */
#ifndef VOLE_LINUX_NETLINK_MESSAGE_H
#define VOLE_LINUX_NETLINK_MESSAGE_H

#include "vole.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- reading ---- */

/* Whether a whole message lies at the start of these bytes, of which there are left. */
static inline bool netlink_message_ok(const struct nlmsghdr *message, size_t left)
{
    return left >= sizeof(*message) && message->nlmsg_len >= sizeof(*message) && message->nlmsg_len <= left;
}

/* The one behind a message that is ok; left shrinks with it. */
const struct nlmsghdr *netlink_message_next(const struct nlmsghdr *message, size_t *left);

/* What follows the header of a message that is ok: the family's header, then attributes. */
static inline const void *netlink_message_payload(const struct nlmsghdr *message)
{
    return (const uint8_t *)message + sizeof(*message);
}

static inline size_t netlink_message_payload_bytes(const struct nlmsghdr *message)
{
    return message->nlmsg_len - sizeof(*message);
}

static inline uint16_t netlink_attribute_type(const struct nlattr *attribute)
{
    return (uint16_t)(attribute->nla_type & ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER));
}

static inline const void *netlink_attribute_value(const struct nlattr *attribute)
{
    return (const uint8_t *)attribute + sizeof(*attribute);
}

static inline uint16_t netlink_attribute_bytes(const struct nlattr *attribute)
{
    return (uint16_t)(attribute->nla_len - sizeof(*attribute));
}

/* Of an attribute whose value has, as the caller knows, as many bytes. */
static inline uint16_t netlink_attribute_u16(const struct nlattr *attribute)
{
    uint16_t value;

    memcpy(&value, netlink_attribute_value(attribute), sizeof(value));
    return value;
}

static inline uint32_t netlink_attribute_u32(const struct nlattr *attribute)
{
    uint32_t value;

    memcpy(&value, netlink_attribute_value(attribute), sizeof(value));
    return value;
}

/* Looks at one attribute; 0, or a negative errno, which ends the walk. */
typedef int netlink_attribute_function(const struct nlattr *attribute, void *argument);

/* Calls function for each attribute behind a family's header of so many bytes; bytes at the end that are no
 * whole attribute end the walk. Returns 0 or what function did. */
VOLE_MUST_CHECK int netlink_attributes(const struct nlmsghdr *message, size_t header_bytes,
                                       netlink_attribute_function *function, void *argument);
/* The same for those inside an attribute. */
VOLE_MUST_CHECK int netlink_attributes_inside(const struct nlattr *attribute,
                                              netlink_attribute_function *function, void *argument);

/* ---- writing ---- */

/* An empty message at the start of bytes, which are aligned for one. */
struct nlmsghdr *netlink_message_begin(void *bytes);
/* Appends so many zero bytes, for a family's header. */
void *netlink_message_extend(struct nlmsghdr *message, size_t bytes);

void netlink_put(struct nlmsghdr *message, uint16_t type, size_t bytes, const void *value);

static inline void netlink_put_u8(struct nlmsghdr *message, uint16_t type, uint8_t value)
{
    netlink_put(message, type, sizeof(value), &value);
}

static inline void netlink_put_u16(struct nlmsghdr *message, uint16_t type, uint16_t value)
{
    netlink_put(message, type, sizeof(value), &value);
}

static inline void netlink_put_u32(struct nlmsghdr *message, uint16_t type, uint32_t value)
{
    netlink_put(message, type, sizeof(value), &value);
}

/* With the zero at its end. */
static inline void netlink_put_text(struct nlmsghdr *message, uint16_t type, const char *text)
{
    netlink_put(message, type, strlen(text) + 1, text);
}

/* Begins an attribute that has in it what is put until its end. */
struct nlattr *netlink_nest_begin(struct nlmsghdr *message, uint16_t type);
void netlink_nest_end(struct nlmsghdr *message, struct nlattr *nest);

#endif
