/* SPDX-License-Identifier: MIT
 *
 * The way in, in the order of protocol §6 and routing §3. What the spec does per packet is done once per run
 * where that cannot be told apart: all packets of a run come from one address in one moment.
 */
#include "core/inbound.h"

#include "core/messages.h"
#include "core/spin.h"
#include "packet/ecn.h"
#include "packet/ip.h"

void inbound_reset(struct inbound_run *run, const struct vole_endpoint *from, uint8_t traffic_class)
{
    run->count = 0;
    run->peer = NULL;
    run->from = *from;
    run->traffic_class = traffic_class;
}

bool inbound_add(struct inbound_run *run, uint8_t *datagram, size_t length)
{
    uint32_t index = bytes_load_le32(datagram + TRANSPORT_RECEIVER);

    if (run->count == INBOUND_PACKETS || (run->count > 0 && run->index != index))
        return false;
    run->index = index;
    run->sealed[run->count++] =
        (struct aead_packet){.bytes = datagram + TRANSPORT_HEADER_BYTES,
                             .length = length - TRANSPORT_HEADER_BYTES - AEAD_TAG_BYTES,
                             .counter = bytes_load_le64(datagram + TRANSPORT_COUNTER)};
    return true;
}

static void judge(struct vole_device *device, struct inbound_run *run, uint32_t i, enum vole_drop reason)
{
    run->packets[i].outcome = VOLE_DROPPED;
    run->packets[i].reason = reason;
    if (run->peer != NULL)
        peer_drop(run->peer, reason, 1);
    else
        device_drop(device, reason, 1);
}

static void judge_all(struct vole_device *device, struct inbound_run *run, enum vole_drop reason)
{
    for (uint32_t i = 0; i < run->count; i++)
        judge(device, run, i, reason);
}

/* Decrypts, and takes each packet's counter in order of arrival. Returns how many are new and authentic. */
static uint32_t authenticate(struct vole_device *device, struct inbound_run *run, struct keypair *keypair)
{
    uint32_t accepted = 0;

    aead_open_batch(run->sealed, run->count, keypair->receiving_key);
    spin_lock(&keypair->guard);
    for (uint32_t i = 0; i < run->count; i++) {
        if (!run->sealed[i].authentic) {
            judge(device, run, i, VOLE_DROP_DATA_UNREADABLE);
        } else if (!replay_accept(&keypair->replay, run->sealed[i].counter)) {
            judge(device, run, i, VOLE_DROP_REPLAYED);
        } else {
            run->packets[i].outcome = VOLE_KEEPALIVE; /* until judged further */
            accepted++;
        }
    }
    spin_unlock(&keypair->guard);
    return accepted;
}

/* Rekey by receiving (timers §4): our duty if we began the session, once, in its last quarter minute. */
static void check_last_minute(struct vole_peer *peer, const struct vole_time *now)
{
    struct keypair *current = atomic_load_explicit(&peer->keypairs.current, memory_order_acquire);

    if (current != NULL && current->initiator &&
        atomic_load_explicit(&current->can_send, memory_order_relaxed) &&
        current->birth_ns + LAST_MINUTE_REKEY <= now->boot_ns &&
        !atomic_load_explicit(&peer->timers.last_minute_done, memory_order_relaxed) &&
        !atomic_exchange_explicit(&peer->timers.last_minute_done, true, memory_order_relaxed))
        timers_want_handshake(peer, now);
}

/* What any authentic packet does, whatever is inside: endpoint, confirmation, last-minute rekey, timers. */
static void note_arrival(struct inbound_run *run, struct keypair *keypair, uint32_t data_packets,
                         const struct vole_time *now)
{
    struct vole_peer *peer = run->peer;

    if (endpoint_learn(&peer->endpoint, &run->from))
        notice_post(peer, NOTICE_ENDPOINT_MOVED);
    if (atomic_load_explicit(&keypair->unconfirmed, memory_order_relaxed) &&
        atomic_exchange_explicit(&keypair->unconfirmed, false, memory_order_relaxed))
        notice_post(peer, NOTICE_KEY_CONFIRMED); /* then current is as good as replaced by this one */
    else
        check_last_minute(peer, now);
    timers_packet_received(peer, now);
    timers_data_received(peer, data_packets, now);
}

/* Whether the run's peer may send from this packet's address. Most packets have the address of the one
 * before: *known, the last packet of the run that was allowed, or NULL. */
static bool source_allowed(struct vole_device *device, const struct inbound_run *run, const uint8_t *inner,
                           const uint8_t **known)
{
    struct vole_address source;

    if (*known == NULL || !ip_same_source(inner, *known)) {
        source = ip_source(inner);
        if (allowed_ips_lookup(&device->allowed_ips, source.family, source.bytes) != run->peer)
            return false;
    }
    *known = inner;
    return true;
}

/* The inner checks of routing §3. */
static void check_inner(struct vole_device *device, struct inbound_run *run, uint32_t i,
                        const uint8_t **known)
{
    struct inbound_packet *packet = &run->packets[i];
    uint8_t *inner = run->sealed[i].bytes;
    size_t length = run->sealed[i].length, total;

    if (length == 0)
        return; /* a keepalive */
    if (!ip_has_header(inner, length)) {
        judge(device, run, i, VOLE_DROP_INNER_MALFORMED);
        return;
    }
    ecn_decapsulate(inner, run->traffic_class);
    if (ip_check(inner, length, &total) != IP_OK) {
        judge(device, run, i, VOLE_DROP_INNER_LENGTH);
        return;
    }
    if (!source_allowed(device, run, inner, known)) {
        judge(device, run, i, VOLE_DROP_SOURCE_NOT_ALLOWED);
        return;
    }
    packet->inner = inner;
    packet->length = total;
    packet->outcome = VOLE_DELIVERED;
}

void inbound_open(struct vole_device *device, struct inbound_run *run, const struct vole_time *now)
{
    struct index_entry *entry = index_find(&device->indices, run->index);
    struct keypair *keypair;
    const uint8_t *known = NULL;
    uint32_t accepted, data = 0;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < run->count; i++)
        run->packets[i].inner = NULL;
    if (entry == NULL || entry->kind != INDEX_KEYPAIR) {
        judge_all(device, run, VOLE_DROP_UNKNOWN_INDEX);
        return;
    }
    keypair = (struct keypair *)entry; /* its first member */
    run->peer = entry->peer;
    if (!keypair_can_receive(keypair, now->boot_ns)) {
        judge_all(device, run, VOLE_DROP_SESSION_EXPIRED);
        return;
    }
    accepted = authenticate(device, run, keypair);
    if (accepted == 0)
        return;
    for (uint32_t i = 0; i < run->count; i++)
        data += run->packets[i].outcome == VOLE_KEEPALIVE && run->sealed[i].length > 0;
    note_arrival(run, keypair, data, now);
    for (uint32_t i = 0; i < run->count; i++) {
        if (run->packets[i].outcome != VOLE_KEEPALIVE)
            continue;
        check_inner(device, run, i, &known);
        if (run->packets[i].outcome != VOLE_DROPPED)
            bytes += run->sealed[i].length + VOLE_OVERHEAD;
    }
    atomic_fetch_add_explicit(&run->peer->received_bytes, bytes, memory_order_relaxed);
}
