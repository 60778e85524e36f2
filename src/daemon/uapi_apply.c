/* SPDX-License-Identifier: MIT
 *
 * Applying a set request: see uapi_apply.h.
 */
#include "daemon/uapi_apply.h"

#include "config/key.h"
#include "config/uapi_set.h"
#include "core/constants.h"
#include "core/room.h"
#include "daemon/log.h"
#include "linux/clock.h"

#include <errno.h>
#include <string.h>

/* Where in the request we are. */
struct uapi_applying {
    struct engine *engine;
    struct vole_time now;
    bool in_peer;           /* after the first public_key */
    struct vole_peer *peer; /* NULL in a peer section: its lines are checked, but mean nothing */
    bool created;           /* by this very section */
    bool has_keepalive;
    uint16_t keepalive_s; /* set when the peer is finished: switching it on sends, which needs an endpoint */
};

static void uapi_apply_keepalive(struct uapi_applying *applying)
{
    if (applying->peer != NULL && applying->has_keepalive)
        vole_peer_set_persistent_keepalive(applying->peer, applying->keepalive_s, &applying->now);
    applying->has_keepalive = false;
}

/* The section of this peer is finished. */
static void uapi_apply_activate(struct uapi_applying *applying)
{
    uapi_apply_keepalive(applying);
    if (applying->peer != NULL)
        vole_peer_flush(applying->peer, &applying->now);
}

static int uapi_apply_public_key(struct uapi_applying *applying, const uint8_t *public_key)
{
    struct vole_device *device = applying->engine->device;
    int error = 0;

    uapi_apply_activate(applying);
    clock_now(&applying->now);
    applying->in_peer = true;
    applying->peer = vole_peer_find(device, public_key);
    applying->created = applying->peer == NULL;
    if (applying->created)
        applying->peer = vole_peer_add(device, public_key, &applying->now, &error);
    return error;
}

static void uapi_apply_remove_peer(struct uapi_applying *applying)
{
    if (applying->peer != NULL)
        vole_peer_remove(applying->peer);
    applying->peer = NULL;
    applying->has_keepalive = false;
}

static void uapi_apply_remove_peers(struct uapi_applying *applying)
{
    struct vole_device *device = applying->engine->device;
    struct vole_peer *peer;

    while ((peer = vole_peer_next(device, NULL)) != NULL)
        vole_peer_remove(peer);
}

/* Port and mark have one error number, whatever the cause (uapi §5); the log has the cause. */
static int uapi_apply_port(struct uapi_applying *applying, uint16_t port)
{
    struct engine *engine = applying->engine;
    bool other = port != engine->sockets.port;
    int error = sockets_set_port(&engine->sockets, port, engine->up);

    if (other)
        vole_device_forget_sources(engine->device);
    if (error == 0)
        return 0;
    log_error("cannot listen on UDP port %u: %s; the port stays as it was", port, strerror(-error));
    return -EADDRINUSE;
}

static int uapi_apply_mark(struct uapi_applying *applying, uint32_t mark)
{
    struct engine *engine = applying->engine;
    int error;

    if (mark == engine->sockets.mark)
        return 0;
    error = sockets_set_mark(&engine->sockets, mark);
    vole_device_forget_sources(engine->device);
    if (error == 0)
        return 0;
    log_error("cannot set the mark %u on the UDP sockets: %s; run voled with CAP_NET_ADMIN", mark,
              strerror(-error));
    return -EADDRINUSE;
}

static int uapi_apply_device(struct uapi_applying *applying, const struct uapi_setting *setting)
{
    switch (setting->key) {
    case UAPI_PRIVATE_KEY:
        timestamps_set_private_key(applying->engine, setting->value.key_bytes, &applying->now);
        return 0;
    case UAPI_LISTEN_PORT:
        return uapi_apply_port(applying, setting->value.port);
    case UAPI_FWMARK:
        return uapi_apply_mark(applying, setting->value.fwmark);
    case UAPI_REPLACE_PEERS:
        uapi_apply_remove_peers(applying);
        return 0;
    default:
        return -EINVAL;
    }
}

