/* SPDX-License-Identifier: MIT
 *
 * Handshake messages: out first, then in. Everything here happens on the control thread.
 */
#include "core/exchange.h"

#include "crypto/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void draw(struct vole_device *device, uint8_t *bytes, size_t length)
{
    device->hooks.random(device->hooks.context, bytes, length);
}

/* ---- out ---- */

/* Adds the macs, stamps and sends; whether it left or not, the timers go on (timers §3). */
static void send_to_peer(struct vole_peer *peer, uint8_t *message, size_t length, const struct vole_time *now)
{
    struct vole_device *device = peer->device;
    struct cookie_keys keys;
    struct vole_endpoint to;
    int result;

    cookie_keys_init(&keys, peer->remote.public_key);
    cookie_add_macs(&peer->cookie, &keys, message, length, now->boot_ns);
    timers_packet_sent(peer, now);
    timers_stamp_initiation(peer, now->boot_ns);
    if (!endpoint_read(&peer->endpoint, &to)) {
        peer_drop(peer, VOLE_DROP_NO_ENDPOINT, 1);
        return;
    }
    result = device->hooks.send(device->hooks.context, &to, HANDSHAKE_TRAFFIC_CLASS, message, length);
    if (result > 0)
        endpoint_clear_source(&peer->endpoint);
    if (result >= 0)
        atomic_fetch_add_explicit(&peer->sent_bytes, length, memory_order_relaxed);
    else
        peer_drop(peer, VOLE_DROP_SEND_FAILED, 1);
}

/* A fresh random index for the peer's handshake; the one it had is released. */
static int renew_index(struct vole_peer *peer, uint32_t *index)
{
    struct vole_device *device = peer->device;
    int error;

    index_remove(&device->indices, &peer->handshake_index);
    error =
        index_insert(&device->indices, &peer->handshake_index, device->hooks.random, device->hooks.context);
    *index = atomic_load_explicit(&peer->handshake_index.index, memory_order_relaxed);
    return error;
}

static void abandon(struct vole_peer *peer)
{
    index_remove(&peer->device->indices, &peer->handshake_index);
    handshake_wipe(&peer->handshake);
}

void exchange_initiate(struct vole_peer *peer, bool retry, const struct vole_time *now)
{
    struct vole_device *device = peer->device;
    uint8_t message[INITIATION_BYTES], ephemeral[32], timestamp[TIMESTAMP_BYTES];
    uint32_t index;

    if (!retry)
        peer->timers.attempts = 0;
    if (!peer->timers.running || !timers_may_initiate(peer, now->boot_ns))
        return;
    timers_stamp_initiation(peer, now->boot_ns); /* even if nothing can be sent */
    if (!device->identity.present)
        return;
    if (!peer_static_static(peer)) {
        peer_drop(peer, VOLE_DROP_WEAK_KEY, 1);
        return;
    }
    if (renew_index(peer, &index) != 0) {
        abandon(peer);
        return;
    }
    draw(device, ephemeral, sizeof ephemeral);
    handshake_timestamp(timestamp, now->real_s, now->real_ns);
    if (handshake_create_initiation(&peer->handshake, &device->identity, &peer->remote, ephemeral, timestamp,
                                    index, message) == HANDSHAKE_OK) {
        send_to_peer(peer, message, sizeof message, now);
        timers_initiation_sent(peer, now);
    } else {
        abandon(peer);
        peer_drop(peer, VOLE_DROP_WEAK_KEY, 1);
    }
    memory_wipe(ephemeral, sizeof ephemeral);
}

/* Turns the finished handshake into a keypair under the same index (protocol §5.1). */
static bool begin_session(struct vole_peer *peer, const struct vole_time *now)
{
    struct vole_device *device = peer->device;
    struct keypair *keypair = calloc(1, sizeof *keypair);

    if (keypair == NULL || !peer->handshake_index.listed) {
        free(keypair);
        abandon(peer);
        return false;
    }
    keypair->entry = (struct index_entry){.peer = peer, .kind = INDEX_KEYPAIR};
    keypair->remote_index = peer->handshake.remote_index;
    keypair->birth_ns = now->boot_ns;
    atomic_init(&keypair->can_send, true);
    atomic_init(&keypair->can_receive, true);
    atomic_flag_clear(&keypair->guard);
    handshake_derive(&peer->handshake, keypair->sending_key, keypair->receiving_key, &keypair->initiator);
    atomic_init(&keypair->unconfirmed, !keypair->initiator);
    index_replace(&device->indices, &peer->handshake_index, &keypair->entry);
    keypair_install(device, &peer->keypairs, keypair);
    timers_session_derived(peer, now);
    return true;
}

