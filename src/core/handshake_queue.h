/* SPDX-License-Identifier: MIT
 *
 * Handshake messages on their way from the workers to control: 4096 at most (cookies §6). Memory is reserved
 * once and touched only as far as it ever filled: an empty queue starts again at its beginning.
 * Workers put, control takes. From half full on a worker does not wait for the lock but drops.
 */
#ifndef CORE_HANDSHAKE_QUEUE_H
#define CORE_HANDSHAKE_QUEUE_H

#include "core/constants.h"
#include "core/messages.h"
#include "vole.h"

#include <stdatomic.h>

struct queued_handshake {
    struct vole_endpoint from;
    uint16_t length;
    uint8_t message[HANDSHAKE_MAX_BYTES];
};

struct handshake_queue {
    atomic_flag lock;
    uint32_t head; /* next to take */
    _Atomic uint32_t count;
    struct queued_handshake *slots;
};

VOLE_MUST_CHECK int handshake_queue_init(struct handshake_queue *queue); /* -ENOMEM */
void handshake_queue_fini(struct handshake_queue *queue);
/* False: full or contended; the caller counts HANDSHAKE_QUEUE_FULL. Any thread. */
VOLE_MUST_CHECK bool handshake_queue_put(struct handshake_queue *queue, const uint8_t *message, size_t length,
                                         const struct vole_endpoint *from);
/* Copies the oldest out; *queued is how many there were, with this one. False: empty. Control only. */
bool handshake_queue_take(struct handshake_queue *queue, struct queued_handshake *out, uint32_t *queued);
void handshake_queue_clear(struct handshake_queue *queue);
static inline uint32_t handshake_queue_count(const struct handshake_queue *queue)
{
    return atomic_load_explicit(&queue->count, memory_order_relaxed);
}

#endif
