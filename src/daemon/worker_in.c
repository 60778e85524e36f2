/* SPDX-License-Identifier: MIT
 *
 * The way in of one worker: receive -> by type -> run -> open -> coalesce -> TUN write (architecture: walks).
 * Packets stay where they were received; everything is written before the buffers are used again.
 */
#include "core/messages.h"
#include "daemon/worker_state.h"

#include <errno.h>
#include <string.h>

#define SHORT_BYTES ((size_t)8 * 1024)   /* a message on average: then more at once */
#define LONG_BYTES  ((size_t)256 * 1024) /* all messages of one call: then fewer */

static const uint8_t plain_header[VNET_HEADER_BYTES];

static const struct tun *queue_for(const struct worker *worker, const struct iovec *packet)
{
    const struct worker_settings *settings = &worker->settings;

    return flow_queue(settings->all_queues, settings->queues, settings->queue_count, packet->iov_base,
                      packet->iov_len);
}

static int write_one(struct worker *worker, const struct iovec *packet)
{
    struct iovec pieces[2] = {{.iov_base = (void *)plain_header, .iov_len = VNET_HEADER_BYTES}, *packet};

    return tun_write(queue_for(worker, packet), pieces, 2);
}

/* The host's answer, if it has one at once, as to a ping, is in that queue now: it is read without waiting
 * for the queue to be reported. */
static int write_alone(struct worker *worker, const struct iovec *packet)
{
    struct iovec pieces[2] = {{.iov_base = (void *)plain_header, .iov_len = VNET_HEADER_BYTES}, *packet};
    const struct tun *queue = queue_for(worker, packet);

    for (unsigned i = 0; i < worker->settings.queue_count; i++)
        if (queue == &worker->settings.queues[i]) /* it may be another worker's */
            worker->readable |= UINT32_C(1) << i;
    return tun_write(queue, pieces, 2);
}

static void count_failure(struct worker *worker, size_t packets, int error)
{
    if (error != 0)
        device_drop(worker->settings.device,
                    error == -EIO ? VOLE_DROP_INTERFACE_DOWN : VOLE_DROP_DELIVERY_FAILED, packets);
}

/* coalesce_write. A kernel that refuses a merged packet gets its parts, and no merged one of that kind again.
 */
static int write_group(void *context, const struct coalesce_group *group)
{
    struct worker *worker = context;
    int error = tun_write(queue_for(worker, &group->packets[0]), group->slices, (int)group->slice_count);

    if (error == -EINVAL && group->merged) {
        atomic_store_explicit(group->protocol == IP_PROTOCOL_TCP ? &worker->merge_tcp : &worker->merge_udp,
                              false, memory_order_relaxed);
        for (size_t i = 0; i < group->packet_count; i++)
            count_failure(worker, 1, write_one(worker, &group->packets[i]));
        return 0;
    }
    count_failure(worker, group->packet_count, error);
    return 0;
}

static void write_all(struct worker *worker)
{
    (void)coalesce_flush(&worker->coalesce, write_group, worker);
}

static void merge(struct worker *worker, uint8_t *packet, size_t length)
{
    if (coalesce_add(&worker->coalesce, packet, length))
        return;
    write_all(worker);
    (void)!coalesce_add(&worker->coalesce, packet, length); /* empty: it fits */
}

static void open_run(struct worker *worker, const struct vole_time *now)
{
    struct inbound_run *run = &worker->inbound;

    if (run->count == 0)
        return;
    inbound_open(worker->settings.device, run, now);
    for (uint32_t i = 0; i < run->count; i++) {
        const struct inbound_packet *packet = &run->packets[i];

        if (packet->inner == NULL)
            continue;
        if (worker->alone)
            count_failure(worker, 1, write_alone(worker, &(struct iovec){packet->inner, packet->length}));
        else
            merge(worker, packet->inner, packet->length);
    }
    run->count = 0;
}

