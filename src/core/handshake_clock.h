/* SPDX-License-Identifier: MIT
 *
 * The clock that stamps initiations (protocol §4.6): the wall clock, made never to go back.
 *
 * A responder takes an initiation only if its timestamp is later than all it has accepted from this public
 * key, so a wall clock that is set back would lock us out until it has caught up. This clock goes on from the
 * last timestamp instead. It counts ticks: the 60 values of 2^24 ns that a second has after rounding, so that
 * tick + 1 is the next timestamp on the wire, into the next second too. While the wall clock is behind it
 * advances one tick per initiation, but no two ticks in less time than a tick lasts; so the wall clock
 * catches up as soon as it can, and two initiations that close share a timestamp, as they do with any clock.
 *
 * Across restarts somebody has to remember (vole.h: hooks.reserve). Timestamps are then reserved in advance:
 * none is given out at or above the ceiling, which is stored, and the next life begins there. More is asked
 * for when less than half of the reservation is left. What is beyond it need not wait: the timestamp is then
 * taken from the middle of what is left, which is in order too, and only if nothing is left the initiation
 * waits.
 *
 * One per device and private key. Control only.
 */
#ifndef CORE_HANDSHAKE_CLOCK_H
#define CORE_HANDSHAKE_CLOCK_H

#include "core/messages.h"
#include "vole.h"

/* A wall clock that is right needs a second per second. One that is behind needs a tick per initiation: less,
 * so that restart after restart does not carry it away. */
#define HANDSHAKE_CLOCK_RESERVED_S        120u
#define HANDSHAKE_CLOCK_BEHIND_RESERVED_S 10u
/* Of those that fall into a minute, only the first is that small: the ceiling is not stored more often. */
#define HANDSHAKE_CLOCK_BEHIND_SPACING (UINT64_C(60) * 1000000000)

struct handshake_clock {
    uint64_t next;      /* lowest tick that may be given out */
    uint64_t ceiling_s; /* ticks stay below this second; VOLE_NEVER: nobody reserves */
    uint64_t ticked_ns; /* boot clock: when the tick before `next` was first given out; 0: not by us */
    uint64_t asked_ns;  /* boot clock: when a reservation was last asked for; 0: never */
    bool waiting;       /* for an answer */
};

/* Begins anew, for a new private key. reserving: nothing is given out until something is reserved. */
void handshake_clock_init(struct handshake_clock *clock, bool reserving);
/* An answer: from_s is where an earlier life may have stopped, below until_s is ours. Neither takes anything
 * back. */
void handshake_clock_reserve(struct handshake_clock *clock, uint64_t from_s, uint64_t until_s);
/* The timestamp for an initiation that is sent now. False: nothing is left; it must wait. */
VOLE_MUST_CHECK bool handshake_clock_stamp(struct handshake_clock *clock, const struct vole_time *now,
                                           uint8_t timestamp[static TIMESTAMP_BYTES]);
/* To be asked after each stamp: the ceiling that should be reserved, or 0 if none is to be asked for. */
VOLE_MUST_CHECK uint64_t handshake_clock_wish(struct handshake_clock *clock, const struct vole_time *now);
/* The second behind that of the last timestamp given out, or where an earlier life stopped; 0: neither. */
uint64_t handshake_clock_used_s(const struct handshake_clock *clock);

#endif
