/* SPDX-License-Identifier: MIT
 *
 * A worker from inside, shared by worker.c (its life), worker_out.c and worker_in.c (its work). All memory
 * that packets need is here, mapped once and touched only as traffic comes.
 * Fields are the worker thread's own but for the atomics, which control writes (sockets, icmp, stop) or
 * reads (merge_*, segment).
 */
#ifndef DAEMON_WORKER_STATE_H
#define DAEMON_WORKER_STATE_H

#include "core/handshake_filter.h"
#include "core/inbound.h"
#include "core/outbound.h"
#include "daemon/worker.h"
#include "linux/udp_receive.h"
#include "packet/coalesce.h"

#include <pthread.h>

/* Buffers for what one system call receives: of 64 KiB each when one message may hold many datagrams. */
#define WORKER_BUFFERS_MERGED 32
#define WORKER_BUFFERS_FEW    4 /* of those in use while messages are long, so that they stay in cache */
#define WORKER_BUFFERS_SINGLE 64
#define WORKER_STACK_BYTES    ((size_t)256 * 1024)

struct worker_sockets {
    struct udp_sockets udp;
    struct udp_batch batch; /* the worker's, published with the sockets that need it */
};

struct worker {
    struct worker_settings settings;
    pthread_t thread;
    int epoll, wake;
    uint32_t readable;   /* queues of the TUN that may have packets, as bits */
    unsigned next_queue; /* whose turn it is */
    uint64_t read_ns;    /* when the TUN last had something, monotonic */
    _Atomic bool stop;
    _Atomic(struct worker_sockets *) sockets;
    _Atomic(struct icmp_sockets *) icmp;
    _Atomic bool merge_tcp, merge_udp, segment;

    unsigned wanted; /* messages to ask for at once: more while they are short and many */
    bool alone;      /* one datagram came: nothing to merge it with */
    struct inbound_run inbound;
    struct handshake_datagram handshakes[HANDSHAKE_FILTER_BATCH];
    uint32_t handshake_count;
    struct coalesce coalesce;
    struct udp_received received[WORKER_BUFFERS_SINGLE];
    struct run run;
    uint8_t packet[TUN_PACKET_BYTES + 1];
};

/* Takes from the readable queues of the TUN in turns and sends it. False: the TUN is gone. */
bool worker_out(struct worker *worker, const struct vole_time *now);
/* Sends the staged packets of peers that have a key now. */
void worker_out_drain(struct worker *worker, const struct vole_time *now);
/* Takes what the socket has and delivers it. */
void worker_in(struct worker *worker, int socket, const struct vole_time *now);

#endif
