/* SPDX-License-Identifier: MIT
 *
 * The way out of one worker: TUN read -> split -> route -> run -> seal -> send (architecture: walks).
 * Reads until the TUN is empty or its share of the loop is used up, then flushes: a batch is never waited
 * for.
 */
#include "daemon/transmit.h"
#include "daemon/worker_state.h"
#include "linux/clock.h"
#include "packet/icmp.h"
#include "packet/ip.h"
#include "packet/split.h"

#include <errno.h>

#define PAUSE_NS UINT64_C(1000000) /* a packet after such a pause is taken for a lone one */

/* Then the other direction gets its share: small packets by number, superpackets by bytes. */
#define READS_PER_TURN    64
#define BYTES_PER_TURN    ((size_t)128 * 1024)
#define SUPERPACKET_BYTES ((size_t)16 * 1024) /* sealed and sent at once, while it is in cache */

/* The longest row of datagrams from first on that one segmented send can carry. */
static uint32_t equal_sized(const struct run *run, uint32_t first)
{
    const struct run_packet *packets = run->packets;
    uint32_t end = first + 1;

    while (end < run->count && packets[end].traffic_class == packets[first].traffic_class &&
           packets[end].length == packets[first].length)
        end++;
    if (end < run->count && packets[end].traffic_class == packets[first].traffic_class &&
        packets[end].length < packets[first].length)
        end++; /* the last one may be shorter */
    return end - first;
}

static void send_sealed(struct worker *worker, const struct vole_endpoint *to, const struct vole_time *now)
{
    const struct worker_sockets *sockets = atomic_load_explicit(&worker->sockets, memory_order_acquire);
    struct run *run = &worker->run;
    uint32_t count;

    for (uint32_t first = 0; first < run->count; first += count) {
        const struct run_packet *packet = &run->packets[first];
        struct transmit_result result = {.error = -ENETDOWN};

        count = equal_sized(run, first);
        /* Longer ones could not even be said to the network; it refuses those that are nearly as long. */
        if (sockets != NULL && to->address.family != 0 && packet->length <= UINT16_MAX)
            result = transmit_run(&sockets->udp, &worker->segment, to, packet->traffic_class,
                                  run->bytes + packet->offset, count, (uint16_t)packet->length,
                                  (uint16_t)run->packets[first + count - 1].length);
        if (result.source_vanished)
            endpoint_clear_source(&run->peer->endpoint);
        if (result.sent > 0)
            outbound_sent(run, first, result.sent, now);
        if (result.sent < count)
            outbound_refused(run, first + result.sent, count - result.sent);
    }
    outbound_finish(run, now);
}

static void drain_peer(struct worker *worker, struct vole_peer *peer, const struct vole_time *now)
{
    struct vole_endpoint to;

    while (outbound_drain(worker->settings.device, peer, &worker->run, &to, now))
        send_sealed(worker, &to, now);
    run_reset(&worker->run, NULL);
}

void worker_out_drain(struct worker *worker, const struct vole_time *now)
{
    struct vole_peer *peer;

    while ((peer = staged_next_ready(&worker->settings.device->staged)) != NULL)
        drain_peer(worker, peer, now);
}

static void flush(struct worker *worker, const struct vole_time *now)
{
    struct run *run = &worker->run;
    struct vole_peer *peer = run->peer;
    struct vole_endpoint to;

    if (run->count > 0)
        switch (outbound_prepare(worker->settings.device, run, &to, now)) {
        case RUN_SEALED:
            send_sealed(worker, &to, now);
            break;
        case RUN_BEHIND:
            drain_peer(worker, peer, now);
            break;
        case RUN_STAGED:
            break;
        }
    run_reset(run, peer);
}

