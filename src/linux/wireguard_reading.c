/* SPDX-License-Identifier: MIT
 *
 * A message is a tree of attributes: {length, type, bytes, padding to 4}, where the bytes of a nest are
 * attributes again. All of a device, or of a peer, is collected before it is told, as its attributes may come
 * in any order.
 */
#include "linux/wireguard_reading.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>

#define NANOSECONDS_PER_SECOND 1000000000
#define ATTRIBUTE_ALIGNMENT    ((size_t)NLA_ALIGNTO)
#define MESSAGE_HEADERS_BYTES  (sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr))

/* ---- attributes ---- */

/* What is left of a nest, or of a message. */
struct attributes {
    const uint8_t *bytes;
    size_t length;
};

struct attribute {
    unsigned type;
    const uint8_t *bytes;
    size_t length;
};

/* 1: there was one more; 0: there was none; -EBADMSG: what is left is none. */
static int attributes_next(struct attributes *rest, struct attribute *attribute)
{
    struct nlattr header;
    size_t step;

    if (rest->length == 0)
        return 0;
    if (rest->length < sizeof(header))
        return -EBADMSG;
    memcpy(&header, rest->bytes, sizeof(header));
    if (header.nla_len < sizeof(header) || header.nla_len > rest->length)
        return -EBADMSG;
    attribute->type = header.nla_type & (unsigned)NLA_TYPE_MASK;
    attribute->bytes = rest->bytes + sizeof(header);
    attribute->length = header.nla_len - sizeof(header);
    step = (header.nla_len + ATTRIBUTE_ALIGNMENT - 1) & ~(ATTRIBUTE_ALIGNMENT - 1);
    step = step < rest->length ? step : rest->length;
    rest->bytes += step;
    rest->length -= step;
    return 1;
}

/* For a value of exactly so many bytes. */
static int attribute_copy(const struct attribute *attribute, void *into, size_t bytes)
{
    if (attribute->length != bytes)
        return -EBADMSG;
    memcpy(into, attribute->bytes, bytes);
    return 0;
}

static struct attributes attribute_nest(const struct attribute *attribute)
{
    return (struct attributes){.bytes = attribute->bytes, .length = attribute->length};
}

/* ---- allowed IPs ---- */

struct allowed_ip_attributes {
    bool has_family, has_address, has_length;
    uint16_t family;
    uint8_t length;
    struct attribute address;
};

static int allowed_ip_take(struct allowed_ip_attributes *into, const struct attribute *attribute)
{
    switch (attribute->type) {
    case WGALLOWEDIP_A_FAMILY:
        into->has_family = true;
        return attribute_copy(attribute, &into->family, sizeof(into->family));
    case WGALLOWEDIP_A_IPADDR:
        into->has_address = true;
        into->address = *attribute;
        return 0;
    case WGALLOWEDIP_A_CIDR_MASK:
        into->has_length = true;
        return attribute_copy(attribute, &into->length, sizeof(into->length));
    default:
        return 0;
    }
}

static int allowed_ip_make(struct vole_prefix *prefix, const struct allowed_ip_attributes *from)
{
    bool is_v4 = from->family == AF_INET;

    memset(prefix, 0, sizeof(*prefix));
    if (!from->has_family || !from->has_address || !from->has_length || (!is_v4 && from->family != AF_INET6))
        return -EBADMSG;
    if (from->length > (is_v4 ? 32 : 128))
        return -EBADMSG;
    prefix->address.family = is_v4 ? 4 : 6;
    prefix->length = from->length;
    return attribute_copy(&from->address, prefix->address.bytes, is_v4 ? 4 : 16);
}

static int reading_allowed_ip(const struct wireguard_reading *reading, struct attributes rest)
{
    struct allowed_ip_attributes collected = {.has_family = false};
    struct attribute attribute;
    struct vole_prefix prefix;
    int result;

    while ((result = attributes_next(&rest, &attribute)) > 0) {
        int error = allowed_ip_take(&collected, &attribute);
        if (error != 0)
            return error;
    }
    if (result == 0)
        result = allowed_ip_make(&prefix, &collected);
    return result != 0 ? result : reading->reader->allowed_ip(reading->reader->context, &prefix);
}

/* ---- peers ---- */

struct peer_attributes {
    struct wireguard_peer peer;
    bool has_public_key;
    struct attributes allowed_ips;
};

static int endpoint_take(struct vole_endpoint *endpoint, const struct attribute *attribute)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    memset(endpoint, 0, sizeof(*endpoint));
    if (attribute_copy(attribute, &v4, sizeof(v4)) == 0 && v4.sin_family == AF_INET) {
        endpoint->address.family = 4;
        memcpy(endpoint->address.bytes, &v4.sin_addr, sizeof(v4.sin_addr));
        endpoint->port = ntohs(v4.sin_port);
        return 0;
    }
    if (attribute_copy(attribute, &v6, sizeof(v6)) == 0 && v6.sin6_family == AF_INET6) {
        endpoint->address.family = 6;
        memcpy(endpoint->address.bytes, &v6.sin6_addr, sizeof(v6.sin6_addr));
        endpoint->port = ntohs(v6.sin6_port);
        endpoint->scope = v6.sin6_scope_id;
        return 0;
    }
    return -EBADMSG;
}

static int handshake_time_take(struct wireguard_peer *peer, const struct attribute *attribute)
{
    int64_t time[2]; /* seconds, nanoseconds */
    int error = attribute_copy(attribute, time, sizeof(time));

    if (error != 0 || time[0] < 0 || time[1] < 0 || time[1] >= NANOSECONDS_PER_SECOND)
        return -EBADMSG;
    peer->latest_handshake_s = time[0];
    peer->latest_handshake_ns = (uint32_t)time[1];
    return 0;
}

