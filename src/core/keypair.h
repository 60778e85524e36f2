/* SPDX-License-Identifier: MIT
 *
 * Session keys and their three slots per peer (protocol §5).
 *
 *   event                                   previous       current     next
 *   derive as initiator, next empty         old current    NEW         -
 *   derive as initiator, next occupied      old next       NEW         -
 *   derive as responder                     -              unchanged   NEW
 *   first valid data on next                old current    old next    -
 *
 * Only current sends; all three receive, found by index. A replaced keypair leaves the index table at once
 * and is wiped when the last reader is gone. Control changes the slots; workers touch only the atomics, and
 * the replay window under its guard.
 */
#ifndef CORE_KEYPAIR_H
#define CORE_KEYPAIR_H

#include "core/index.h"
#include "core/replay.h"

#include <stdalign.h>

/* What processors pass between their caches as a whole. */
#define KEYPAIR_LINE_BYTES 64

/* In three parts by who writes, each in cache lines of its own: workers that send change the counter with
 * every run, and must not take from the one that receives what it reads with every packet, nor the other way.
 */
struct keypair {
    struct index_entry entry; /* .index is ours, what the peer writes into its datagrams */
    uint32_t remote_index;    /* the peer's, what we write */
    bool initiator;           /* we were: then rekeying by time is our duty */
    _Atomic bool can_send, can_receive;
    _Atomic bool unconfirmed; /* a responder's, until the first packet received on it */
    uint64_t birth_ns;        /* boot clock */

    alignas(KEYPAIR_LINE_BYTES) _Atomic uint64_t sending_counter;
    uint8_t sending_key[32];

    alignas(KEYPAIR_LINE_BYTES) atomic_flag guard; /* for replay, held for one run at most */
    uint8_t receiving_key[32];
    struct replay replay;
};

struct keypair_slots {
    _Atomic(struct keypair *) current;
    struct keypair *previous, *next; /* control's */
};

struct vole_device;

/* One of zeros in the device's secret memory. NULL: no memory. Control only. */
VOLE_MUST_CHECK struct keypair *keypair_new(struct vole_device *device);
/* Before it is installed. NULL is allowed. */
void keypair_free(struct keypair *keypair);
/* Takes ownership of the new keypair (already in the index table) and frees what it replaces. Control only.
 */
void keypair_install(struct vole_device *device, struct keypair_slots *slots, struct keypair *keypair);
/* The first packet arrived on next: makes it current. False if it is not (any more) next. Control only. */
bool keypair_confirm(struct vole_device *device, struct keypair_slots *slots, struct keypair *keypair);
/* Erases all three. Control only. */
void keypair_erase_all(struct vole_device *device, struct keypair_slots *slots);
/* Sending ends for current and next, receiving goes on (key change, clone). Control only. */
void keypair_stop_sending(struct keypair_slots *slots);
/* Whether it may send now: flag, age, counter. Any thread. */
bool keypair_can_send(const struct keypair *keypair, uint64_t boot_ns);
/* Whether it may receive now; clears the flag once it may not. Any thread. */
bool keypair_can_receive(struct keypair *keypair, uint64_t boot_ns);
/* Reserves count consecutive sending counters; false (and no more sending) if the limit is reached. */
bool keypair_reserve(struct keypair *keypair, uint32_t count, uint64_t *first);

#endif
