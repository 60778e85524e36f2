/* SPDX-License-Identifier: MIT
 *
 * Counting drops. The reasons are the public list in vole_drops.h; here are their counters: one set per
 * device, and a smaller one per peer with only those reasons that can be blamed on a peer.
 * Any thread may count; readers see a value that was true a moment ago.
 */
#ifndef CORE_DROPS_H
#define CORE_DROPS_H

#include "vole_drops.h"

#include <stdatomic.h>
#include <stdint.h>

/* Position of a reason in a peer's counters; VOLE_DROP_COUNT entries would waste memory in every peer. */
enum drop_peer_slot {
#define DROP_SLOT_PEER(name) DROP_PEER_##name,
#define DROP_SLOT_DEVICE(name)
#define DROP_SLOT(name, word, blame, text, advice) DROP_SLOT_##blame(name)
    VOLE_DROP_REASONS(DROP_SLOT)
#undef DROP_SLOT
#undef DROP_SLOT_DEVICE
#undef DROP_SLOT_PEER
        DROP_PEER_SLOTS
};

struct drop_counters {
    _Atomic uint64_t count[VOLE_DROP_COUNT];
};

struct drop_peer_counters {
    _Atomic uint32_t count[DROP_PEER_SLOTS]; /* stops at its maximum */
};

/* Slot of a reason, or -1 if it is not counted per peer. */
int drop_peer_slot(enum vole_drop reason);
void drop_count(struct drop_counters *device, struct drop_peer_counters *peer, enum vole_drop reason,
                uint64_t packets);

#endif
