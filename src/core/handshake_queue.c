/* SPDX-License-Identifier: MIT
 *
 * The queue of handshake messages: a ring under a lock held for one copy.
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

bool handshake_queue_put(struct handshake_queue *queue, const uint8_t *message, size_t length,
                         const struct vole_endpoint *from)
{
    uint32_t count = handshake_queue_count(queue);
    struct queued_handshake *slot;

    if (length > sizeof slot->message || count >= MAX_QUEUED_INCOMING_HANDSHAKES)
        return false;
    if (count <= HALF_FULL)
        spin_lock(&queue->lock);
    else if (!spin_try_lock(&queue->lock))
        return false;
    count = handshake_queue_count(queue);
    if (count < MAX_QUEUED_INCOMING_HANDSHAKES) {
        if (count == 0)
            queue->head = 0; /* stay in memory that is already touched */
        slot = &queue->slots[(queue->head + count) % MAX_QUEUED_INCOMING_HANDSHAKES];
        slot->from = *from;
        slot->length = (uint16_t)length;
        memcpy(slot->message, message, length);
        atomic_store_explicit(&queue->count, count + 1, memory_order_relaxed);
    }
    spin_unlock(&queue->lock);
    return count < MAX_QUEUED_INCOMING_HANDSHAKES;
}

bool handshake_queue_take(struct handshake_queue *queue, struct queued_handshake *out, uint32_t *queued)
{
    if (handshake_queue_count(queue) == 0)
        return false;
    spin_lock(&queue->lock);
    *queued = handshake_queue_count(queue);
    if (*queued > 0) {
        *out = queue->slots[queue->head];
        queue->head = (queue->head + 1) % MAX_QUEUED_INCOMING_HANDSHAKES;
        atomic_store_explicit(&queue->count, *queued - 1, memory_order_relaxed);
    }
    spin_unlock(&queue->lock);
    return *queued > 0;
}

void handshake_queue_clear(struct handshake_queue *queue)
{
    spin_lock(&queue->lock);
    atomic_store_explicit(&queue->count, 0, memory_order_relaxed);
    spin_unlock(&queue->lock);
}
