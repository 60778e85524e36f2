/* SPDX-License-Identifier: MIT
 *
 * The way out, in the order a packet walks it: route, place in a run, prepare, (somebody sends), report.
 */
#include "core/outbound.h"

#include "core/messages.h"
#include "packet/ecn.h"
#include "packet/ip.h"

#include <assert.h>
#include <string.h>

/* What a packet takes in a run besides its own length, at most. */
#define MOST_OVERHEAD (TRANSPORT_HEADER_BYTES + MESSAGE_PADDING_MULTIPLE + AEAD_TAG_BYTES)
static_assert(RUN_BYTES >= IP_MAX_BYTES + MOST_OVERHEAD, "an empty run has room for any packet");

enum vole_outcome outbound_route(struct vole_device *device, const uint8_t *packet, size_t length,
                                 struct vole_peer **peer, enum vole_drop *reason)
{
    *peer = NULL;
    if (!ip_has_header(packet, length)) {
        *reason = VOLE_DROP_NOT_IP;
    } else {
        struct vole_address to = ip_destination(packet);

        *peer = allowed_ips_lookup(&device->allowed_ips, to.family, to.bytes);
        if (*peer == NULL) {
            *reason = VOLE_DROP_NO_PEER;
        } else if (atomic_load_explicit(&(*peer)->endpoint.sequence, memory_order_relaxed) == 0) {
            *reason = VOLE_DROP_NO_ENDPOINT;
            peer_drop(*peer, *reason, 1);
            return VOLE_DROPPED;
        } else {
            return VOLE_STAGED;
        }
    }
    device_drop(device, *reason, 1);
    return VOLE_DROPPED;
}

size_t outbound_padded(size_t length, uint32_t mtu)
{
    size_t unit = length, padded;

    if (mtu == 0)
        return (length + MESSAGE_PADDING_MULTIPLE - 1) & ~(size_t)(MESSAGE_PADDING_MULTIPLE - 1);
    if (unit > mtu)
        unit %= mtu;
    padded = (unit + MESSAGE_PADDING_MULTIPLE - 1) & ~(size_t)(MESSAGE_PADDING_MULTIPLE - 1);
    return length + (padded < mtu ? padded : mtu) - unit;
}

void run_reset(struct run *run, struct vole_peer *peer)
{
    run->peer = peer;
    run->count = 0;
    run->used = 0;
}

uint8_t *run_place(struct run *run, size_t length)
{
    if (run->count == RUN_PACKETS || run->used + length + MOST_OVERHEAD > sizeof run->bytes)
        return NULL;
    return run->bytes + run->used + TRANSPORT_HEADER_BYTES;
}

void run_add(struct run *run, size_t length, bool continues, uint32_t mtu)
{
    struct run_packet *packet = &run->packets[run->count++];
    uint8_t *inner = run->bytes + run->used + TRANSPORT_HEADER_BYTES;
    size_t padded = length == 0 ? 0 : outbound_padded(length, mtu); /* keepalives are not padded */

    memset(inner + length, 0, MESSAGE_PADDING_MULTIPLE); /* always as much: two instructions, no call */
    packet->offset = run->used;
    packet->inner_length = (uint32_t)length;
    packet->length = (uint32_t)(TRANSPORT_HEADER_BYTES + padded + AEAD_TAG_BYTES);
    packet->traffic_class = ip_has_header(inner, length) ? ecn_encapsulate(ip_traffic_class(inner)) : 0;
    packet->continues = continues;
    run->used += packet->length;
}

static void seal(struct run *run, const struct keypair *keypair, uint64_t counter)
{
    for (uint32_t i = 0; i < run->count; i++) {
        const struct run_packet *packet = &run->packets[i];
        uint8_t *datagram = run->bytes + packet->offset;

        bytes_store_le32(datagram, MESSAGE_TRANSPORT);
        bytes_store_le32(datagram + TRANSPORT_RECEIVER, keypair->remote_index);
        bytes_store_le64(datagram + TRANSPORT_COUNTER, counter + i);
        run->sealed[i] =
            (struct aead_packet){.bytes = datagram + TRANSPORT_HEADER_BYTES,
                                 .length = packet->length - TRANSPORT_HEADER_BYTES - AEAD_TAG_BYTES,
                                 .counter = counter + i};
    }
    aead_seal_batch(run->sealed, run->count, keypair->sending_key);
}

/* Puts the run's packets at the end of the peer's queue, each superpacket's segments together. */
static void stage(struct vole_device *device, const struct run *run)
{
    struct staged_packet packets[RUN_PACKETS];
    uint32_t first = 0, i;

    for (i = 0; i < run->count; i++) {
        packets[i] = (struct staged_packet){run->bytes + run->packets[i].offset + TRANSPORT_HEADER_BYTES,
                                            run->packets[i].inner_length};
        if (i > first && !run->packets[i].continues) {
            staged_add(&device->staged, run->peer, packets + first, i - first);
            first = i;
        }
    }
    staged_add(&device->staged, run->peer, packets + first, i - first);
}

static void read_destination(struct vole_peer *peer, struct vole_endpoint *to)
{
    if (!endpoint_read(&peer->endpoint, to))
        *to = (struct vole_endpoint){0}; /* no address: the network refuses it, as it does in the kernel */
}

