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

/* Adds the macs, stamps and sends; whether it left or not, the timers go on (timers §3). What left is counted
 * as this outcome. */
static void send_to_peer(struct vole_peer *peer, uint8_t *message, size_t length,
                         enum vole_handshake_outcome outcome, const struct vole_time *now)
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
    if (result >= 0) {
        atomic_fetch_add_explicit(&peer->sent_bytes, length, memory_order_relaxed);
        handshake_count(&device->handshakes, outcome);
    } else {
        peer_drop(peer, VOLE_DROP_SEND_FAILED, 1);
    }
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

/* False: none is reserved. vole_device_reserved() comes back to this peer. */
static bool draw_timestamp(struct vole_peer *peer, uint8_t timestamp[static TIMESTAMP_BYTES],
                           const struct vole_time *now)
{
    struct vole_device *device = peer->device;
    uint64_t until_s;

    peer->initiation_waits = !handshake_clock_stamp(&device->clock, now, timestamp);
    until_s = handshake_clock_wish(&device->clock, now);
    if (until_s != 0)
        device->hooks.reserve(device->hooks.context, device->identity.public_key, until_s);
    device->initiations_wait = device->initiations_wait || peer->initiation_waits;
    return !peer->initiation_waits;
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
    if (device->identity.present && !draw_timestamp(peer, timestamp, now))
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
    if (handshake_create_initiation(&peer->handshake, &device->identity, &peer->remote, ephemeral, timestamp,
                                    index, message) == HANDSHAKE_OK) {
        send_to_peer(peer, message, sizeof message, VOLE_HANDSHAKE_INITIATED, now);
        timers_initiation_sent(peer, now);
    } else {
        abandon(peer);
        peer_drop(peer, VOLE_DROP_WEAK_KEY, 1);
    }
    memory_wipe(ephemeral, sizeof ephemeral);
}

