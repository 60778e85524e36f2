/* SPDX-License-Identifier: MIT
 *
 * One peer: what it is told and asked, apart from packets (outbound, inbound), handshakes (exchange) and
 * time (timers). Making and removing peers is the device's (device.c).
 */
#include "core/peer.h"

#include "core/device.h"
#include "core/exchange.h"
#include "core/outbound.h"
#include "core/room.h"
#include "crypto/memory.h"
#include "crypto/x25519.h"

#include <string.h>

void peer_drop(struct vole_peer *peer, enum vole_drop reason, uint64_t packets)
{
    drop_count(&peer->device->drops, &peer->drops, reason, packets);
}

void peer_static_static_many(struct vole_peer *const *peers, size_t count)
{
    struct x25519_job jobs[HANDSHAKE_BATCH];
    struct vole_peer *unknown[HANDSHAKE_BATCH];
    uint8_t secrets[HANDSHAKE_BATCH][32];
    size_t wanted = 0;

    for (size_t i = 0; i < count; i++) {
        struct vole_peer *peer = peers[i];

        if (peer == NULL || peer->static_static != STATIC_STATIC_UNKNOWN || !peer->device->identity.present)
            continue;
        unknown[wanted] = peer; /* perhaps twice: it comes out the same */
        jobs[wanted] = (struct x25519_job){.shared = secrets[wanted],
                                           .private_key = peer->device->identity.private_key,
                                           .public_key = peer->remote.public_key};
        wanted++;
    }
    x25519_batch(jobs, wanted);
    for (size_t i = 0; i < wanted; i++) {
        memcpy(unknown[i]->remote.static_static, secrets[i], 32);
        unknown[i]->static_static = jobs[i].nonzero ? STATIC_STATIC_GOOD : STATIC_STATIC_ZERO;
    }
    memory_wipe(secrets, wanted * sizeof secrets[0]);
}

bool peer_static_static(struct vole_peer *peer)
{
    if (!peer->device->identity.present)
        return false;
    peer_static_static_many(&peer, 1);
    return peer->static_static == STATIC_STATIC_GOOD;
}

void peer_erase_keys(struct vole_peer *peer)
{
    index_remove(&peer->device->indices, &peer->handshake_index);
    handshake_wipe(&peer->handshake);
    keypair_erase_all(peer->device, &peer->keypairs);
}

void peer_stop_sending(struct vole_peer *peer)
{
    index_remove(&peer->device->indices, &peer->handshake_index);
    handshake_wipe(&peer->handshake);
    timers_allow_initiation(peer);
    keypair_stop_sending(&peer->keypairs);
}

/* Without workers the device sends what waits by itself. */
static void drain_here(struct vole_device *device, const struct vole_time *now)
{
    struct vole_endpoint to;
    struct vole_peer *peer;

    while ((peer = staged_next_ready(&device->staged)) != NULL)
        while (outbound_drain(device, peer, device->run, &to, now))
            (void)outbound_send_here(device, device->run, &to, now);
}

void peer_send_staged(struct vole_peer *peer, const struct vole_time *now)
{
    struct vole_device *device = peer->device;
    struct keypair *current = atomic_load_explicit(&peer->keypairs.current, memory_order_relaxed);

    /* A key may just have been installed, or the device come up: a worker that stages at this moment either
     * is seen here or sees that (outbound_prepare). Hence the sequentially consistent order on all of them.
     */
    if (!atomic_load_explicit(&device->up, memory_order_relaxed) ||
        atomic_load_explicit(&peer->staged.count, memory_order_seq_cst) == 0)
        return;
    if (!keypair_can_send(current, now->boot_ns)) {
        exchange_initiate(peer, false, now);
        return;
    }
    staged_mark_ready(&device->staged, peer);
    if (device->hooks.wake_worker != NULL)
        device->hooks.wake_worker(device->hooks.context);
    else
        drain_here(device, now);
}

void peer_send_keepalive(struct vole_peer *peer, const struct vole_time *now)
{
    if (!atomic_load_explicit(&peer->device->up, memory_order_relaxed))
        return;
    staged_add_keepalive(&peer->device->staged, peer);
    peer_send_staged(peer, now);
}