enum run_state outbound_prepare(struct vole_device *device, struct run *run, struct vole_endpoint *to,
                                const struct vole_time *now)
{
    struct vole_peer *peer = run->peer;
    struct keypair *keypair = atomic_load_explicit(&peer->keypairs.current, memory_order_acquire);
    bool usable =
        keypair_can_send(keypair, now->boot_ns) && atomic_load_explicit(&device->up, memory_order_relaxed);
    uint64_t counter;

    if (usable && atomic_load_explicit(&peer->staged.count, memory_order_relaxed) > 0) {
        stage(device, run);
        return RUN_BEHIND;
    }
    if (!usable || !keypair_reserve(keypair, run->count, &counter)) {
        stage(device, run);
        /* A key may have arrived since we looked. Either control saw these packets when it installed it, or
         * we see the key now; else they would wait for the next packet (see peer_send_staged). */
        keypair = atomic_load_explicit(&peer->keypairs.current, memory_order_seq_cst);
        if (keypair_can_send(keypair, now->boot_ns) &&
            atomic_load_explicit(&device->up, memory_order_seq_cst))
            return RUN_BEHIND;
        timers_want_handshake(peer, now);
        return RUN_STAGED;
    }
    seal(run, keypair, counter);
    read_destination(peer, to);
    timers_packet_sent(peer, now);
    return RUN_SEALED;
}

bool outbound_drain(struct vole_device *device, struct vole_peer *peer, struct run *run,
                    struct vole_endpoint *to, const struct vole_time *now)
{
    struct keypair *keypair = atomic_load_explicit(&peer->keypairs.current, memory_order_acquire);
    uint32_t fitting, mtu = atomic_load_explicit(&device->mtu, memory_order_relaxed);
    uint64_t counter;
    bool reserved;

    run_reset(run, peer);
    if (!keypair_can_send(keypair, now->boot_ns) ||
        !atomic_load_explicit(&device->up, memory_order_relaxed)) {
        if (atomic_load_explicit(&peer->staged.count, memory_order_relaxed) > 0)
            timers_want_handshake(peer, now);
        return false;
    }
    /* Counters are reserved under the lock, as many as packets fit and before these are taken: whoever comes
     * later, from whatever thread, gets later ones, and if the key is used up the packets have not moved. */
    staged_lock(&device->staged);
    fitting = staged_fitting(&device->staged, peer, RUN_PACKETS, sizeof run->bytes, MOST_OVERHEAD);
    reserved = fitting > 0 && keypair_reserve(keypair, fitting, &counter);
    while (reserved && run->count < fitting) {
        size_t length = staged_first_length(&device->staged, peer);

        staged_pop(&device->staged, peer, run_place(run, length));
        run_add(run, length, false, mtu);
    }
    staged_unlock(&device->staged);
    if (fitting == 0)
        return false;
    if (!reserved) {
        timers_want_handshake(peer, now);
        return false;
    }
    seal(run, keypair, counter);
    read_destination(peer, to);
    timers_packet_sent(peer, now);
    return true;
}

static bool is_keepalive(const struct run_packet *packet)
{
    return packet->length == TRANSPORT_MIN_BYTES;
}

void outbound_sent(struct run *run, uint32_t first, uint32_t count, const struct vole_time *now)
{
    uint64_t bytes = 0;
    bool data = false;

    for (uint32_t i = first; i < first + count; i++) {
        bytes += run->packets[i].length;
        data = data || !is_keepalive(&run->packets[i]);
    }
    atomic_fetch_add_explicit(&run->peer->sent_bytes, bytes, memory_order_relaxed);
    if (data)
        timers_data_sent(run->peer, now);
}

void outbound_refused(struct run *run, uint32_t first, uint32_t count)
{
    (void)first;
    peer_drop(run->peer, VOLE_DROP_SEND_FAILED, count);
}

void outbound_finish(struct run *run, const struct vole_time *now)
{
    struct keypair *keypair = atomic_load_explicit(&run->peer->keypairs.current, memory_order_acquire);

    if (keypair == NULL || !atomic_load_explicit(&keypair->can_send, memory_order_relaxed))
        return;
    if (atomic_load_explicit(&keypair->sending_counter, memory_order_relaxed) > REKEY_AFTER_MESSAGES ||
        (keypair->initiator && keypair->birth_ns + REKEY_AFTER_TIME <= now->boot_ns))
        timers_want_handshake(run->peer, now);
}

bool outbound_send_here(struct vole_device *device, struct run *run, const struct vole_endpoint *to,
                        const struct vole_time *now)
{
    bool taken = false;

    for (uint32_t i = 0; i < run->count; i++) {
        int result = to->address.family == 0
                         ? -1
                         : device->hooks.send(device->hooks.context, to, run->packets[i].traffic_class,
                                              run->bytes + run->packets[i].offset, run->packets[i].length);

        if (result > 0)
            endpoint_clear_source(&run->peer->endpoint);
        taken = result >= 0;
        if (taken)
            outbound_sent(run, i, 1, now);
        else
            outbound_refused(run, i, 1);
    }
    outbound_finish(run, now);
    return taken;
}