/* Turns what the handshake yielded into a keypair under the same index (protocol §5.1). */
static bool begin_session(struct vole_peer *peer, const struct session_keys *keys,
                          const struct vole_time *now)
{
    struct vole_device *device = peer->device;
    struct keypair *keypair = keypair_new(device);

    if (keypair == NULL || !peer->handshake_index.listed) {
        keypair_free(keypair);
        abandon(peer);
        return false;
    }
    keypair->entry = (struct index_entry){.peer = peer, .kind = INDEX_KEYPAIR};
    keypair->remote_index = keys->remote_index;
    keypair->birth_ns = now->boot_ns;
    keypair->initiator = keys->initiator;
    atomic_init(&keypair->can_send, true);
    atomic_init(&keypair->can_receive, true);
    atomic_init(&keypair->unconfirmed, !keys->initiator);
    atomic_flag_clear(&keypair->guard);
    memcpy(keypair->sending_key, keys->sending, sizeof keypair->sending_key);
    memcpy(keypair->receiving_key, keys->receiving, sizeof keypair->receiving_key);
    index_replace(&device->indices, &peer->handshake_index, &keypair->entry);
    keypair_install(device, &peer->keypairs, keypair);
    timers_session_derived(peer, now);
    return true;
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
static bool admit(struct vole_device *device, const struct exchange_message *message,
                  const struct vole_time *now, enum vole_drop *reason)
{
    const struct vole_endpoint *from = message->from;
    const uint8_t *bytes = message->bytes;
    size_t length = message->length;
    bool proven;

    *reason = VOLE_DROP_NO_PRIVATE_KEY;
    if (!device->identity.present)
        return false;
    *reason = VOLE_DROP_WRONG_MAC1;
    if (!message->mac1_valid && !cookie_mac1_valid(&device->own_cookie_keys.mac1, bytes, length))
        return false;
    if (!load_is_high(device->load, message->queued, now->boot_ns))
        return true;
    *reason = VOLE_DROP_COOKIE_REQUIRED;
    proven = cookie_mac2_valid(&device->cookie_maker, from, bytes, length, device->hooks.random,
                               device->hooks.context, now->boot_ns);
    device_follow_cookie_secret(device);
    if (!proven) {
        send_cookie_reply(device, bytes, length, from, now);
        return false;
    }
    *reason = VOLE_DROP_SOURCE_RATE;
    return load_allow(device->load, &from->address, now->boot_ns);
}

/* ---- initiations, side by side ---- */

/* Initiations that were admitted, and those of them that are answered. Secret. */
struct batch {
    struct vole_device *device;
    const struct vole_time *now;
    size_t count, answer_count;
    struct exchange_message *messages[HANDSHAKE_BATCH];
    struct vole_peer *peers[HANDSHAKE_BATCH]; /* the sender of each, NULL: unknown or dropped */
    struct initiation_job jobs[HANDSHAKE_BATCH];
    struct initiation_read reads[HANDSHAKE_BATCH];
    struct vole_peer *answering[HANDSHAKE_BATCH];
    struct response_job answers[HANDSHAKE_BATCH];
};

/* Steps 6 and 7 of protocol §4.2: who they are from. */
static void find_senders(struct batch *batch)
{
    struct vole_device *device = batch->device;

    for (size_t i = 0; i < batch->count; i++) {
        batch->peers[i] = NULL;
        if (batch->jobs[i].result != HANDSHAKE_OK)
            drop(device, NULL, VOLE_DROP_INITIATION_UNREADABLE);
        else if ((batch->peers[i] = vole_peer_find(device, batch->reads[i].remote_static)) == NULL)
            drop(device, NULL, VOLE_DROP_UNKNOWN_PEER);
    }
}

/* Steps 8 and 9: whether they are theirs. */
static void open_timestamps(struct batch *batch)
{
    struct initiation_job *jobs[HANDSHAKE_BATCH];
    size_t count = 0;

    peer_static_static_many(batch->peers, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        struct vole_peer *peer = batch->peers[i];

        if (peer == NULL)
            continue;
        if (peer_static_static(peer)) {
            batch->jobs[i].remote = &peer->remote;
            jobs[count++] = &batch->jobs[i];
        } else {
            drop(batch->device, NULL, VOLE_DROP_WEAK_KEY);
            batch->peers[i] = NULL;
        }
    }
    handshake_read_timestamps(jobs, count);
}

/* Steps 10 and 11. Who is known may be blamed only from here on: before, anybody could have sent it. Of two
 * initiations of one peer in a batch the second is too soon. */
static bool is_fresh(struct vole_peer *peer, const struct initiation_job *job, const struct vole_time *now)
{
    struct vole_peer *sender = NULL;
    enum vole_drop reason;

    if (job->result != HANDSHAKE_OK) {
        reason = VOLE_DROP_INITIATION_FORGED;
    } else if (memcmp(job->timestamp, peer->latest_timestamp, TIMESTAMP_BYTES) <= 0) {
        reason = VOLE_DROP_INITIATION_REPLAYED;
        sender = peer;
    } else if (peer->last_initiation_received_ns != 0 &&
               peer->last_initiation_received_ns + INITIATION_SPACING > now->boot_ns) {
        reason = VOLE_DROP_INITIATION_TOO_SOON;
        sender = peer;
    } else {
        return true;
    }
    drop(peer->device, sender, reason);
    return false;
}

static void prepare_answer(struct batch *batch, struct vole_peer *peer)
{
    struct response_job *answer = &batch->answers[batch->answer_count];

    timers_stamp_initiation(peer, batch->now->boot_ns);
    if (renew_index(peer, &answer->sender_index) != 0) {
        abandon(peer);
        count_received(peer, INITIATION_BYTES, batch->now);
        return;
    }
    draw(batch->device, answer->ephemeral, sizeof answer->ephemeral);
    answer->handshake = &peer->handshake;
    answer->remote = &peer->remote;
    batch->answering[batch->answer_count++] = peer;
}

static void accept_initiations(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct vole_peer *peer = batch->peers[i];

        batch->messages[i]->outcome = VOLE_DROPPED;
        if (peer == NULL || !is_fresh(peer, &batch->jobs[i], batch->now))
            continue;
        batch->messages[i]->outcome = VOLE_HANDSHAKE;
        memcpy(peer->latest_timestamp, batch->jobs[i].timestamp, TIMESTAMP_BYTES);
        handshake_commit_initiation(&peer->handshake, &batch->reads[i]);
        peer->last_initiation_received_ns = batch->now->boot_ns;
        learn_endpoint(peer, batch->messages[i]->from);
        prepare_answer(batch, peer);
    }
}

/* The session begins before the response leaves (protocol §4.3). */
static void answer(struct batch *batch)
{
    struct handshake *handshakes[HANDSHAKE_BATCH];
    struct session_keys keys[HANDSHAKE_BATCH];
    size_t good = 0;

    handshake_create_responses(batch->answers, batch->answer_count);
    for (size_t i = 0; i < batch->answer_count; i++)
        if (batch->answers[i].result == HANDSHAKE_OK)
            handshakes[good++] = batch->answers[i].handshake;
    handshake_derive_many(handshakes, keys, good);
    good = 0;
    for (size_t i = 0; i < batch->answer_count; i++) {
        struct vole_peer *peer = batch->answering[i];

        if (batch->answers[i].result != HANDSHAKE_OK) {
            abandon(peer);
            peer_drop(peer, VOLE_DROP_WEAK_KEY, 1);
        } else if (begin_session(peer, &keys[good++], batch->now)) {
            send_to_peer(peer, batch->answers[i].message, RESPONSE_BYTES, VOLE_HANDSHAKE_ANSWERED,
                         batch->now);
        }
        count_received(peer, INITIATION_BYTES, batch->now);
    }
    memory_wipe(keys, good * sizeof keys[0]);
}

/* Works off what was collected. */
static void finish_batch(struct batch *batch)
{
    if (batch->count == 0)
        return;
    handshake_read_initiations(batch->jobs, batch->count, &batch->device->identity);
    find_senders(batch);
    open_timestamps(batch);
    accept_initiations(batch);
    answer(batch);
    memory_wipe(batch->reads, batch->count * sizeof batch->reads[0]);
    memory_wipe(batch->answers, batch->answer_count * sizeof batch->answers[0]);
    batch->count = batch->answer_count = 0;
}

