/* SPDX-License-Identifier: MIT
 *
 * What workers tell control about a peer: bits in the peer, and a list of the peers that have any. A worker
 * that finds its bit already set says nothing, so control hears of a peer once however many packets come.
 */
#ifndef CORE_NOTICES_H
#define CORE_NOTICES_H

#include "vole.h"

#include <stdatomic.h>

enum notice {
    NOTICE_HANDSHAKE_WANTED = 1, /* a packet has no key to go with, or the key is old */
    NOTICE_KEY_CONFIRMED = 2,    /* the first packet came in on next */
    NOTICE_ENDPOINT_MOVED = 4,
    NOTICE_DEADLINE = 8 /* a timer was armed that is due before control meant to look */
};

struct notices {
    _Atomic(struct vole_peer *) posted; /* pushed by workers */
    struct vole_peer *taken;            /* control's: taken off, not yet handled */
};

/* Sets the bit; wakes control by device's hook if the peer had none. Any thread. */
void notice_post(struct vole_peer *peer, enum notice notice);
/* The next peer with notices and its bits (then cleared); NULL: none. Control only. */
struct vole_peer *notices_take(struct notices *notices, unsigned *bits);
/* Takes a dying peer off the list; when no worker can post for it any more. Control only. */
void notices_forget(struct notices *notices, struct vole_peer *peer);
bool notices_pending(const struct notices *notices);

#endif
