/* SPDX-License-Identifier: MIT
 *
 * Receiving many UDP messages with one system call (offload §7), each with where it came from, which of our
 * addresses it was sent to (routing §9) and its TOS byte.
 *
 * A struct udp_batch holds the buffers and all that recvmmsg() needs, prepared once. Its memory is mapped,
 * not allocated: what no datagram has touched costs nothing.
 * Ownership: init/fini. What udp_receive() returns points into the batch and is valid, and may be written
 * to, until the next call with that batch.
 * Threads: one thread per batch.
 */
#ifndef VOLE_LINUX_UDP_RECEIVE_H
#define VOLE_LINUX_UDP_RECEIVE_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Buffer that holds whatever one message may be: needed whenever receive offload is on. */
#define UDP_BUFFER_BYTES 65536

struct udp_slot; /* one message's header, control buffer and address */

struct udp_batch {
    uint8_t *buffers; /* count times buffer_bytes */
    size_t buffer_bytes;
    size_t count;
    struct mmsghdr *messages; /* count of them, in the same mapping as slots */
    struct udp_slot *slots;
    size_t slots_bytes;
};

struct udp_received {
    uint8_t *bytes;
    size_t length;
    size_t segment_bytes;      /* each datagram in bytes but the last is this long; = length if single */
    struct vole_endpoint from; /* source: the address it was sent to; source_interface: IPv4 only */
    uint8_t traffic_class;     /* whole TOS byte */
    bool truncated;            /* did not fit; nothing in bytes may be used */
};

/* Maps room for count messages of buffer_bytes each (rounded up to whole pages). -ENOMEM. */
VOLE_MUST_CHECK int udp_batch_init(struct udp_batch *batch, size_t count, size_t buffer_bytes);
void udp_batch_fini(struct udp_batch *batch);

/* Takes what waits on the socket, never waiting: up to capacity messages (and at most the batch's count).
 * Returns how many, at least 1. -EAGAIN: none there. Messages that are not from an IP address are left out,
 * so 0 is possible. */
VOLE_MUST_CHECK int udp_receive(int fd, struct udp_batch *batch, struct udp_received *received,
                                size_t capacity);

#endif
