/* SPDX-License-Identifier: MIT
 *
 * Before a piece is put, there is made room for the largest of its kind, so that no piece is ever taken back.
 */
#include "linux/wireguard_writing.h"

#include "linux/kernel_constants.h"
#include "linux/netlink_message.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>

/* An attribute with so many bytes in it; a nest's is 0. */
#define ATTRIBUTE_BYTES(bytes) (sizeof(struct nlattr) + ((size_t)(bytes) + 3) / 4 * 4)
#define KEY_ATTRIBUTE_BYTES    ATTRIBUTE_BYTES(VOLE_KEY_BYTES)

/* The largest peer without allowed IPs: two nests, two keys, flags, endpoint, interval. */
#define LARGEST_PEER_BYTES                                                                                   \
    (2 * ATTRIBUTE_BYTES(0) + 2 * KEY_ATTRIBUTE_BYTES + ATTRIBUTE_BYTES(sizeof(uint32_t)) +                  \
     ATTRIBUTE_BYTES(sizeof(struct sockaddr_in6)) + ATTRIBUTE_BYTES(sizeof(uint16_t)))
/* The largest allowed IP: two nests, family, address, length, flags. */
#define LARGEST_ALLOWED_IP_BYTES                                                                             \
    (2 * ATTRIBUTE_BYTES(0) + ATTRIBUTE_BYTES(sizeof(uint16_t)) + ATTRIBUTE_BYTES(16) +                      \
     ATTRIBUTE_BYTES(sizeof(uint8_t)) + ATTRIBUTE_BYTES(sizeof(uint32_t)))
/* A message that only names the interface. */
#define LARGEST_START_BYTES (sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr) + ATTRIBUTE_BYTES(IFNAMSIZ))

_Static_assert(LARGEST_START_BYTES + LARGEST_PEER_BYTES <= WIREGUARD_WRITING_LEAST, "a peer fits");
_Static_assert(LARGEST_START_BYTES + 2 * ATTRIBUTE_BYTES(0) + KEY_ATTRIBUTE_BYTES +
                       LARGEST_ALLOWED_IP_BYTES <=
                   WIREGUARD_WRITING_LEAST,
               "an allowed IP fits where a peer goes on");

/* ---- messages ---- */

static struct nlmsghdr *writing_header(struct wireguard_writing *writing)
{
    return &writing->message.header;
}

/* A new message that names the interface. */
static void writing_start(struct wireguard_writing *writing)
{
    struct nlmsghdr *header = netlink_message_begin(writing->message.bytes);
    struct genlmsghdr *generic = netlink_message_extend(header, sizeof(*generic));

    header->nlmsg_type = writing->family;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    generic->cmd = WG_CMD_SET_DEVICE;
    generic->version = WG_GENL_VERSION;
    netlink_put_text(header, WGDEVICE_A_IFNAME, writing->name);
}

static void writing_close(struct wireguard_writing *writing, struct nlattr **nest)
{
    if (*nest != NULL)
        netlink_nest_end(writing_header(writing), *nest);
    *nest = NULL;
}

static void writing_close_peer(struct wireguard_writing *writing)
{
    writing_close(writing, &writing->allowed_ips);
    writing_close(writing, &writing->peer);
}

static void writing_send(struct wireguard_writing *writing)
{
    writing_close_peer(writing);
    writing_close(writing, &writing->peers);
    if (writing->error == 0)
        writing->error = writing->send(writing->context, writing_header(writing));
    explicit_bzero(&writing->message, sizeof(writing->message));
}

static bool writing_has_room(const struct wireguard_writing *writing, size_t bytes)
{
    return writing->message.header.nlmsg_len + bytes <= writing->limit;
}

/* ---- pieces ---- */

void wireguard_writing_begin(struct wireguard_writing *writing, const char *name,
                             const struct wireguard_device_change *device)
{
    struct nlmsghdr *header = writing_header(writing);

    writing->peers = writing->peer = writing->allowed_ips = NULL;
    writing->error = 0;
    memset(writing->name, 0, sizeof(writing->name));
    memcpy(writing->name, name, strnlen(name, IFNAMSIZ - 1));
    writing_start(writing);
    if (device->has_private_key)
        netlink_put(header, WGDEVICE_A_PRIVATE_KEY, VOLE_KEY_BYTES, device->private_key);
    if (device->has_listen_port)
        netlink_put_u16(header, WGDEVICE_A_LISTEN_PORT, device->listen_port);
    if (device->has_fwmark)
        netlink_put_u32(header, WGDEVICE_A_FWMARK, device->fwmark);
    if (device->replace_peers)
        netlink_put_u32(header, WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS);
}

