/* SPDX-License-Identifier: MIT
 *
 * The replay window of one receiving key (protocol §7): RFC 6479's ring of words, window 8128.
 * Touched only after a packet was authenticated, in arrival order, by one thread at a time
 * (keypair.h holds the guard).
 */
#ifndef CORE_REPLAY_H
#define CORE_REPLAY_H

#include "core/constants.h"

#include <stdatomic.h>
#include <stdbool.h>

#define REPLAY_WORDS (REPLAY_BITS / 64)

struct replay {
    _Atomic uint64_t top; /* highest accepted counter plus one; 0: none yet. Atomic for lock-free peeking */
    uint64_t bits[REPLAY_WORDS];
};

/* Accepts the counter and remembers it, or says that it was seen before, is too old, or beyond the limit. */
bool replay_accept(struct replay *replay, uint64_t counter);

#endif
