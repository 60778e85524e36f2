/* SPDX-License-Identifier: MIT
 *
 * The queue of handshake messages: a ring of two counters that only grow.
 *
 * A message is written before put counts it, and read before taken does. base moves only while put and taken
 * are equal; control, which looks at base after a put that is ahead of taken, sees it as it was then.
 *
 * Whether control must be woken: a worker publishes put and then looks at taken; control publishes taken and
 * then looks at put before it sleeps. All four are in one order (sequentially consistent), so at least one of
 * them sees the other. The end of polling is published in the same way.
 */
#include "core/handshake_queue.h"

#include "core/spin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HALF_FULL (MAX_QUEUED_INCOMING_HANDSHAKES / 2)

int handshake_queue_init(struct handshake_queue *queue)
{
    memset(queue, 0, sizeof *queue);
    atomic_flag_clear(&queue->lock);
    queue->slots = malloc(MAX_QUEUED_INCOMING_HANDSHAKES * sizeof *queue->slots);
    return queue->slots != NULL ? 0 : -ENOMEM;
}

void handshake_queue_fini(struct handshake_queue *queue)
{
    free(queue->slots);
    queue->slots = NULL;
}

static struct queued_handshake *slot_of(const struct handshake_queue *queue, uint32_t number)
{
    uint32_t base = atomic_load_explicit(&queue->base, memory_order_relaxed);

    return &queue->slots[(number - base) % MAX_QUEUED_INCOMING_HANDSHAKES];
}

/* Under the workers' lock. */
static bool put(struct handshake_queue *queue, const uint8_t *message, size_t length,
                const struct vole_endpoint *from, uint32_t generation)
{
    uint32_t number = atomic_load_explicit(&queue->put, memory_order_relaxed);
    uint32_t count = handshake_queue_count(queue);
    struct queued_handshake *slot;

    if (count >= MAX_QUEUED_INCOMING_HANDSHAKES)
        return false;
    if (count == 0) /* stay in memory that is already touched */
        atomic_store_explicit(&queue->base, number, memory_order_relaxed);
    slot = slot_of(queue, number);
    slot->from = *from;
    slot->generation = generation;
    slot->length = (uint16_t)length;
    memcpy(slot->message, message, length);
    atomic_store_explicit(&queue->put, number + 1, memory_order_seq_cst);
    return true;
}

bool handshake_queue_put(struct handshake_queue *queue, const uint8_t *message, size_t length,
                         const struct vole_endpoint *from, uint32_t generation, bool *first)
{
    uint32_t count = handshake_queue_count(queue);
    bool taken;

    if (length > HANDSHAKE_MAX_BYTES || count >= MAX_QUEUED_INCOMING_HANDSHAKES)
        return false;
    if (count <= HALF_FULL)
        spin_lock(&queue->lock);
    else if (!spin_try_lock(&queue->lock))
        return false;
    taken = put(queue, message, length, from, generation);
    *first = taken && handshake_queue_count(queue) <= 1 &&
             !atomic_load_explicit(&queue->polled, memory_order_seq_cst);
    spin_unlock(&queue->lock);
    return taken;
}

const struct queued_handshake *handshake_queue_look(const struct handshake_queue *queue, uint32_t skip)
{
    return skip < handshake_queue_count(queue) ? slot_of(queue, handshake_queue_taken(queue) + skip) : NULL;
}

void handshake_queue_take(struct handshake_queue *queue, uint32_t count)
{
    atomic_store_explicit(&queue->taken, handshake_queue_taken(queue) + count, memory_order_seq_cst);
}

void handshake_queue_clear(struct handshake_queue *queue)
{
    handshake_queue_take(queue, handshake_queue_count(queue));
}

void handshake_queue_poll(struct handshake_queue *queue, bool polled)
{
    if (atomic_load_explicit(&queue->polled, memory_order_relaxed) != polled)
        atomic_store_explicit(&queue->polled, polled, memory_order_seq_cst);
}
