/* SPDX-License-Identifier: MIT
 *
 * Notices: a stack that many push on and one takes whole. A peer is on it if and only if its bits are not
 * zero, so it is never pushed twice.
 */
#include "core/notices.h"

#include "core/device.h"

void notice_post(struct vole_peer *peer, enum notice notice)
{
    struct vole_device *device = peer->device;
    struct vole_peer *top;

    /* Release: what the notice is about was stored before; control acquires it with the bits. */
    if (atomic_fetch_or_explicit(&peer->notice_bits, notice, memory_order_acq_rel) != 0)
        return;
    top = atomic_load_explicit(&device->notices.posted, memory_order_relaxed);
    do {
        peer->notice_next = top;
    } while (!atomic_compare_exchange_weak_explicit(&device->notices.posted, &top, peer, memory_order_release,
                                                    memory_order_relaxed));
    if (device->hooks.wake_control != NULL)
        device->hooks.wake_control(device->hooks.context);
}

static void take_posted(struct notices *notices)
{
    struct vole_peer *peer, *next;

    if (atomic_load_explicit(&notices->posted, memory_order_relaxed) == NULL)
        return;
    peer = atomic_exchange_explicit(&notices->posted, NULL, memory_order_acquire);
    for (; peer != NULL; peer = next) {
        next = peer->notice_next;
        peer->notice_next = notices->taken;
        notices->taken = peer;
    }
}

struct vole_peer *notices_take(struct notices *notices, unsigned *bits)
{
    struct vole_peer *peer;

    if (notices->taken == NULL)
        take_posted(notices);
    peer = notices->taken;
    if (peer == NULL)
        return NULL;
    notices->taken = peer->notice_next;
    *bits = atomic_exchange_explicit(&peer->notice_bits, 0, memory_order_acq_rel);
    return peer;
}

void notices_forget(struct notices *notices, struct vole_peer *peer)
{
    struct vole_peer **link;

    if (atomic_load_explicit(&peer->notice_bits, memory_order_relaxed) == 0)
        return;
    take_posted(notices);
    for (link = &notices->taken; *link != NULL; link = &(*link)->notice_next)
        if (*link == peer) {
            *link = peer->notice_next;
            return;
        }
}

bool notices_pending(const struct notices *notices)
{
    return notices->taken != NULL || atomic_load_explicit(&notices->posted, memory_order_relaxed) != NULL;
}