static int uapi_apply_peer(struct uapi_applying *applying, const struct uapi_setting *setting)
{
    struct vole_peer *peer = applying->peer;

    switch (setting->key) {
    case UAPI_UPDATE_ONLY:
        if (applying->created)
            uapi_apply_remove_peer(applying);
        return 0;
    case UAPI_REMOVE:
        uapi_apply_remove_peer(applying);
        return 0;
    case UAPI_PRESHARED_KEY:
        vole_peer_set_preshared_key(peer, setting->value.key_bytes);
        return 0;
    case UAPI_ENDPOINT:
        vole_peer_set_endpoint(peer, &setting->value.endpoint);
        return 0;
    case UAPI_PERSISTENT_KEEPALIVE_INTERVAL:
        applying->has_keepalive = true;
        applying->keepalive_s = setting->value.seconds;
        return 0;
    case UAPI_REPLACE_ALLOWED_IPS:
        vole_peer_disallow_all(peer);
        return 0;
    case UAPI_ALLOWED_IP:
        return vole_peer_allow(peer, &setting->value.prefix);
    case UAPI_ALLOWED_IP_REMOVE:
        return vole_peer_disallow(peer, &setting->value.prefix);
    case UAPI_PROTOCOL_VERSION:
        return 0;
    default:
        return -EINVAL;
    }
}

static int uapi_apply_line(struct uapi_applying *applying, const char *line, size_t length)
{
    struct uapi_setting setting;
    int error = uapi_setting_parse(line, length, applying->in_peer, &setting);

    if (error == 0 && setting.key == UAPI_PUBLIC_KEY)
        error = uapi_apply_public_key(applying, setting.value.key_bytes);
    else if (error == 0 && !applying->in_peer)
        error = uapi_apply_device(applying, &setting);
    else if (error == 0 && applying->peer != NULL)
        error = uapi_apply_peer(applying, &setting);
    uapi_setting_wipe(&setting);
    return error;
}

/* The client is told no more than the number. */
static void uapi_apply_say_no_memory(const struct engine *engine)
{
    const struct vole_device *device = engine->device;
    char limit[MEMORY_PLAN_TEXT_BYTES];

    if (room_for_peer(device) && device->allowed_ips.count < room_for_prefixes(device))
        log_error("a part of the configuration was refused: this system has no memory left; what was "
                  "configured before goes on");
    else if (device->peer_bytes == 0)
        log_error("a peer or an allowed IP was refused: there are %u and %zu, and there may be %u and %u",
                  device->peer_count, device->allowed_ips.count, MAX_PEERS_PER_DEVICE,
                  MAX_ALLOWED_IPS_PER_DEVICE);
    else
        log_error("a peer or an allowed IP was refused: the %u and %zu that there are, with all sessions "
                  "that they may come to have, take what the memory limit of %s leaves for them; they go "
                  "on. Remove some, or raise --memory-limit",
                  device->peer_count, device->allowed_ips.count,
                  memory_plan_text(limit, engine->parts->plan->limit));
}

int uapi_apply(struct engine *engine, const char *lines, size_t length)
{
    struct uapi_applying applying = {.engine = engine};
    size_t start = 0;
    int error = 0;

    clock_now(&applying.now);
    uapi_dumps_invalidate(&engine->dumps);
    while (start < length && error == 0) {
        const char *feed = memchr(lines + start, '\n', length - start);
        size_t end = feed == NULL ? length : (size_t)(feed - lines);

        error = uapi_apply_line(&applying, lines + start, end - start);
        start = end + 1;
    }
    if (error == 0)
        uapi_apply_activate(&applying);
    else
        uapi_apply_keepalive(&applying);
    if (error == -ENOMEM)
        uapi_apply_say_no_memory(engine);
    flow_queues_set_peers(&engine->flow_queues, engine->device->peer_count);
    return error;
}

int uapi_apply_vole(struct engine *engine, const char *lines, size_t length)
{
    static const char reset[] = "reset_clock=true\n";

    if (length != sizeof reset - 1 || memcmp(lines, reset, length) != 0)
        return -EINVAL;
    timestamps_reset(engine);
    return 0;
}