static bool same_address(const struct vole_address *a, const struct vole_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool same_path(const struct inbound_run *run, const struct udp_received *message)
{
    const struct vole_endpoint *a = &run->from, *b = &message->from;

    return run->traffic_class == message->traffic_class && a->port == b->port && a->scope == b->scope &&
           a->source_interface == b->source_interface && same_address(&a->address, &b->address) &&
           same_address(&a->source, &b->source);
}

static void filter_handshakes(struct worker *worker)
{
    if (worker->handshake_count > 0)
        handshake_filter(worker->settings.device, worker->handshakes, worker->handshake_count);
    worker->handshake_count = 0;
}

/* Or whatever else is not for us to open. */
static void collect_handshake(struct worker *worker, const uint8_t *datagram, size_t length,
                              const struct udp_received *message)
{
    worker->handshakes[worker->handshake_count++] =
        (struct handshake_datagram){.bytes = datagram, .length = length, .from = &message->from};
    if (worker->handshake_count == HANDSHAKE_FILTER_BATCH)
        filter_handshakes(worker);
}

static void take_datagram(struct worker *worker, uint8_t *datagram, size_t length,
                          const struct udp_received *message, const struct vole_time *now)
{
    struct inbound_run *run = &worker->inbound;

    if (message_type(datagram, length) != MESSAGE_TRANSPORT) {
        collect_handshake(worker, datagram, length, message);
        return;
    }
    if (run->count == 0 || !same_path(run, message) || !inbound_add(run, datagram, length)) {
        open_run(worker, now);
        inbound_reset(run, &message->from, message->traffic_class);
        (void)!inbound_add(run, datagram, length); /* an empty run takes anything */
    }
}

static void take_message(struct worker *worker, const struct udp_received *message,
                         const struct vole_time *now)
{
    size_t segment = message->segment_bytes > 0 ? message->segment_bytes : message->length;

    if (message->truncated) {
        device_drop(worker->settings.device, VOLE_DROP_TRUNCATED, 1);
        return;
    }
    if (message->length == 0)
        device_drop(worker->settings.device, VOLE_DROP_MALFORMED, 1);
    for (size_t at = 0; at < message->length; at += segment) {
        size_t rest = message->length - at;

        take_datagram(worker, message->bytes + at, rest < segment ? rest : segment, message, now);
    }
}

/* How many messages to ask for the next time. Short ones, as they come in a flood of handshakes, cost the
 * less the more come at once; long ones that wait in cache cost the least. */
static void learn_wanted(struct worker *worker, int count)
{
    unsigned came = (unsigned)count;
    size_t bytes = 0;

    for (unsigned i = 0; i < came; i++)
        bytes += worker->received[i].length;
    if (came >= worker->wanted && bytes < came * SHORT_BYTES)
        worker->wanted *= 2;
    else if (came < worker->wanted / 2 || bytes > LONG_BYTES)
        worker->wanted /= 2;
    if (worker->wanted > WORKER_BUFFERS_MERGED)
        worker->wanted = WORKER_BUFFERS_MERGED;
    if (worker->wanted < WORKER_BUFFERS_FEW)
        worker->wanted = WORKER_BUFFERS_FEW;
}

void worker_in(struct worker *worker, int socket, const struct vole_time *now)
{
    struct worker_sockets *sockets = atomic_load_explicit(&worker->sockets, memory_order_acquire);
    /* Negative: nothing there, or an error left by an earlier datagram of ours. */
    int count = udp_receive(socket, &sockets->batch, worker->received,
                            sockets->udp.receive_offload ? worker->wanted : WORKER_BUFFERS_SINGLE);

    if (count <= 0)
        return;
    learn_wanted(worker, count);
    worker->inbound.count = 0;
    worker->alone = count == 1 && worker->received[0].segment_bytes >= worker->received[0].length;
    if (!worker->alone)
        coalesce_init(&worker->coalesce, atomic_load_explicit(&worker->merge_tcp, memory_order_relaxed),
                      atomic_load_explicit(&worker->merge_udp, memory_order_relaxed));
    for (int i = 0; i < count; i++)
        take_message(worker, &worker->received[i], now);
    filter_handshakes(worker);
    open_run(worker, now);
    if (!worker->alone)
        write_all(worker);
}
