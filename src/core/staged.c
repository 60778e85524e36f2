/* SPDX-License-Identifier: MIT
 *
 * The staging arena. A packet is a chain of blocks; its first block also links it into its peer's queue and
 * into the list of all waiting packets by age. All links are block numbers.
 */
#include "core/staged.h"

#include "core/constants.h"
#include "core/peer.h"
#include "core/spin.h"
#include "crypto/memory.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES   512u
#define HEADER_BYTES  32u
#define SMALLEST_SIZE (64u << 10)
#define LARGEST       65535u /* of an inner packet */

struct staged_block {
    uint32_t next_block; /* of this packet, or of the free list */
    /* the rest of the header matters in a packet's first block only */
    uint32_t next_of_peer;
    uint32_t older, newer;
    uint32_t length;
    uint32_t unused;
    struct vole_peer *peer;
    alignas(8) uint8_t bytes[BLOCK_BYTES - HEADER_BYTES]; /* as many where pointers are shorter */
};

_Static_assert(sizeof(struct staged_block) == BLOCK_BYTES, "no holes");

static struct staged_block *block(const struct staged *staged, uint32_t number)
{
    return &staged->blocks[number];
}

int staged_init(struct staged *staged, size_t bytes)
{
    if (bytes < SMALLEST_SIZE)
        return -EINVAL;
    if (bytes / BLOCK_BYTES >= STAGED_NONE)
        bytes = (size_t)(STAGED_NONE - 1) * BLOCK_BYTES;
    memset(staged, 0, sizeof *staged);
    atomic_flag_clear(&staged->lock);
    staged->block_count = staged->free_count = (uint32_t)(bytes / BLOCK_BYTES);
    staged->blocks = malloc((size_t)staged->block_count * BLOCK_BYTES);
    staged->free = staged->oldest = staged->newest = STAGED_NONE;
    return staged->blocks != NULL ? 0 : -ENOMEM;
}

void staged_fini(struct staged *staged)
{
    if (staged->blocks != NULL)
        memory_wipe(staged->blocks, (size_t)staged->fresh * BLOCK_BYTES);
    free(staged->blocks);
    staged->blocks = NULL;
}

void staged_queue_init(struct staged_queue *queue)
{
    *queue = (struct staged_queue){.first = STAGED_NONE, .last = STAGED_NONE};
}

void staged_lock(struct staged *staged)
{
    spin_lock(&staged->lock);
}

void staged_unlock(struct staged *staged)
{
    spin_unlock(&staged->lock);
}

static uint32_t blocks_for(size_t length)
{
    size_t room = sizeof((struct staged_block *)NULL)->bytes;

    return length == 0 ? 1 : (uint32_t)((length + room - 1) / room);
}

static uint32_t take_block(struct staged *staged)
{
    uint32_t number = staged->free;

    if (number != STAGED_NONE)
        staged->free = block(staged, number)->next_block;
    else
        number = staged->fresh++;
    staged->free_count--;
    return number;
}

static uint32_t count_of(const struct vole_peer *peer)
{
    return atomic_load_explicit(&peer->staged.count, memory_order_relaxed);
}

static void set_count(struct vole_peer *peer, uint32_t count)
{
    atomic_store_explicit(&peer->staged.count, count, memory_order_seq_cst); /* see peer_send_staged */
}

/* Takes the peer's first packet off both lists and gives its blocks back, plaintext wiped. */
static void unlink_first(struct staged *staged, struct vole_peer *peer)
{
    uint32_t number = peer->staged.first, next;
    struct staged_block *first = block(staged, number);

    peer->staged.first = first->next_of_peer;
    if (peer->staged.first == STAGED_NONE)
        peer->staged.last = STAGED_NONE;
    set_count(peer, count_of(peer) - 1);
    if (first->older != STAGED_NONE)
        block(staged, first->older)->newer = first->newer;
    else
        staged->oldest = first->newer;
    if (first->newer != STAGED_NONE)
        block(staged, first->newer)->older = first->older;
    else
        staged->newest = first->older;
    for (; number != STAGED_NONE; number = next) {
        next = block(staged, number)->next_block;
        memory_wipe(block(staged, number)->bytes, sizeof first->bytes);
        block(staged, number)->next_block = staged->free;
        staged->free = number;
        staged->free_count++;
    }
}

/* In every queue older packets come first, so the device's oldest is always the first of its peer's. */
static bool make_room(struct staged *staged, uint32_t blocks)
{
    if (blocks > staged->block_count)
        return false;
    while (staged->free_count < blocks) {
        struct vole_peer *peer = block(staged, staged->oldest)->peer;

        unlink_first(staged, peer);
        peer_drop(peer, VOLE_DROP_STAGED_MEMORY, 1);
    }
    return true;
}

static void copy_in(struct staged *staged, uint32_t number, const uint8_t *packet, size_t length)
{
    for (;;) {
        struct staged_block *to = block(staged, number);
        size_t part = length < sizeof to->bytes ? length : sizeof to->bytes;

        if (part > 0) { /* a keepalive has no bytes, and no address */
            memcpy(to->bytes, packet, part);
            packet += part;
            length -= part;
        }
        if (length == 0) {
            to->next_block = STAGED_NONE;
            return;
        }
        number = to->next_block = take_block(staged);
    }
}