/* Opens the nest of a peer with its key. */
static void writing_open_peer(struct wireguard_writing *writing)
{
    struct nlmsghdr *header = writing_header(writing);

    if (writing->peers == NULL)
        writing->peers = netlink_nest_begin(header, WGDEVICE_A_PEERS);
    writing->peer = netlink_nest_begin(header, 0);
    netlink_put(header, WGPEER_A_PUBLIC_KEY, VOLE_KEY_BYTES, writing->public_key);
}

static void put_endpoint(struct nlmsghdr *header, const struct vole_endpoint *endpoint)
{
    if (endpoint->address.family == 4) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};

        memcpy(&v4.sin_addr, endpoint->address.bytes, sizeof(v4.sin_addr));
        netlink_put(header, WGPEER_A_ENDPOINT, sizeof(v4), &v4);
    } else if (endpoint->address.family == 6) {
        struct sockaddr_in6 v6 = {
            .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port), .sin6_scope_id = endpoint->scope};

        memcpy(&v6.sin6_addr, endpoint->address.bytes, sizeof(v6.sin6_addr));
        netlink_put(header, WGPEER_A_ENDPOINT, sizeof(v6), &v6);
    }
}

int wireguard_writing_peer(struct wireguard_writing *writing, const struct wireguard_peer_change *peer)
{
    struct nlmsghdr *header = writing_header(writing);
    uint32_t flags = (peer->remove ? (uint32_t)WGPEER_F_REMOVE_ME : 0) |
                     (peer->update ? (uint32_t)WGPEER_F_UPDATE_ONLY : 0) |
                     (peer->replace_allowed_ips ? (uint32_t)WGPEER_F_REPLACE_ALLOWEDIPS : 0);

    if (writing->error != 0)
        return writing->error;
    writing_close_peer(writing);
    if (!writing_has_room(writing, LARGEST_PEER_BYTES)) {
        writing_send(writing);
        if (writing->error != 0)
            return writing->error;
        writing_start(writing);
    }
    memcpy(writing->public_key, peer->public_key, VOLE_KEY_BYTES);
    writing_open_peer(writing);
    if (flags != 0)
        netlink_put_u32(header, WGPEER_A_FLAGS, flags);
    if (peer->has_preshared_key)
        netlink_put(header, WGPEER_A_PRESHARED_KEY, VOLE_KEY_BYTES, peer->preshared_key);
    if (peer->has_endpoint)
        put_endpoint(header, peer->endpoint);
    if (peer->has_persistent_keepalive)
        netlink_put_u16(header, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer->persistent_keepalive_s);
    return 0;
}

int wireguard_writing_allowed_ip(struct wireguard_writing *writing, const struct vole_prefix *prefix,
                                 bool remove)
{
    struct nlmsghdr *header = writing_header(writing);
    bool is_v4 = prefix->address.family == 4;
    struct nlattr *allowed_ip;

    if (writing->error != 0)
        return writing->error;
    if (writing->peer == NULL || (!is_v4 && prefix->address.family != 6))
        return writing->error = -EINVAL;
    if (!writing_has_room(writing, LARGEST_ALLOWED_IP_BYTES)) {
        writing_send(writing);
        if (writing->error != 0)
            return writing->error;
        writing_start(writing);
        writing_open_peer(writing);
    }
    if (writing->allowed_ips == NULL)
        writing->allowed_ips = netlink_nest_begin(header, WGPEER_A_ALLOWEDIPS);
    allowed_ip = netlink_nest_begin(header, 0);
    netlink_put_u16(header, WGALLOWEDIP_A_FAMILY, is_v4 ? AF_INET : AF_INET6);
    netlink_put(header, WGALLOWEDIP_A_IPADDR, is_v4 ? 4 : 16, prefix->address.bytes);
    netlink_put_u8(header, WGALLOWEDIP_A_CIDR_MASK, prefix->length);
    if (remove)
        netlink_put_u32(header, WIREGUARD_ALLOWED_IP_FLAGS, WIREGUARD_ALLOWED_IP_REMOVE);
    netlink_nest_end(header, allowed_ip);
    return 0;
}

int wireguard_writing_end(struct wireguard_writing *writing)
{
    if (writing->error == 0)
        writing_send(writing);
    explicit_bzero(&writing->message, sizeof(writing->message));
    return writing->error;
}
