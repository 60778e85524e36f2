/* SPDX-License-Identifier: MIT
 *
 * A binary heap; each peer knows its place in it.
 */
#include "core/deadlines.h"

#include "core/peer.h"

#include <errno.h>
#include <stdlib.h>

void deadlines_init(struct deadlines *deadlines)
{
    *deadlines = (struct deadlines){0};
}

void deadlines_fini(struct deadlines *deadlines)
{
    free(deadlines->heap);
    deadlines->heap = NULL;
}

int deadlines_reserve(struct deadlines *deadlines, uint32_t peers)
{
    uint32_t capacity = deadlines->capacity > 0 ? deadlines->capacity : 4;
    struct deadline *heap;

    if (peers <= deadlines->capacity)
        return 0;
    while (capacity < peers)
        capacity += capacity / 2;
    heap = realloc(deadlines->heap, capacity * sizeof *heap);
    if (heap == NULL)
        return -ENOMEM;
    deadlines->heap = heap;
    deadlines->capacity = capacity;
    return 0;
}

static void place(struct deadlines *deadlines, uint32_t position, struct deadline deadline)
{
    deadlines->heap[position] = deadline;
    deadline.peer->deadline_position = position;
}

static void sift_up(struct deadlines *deadlines, uint32_t position, struct deadline deadline)
{
    while (position > 0 && deadlines->heap[(position - 1) / 2].at_ns > deadline.at_ns) {
        place(deadlines, position, deadlines->heap[(position - 1) / 2]);
        position = (position - 1) / 2;
    }
    place(deadlines, position, deadline);
}

static void sift_down(struct deadlines *deadlines, uint32_t position, struct deadline deadline)
{
    for (;;) {
        uint32_t child = 2 * position + 1;

        if (child >= deadlines->count)
            break;
        if (child + 1 < deadlines->count && deadlines->heap[child + 1].at_ns < deadlines->heap[child].at_ns)
            child++;
        if (deadlines->heap[child].at_ns >= deadline.at_ns)
            break;
        place(deadlines, position, deadlines->heap[child]);
        position = child;
    }
    place(deadlines, position, deadline);
}

static void take_off(struct deadlines *deadlines, uint32_t position)
{
    struct deadline last = deadlines->heap[--deadlines->count];

    if (position == deadlines->count)
        return;
    if (position > 0 && deadlines->heap[(position - 1) / 2].at_ns > last.at_ns)
        sift_up(deadlines, position, last);
    else
        sift_down(deadlines, position, last);
}

void deadlines_set(struct deadlines *deadlines, struct vole_peer *peer, uint64_t at_ns)
{
    struct deadline deadline = {at_ns, peer};
    uint32_t position = peer->deadline_position;

    if (position == DEADLINE_UNLISTED) {
        if (at_ns != VOLE_NEVER)
            sift_up(deadlines, deadlines->count++, deadline);
    } else if (at_ns == VOLE_NEVER) {
        take_off(deadlines, position);
        peer->deadline_position = DEADLINE_UNLISTED;
    } else if (at_ns < deadlines->heap[position].at_ns) {
        sift_up(deadlines, position, deadline);
    } else {
        sift_down(deadlines, position, deadline);
    }
}

uint64_t deadlines_first(const struct deadlines *deadlines)
{
    return deadlines->count > 0 ? deadlines->heap[0].at_ns : VOLE_NEVER;
}

struct vole_peer *deadlines_due(const struct deadlines *deadlines, uint64_t monotonic_ns)
{
    return deadlines_first(deadlines) <= monotonic_ns && deadlines->count > 0 ? deadlines->heap[0].peer
                                                                              : NULL;
}