static void append(struct staged *staged, struct vole_peer *peer, const uint8_t *packet, size_t length)
{
    uint32_t number;
    struct staged_block *first;

    if (length > LARGEST || !make_room(staged, blocks_for(length))) {
        peer_drop(peer, VOLE_DROP_STAGED_MEMORY, 1);
        return;
    }
    number = take_block(staged);
    first = block(staged, number);
    first->peer = peer;
    first->length = (uint32_t)length;
    first->next_of_peer = first->newer = STAGED_NONE;
    first->older = staged->newest;
    if (staged->newest != STAGED_NONE)
        block(staged, staged->newest)->newer = number;
    else
        staged->oldest = number;
    staged->newest = number;
    if (peer->staged.last != STAGED_NONE)
        block(staged, peer->staged.last)->next_of_peer = number;
    else
        peer->staged.first = number;
    peer->staged.last = number;
    set_count(peer, count_of(peer) + 1);
    copy_in(staged, number, packet, length);
}

static bool only_a_keepalive(const struct staged *staged, const struct vole_peer *peer)
{
    return count_of(peer) == 1 && block(staged, peer->staged.first)->length == 0;
}

void staged_add(struct staged *staged, struct vole_peer *peer, const struct staged_packet *packets,
                size_t count)
{
    uint32_t dropped = 0;

    staged_lock(staged);
    if (!atomic_load_explicit(&peer->removed, memory_order_relaxed)) {
        for (; count_of(peer) > MAX_STAGED_PACKETS; dropped++)
            unlink_first(staged, peer);
        for (size_t i = 0; i < count; i++)
            append(staged, peer, packets[i].bytes, packets[i].length);
    }
    staged_unlock(staged);
    if (dropped > 0)
        peer_drop(peer, VOLE_DROP_STAGED_OVERFLOW, dropped);
}

bool staged_add_keepalive(struct staged *staged, struct vole_peer *peer)
{
    bool added = false;

    staged_lock(staged);
    if (count_of(peer) == 0 && !atomic_load_explicit(&peer->removed, memory_order_relaxed)) {
        append(staged, peer, NULL, 0);
        added = true;
    }
    staged_unlock(staged);
    return added;
}

static void unready(struct staged *staged, struct vole_peer *peer)
{
    struct vole_peer **link = &staged->ready;

    if (!peer->staged.is_ready)
        return;
    while (*link != peer)
        link = &(*link)->staged.ready_next;
    *link = peer->staged.ready_next;
    peer->staged.is_ready = false;
    atomic_fetch_sub_explicit(&staged->ready_count, 1, memory_order_relaxed);
}

uint32_t staged_purge(struct staged *staged, struct vole_peer *peer, enum vole_drop reason)
{
    uint32_t purged = 0, keepalives;

    staged_lock(staged);
    keepalives = only_a_keepalive(staged, peer); /* a waiting keepalive is nobody's loss */
    for (; count_of(peer) > 0; purged++)
        unlink_first(staged, peer);
    unready(staged, peer);
    staged_unlock(staged);
    purged -= keepalives;
    if (purged > 0)
        peer_drop(peer, reason, purged);
    return purged;
}

uint32_t staged_fitting(const struct staged *staged, const struct vole_peer *peer, uint32_t packets,
                        size_t bytes, size_t extra)
{
    uint32_t count = 0;

    for (uint32_t number = peer->staged.first; number != STAGED_NONE && count < packets; count++) {
        const struct staged_block *first = block(staged, number);

        if (first->length + extra > bytes)
            break;
        bytes -= first->length + extra;
        number = first->next_of_peer;
    }
    return count;
}

size_t staged_first_length(const struct staged *staged, const struct vole_peer *peer)
{
    return peer->staged.first != STAGED_NONE ? block(staged, peer->staged.first)->length : SIZE_MAX;
}

void staged_pop(struct staged *staged, struct vole_peer *peer, uint8_t *packet)
{
    uint32_t number = peer->staged.first;
    size_t length = block(staged, number)->length;

    for (; length > 0; number = block(staged, number)->next_block) {
        size_t room = sizeof block(staged, number)->bytes, part = length < room ? length : room;

        memcpy(packet, block(staged, number)->bytes, part);
        packet += part;
        length -= part;
    }
    unlink_first(staged, peer);
}

void staged_mark_ready(struct staged *staged, struct vole_peer *peer)
{
    staged_lock(staged);
    if (!peer->staged.is_ready && count_of(peer) > 0) {
        peer->staged.ready_next = staged->ready;
        staged->ready = peer;
        peer->staged.is_ready = true;
        atomic_fetch_add_explicit(&staged->ready_count, 1, memory_order_release);
    }
    staged_unlock(staged);
}

struct vole_peer *staged_next_ready(struct staged *staged)
{
    struct vole_peer *peer;

    if (atomic_load_explicit(&staged->ready_count, memory_order_acquire) == 0)
        return NULL;
    staged_lock(staged);
    peer = staged->ready;
    if (peer != NULL)
        unready(staged, peer);
    staged_unlock(staged);
    return peer;
}