void peer_event(struct vole_peer *peer, enum vole_event_kind kind)
{
    const struct device_hooks *hooks = &peer->device->hooks;
    struct vole_event event = {kind, peer};

    if (hooks->event != NULL)
        hooks->event(hooks->context, &event);
}

void peer_up(struct vole_peer *peer, const struct vole_time *now)
{
    timers_start(peer);
    peer_send_staged(peer, now);
    if (atomic_load_explicit(&peer->timers.persistent_s, memory_order_relaxed) != 0)
        peer_send_keepalive(peer, now);
}

void peer_down(struct vole_peer *peer)
{
    staged_purge(&peer->device->staged, peer, VOLE_DROP_STAGED_PURGED);
    timers_stop(peer);
    peer_erase_keys(peer);
}

void vole_peer_set_preshared_key(struct vole_peer *peer, const uint8_t key[VOLE_KEY_BYTES])
{
    memcpy(peer->remote.preshared_key, key, VOLE_KEY_BYTES);
}

void vole_peer_set_endpoint(struct vole_peer *peer, const struct vole_endpoint *endpoint)
{
    struct vole_endpoint destination = {
        .address = endpoint->address, .port = endpoint->port, .scope = endpoint->scope};

    endpoint_write(&peer->endpoint, &destination);
}

void vole_peer_set_persistent_keepalive(struct vole_peer *peer, uint16_t seconds, const struct vole_time *now)
{
    bool was_off = atomic_load_explicit(&peer->timers.persistent_s, memory_order_relaxed) == 0;

    timers_set_persistent(peer, seconds);
    if (was_off && seconds != 0)
        peer_send_keepalive(peer, now);
}

int vole_peer_allow(struct vole_peer *peer, const struct vole_prefix *prefix)
{
    return allowed_ips_insert(&peer->device->allowed_ips, prefix, peer, room_for_prefixes(peer->device));
}

int vole_peer_disallow(struct vole_peer *peer, const struct vole_prefix *prefix)
{
    return allowed_ips_remove(&peer->device->allowed_ips, prefix, peer);
}

void vole_peer_disallow_all(struct vole_peer *peer)
{
    allowed_ips_remove_peer(&peer->device->allowed_ips, peer);
}

size_t vole_peer_allowed(const struct vole_peer *peer, struct vole_prefix *prefixes, size_t capacity)
{
    struct allowed_ip *node = NULL;
    struct vole_prefix prefix;
    size_t count = 0;

    while ((node = allowed_ips_next(peer, node, &prefix)) != NULL) {
        if (count < capacity)
            prefixes[count] = prefix;
        count++;
    }
    return count;
}

void vole_peer_flush(struct vole_peer *peer, const struct vole_time *now)
{
    peer_send_staged(peer, now);
}

void vole_peer_handshake(struct vole_peer *peer, const struct vole_time *now)
{
    exchange_initiate(peer, false, now);
}

void vole_peer_read(const struct vole_peer *peer, struct vole_peer_state *state)
{
    const struct keypair *current = atomic_load_explicit(&peer->keypairs.current, memory_order_relaxed);

    *state = (struct vole_peer_state){
        .has_session = current != NULL && atomic_load_explicit(&current->can_send, memory_order_relaxed),
        .persistent_keepalive_s = atomic_load_explicit(&peer->timers.persistent_s, memory_order_relaxed),
        .latest_handshake_s = peer->latest_handshake_s,
        .latest_handshake_ns = peer->latest_handshake_ns,
        .received_bytes = atomic_load_explicit(&peer->received_bytes, memory_order_relaxed),
        .sent_bytes = atomic_load_explicit(&peer->sent_bytes, memory_order_relaxed)};
    memcpy(state->public_key, peer->remote.public_key, VOLE_KEY_BYTES);
    memcpy(state->preshared_key, peer->remote.preshared_key, VOLE_KEY_BYTES);
    state->has_endpoint = endpoint_read(&peer->endpoint, &state->endpoint);
}

uint64_t vole_peer_drops(const struct vole_peer *peer, enum vole_drop reason)
{
    if (!vole_drop_has_peer(reason))
        return 0;
    return atomic_load_explicit(&peer->drops.count[drop_peer_slot(reason)], memory_order_relaxed);
}

void vole_peer_set_context(struct vole_peer *peer, void *context)
{
    peer->context = context;
}

void *vole_peer_context(const struct vole_peer *peer)
{
    return peer->context;
}
