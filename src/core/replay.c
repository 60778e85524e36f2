/* SPDX-License-Identifier: MIT
 *
 * RFC 6479's anti-replay ring. A counter c is kept as c + 1, so that top 0 means "none yet".
 */
#include "core/replay.h"

bool replay_accept(struct replay *replay, uint64_t counter)
{
    uint64_t top = atomic_load_explicit(&replay->top, memory_order_relaxed);
    uint64_t number = counter + 1, word = number / 64, bit = UINT64_C(1) << (number % 64);

    if (counter >= REJECT_AFTER_MESSAGES || top >= REJECT_AFTER_MESSAGES + 1)
        return false;
    if (number + REPLAY_WINDOW < top) /* cannot wrap: counter is below the limit */
        return false;
    if (number > top) {
        uint64_t skipped = word - top / 64;

        if (skipped > REPLAY_WORDS)
            skipped = REPLAY_WORDS;
        for (uint64_t i = 1; i <= skipped; i++)
            replay->bits[(top / 64 + i) % REPLAY_WORDS] = 0;
        atomic_store_explicit(&replay->top, number, memory_order_relaxed);
    }
    if (replay->bits[word % REPLAY_WORDS] & bit)
        return false;
    replay->bits[word % REPLAY_WORDS] |= bit;
    return true;
}
