/* SPDX-License-Identifier: MIT
 *
 * Which peer must be looked at next, and when: a binary heap over the peers' next deadlines. Control only.
 */
#ifndef CORE_DEADLINES_H
#define CORE_DEADLINES_H

#include "vole.h"

#define DEADLINE_UNLISTED UINT32_MAX

struct deadline {
    uint64_t at_ns; /* monotonic */
    struct vole_peer *peer;
};

struct deadlines {
    struct deadline *heap;
    uint32_t count, capacity;
};

void deadlines_init(struct deadlines *deadlines);
void deadlines_fini(struct deadlines *deadlines);
/* Makes room for one more peer, so that deadlines_set never fails. -ENOMEM. */
VOLE_MUST_CHECK int deadlines_reserve(struct deadlines *deadlines, uint32_t peers);
/* VOLE_NEVER takes the peer off. */
void deadlines_set(struct deadlines *deadlines, struct vole_peer *peer, uint64_t at_ns);
uint64_t deadlines_first(const struct deadlines *deadlines); /* VOLE_NEVER: none */
/* The first peer if it is due at now, still listed; NULL if none. */
struct vole_peer *deadlines_due(const struct deadlines *deadlines, uint64_t monotonic_ns);

#endif
