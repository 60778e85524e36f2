/* SPDX-License-Identifier: MIT
 *
 * Ticks, reservations, and what to do with a wall clock that is behind: see handshake_clock.h.
 */
#include "core/handshake_clock.h"

#include "core/handshake.h"

#include <string.h>

#define TICK_BITS        24u /* a tick is 2^24 ns */
#define TICK_NS          (UINT64_C(1) << TICK_BITS)
#define TICKS_PER_SECOND 60u /* of 16.8 ms; the last of a second is cut short */
/* Nothing later is believed of any clock: ticks and the label of TAI64 have room for more. */
#define LATEST_S (UINT64_C(1) << 56)

_Static_assert(TICKS_PER_SECOND == (UINT64_C(999999999) >> TICK_BITS) + 1, "ticks of a second");

static uint64_t bounded(uint64_t seconds)
{
    return seconds < LATEST_S ? seconds : LATEST_S;
}

static uint64_t tick_of(const struct vole_time *now)
{
    uint64_t tick = now->real_ns >> TICK_BITS;

    return bounded(now->real_s) * TICKS_PER_SECOND + (tick < TICKS_PER_SECOND ? tick : TICKS_PER_SECOND - 1);
}

void handshake_clock_init(struct handshake_clock *clock, bool reserving)
{
    memset(clock, 0, sizeof *clock);
    clock->ceiling_s = reserving ? 0 : VOLE_NEVER;
}

void handshake_clock_reserve(struct handshake_clock *clock, uint64_t from_s, uint64_t until_s)
{
    uint64_t from = bounded(from_s) * TICKS_PER_SECOND;

    clock->waiting = false;
    if (from > clock->next) {
        clock->next = from;
        clock->ticked_ns = 0;
        clock->asked_ns = 0; /* the question was about other seconds */
    }
    if (until_s > clock->ceiling_s)
        clock->ceiling_s = until_s;
}

/* The tick before `next` may be given out once more: it has just begun, as far as anybody can see. */
static bool still_in_last_tick(const struct handshake_clock *clock, const struct vole_time *now)
{
    return clock->ticked_ns != 0 && now->boot_ns - clock->ticked_ns < TICK_NS;
}

/* First tick that is not reserved. */
static uint64_t limit_of(const struct handshake_clock *clock)
{
    return bounded(clock->ceiling_s) * TICKS_PER_SECOND;
}

bool handshake_clock_stamp(struct handshake_clock *clock, const struct vole_time *now,
                           uint8_t timestamp[static TIMESTAMP_BYTES])
{
    uint64_t tick = tick_of(now);
    uint64_t limit = limit_of(clock);
    bool reserved = tick < limit;

    if ((tick < clock->next || !reserved) && still_in_last_tick(clock, now))
        tick = clock->next - 1;
    else if (tick < clock->next)
        tick = clock->next;
    else if (!reserved && clock->next < limit)
        tick = clock->next + (limit - clock->next) / 2;
    if (tick >= limit)
        return false;
    if (tick >= clock->next) {
        clock->next = tick + 1;
        clock->ticked_ns = now->boot_ns;
    }
    handshake_timestamp(timestamp, tick / TICKS_PER_SECOND, (uint32_t)(tick % TICKS_PER_SECOND) << TICK_BITS);
    return true;
}

uint64_t handshake_clock_wish(struct handshake_clock *clock, const struct vole_time *now)
{
    uint64_t tick = tick_of(now);
    uint64_t used_s = (tick > clock->next ? tick : clock->next) / TICKS_PER_SECOND;
    bool lately = clock->asked_ns != 0 && now->boot_ns - clock->asked_ns < HANDSHAKE_CLOCK_BEHIND_SPACING;
    bool behind = tick + TICKS_PER_SECOND < clock->next;
    uint64_t amount_s = behind && !lately ? HANDSHAKE_CLOCK_BEHIND_RESERVED_S : HANDSHAKE_CLOCK_RESERVED_S;

    if (clock->waiting || clock->ceiling_s >= LATEST_S ||
        clock->ceiling_s >= used_s + (behind ? HANDSHAKE_CLOCK_BEHIND_RESERVED_S : amount_s) / 2)
        return 0;
    clock->waiting = true;
    clock->asked_ns = now->boot_ns;
    return used_s + amount_s;
}

uint64_t handshake_clock_used_s(const struct handshake_clock *clock)
{
    return (clock->next + TICKS_PER_SECOND - 1) / TICKS_PER_SECOND;
}
