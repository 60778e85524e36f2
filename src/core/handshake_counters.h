/* SPDX-License-Identifier: MIT
 *
 * Counting what became of handshakes (vole_handshakes.h), per device. Control counts; any thread may read a
 * value that was true a moment ago.
 */
#ifndef CORE_HANDSHAKE_COUNTERS_H
#define CORE_HANDSHAKE_COUNTERS_H

#include "vole_handshakes.h"

#include <stdatomic.h>
#include <stdint.h>

struct handshake_counters {
    _Atomic uint64_t count[VOLE_HANDSHAKE_COUNT];
};

static inline void handshake_count(struct handshake_counters *counters, enum vole_handshake_outcome outcome)
{
    atomic_fetch_add_explicit(&counters->count[outcome], 1, memory_order_relaxed);
}

#endif