static void respond(struct vole_peer *peer, const struct vole_time *now)
{
    struct vole_device *device = peer->device;
    uint8_t message[RESPONSE_BYTES], ephemeral[32];
    uint32_t index;

    timers_stamp_initiation(peer, now->boot_ns);
    if (renew_index(peer, &index) != 0) {
        abandon(peer);
        return;
    }
    draw(device, ephemeral, sizeof ephemeral);
    if (handshake_create_response(&peer->handshake, &peer->remote, ephemeral, index, message) ==
        HANDSHAKE_OK) {
        if (begin_session(peer, now))
            send_to_peer(peer, message, sizeof message, now);
    } else {
        abandon(peer);
        peer_drop(peer, VOLE_DROP_WEAK_KEY, 1);
    }
    memory_wipe(ephemeral, sizeof ephemeral);
}

/* ---- in ---- */

static enum vole_outcome drop(struct vole_device *device, struct vole_peer *peer, enum vole_drop reason)
{
    device->last_drop = reason;
    drop_count(&device->drops, peer != NULL ? &peer->drops : NULL, reason, 1);
    return VOLE_DROPPED;
}

static void learn_endpoint(struct vole_peer *peer, const struct vole_endpoint *from)
{
    if (endpoint_learn(&peer->endpoint, from))
        peer_event(peer, VOLE_EVENT_ENDPOINT_MOVED);
}

static void count_received(struct vole_peer *peer, size_t length, const struct vole_time *now)
{
    atomic_fetch_add_explicit(&peer->received_bytes, length, memory_order_relaxed);
    timers_packet_received(peer, now);
}

static void send_cookie_reply(struct vole_device *device, const uint8_t *message, size_t length,
                              const struct vole_endpoint *from, const struct vole_time *now)
{
    uint8_t reply[COOKIE_REPLY_BYTES];

    cookie_create_reply(&device->cookie_maker, device->own_cookie_keys.cookie, from, message, length, reply,
                        device->hooks.random, device->hooks.context, now->boot_ns);
    /* Counts nowhere and moves no timer; if it is lost, the sender asks again. */
    (void)device->hooks.send(device->hooks.context, from, 0, reply, sizeof reply);
}

/* cookies §2. True: go on. */
static bool admit(struct vole_device *device, const uint8_t *message, size_t length,
                  const struct vole_endpoint *from, uint32_t queued, const struct vole_time *now,
                  enum vole_drop *reason)
{
    *reason = VOLE_DROP_NO_PRIVATE_KEY;
    if (!device->identity.present)
        return false;
    *reason = VOLE_DROP_WRONG_MAC1;
    if (!cookie_mac1_valid(&device->own_cookie_keys.mac1, message, length))
        return false;
    if (!load_is_high(device->load, queued, now->boot_ns))
        return true;
    *reason = VOLE_DROP_COOKIE_REQUIRED;
    if (!cookie_mac2_valid(&device->cookie_maker, from, message, length, device->hooks.random,
                           device->hooks.context, now->boot_ns)) {
        send_cookie_reply(device, message, length, from, now);
        return false;
    }
    *reason = VOLE_DROP_SOURCE_RATE;
    return load_allow(device->load, &from->address, now->boot_ns);
}

/* Steps 6 to 11 of protocol §4.2. NULL: dropped and counted. */
static struct vole_peer *read_initiation(struct vole_device *device, const uint8_t *message,
                                         struct initiation_read *read, const struct vole_time *now)
{
    uint8_t timestamp[TIMESTAMP_BYTES];
    struct vole_peer *peer,
        *sender = NULL; /* known once the timestamp has been opened; anybody can go so far */
    enum vole_drop reason;

    if (handshake_read_initiation(read, &device->identity, message) != HANDSHAKE_OK) {
        drop(device, NULL, VOLE_DROP_INITIATION_UNREADABLE);
        return NULL;
    }
    peer = vole_peer_find(device, read->remote_static);
    if (peer == NULL) {
        drop(device, NULL, VOLE_DROP_UNKNOWN_PEER);
        return NULL;
    }
    if (!peer_static_static(peer)) {
        reason = VOLE_DROP_WEAK_KEY;
    } else if (handshake_read_timestamp(read, &peer->remote, message, timestamp) != HANDSHAKE_OK) {
        reason = VOLE_DROP_INITIATION_FORGED;
    } else if (memcmp(timestamp, peer->latest_timestamp, TIMESTAMP_BYTES) <= 0) {
        reason = VOLE_DROP_INITIATION_REPLAYED;
        sender = peer;
    } else if (peer->last_initiation_received_ns != 0 &&
               peer->last_initiation_received_ns + INITIATION_SPACING > now->boot_ns) {
        reason = VOLE_DROP_INITIATION_TOO_SOON;
        sender = peer;
    } else {
        memcpy(peer->latest_timestamp, timestamp, TIMESTAMP_BYTES);
        return peer;
    }
    drop(device, sender, reason);
    return NULL;
}

