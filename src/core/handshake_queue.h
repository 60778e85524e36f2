/* SPDX-License-Identifier: MIT
 *
 * Handshake messages on their way from the workers to control: 4096 at most (cookies §6). Memory is reserved
 * once and touched only as far as it ever filled: an empty queue starts again at its beginning.
 *
 * Workers put, control takes. Control takes no lock and reads messages where they lie, so no worker ever
 * waits for it, even if it is not running. Workers have a lock among themselves, held for one copy; from half
 * full on a worker does not wait for that either, but drops.
 */
#ifndef CORE_HANDSHAKE_QUEUE_H
#define CORE_HANDSHAKE_QUEUE_H

#include "core/constants.h"
#include "core/messages.h"
#include "vole.h"

#include <stdatomic.h>

/* Places that a flood shall not take, while control is under load and so polls: handshake_filter.h. */
#define HANDSHAKE_QUEUE_KEPT (MAX_QUEUED_INCOMING_HANDSHAKES / 4)

struct queued_handshake {
    struct vole_endpoint from;
    uint32_t generation; /* of the identity under which mac1 was checked; of no meaning in a cookie reply */
    uint16_t length;
    uint8_t message[HANDSHAKE_MAX_BYTES];
};

struct handshake_queue {
    atomic_flag lock;     /* the workers' */
    _Atomic uint32_t put; /* messages so far, by workers under their lock */
    _Atomic uint32_t
        base; /* message number n lies in slot (n - base) mod 4096; as put, while all are taken */
    struct queued_handshake *slots;
    _Atomic uint32_t taken; /* messages so far, by control */
    _Atomic bool polled;    /* control looks by itself */
};

VOLE_MUST_CHECK int handshake_queue_init(struct handshake_queue *queue); /* -ENOMEM */
void handshake_queue_fini(struct handshake_queue *queue);
/* False: full or contended; the caller counts HANDSHAKE_QUEUE_FULL. *first: control has nothing before this
 * message and may be asleep: wake it. Never while control polls. Any thread. */
VOLE_MUST_CHECK bool handshake_queue_put(struct handshake_queue *queue, const uint8_t *message, size_t length,
                                         const struct vole_endpoint *from, uint32_t generation, bool *first);
/* The oldest message but `skip`, which stays in the queue; NULL if there is none. Control only. */
const struct queued_handshake *handshake_queue_look(const struct handshake_queue *queue, uint32_t skip);
/* Takes the oldest messages out; what was looked at is gone. Control only. */
void handshake_queue_take(struct handshake_queue *queue, uint32_t count);
void handshake_queue_clear(struct handshake_queue *queue);
/* Whether control will look often by itself, so that nobody need wake it. Who ends it looks once more before
 * sleeping. Control only. */
void handshake_queue_poll(struct handshake_queue *queue, bool polled);
/* How many were ever taken; it wraps. Control only. */
static inline uint32_t handshake_queue_taken(const struct handshake_queue *queue)
{
    return atomic_load_explicit(&queue->taken, memory_order_relaxed);
}

/* How many wait. Control sees none too few after a take, so that what it does not see wakes it. */
static inline uint32_t handshake_queue_count(const struct handshake_queue *queue)
{
    uint32_t taken = atomic_load_explicit(&queue->taken, memory_order_seq_cst);

    return atomic_load_explicit(&queue->put, memory_order_seq_cst) - taken;
}

/* Whether control looks by itself, and no more than the kept places are left. */
static inline bool handshake_queue_is_scarce(const struct handshake_queue *queue)
{
    return atomic_load_explicit(&queue->polled, memory_order_relaxed) &&
           handshake_queue_count(queue) >= MAX_QUEUED_INCOMING_HANDSHAKES - HANDSHAKE_QUEUE_KEPT;
}

static inline bool handshake_queue_is_full(const struct handshake_queue *queue)
{
    return handshake_queue_count(queue) >= MAX_QUEUED_INCOMING_HANDSHAKES;
}

#endif
