/* SPDX-License-Identifier: MIT
 *
 * Each question has a descriptor of its own, in the namespace of the calling thread. The number of the
 * generic netlink family is the same in all of them and is kept; if the driver went and came with another
 * one, the kernel does not know the old one and the next question looks it up again.
 */
#include "linux/wireguard_netlink.h"

#include "linux/netlink_request.h"
#include "linux/wireguard_reading.h"
#include "linux/wireguard_writing.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A configuration that changes more often than it can be read as often is -EBUSY. */
#define WIREGUARD_READ_ATTEMPTS 1000

/* ---- the family ---- */

static atomic_uint wireguard_family; /* 0: not known yet */

static int family_read_attribute(const struct nlattr *attribute, void *argument)
{
    uint16_t *family = argument;

    if (netlink_attribute_type(attribute) == CTRL_ATTR_FAMILY_ID &&
        netlink_attribute_bytes(attribute) == sizeof(uint16_t))
        *family = netlink_attribute_u16(attribute);
    return 0;
}

static int family_read_answer(const struct nlmsghdr *message, void *argument)
{
    if (message->nlmsg_type != GENL_ID_CTRL || netlink_message_payload_bytes(message) < GENL_HDRLEN)
        return 0;
    return netlink_attributes(message, GENL_HDRLEN, family_read_attribute, argument) < 0 ? -EBADMSG : 0;
}

/* Asking by name makes the kernel load the driver. */
static int family_ask(int netlink, uint16_t *family)
{
    struct netlink_request request;
    struct genlmsghdr *generic = netlink_request_init(&request, GENL_ID_CTRL, 0, sizeof(*generic));

    *family = 0;
    generic->cmd = CTRL_CMD_GETFAMILY;
    generic->version = 1;
    netlink_put_text(request.header, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
    int result = netlink_request_do(netlink, &request, family_read_answer, family);
    if (result == -ENOENT || (result == 0 && *family == 0))
        return -EPROTONOSUPPORT;
    return result;
}

static int family_find(int netlink, uint16_t *family)
{
    *family = (uint16_t)atomic_load(&wireguard_family);
    if (*family != 0)
        return 0;
    int result = family_ask(netlink, family);
    if (result == 0)
        atomic_store(&wireguard_family, *family);
    return result;
}

/* The family's own answers, where ENOENT is the kernel's that it has no such family. */
static int family_verdict(int result)
{
    if (result != -ENOENT)
        return result;
    atomic_store(&wireguard_family, 0);
    return -EPROTONOSUPPORT;
}

/* A descriptor on which the family can be asked about an interface of this name. */
static int wireguard_open(const char *name, uint16_t *family)
{
    int netlink = netlink_open_protocol(NETLINK_GENERIC, 0, 0);

    if (netlink < 0)
        return netlink;
    int result = family_find(netlink, family);
    if (result == 0 && strlen(name) >= IFNAMSIZ)
        result = -ENAMETOOLONG;
    if (result == 0)
        return netlink;
    (void)close(netlink);
    return result;
}

/* ---- reading ---- */

static int wireguard_read_answer(const struct nlmsghdr *message, void *argument)
{
    return wireguard_reading_feed(argument, (const uint8_t *)message, message->nlmsg_len);
}

static int wireguard_dump(int netlink, uint16_t family, const char *name,
                          const struct wireguard_reader *reader)
{
    struct wireguard_reading reading = {.reader = reader};
    struct netlink_request request;
    struct genlmsghdr *generic = netlink_request_init(&request, family, NLM_F_DUMP, sizeof(*generic));

    generic->cmd = WG_CMD_GET_DEVICE;
    generic->version = WG_GENL_VERSION;
    netlink_put_text(request.header, WGDEVICE_A_IFNAME, name);
    int result = netlink_request_do(netlink, &request, wireguard_read_answer, &reading);
    return result == 0 && !reading.device_told ? -EBADMSG : result;
}

int wireguard_netlink_get(const char *name, const struct wireguard_reader *reader)
{
    uint16_t family;
    int netlink = wireguard_open(name, &family);

    if (netlink < 0)
        return netlink;
    int result = wireguard_dump(netlink, family, name, reader);
    for (int attempt = 1; result == -EINTR; attempt++) {
        result = attempt < WIREGUARD_READ_ATTEMPTS ? reader->restart(reader->context) : -EBUSY;
        if (result == 0)
            result = wireguard_dump(netlink, family, name, reader);
    }
    (void)close(netlink);
    return family_verdict(result);
}

/* ---- changing ---- */

struct wireguard_change {
    int netlink;
    struct wireguard_writing writing;
};

static int wireguard_send(void *context, struct nlmsghdr *header)
{
    const struct wireguard_change *change = context;

    return family_verdict(netlink_exchange(change->netlink, header, NULL, NULL));
}

struct wireguard_change *wireguard_change_begin(const char *name,
                                                const struct wireguard_device_change *device, int *error)
{
    struct wireguard_change *change = malloc(sizeof(*change));

    if (change == NULL) {
        *error = -ENOMEM;
        return NULL;
    }
    change->netlink = wireguard_open(name, &change->writing.family);
    if (change->netlink < 0) {
        *error = change->netlink;
        free(change);
        return NULL;
    }
    change->writing.limit = sizeof(change->writing.message);
    change->writing.send = wireguard_send;
    change->writing.context = change;
    wireguard_writing_begin(&change->writing, name, device);
    *error = 0;
    return change;
}

int wireguard_change_peer(struct wireguard_change *change, const struct wireguard_peer_change *peer)
{
    return wireguard_writing_peer(&change->writing, peer);
}

int wireguard_change_allowed_ip(struct wireguard_change *change, const struct vole_prefix *prefix,
                                bool remove)
{
    return wireguard_writing_allowed_ip(&change->writing, prefix, remove);
}

int wireguard_change_end(struct wireguard_change *change)
{
    int result = wireguard_writing_end(&change->writing);

    (void)close(change->netlink);
    free(change);
    return result;
}
