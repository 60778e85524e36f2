/* SPDX-License-Identifier: MIT
 *
 * The keeper of the handshakes' clock: a thread of the privileged parent that reads and writes the state file
 * (config/clock_state.h), so that neither the engine's control nor the parent ever waits for a disk.
 *
 * It has a pair of its own with the engine (daemon/timestamps.h). Per request:
 *
 *   begin     of an engine that knows nothing of this key, or no longer, as it was without it: a reserve
 *             that is answered as the first for a key.
 *   reserve   stores a ceiling unless a higher one is stored, then answers. The first answer for a key also
 *             tells what was stored before, where the engine goes on. What cannot be stored is granted all
 *             the same, with the error: a tunnel without memory is better than none.
 *   release   when the engine goes, or its key: what was reserved but not used is given back, unless somebody
 *             else (another interface with that key, `vole clock reset`) has changed the file meanwhile. No
 *             answer.
 *   forget    removes the file. No answer.
 *
 * Files are made, changed and removed only for keys that were reserved for since the start, and no more than
 * KEEPER_KEYS of those: whoever takes the engine over cannot fill the disk, nor make more keys forget their
 * time than that.
 *
 * What is wrong with directory or file is logged when it begins and when it ends, not each time. The thread
 * ends when the engine's end of the pair is closed and everything that was asked is done.
 */
#ifndef DAEMON_CLOCK_KEEPER_H
#define DAEMON_CLOCK_KEEPER_H

#include "vole.h"

#include <pthread.h>

/* Enough for a new key per day, and a year. */
#define KEEPER_KEYS 512u

enum keeper_kind { KEEPER_BEGIN = 1, KEEPER_RESERVE, KEEPER_RELEASE, KEEPER_FORGET };

/* As on the wire between our own two processes. Every bit pattern means something or is refused. */
struct keeper_request {
    uint32_t kind;   /* enum keeper_kind */
    uint32_t number; /* comes back in the answer */
    uint8_t public_key[VOLE_KEY_BYTES];
    uint64_t until_s; /* begin, reserve, release */
};

struct keeper_answer {
    uint32_t number;
    int32_t error; /* 0, or the negative errno that kept it from being stored */
    uint8_t public_key[VOLE_KEY_BYTES];
    uint64_t from_s; /* what was stored before the engine began; then 0 */
    uint64_t until_s;
};

struct keeper_key {
    uint8_t public_key[VOLE_KEY_BYTES];
    bool known;         /* the engine was told what was stored for it */
    uint64_t written_s; /* by us, last */
    uint64_t others_s;  /* the greatest that was found and not written by us */
};

struct clock_keeper {
    const char *directory; /* borrowed */
    const char *interface; /* borrowed */
    int engine;            /* our end of the pair; the thread closes it */
    pthread_t thread;
    int over[2]; /* a pipe: the thread closes its end last */
    bool running;
    /* the thread's */
    struct keeper_key keys[KEEPER_KEYS];
    unsigned key_count;
    bool failing; /* and that was said */
    bool full;    /* as well */
};

/* Starts the thread; the keeper must stay where it is. 0, or a negative errno with our end of the pair
 * closed, by which the engine knows. */
VOLE_MUST_CHECK int clock_keeper_start(struct clock_keeper *keeper);
/* Waits for its end, but not forever: a disk that hangs keeps nobody. The engine must have ended. */
void clock_keeper_stop(struct clock_keeper *keeper);

/* What the thread does for one request; true: there is an answer. */
bool clock_keeper_serve(struct clock_keeper *keeper, const struct keeper_request *request,
                        struct keeper_answer *answer);

#endif
