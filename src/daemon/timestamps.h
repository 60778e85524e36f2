/* SPDX-License-Identifier: MIT
 *
 * The engine's side of the handshakes' clock: passes reservations between the device (vole.h: hooks.reserve)
 * and the keeper in the parent (clock_keeper.h) without waiting for it, gives back what was not used when the
 * key changes and at the end, and says when this machine's clock looks wrong.
 *
 * The keeper answers when the disk does. If that takes longer than TIMESTAMPS_PATIENCE_S, handshakes go on
 * without, which is said once; a late answer still counts. If the keeper is gone, because its thread could
 * not be made, they go on at once.
 * A wrong clock is said when it begins and when it ends: CLOCK_STATE_DOUBT_S behind the last timestamp sent
 * (in this life or an earlier one), or before this program can have been made. Control only.
 */
#ifndef DAEMON_TIMESTAMPS_H
#define DAEMON_TIMESTAMPS_H

#include "vole.h"

#define TIMESTAMPS_PATIENCE_S 3u
/* 2025-01-01: earlier than any clock that is right. */
#define TIMESTAMPS_EARLIEST_S UINT64_C(1735689600)

struct timestamps {
    int keeper;                         /* pair to the keeper, -1: nothing is remembered */
    uint32_t number;                    /* of the last request */
    uint32_t forgotten;                 /* answers up to this number are of before a reset */
    bool asked;                         /* and not answered */
    uint64_t asked_ns;                  /* monotonic */
    uint64_t until_s;                   /* asked for */
    uint8_t public_key[VOLE_KEY_BYTES]; /* asked for */
    bool ended;                         /* there is no keeper any more */
    bool failing;                       /* the keeper cannot store */
    bool slow;                          /* each of these three: and that was said */
    bool behind;
    bool early;
};

struct engine;

/* keeper: a descriptor that stays the caller's, or -1. */
void timestamps_init(struct timestamps *timestamps, int keeper);
/* Of hooks.reserve: passes it on. A device that has sent nothing yet with its key, or was without the key
 * meanwhile and so has forgotten, is told again what is stored. */
void timestamps_ask(struct engine *engine, const uint8_t public_key[static VOLE_KEY_BYTES], uint64_t until_s);
/* Takes the keeper's answers. False: there will be no more, and nothing to wait for. */
VOLE_MUST_CHECK bool timestamps_read(struct engine *engine);
/* Monotonic time at which timestamps_look() has something to do, or VOLE_NEVER. */
uint64_t timestamps_deadline(const struct timestamps *timestamps);
/* To be called after each round of control. */
void timestamps_look(struct engine *engine, const struct vole_time *now);
/* Sets the device's private key, and gives back what the one before had reserved. */
void timestamps_set_private_key(struct engine *engine, const uint8_t private_key[static VOLE_KEY_BYTES],
                                const struct vole_time *now);
/* Somebody knows that the clock was wrong: forgets what was sent and what is stored. */
void timestamps_reset(struct engine *engine);
/* Before the end of the device. */
void timestamps_end(struct engine *engine);

#endif
