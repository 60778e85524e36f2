/* SPDX-License-Identifier: MIT
 *
 * A table of known keys and their sections, and one function for each section that puts a value where it
 * belongs. Only the reading side of uapi §3: what a set request may say is uapi_set.c.
 */
#include "config/uapi_get.h"

#include "config/key.h"
#include "config/number.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum get_key {
    GET_PRIVATE_KEY,
    GET_LISTEN_PORT,
    GET_FWMARK,
    GET_PUBLIC_KEY,
    GET_PRESHARED_KEY,
    GET_ENDPOINT,
    GET_LAST_HANDSHAKE_SEC,
    GET_LAST_HANDSHAKE_NSEC,
    GET_TX_BYTES,
    GET_RX_BYTES,
    GET_PERSISTENT_KEEPALIVE,
    GET_ALLOWED_IP,
    GET_ERRNO,
    GET_UNKNOWN
};

enum get_section { IN_DEVICE, IN_PEER, ANYWHERE };

static const struct {
    const char *name;
    enum get_section section;
    uint64_t maximum; /* of a number, else 0 */
} get_keys[] = {
    [GET_PRIVATE_KEY] = {"private_key", IN_DEVICE, 0},
    [GET_LISTEN_PORT] = {"listen_port", IN_DEVICE, UINT16_MAX},
    [GET_FWMARK] = {"fwmark", IN_DEVICE, UINT32_MAX},
    [GET_PUBLIC_KEY] = {"public_key", ANYWHERE, 0},
    [GET_PRESHARED_KEY] = {"preshared_key", IN_PEER, 0},
    [GET_ENDPOINT] = {"endpoint", IN_PEER, 0},
    [GET_LAST_HANDSHAKE_SEC] = {"last_handshake_time_sec", IN_PEER, INT64_MAX},
    [GET_LAST_HANDSHAKE_NSEC] = {"last_handshake_time_nsec", IN_PEER, UINT32_MAX},
    [GET_TX_BYTES] = {"tx_bytes", IN_PEER, UINT64_MAX},
    [GET_RX_BYTES] = {"rx_bytes", IN_PEER, UINT64_MAX},
    [GET_PERSISTENT_KEEPALIVE] = {"persistent_keepalive_interval", IN_PEER, UINT16_MAX},
    [GET_ALLOWED_IP] = {"allowed_ip", IN_PEER, 0},
    [GET_ERRNO] = {"errno", ANYWHERE, INT_MAX},
};

static enum get_key get_key_find(const char *name, size_t length)
{
    for (unsigned i = 0; i < GET_UNKNOWN; i++) {
        if (strlen(get_keys[i].name) == length && memcmp(get_keys[i].name, name, length) == 0)
            return (enum get_key)i;
    }
    return GET_UNKNOWN;
}

/* A zone that names no interface here (the daemon's network namespace may be another) is kept, but for what a
 * terminal would take for a command. */
static int read_endpoint(struct model_peer *peer, const char *text, size_t length)
{
    int error = address_read_endpoint(&peer->endpoint, text, length);

    memset(peer->zone, 0, sizeof(peer->zone));
    if (error == -ENODEV) {
        const char *percent = memchr(text, '%', length);
        const char *bracket = memchr(text, ']', length);
        for (size_t i = 0; percent + 1 + i < bracket; i++)
            peer->zone[i] = percent[1 + i] > ' ' && percent[1 + i] <= '~' ? percent[1 + i] : '?';
        error = 0;
    }
    return error == 0 ? 0 : -EPROTO;
}

static int read_allowed_ip(struct model_peer *peer, const char *text, size_t length)
{
    struct vole_prefix prefix;

    if (address_read_prefix(&prefix, text, length) != 0)
        return -EPROTO;
    return model_allow(peer, &prefix);
}

static int read_private_key(struct model_device *device, const char *text, size_t length)
{
    uint8_t private_key[VOLE_KEY_BYTES];
    bool valid = key_from_hex(private_key, text, length);

    if (valid)
        model_set_private_key(device, private_key);
    key_wipe(private_key, sizeof(private_key));
    return valid ? 0 : -EPROTO;
}

static int read_public_key(struct model_device *device, const char *text, size_t length)
{
    uint8_t public_key[VOLE_KEY_BYTES];

    if (!key_from_hex(public_key, text, length))
        return -EPROTO;
    if (device->peer_count >= UAPI_GET_PEERS_MAX)
        return -EFBIG;
    return model_add_peer(device, public_key) != NULL ? 0 : -ENOMEM;
}

/* A value of the device section. */
static int read_device_value(struct model_device *device, enum get_key key, const char *text, size_t length)
{
    uint64_t number;

    if (key == GET_PRIVATE_KEY)
        return read_private_key(device, text, length);
    if (!number_read(&number, text, length, get_keys[key].maximum))
        return -EPROTO;
    if (key == GET_LISTEN_PORT)
        device->listen_port = (uint16_t)number;
    else
        device->fwmark = (uint32_t)number;
    return 0;
}

static int read_peer_number(struct model_peer *peer, enum get_key key, const char *text, size_t length)
{
    uint64_t number;

    if (!number_read(&number, text, length, get_keys[key].maximum))
        return -EPROTO;
    if (key == GET_LAST_HANDSHAKE_SEC)
        peer->latest_handshake_s = (int64_t)number;
    else if (key == GET_LAST_HANDSHAKE_NSEC)
        peer->latest_handshake_ns = (uint32_t)number;
    else if (key == GET_TX_BYTES)
        peer->sent_bytes = number;
    else if (key == GET_RX_BYTES)
        peer->received_bytes = number;
    else
        peer->persistent_keepalive_s = (uint16_t)number;
    return 0;
}

/* A value of a peer section. */
static int read_peer_value(struct model_peer *peer, enum get_key key, const char *text, size_t length)
{
    if (key == GET_PRESHARED_KEY)
        return key_from_hex(peer->preshared_key, text, length) ? 0 : -EPROTO;
    if (key == GET_ENDPOINT)
        return read_endpoint(peer, text, length);
    if (key == GET_ALLOWED_IP)
        return read_allowed_ip(peer, text, length);
    return read_peer_number(peer, key, text, length);
}

static int read_error(struct uapi_get *get, const char *text, size_t length)
{
    uint64_t number;

    if (!number_read(&number, text, length, get_keys[GET_ERRNO].maximum))
        return -EPROTO;
    get->error = (int)number;
    return 0;
}

int uapi_get_read_line(void *state, const char *line, size_t length)
{
    struct uapi_get *get = state;
    struct model_device *device = get->device;
    struct model_peer *peer = device->peer_count > 0 ? &device->peers[device->peer_count - 1] : NULL;
    const char *value = memchr(line, '=', length);
    size_t value_length;
    enum get_key key;

    if (value == NULL)
        return -EPROTO;
    key = get_key_find(line, (size_t)(value - line));
    value++;
    value_length = (size_t)(line + length - value);
    if (key == GET_UNKNOWN)
        return 0;
    if (key == GET_PUBLIC_KEY)
        return read_public_key(device, value, value_length);
    if (key == GET_ERRNO)
        return read_error(get, value, value_length);
    if (get_keys[key].section == IN_PEER)
        return peer != NULL ? read_peer_value(peer, key, value, value_length) : 0;
    return peer == NULL ? read_device_value(device, key, value, value_length) : 0;
}
