/* SPDX-License-Identifier: MIT
 *
 * Packets that wait for a session (timers §6). One arena per device, in blocks, reserved once and touched
 * only as it fills: nothing is allocated when a packet comes, and the arena's size bounds the memory of all
 * peers together; when it is full the device's oldest waiting packet goes. Per peer a FIFO: before adding,
 * its oldest are dropped while more than 128 wait. An empty packet is a keepalive that waits.
 *
 * Also here: the list of peers whose packets can be sent now because a key arrived (ready).
 * One lock, held for a few copies at most and never across a system call. Any thread.
 */
#ifndef CORE_STAGED_H
#define CORE_STAGED_H

#include "vole.h"

#include <stdatomic.h>

#define STAGED_NONE UINT32_MAX

struct staged_block; /* one block of the arena */

struct staged {
    atomic_flag lock;
    struct staged_block *blocks;
    uint32_t block_count;    /* in the arena */
    uint32_t fresh;          /* blocks from here on were never used */
    uint32_t free;           /* list of used and returned blocks */
    uint32_t free_count;     /* including the never used */
    uint32_t oldest, newest; /* all waiting packets by age */
    struct vole_peer *ready; /* list through staged_queue.ready_next */
    _Atomic uint32_t ready_count;
};

/* Embedded in every peer. */
struct staged_queue {
    uint32_t first, last; /* block numbers of the packets' first blocks */
    _Atomic uint32_t count;
    struct vole_peer *ready_next;
    bool is_ready;
};

VOLE_MUST_CHECK int staged_init(struct staged *staged, size_t bytes); /* -ENOMEM, -EINVAL if below 64 KiB */
void staged_fini(struct staged *staged); /* wipes what is left: it is plaintext */
void staged_queue_init(struct staged_queue *queue);

struct staged_packet {
    const uint8_t *bytes;
    size_t length; /* 0: a keepalive */
};
/* Copies packets, as the segments of one superpacket are, to the end of the peer's queue, or drops and counts
 * what is in their way: the peer's oldest beyond 128, looked at before the first only, as STAGED_OVERFLOW,
 * the device's oldest as STAGED_MEMORY. */
void staged_add(struct staged *staged, struct vole_peer *peer, const struct staged_packet *packets,
                size_t count);
/* Adds a keepalive if nothing waits; true if it did. */
bool staged_add_keepalive(struct staged *staged, struct vole_peer *peer);
/* Drops all of a peer's packets, counting them as reason, and takes it from the ready list. Returns how many.
 */
uint32_t staged_purge(struct staged *staged, struct vole_peer *peer, enum vole_drop reason);

/* Taking packets out, so that counters can be reserved in queue order before anybody else's: lock, look at
 * how many fit, pop them into memory of their length, unlock. */
void staged_lock(struct staged *staged);
void staged_unlock(struct staged *staged);
/* How many of the first packets fit into so many bytes if each takes extra bytes besides its length. */
uint32_t staged_fitting(const struct staged *staged, const struct vole_peer *peer, uint32_t packets,
                        size_t bytes, size_t extra);
size_t staged_first_length(const struct staged *staged, const struct vole_peer *peer); /* SIZE_MAX: none */
void staged_pop(struct staged *staged, struct vole_peer *peer, uint8_t *packet);

/* Puts the peer on the list of those whose packets can be sent, if any wait. */
void staged_mark_ready(struct staged *staged, struct vole_peer *peer);
/* Takes one from the list, NULL if none. Valid until the caller's read section ends. */
struct vole_peer *staged_next_ready(struct staged *staged);

#endif
