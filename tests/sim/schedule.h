/* SPDX-License-Identifier: MIT
 *
 * What will happen, and when: a heap of moments. Two things due at the same moment happen in the order they
 * were scheduled, so that a run is repeatable.
 */
#ifndef SIM_SCHEDULE_H
#define SIM_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world;

/* subject is what it happens to; whoever schedules sees to it that it lives that long. */
typedef void schedule_action(struct world *world, void *subject);

struct schedule_entry {
    uint64_t at_ns, order;
    schedule_action *action;
    void *subject;
};

struct schedule {
    struct schedule_entry *heap;
    size_t count, capacity;
    uint64_t next_order;
};

void schedule_add(struct schedule *schedule, uint64_t at_ns, schedule_action *action, void *subject);
/* When the next one is due; UINT64_MAX: never. */
uint64_t schedule_next(const struct schedule *schedule);
/* Takes the next one out; there is one. */
struct schedule_entry schedule_take(struct schedule *schedule);
void schedule_fini(struct schedule *schedule);

#endif