static enum vole_outcome receive_initiation(struct vole_device *device, const uint8_t *message,
                                            const struct vole_endpoint *from, const struct vole_time *now)
{
    struct initiation_read read;
    struct vole_peer *peer = read_initiation(device, message, &read, now);

    if (peer != NULL) {
        handshake_commit_initiation(&peer->handshake, &read);
        peer->last_initiation_received_ns = now->boot_ns;
        learn_endpoint(peer, from);
        respond(peer, now);
        count_received(peer, INITIATION_BYTES, now);
    }
    memory_wipe(&read, sizeof read);
    return peer != NULL ? VOLE_HANDSHAKE : VOLE_DROPPED;
}

static enum vole_outcome receive_response(struct vole_device *device, const uint8_t *message,
                                          const struct vole_endpoint *from, const struct vole_time *now)
{
    struct index_entry *entry = index_find(&device->indices, bytes_load_le32(message + RESPONSE_RECEIVER));
    struct vole_peer *peer;

    if (entry == NULL || entry->kind != INDEX_HANDSHAKE ||
        entry->peer->handshake.state != HANDSHAKE_CREATED_INITIATION)
        return drop(device, NULL, VOLE_DROP_RESPONSE_UNEXPECTED);
    peer = entry->peer;
    switch (handshake_consume_response(&peer->handshake, &device->identity, &peer->remote, message)) {
    case HANDSHAKE_ZERO_SECRET:
        return drop(device, peer, VOLE_DROP_WEAK_KEY);
    case HANDSHAKE_UNREADABLE:
        return drop(device, peer, VOLE_DROP_RESPONSE_UNREADABLE);
    case HANDSHAKE_OK:
        break;
    }
    learn_endpoint(peer, from);
    if (begin_session(peer, now)) {
        timers_handshake_complete(peer, now);
        peer_send_keepalive(peer, now); /* or what waits: either confirms the key to the responder */
    }
    count_received(peer, RESPONSE_BYTES, now);
    return VOLE_HANDSHAKE;
}

static enum vole_outcome receive_cookie_reply(struct vole_device *device, const uint8_t *message,
                                              const struct vole_time *now)
{
    struct index_entry *entry =
        index_find(&device->indices, bytes_load_le32(message + COOKIE_REPLY_RECEIVER));
    struct cookie_keys keys;
    bool unexpected;

    if (entry == NULL)
        return drop(device, NULL, VOLE_DROP_COOKIE_UNEXPECTED);
    cookie_keys_init(&keys, entry->peer->remote.public_key);
    if (cookie_consume_reply(&entry->peer->cookie, keys.cookie, message, now->boot_ns, &unexpected))
        return VOLE_COOKIE;
    if (unexpected)
        return drop(device, NULL, VOLE_DROP_COOKIE_UNEXPECTED);
    return drop(device, entry->peer, VOLE_DROP_COOKIE_UNREADABLE);
}

enum vole_outcome exchange_receive(struct vole_device *device, const uint8_t *message, size_t length,
                                   const struct vole_endpoint *from, uint32_t queued,
                                   const struct vole_time *now)
{
    enum message_type type = message_type(message, length);
    enum vole_drop reason;

    if (!atomic_load_explicit(&device->up, memory_order_relaxed))
        return drop(device, NULL, VOLE_DROP_INTERFACE_DOWN);
    switch (type) {
    case MESSAGE_INITIATION:
    case MESSAGE_RESPONSE:
        if (!admit(device, message, length, from, queued, now, &reason))
            return drop(device, NULL, reason);
        return type == MESSAGE_INITIATION ? receive_initiation(device, message, from, now)
                                          : receive_response(device, message, from, now);
    case MESSAGE_COOKIE_REPLY:
        return receive_cookie_reply(device, message, now);
    default:
        return drop(device, NULL, VOLE_DROP_MALFORMED);
    }
}

void exchange_key_confirmed(struct vole_peer *peer, const struct vole_time *now)
{
    struct keypair *next = peer->keypairs.next;

    if (next == NULL || atomic_load_explicit(&next->unconfirmed, memory_order_relaxed))
        return; /* replaced in the meantime */
    if (!keypair_confirm(peer->device, &peer->keypairs, next))
        return;
    timers_handshake_complete(peer, now);
    peer_send_staged(peer, now);
}
