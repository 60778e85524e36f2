/* SPDX-License-Identifier: MIT
 *
 * A binary heap ordered by moment, then by order of scheduling.
 */
#include "schedule.h"

#include "memory.h"

#include <stdlib.h>

static bool is_before(const struct schedule_entry *a, const struct schedule_entry *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

void schedule_add(struct schedule *schedule, uint64_t at_ns, schedule_action *action, void *subject)
{
    struct schedule_entry entry = {at_ns, schedule->next_order++, action, subject};
    size_t place = schedule->count++;

    if (schedule->count > schedule->capacity) {
        schedule->capacity = schedule->count * 2;
        schedule->heap = memory_grow(schedule->heap, schedule->capacity, sizeof *schedule->heap);
    }
    for (; place > 0 && is_before(&entry, &schedule->heap[(place - 1) / 2]); place = (place - 1) / 2)
        schedule->heap[place] = schedule->heap[(place - 1) / 2];
    schedule->heap[place] = entry;
}

uint64_t schedule_next(const struct schedule *schedule)
{
    return schedule->count > 0 ? schedule->heap[0].at_ns : UINT64_MAX;
}

struct schedule_entry schedule_take(struct schedule *schedule)
{
    struct schedule_entry first = schedule->heap[0], last = schedule->heap[--schedule->count];
    size_t place = 0, child;

    while ((child = 2 * place + 1) < schedule->count) {
        if (child + 1 < schedule->count && is_before(&schedule->heap[child + 1], &schedule->heap[child]))
            child++;
        if (!is_before(&schedule->heap[child], &last))
            break;
        schedule->heap[place] = schedule->heap[child];
        place = child;
    }
    schedule->heap[place] = last;
    return first;
}

void schedule_fini(struct schedule *schedule)
{
    free(schedule->heap);
    *schedule = (struct schedule){0};
}
