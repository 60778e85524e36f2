/* SPDX-License-Identifier: MIT
 *
 * libvole's own part: both planes in the caller's thread. One packet at a time goes through the same runs
 * that voled's workers fill with many.
 */
#include "core/exchange.h"
#include "core/handshake_filter.h"
#include "core/inbound.h"
#include "core/outbound.h"
#include "crypto/memory.h"
#include "crypto/processor.h"
#include "crypto/start.h"
#include "crypto/x25519.h"
#include "packet/checksum.h"
#include "packet/ip.h"

#include <string.h>

struct vole_device *vole_device_new(const struct vole_options *options, const struct vole_time *now)
{
    struct device_options inside = {.hooks = {.context = options->hooks.context,
                                              .send = options->hooks.send,
                                              .event = options->hooks.event,
                                              .random = options->hooks.random,
                                              .reserve = options->hooks.reserve,
                                              .deliver = options->hooks.deliver},
                                    .staged_bytes = options->staged_bytes,
                                    .peer_bytes = options->peer_bytes};

    return options->hooks.deliver != NULL ? device_new(&inside, now) : NULL;
}

static enum vole_outcome dropped(struct vole_device *device, enum vole_drop reason)
{
    device->last_drop = reason;
    return VOLE_DROPPED;
}

/* Sends what waited before this packet, and with it the packet. Whether the packet itself was taken. */
static bool drain(struct vole_device *device, struct vole_peer *peer, const struct vole_time *now)
{
    struct vole_endpoint to;
    bool taken = false;

    while (outbound_drain(device, peer, device->run, &to, now))
        taken = outbound_send_here(device, device->run, &to, now);
    return taken;
}

enum vole_outcome vole_device_send(struct vole_device *device, const uint8_t *packet, size_t length,
                                   const struct vole_time *now)
{
    struct run *run = device->run;
    enum vole_outcome outcome = VOLE_STAGED;
    struct vole_endpoint to;
    struct vole_peer *peer;
    enum vole_drop reason;
    bool taken;

    if (!atomic_load_explicit(&device->up, memory_order_relaxed)) {
        device_drop(device, VOLE_DROP_INTERFACE_DOWN, 1);
        return dropped(device, VOLE_DROP_INTERFACE_DOWN);
    }
    if (length > IP_MAX_BYTES) {
        device_drop(device, VOLE_DROP_NOT_IP, 1);
        return dropped(device, VOLE_DROP_NOT_IP);
    }
    if (outbound_route(device, packet, length, &peer, &reason) == VOLE_DROPPED)
        return dropped(device, reason);
    run_reset(run, peer);
    memcpy(run_place(run, length), packet, length); /* an empty run has room for any packet */
    run_add(run, length, false, atomic_load_explicit(&device->mtu, memory_order_relaxed));
    switch (outbound_prepare(device, run, &to, now)) {
    case RUN_SEALED:
        taken = outbound_send_here(device, run, &to, now);
        outcome = taken ? VOLE_SENT : dropped(device, VOLE_DROP_SEND_FAILED);
        break;
    case RUN_BEHIND:
        taken = drain(device, peer, now);
        if (atomic_load_explicit(&peer->staged.count, memory_order_relaxed) == 0) /* the key lasted */
            outcome = taken ? VOLE_SENT : dropped(device, VOLE_DROP_SEND_FAILED);
        break;
    case RUN_STAGED:
        break;
    }
    device_take_notices(device, now);
    return outcome;
}

static enum vole_outcome receive_transport(struct vole_device *device, uint8_t *datagram, size_t length,
                                           const struct vole_endpoint *from, uint8_t traffic_class,
                                           const struct vole_time *now)
{
    struct inbound_run run;
    const struct inbound_packet *packet = &run.packets[0];

    inbound_reset(&run, from, traffic_class);
    (void)inbound_add(&run, datagram, length);
    inbound_open(device, &run, now);
    if (packet->outcome == VOLE_DROPPED)
        (void)dropped(device, packet->reason);
    else if (packet->inner != NULL)
        device->hooks.deliver(device->hooks.context, run.peer, packet->inner, packet->length);
    return packet->outcome;
}

enum vole_outcome vole_device_receive(struct vole_device *device, uint8_t *datagram, size_t length,
                                      const struct vole_endpoint *from, uint8_t traffic_class,
                                      const struct vole_time *now)
{
    enum vole_outcome outcome;

    switch (message_type(datagram, length)) {
    case MESSAGE_INVALID:
        device_drop(device, VOLE_DROP_MALFORMED, 1);
        return dropped(device, VOLE_DROP_MALFORMED);
    case MESSAGE_TRANSPORT:
        outcome = receive_transport(device, datagram, length, from, traffic_class, now);
        break;
    default:
        outcome =
            exchange_receive(device, datagram, length, from, handshake_queue_count(&device->queue) + 1, now);
    }
    device_take_notices(device, now);
    return outcome;
}

bool vole_device_queue(struct vole_device *device, const uint8_t *datagram, size_t length,
                       const struct vole_endpoint *from)
{
    struct handshake_datagram one = {.bytes = datagram, .length = length, .from = from};

    handshake_filter(device, &one, 1);
    if (!one.queued)
        (void)dropped(device, one.reason);
    return one.queued;
}

void vole_public_key(uint8_t public_key[VOLE_KEY_BYTES], const uint8_t private_key[VOLE_KEY_BYTES])
{
    uint8_t clamped[VOLE_KEY_BYTES];

    if (crypto_start() != 0) { /* cannot happen where libsodium loads at all */
        memset(public_key, 0, VOLE_KEY_BYTES);
        return;
    }
    memcpy(clamped, private_key, sizeof clamped);
    x25519_clamp(clamped);
    x25519_base(public_key, clamped);
    memory_wipe(clamped, sizeof clamped);
}

enum vole_vectors vole_limit_vectors(enum vole_vectors most)
{
    static const enum processor_step steps[] = {PROCESSOR_PLAIN, PROCESSOR_AVX2, PROCESSOR_AVX512};

    if (crypto_start() != 0) /* looks at the processor */
        return VOLE_VECTORS_NONE;
    processor_limit((unsigned)most < sizeof steps / sizeof steps[0] ? steps[most] : PROCESSOR_AVX512);
    checksum_allow_avx2(processor_step() >= PROCESSOR_AVX2);
    switch (processor_step()) {
    case PROCESSOR_AVX512:
        return VOLE_VECTORS_AVX512;
    case PROCESSOR_AVX2:
        return VOLE_VECTORS_AVX2;
    case PROCESSOR_PLAIN:
        break;
    }
    return VOLE_VECTORS_NONE;
}

const char *vole_version(void)
{
    return VOLE_VERSION;
}