static int peer_take(struct peer_attributes *into, const struct attribute *attribute)
{
    struct wireguard_peer *peer = &into->peer;

    switch (attribute->type) {
    case WGPEER_A_PUBLIC_KEY:
        into->has_public_key = true;
        return attribute_copy(attribute, peer->public_key, sizeof(peer->public_key));
    case WGPEER_A_PRESHARED_KEY:
        return attribute_copy(attribute, peer->preshared_key, sizeof(peer->preshared_key));
    case WGPEER_A_ENDPOINT:
        return endpoint_take(&peer->endpoint, attribute);
    case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
        return attribute_copy(attribute, &peer->persistent_keepalive_s, sizeof(peer->persistent_keepalive_s));
    case WGPEER_A_LAST_HANDSHAKE_TIME:
        return handshake_time_take(peer, attribute);
    case WGPEER_A_RX_BYTES:
        return attribute_copy(attribute, &peer->received_bytes, sizeof(peer->received_bytes));
    case WGPEER_A_TX_BYTES:
        return attribute_copy(attribute, &peer->sent_bytes, sizeof(peer->sent_bytes));
    case WGPEER_A_ALLOWEDIPS:
        into->allowed_ips = attribute_nest(attribute);
        return 0;
    default:
        return 0;
    }
}

/* Tells the peer, unless it is the one before that goes on, and then its allowed IPs. */
static int reading_tell_peer(struct wireguard_reading *reading, const struct peer_attributes *collected)
{
    struct attributes rest = collected->allowed_ips;
    struct attribute attribute;
    int result = 0;

    if (!collected->has_public_key)
        return -EBADMSG;
    if (!reading->any_peer || memcmp(reading->latest_peer, collected->peer.public_key, VOLE_KEY_BYTES) != 0)
        result = reading->reader->peer(reading->reader->context, &collected->peer);
    reading->any_peer = true;
    memcpy(reading->latest_peer, collected->peer.public_key, VOLE_KEY_BYTES);
    while (result == 0) {
        result = attributes_next(&rest, &attribute);
        if (result <= 0)
            break;
        result = reading_allowed_ip(reading, attribute_nest(&attribute));
    }
    return result;
}

static int reading_peer(struct wireguard_reading *reading, struct attributes rest)
{
    struct peer_attributes collected = {.has_public_key = false};
    struct attribute attribute;
    int result;

    while ((result = attributes_next(&rest, &attribute)) > 0) {
        result = peer_take(&collected, &attribute);
        if (result != 0)
            break;
    }
    if (result == 0)
        result = reading_tell_peer(reading, &collected);
    explicit_bzero(&collected, sizeof(collected));
    return result;
}

/* ---- the device ---- */

struct device_attributes {
    struct wireguard_device device;
    struct attributes peers;
};

static int name_take(char name[static IFNAMSIZ], const struct attribute *attribute)
{
    if (attribute->length == 0 || attribute->length > IFNAMSIZ ||
        attribute->bytes[attribute->length - 1] != '\0')
        return -EBADMSG;
    memcpy(name, attribute->bytes, attribute->length);
    return 0;
}

static int device_take(struct device_attributes *into, const struct attribute *attribute)
{
    struct wireguard_device *device = &into->device;

    switch (attribute->type) {
    case WGDEVICE_A_IFINDEX:
        return attribute_copy(attribute, &device->index, sizeof(device->index));
    case WGDEVICE_A_IFNAME:
        return name_take(device->name, attribute);
    case WGDEVICE_A_PRIVATE_KEY:
        device->has_private_key = true;
        return attribute_copy(attribute, device->private_key, sizeof(device->private_key));
    case WGDEVICE_A_PUBLIC_KEY:
        return attribute_copy(attribute, device->public_key, sizeof(device->public_key));
    case WGDEVICE_A_LISTEN_PORT:
        return attribute_copy(attribute, &device->listen_port, sizeof(device->listen_port));
    case WGDEVICE_A_FWMARK:
        return attribute_copy(attribute, &device->fwmark, sizeof(device->fwmark));
    case WGDEVICE_A_PEERS:
        into->peers = attribute_nest(attribute);
        return 0;
    default:
        return 0;
    }
}

/* The device is in the first message, and repeated in those that follow until its first peer is complete. */
static int reading_tell(struct wireguard_reading *reading, const struct device_attributes *collected)
{
    struct attributes rest = collected->peers;
    struct attribute attribute;
    int result = 0;

    if (!reading->device_told)
        result = reading->reader->device(reading->reader->context, &collected->device);
    reading->device_told = true;
    while (result == 0) {
        result = attributes_next(&rest, &attribute);
        if (result <= 0)
            break;
        result = reading_peer(reading, attribute_nest(&attribute));
    }
    return result;
}

int wireguard_reading_feed(struct wireguard_reading *reading, const uint8_t *bytes, size_t length)
{
    struct device_attributes collected = {.device = {.index = 0}};
    struct attributes rest;
    struct attribute attribute;
    struct nlmsghdr header;
    int result;

    if (length < MESSAGE_HEADERS_BYTES)
        return -EBADMSG;
    memcpy(&header, bytes, sizeof(header));
    if (header.nlmsg_len < MESSAGE_HEADERS_BYTES || header.nlmsg_len > length)
        return -EBADMSG;
    rest = (struct attributes){.bytes = bytes + MESSAGE_HEADERS_BYTES,
                               .length = header.nlmsg_len - MESSAGE_HEADERS_BYTES};
    while ((result = attributes_next(&rest, &attribute)) > 0) {
        result = device_take(&collected, &attribute);
        if (result != 0)
            break;
    }
    if (result == 0)
        result = reading_tell(reading, &collected);
    explicit_bzero(&collected, sizeof(collected));
    return result;
}