static void collect(struct batch *batch, struct exchange_message *message)
{
    batch->messages[batch->count] = message;
    batch->jobs[batch->count] =
        (struct initiation_job){.read = &batch->reads[batch->count], .message = message->bytes};
    if (++batch->count == HANDSHAKE_BATCH)
        finish_batch(batch);
}

/* ---- one message ---- */

/* Whose initiation it answers; NULL: nobody's. */
static struct vole_peer *response_awaited(const struct vole_device *device, const uint8_t *message)
{
    struct index_entry *entry = index_find(&device->indices, bytes_load_le32(message + RESPONSE_RECEIVER));

    return entry != NULL && entry->kind == INDEX_HANDSHAKE &&
                   entry->peer->handshake.state == HANDSHAKE_CREATED_INITIATION
               ? entry->peer
               : NULL;
}

static enum vole_outcome receive_response(struct vole_device *device, const uint8_t *message,
                                          const struct vole_endpoint *from, const struct vole_time *now)
{
    struct vole_peer *peer = response_awaited(device, message);
    struct session_keys keys;

    if (peer == NULL)
        return drop(device, NULL, VOLE_DROP_RESPONSE_UNEXPECTED);
    switch (handshake_consume_response(&peer->handshake, &device->identity, &peer->remote, message)) {
    case HANDSHAKE_ZERO_SECRET:
        return drop(device, peer, VOLE_DROP_WEAK_KEY);
    case HANDSHAKE_UNREADABLE:
        return drop(device, peer, VOLE_DROP_RESPONSE_UNREADABLE);
    case HANDSHAKE_OK:
        break;
    }
    learn_endpoint(peer, from);
    handshake_derive_many((struct handshake *const[]){&peer->handshake}, &keys, 1);
    count_received(peer, RESPONSE_BYTES, now); /* before data is sent, which it is no sign of life after */
    if (begin_session(peer, &keys, now)) {
        handshake_count(&device->handshakes, VOLE_HANDSHAKE_COMPLETED_AS_INITIATOR);
        timers_handshake_complete(peer, now);
        peer_send_keepalive(peer, now); /* or what waits: either confirms the key to the responder */
    }
    memory_wipe(&keys, sizeof keys);
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

/* What touches a peer waits until those before it are through. What no peer asked for touches none. */
static void receive_one(struct batch *batch, struct exchange_message *message)
{
    struct vole_device *device = batch->device;
    enum message_type type = message_type(message->bytes, message->length);
    enum vole_drop reason = VOLE_DROP_MALFORMED;

    if (!atomic_load_explicit(&device->up, memory_order_relaxed)) {
        message->outcome = drop(device, NULL, VOLE_DROP_INTERFACE_DOWN);
    } else if (type == MESSAGE_COOKIE_REPLY) {
        if (index_find(&device->indices, bytes_load_le32(message->bytes + COOKIE_REPLY_RECEIVER)) != NULL)
            finish_batch(batch);
        message->outcome = receive_cookie_reply(device, message->bytes, batch->now);
    } else if ((type != MESSAGE_INITIATION && type != MESSAGE_RESPONSE) ||
               !admit(device, message, batch->now, &reason)) {
        message->outcome = drop(device, NULL, reason);
    } else if (type == MESSAGE_INITIATION) {
        collect(batch, message);
    } else {
        if (response_awaited(device, message->bytes) != NULL)
            finish_batch(batch);
        message->outcome = receive_response(device, message->bytes, message->from, batch->now);
    }
}

void exchange_receive_batch(struct vole_device *device, struct exchange_message *messages, size_t count,
                            const struct vole_time *now)
{
    struct batch batch;

    batch.device = device;
    batch.now = now;
    batch.count = batch.answer_count = 0;
    for (size_t i = 0; i < count; i++)
        receive_one(&batch, &messages[i]);
    finish_batch(&batch);
}

enum vole_outcome exchange_receive(struct vole_device *device, const uint8_t *message, size_t length,
                                   const struct vole_endpoint *from, uint32_t queued,
                                   const struct vole_time *now)
{
    struct exchange_message one = {.bytes = message, .length = length, .from = from, .queued = queued};

    exchange_receive_batch(device, &one, 1, now);
    return one.outcome;
}

void exchange_key_confirmed(struct vole_peer *peer, const struct vole_time *now)
{
    struct keypair *next = peer->keypairs.next;

    if (next == NULL || atomic_load_explicit(&next->unconfirmed, memory_order_relaxed))
        return; /* replaced in the meantime */
    if (!keypair_confirm(peer->device, &peer->keypairs, next))
        return;
    handshake_count(&peer->device->handshakes, VOLE_HANDSHAKE_COMPLETED_AS_RESPONDER);
    timers_handshake_complete(peer, now);
    peer_send_staged(peer, now);
}