/* Tells the sender, as the kernel would (routing §4). */
static void refuse(struct worker *worker, const uint8_t *packet, size_t length, const struct vole_time *now)
{
    const struct icmp_sockets *sockets = atomic_load_explicit(&worker->icmp, memory_order_acquire);
    uint8_t message[ICMP_UNREACHABLE_BYTES];
    size_t message_length = icmp_unreachable(message, sizeof message, packet, length);
    struct vole_address to;

    if (sockets == NULL || message_length == 0)
        return;
    to = ip_source(packet);
    if (icmp_limit_allow(worker->settings.icmp_limit, &to, now->monotonic_ns))
        (void)icmp_send(sockets, &to, message, message_length);
}

static void take_packet(struct worker *worker, const struct vnet_header *header, size_t length,
                        const struct vole_time *now)
{
    struct vole_device *device = worker->settings.device;
    uint32_t mtu = atomic_load_explicit(&device->mtu, memory_order_relaxed);
    struct run *run = &worker->run;
    struct vole_peer *peer;
    enum vole_drop reason;
    struct split split;
    size_t largest;
    bool continues = false;

    if (outbound_route(device, worker->packet, length, &peer, &reason) == VOLE_DROPPED) {
        if (reason == VOLE_DROP_NO_PEER || reason == VOLE_DROP_NO_ENDPOINT)
            refuse(worker, worker->packet, length, now);
        return;
    }
    if (split_begin(&split, header, worker->packet, length) != 0) {
        device_drop(device, VOLE_DROP_UNSUPPORTED_OFFLOAD, 1);
        return;
    }
    if (run->peer != peer) {
        flush(worker, now);
        run_reset(run, peer);
    }
    largest = split_segment_bytes(&split);
    while (split_remaining(&split) > 0) {
        uint8_t *place = run_place(run, largest);
        size_t segment;

        if (place == NULL) {
            flush(worker, now);
            continue; /* an empty run has room for any packet */
        }
        segment = split_next(&split, place, largest);
        if (segment == 0)
            break;
        run_add(run, segment, continues, mtu);
        continues = true;
    }
    if (length >= SUPERPACKET_BYTES)
        flush(worker, now);
}

/* The queue whose turn it is; one must be readable. */
static unsigned next_queue(struct worker *worker)
{
    uint32_t later = worker->readable & -(UINT32_C(1) << worker->next_queue);
    unsigned queue = (unsigned)__builtin_ctz(later != 0 ? later : worker->readable);

    worker->next_queue = (queue + 1) % worker->settings.queue_count;
    return queue;
}

/* What is left of a turn. */
struct turn {
    unsigned reads;
    size_t bytes;
};

/* Takes a queue's share: until it is empty or its share of bytes is used up, so that packets of one flow, and
 * with it of one peer, stay together. False: the TUN is gone. */
static bool take_share(struct worker *worker, unsigned queue, struct turn *left, const struct vole_time *now)
{
    struct vnet_header header;
    size_t share = 0;

    while (share < SUPERPACKET_BYTES && left->reads > 0) {
        ssize_t length =
            tun_read(&worker->settings.queues[queue], &header, worker->packet, sizeof worker->packet);

        left->reads--;
        if (length == -EINTR)
            continue;
        if (length < 0) {
            worker->readable &= ~(UINT32_C(1) << queue);
            return length != -EBADFD && length != -EBADF && length != -ENODEV;
        }
        worker->read_ns = now->monotonic_ns;
        if (length > 0)
            take_packet(worker, &header, (size_t)length, now);
        share += (size_t)length;
    }
    left->bytes -= share < left->bytes ? share : left->bytes;
    return true;
}

bool worker_out(struct worker *worker, const struct vole_time *now)
{
    struct turn left = {.reads = READS_PER_TURN, .bytes = BYTES_PER_TURN};
    bool present = true;

    if (now->monotonic_ns - worker->read_ns > PAUSE_NS)
        left.reads = 1; /* and sent before we look for more */
    run_reset(&worker->run, NULL);
    while (left.reads > 0 && left.bytes > 0 && worker->readable != 0)
        present = take_share(worker, next_queue(worker), &left, now) && present;
    flush(worker, now);
    return present;
}
