/* SPDX-License-Identifier: MIT
 *
 * Which event drives which timer (timers §2), in the order of timers.h.
 */
#include "core/timers.h"

#include "core/device.h"
#include "core/exchange.h"

/* Arming a mark and then reading look_ns stands against control's storing look_ns and then reading the marks
 * (timers_schedule). All four are sequentially consistent: either control sees the mark when it decides when
 * to look, or the worker sees what it decided. Clearing a mark needs no order: a look too many does no harm.
 */
static uint64_t load(const _Atomic uint64_t *mark)
{
    return atomic_load_explicit(mark, memory_order_seq_cst);
}

static void arm(_Atomic uint64_t *mark, uint64_t value)
{
    atomic_store_explicit(mark, value, memory_order_seq_cst);
}

static void store(_Atomic uint64_t *mark, uint64_t value)
{
    atomic_store_explicit(mark, value, memory_order_relaxed);
}

/* ---- any thread ---- */

/* A mark due at due_ns was just armed. */
static void tell_control(struct vole_peer *peer, uint64_t due_ns)
{
    if (due_ns < load(&peer->timers.look_ns))
        notice_post(peer, NOTICE_DEADLINE);
}

static bool is_up(const struct vole_peer *peer)
{
    return atomic_load_explicit(&peer->device->up, memory_order_relaxed);
}

/* An authenticated packet passed, either way: restarts the persistent keepalive. Every mark differs from the
 * one before, which is how control tells whether there was a packet since. */
static void traversal(struct vole_peer *peer, uint64_t now_ns)
{
    struct timers *timers = &peer->timers;
    uint64_t last = load(&timers->last_traversal_ns);
    uint16_t interval_s = atomic_load_explicit(&timers->persistent_s, memory_order_relaxed);

    arm(&timers->last_traversal_ns, now_ns > last ? now_ns : last + 1);
    if (interval_s != 0)
        tell_control(peer, now_ns + interval_s * NS_PER_SECOND);
}

void timers_packet_sent(struct vole_peer *peer, const struct vole_time *now)
{
    if (!is_up(peer))
        return;
    if (load(&peer->timers.keepalive_due_ns) != 0)
        store(&peer->timers.keepalive_due_ns, 0);
    traversal(peer, now->monotonic_ns);
}

void timers_data_sent(struct vole_peer *peer, const struct vole_time *now)
{
    struct timers *timers = &peer->timers;
    uint64_t due;

    if (!is_up(peer) || load(&timers->new_handshake_due_ns) != 0)
        return;
    due = now->monotonic_ns + NEW_HANDSHAKE_TIMEOUT +
          atomic_load_explicit(&timers->jitter_ns, memory_order_relaxed);
    arm(&timers->new_handshake_due_ns, due);
    tell_control(peer, due);
}

void timers_packet_received(struct vole_peer *peer, const struct vole_time *now)
{
    if (!is_up(peer))
        return;
    if (load(&peer->timers.new_handshake_due_ns) != 0)
        store(&peer->timers.new_handshake_due_ns, 0);
    traversal(peer, now->monotonic_ns);
}

void timers_data_received(struct vole_peer *peer, uint32_t packets, const struct vole_time *now)
{
    struct timers *timers = &peer->timers;
    uint64_t due = now->monotonic_ns + KEEPALIVE_TIMEOUT;

    if (!is_up(peer) || packets == 0)
        return;
    if (load(&timers->keepalive_due_ns) == 0) {
        arm(&timers->keepalive_due_ns, due);
        tell_control(peer, due);
        packets--;
    }
    if (packets > 0 && !atomic_load_explicit(&timers->need_another_keepalive, memory_order_relaxed))
        atomic_store_explicit(&timers->need_another_keepalive, true, memory_order_relaxed);
}

void timers_want_handshake(struct vole_peer *peer, const struct vole_time *now)
{
    struct timers *timers = &peer->timers;

    if (!atomic_load_explicit(&timers->fresh_request, memory_order_relaxed))
        atomic_store_explicit(&timers->fresh_request, true, memory_order_relaxed);
    if (load(&timers->may_initiate_ns) <= now->boot_ns)
        notice_post(peer, NOTICE_HANDSHAKE_WANTED);
}

/* ---- control only ---- */

static uint32_t draw_jitter(struct vole_peer *peer)
{
    const struct device_hooks *hooks = &peer->device->hooks;
    uint32_t number;

    hooks->random(hooks->context, (uint8_t *)&number, sizeof number);
    return (uint32_t)(number % RETRANSMIT_JITTER);
}

static void clear_all(struct timers *timers)
{
    store(&timers->keepalive_due_ns, 0);
    store(&timers->new_handshake_due_ns, 0);
    store(&timers->last_traversal_ns, 0);
    atomic_store_explicit(&timers->need_another_keepalive, false, memory_order_relaxed);
    atomic_store_explicit(&timers->last_minute_done, false, memory_order_relaxed);
    atomic_store_explicit(&timers->fresh_request, false, memory_order_relaxed);
    timers->attempts = 0;
    timers->retransmit_due_ns = timers->erase_due_ns = timers->persistent_fired_ns = 0;
    timers->persistent_governed_by_old = false;
}

void timers_init(struct vole_peer *peer)
{
    clear_all(&peer->timers);
    peer->deadline_position = DEADLINE_UNLISTED;
    store(&peer->timers.look_ns, VOLE_NEVER);
    atomic_store_explicit(&peer->timers.jitter_ns, draw_jitter(peer), memory_order_relaxed);
    timers_allow_initiation(peer);
}

void timers_start(struct vole_peer *peer)
{
    peer->timers.running = true;
    timers_schedule(peer);
}

void timers_stop(struct vole_peer *peer)
{
    clear_all(&peer->timers);
    timers_allow_initiation(peer);
    peer->timers.running = false;
    timers_schedule(peer);
}

void timers_stamp_initiation(struct vole_peer *peer, uint64_t boot_ns)
{
    store(&peer->timers.may_initiate_ns, boot_ns + REKEY_TIMEOUT);
}

void timers_allow_initiation(struct vole_peer *peer)
{
    store(&peer->timers.may_initiate_ns, 0);
}

bool timers_may_initiate(const struct vole_peer *peer, uint64_t boot_ns)
{
    return load(&peer->timers.may_initiate_ns) <= boot_ns;
}

void timers_initiation_sent(struct vole_peer *peer, const struct vole_time *now)
{
    if (!peer->timers.running)
        return;
    peer->timers.retransmit_due_ns = now->monotonic_ns + REKEY_TIMEOUT + draw_jitter(peer);
    timers_schedule(peer);
}

void timers_handshake_complete(struct vole_peer *peer, const struct vole_time *now)
{
    peer->timers.retransmit_due_ns = 0;
    peer->timers.attempts = 0;
    atomic_store_explicit(&peer->timers.fresh_request, false, memory_order_relaxed);
    atomic_store_explicit(&peer->timers.last_minute_done, false, memory_order_relaxed);
    peer->latest_handshake_s = now->real_s;
    peer->latest_handshake_ns = now->real_ns;
    timers_schedule(peer);
    peer_event(peer, VOLE_EVENT_HANDSHAKE_COMPLETE);
}

void timers_session_derived(struct vole_peer *peer, const struct vole_time *now)
{
    if (!peer->timers.running)
        return;
    peer->timers.erase_due_ns = now->monotonic_ns + ERASE_KEYS_AFTER;
    timers_schedule(peer);
}

void timers_set_persistent(struct vole_peer *peer, uint16_t seconds)
{
    struct timers *timers = &peer->timers;

    /* The pending timer keeps its deadline until the next packet (timers §7). */
    if (!timers->persistent_governed_by_old ||
        timers->persistent_since_ns != load(&timers->last_traversal_ns)) {
        timers->persistent_governed_by_old = true;
        timers->persistent_old_s = atomic_load_explicit(&timers->persistent_s, memory_order_relaxed);
        timers->persistent_since_ns = load(&timers->last_traversal_ns);
    }
    atomic_store_explicit(&timers->persistent_s, seconds, memory_order_relaxed);
    timers_schedule(peer);
}

static uint64_t persistent_due(const struct timers *timers)
{
    uint64_t last = load(&timers->last_traversal_ns);
    uint16_t interval_s = atomic_load_explicit(&timers->persistent_s, memory_order_relaxed);

    if (timers->persistent_governed_by_old && timers->persistent_since_ns == last)
        interval_s = timers->persistent_old_s;
    if (last == 0 || last == timers->persistent_fired_ns || interval_s == 0)
        return VOLE_NEVER;
    return last + interval_s * NS_PER_SECOND;
}

static uint64_t due_or_never(uint64_t mark)
{
    return mark != 0 ? mark : VOLE_NEVER;
}

static uint64_t earliest(const struct timers *timers)
{
    const uint64_t dues[] = {due_or_never(timers->retransmit_due_ns), due_or_never(timers->erase_due_ns),
                             due_or_never(load(&timers->keepalive_due_ns)),
                             due_or_never(load(&timers->new_handshake_due_ns)), persistent_due(timers)};
    uint64_t first = VOLE_NEVER;

    for (size_t i = 0; i < sizeof dues / sizeof dues[0]; i++)
        if (dues[i] < first)
            first = dues[i];
    return first;
}

void timers_schedule(struct vole_peer *peer)
{
    struct timers *timers = &peer->timers;
    uint64_t look, again = timers->running ? earliest(timers) : VOLE_NEVER;

    do {
        look = again;
        arm(&timers->look_ns, look);
        again = timers->running ? earliest(timers) : VOLE_NEVER;
    } while (again < look);
    deadlines_set(&peer->device->deadlines, peer, look);
}

static void give_up(struct vole_peer *peer, const struct vole_time *now)
{
    store(&peer->timers.keepalive_due_ns, 0);
    staged_purge(&peer->device->staged, peer, VOLE_DROP_STAGED_PURGED);
    if (peer->timers.erase_due_ns == 0)
        peer->timers.erase_due_ns = now->monotonic_ns + ERASE_KEYS_AFTER;
    handshake_count(&peer->device->handshakes, VOLE_HANDSHAKE_GAVE_UP);
    peer_event(peer, VOLE_EVENT_GAVE_UP);
}

static void retransmit_expired(struct vole_peer *peer, const struct vole_time *now)
{
    struct timers *timers = &peer->timers;

    timers->retransmit_due_ns = 0;
    if (atomic_exchange_explicit(&timers->fresh_request, false, memory_order_relaxed))
        timers->attempts = 0;
    if (timers->attempts > MAX_TIMER_HANDSHAKES) {
        give_up(peer, now);
        return;
    }
    timers->attempts++;
    endpoint_clear_source(&peer->endpoint);
    exchange_initiate(peer, true, now);
}

static void keepalive_expired(struct vole_peer *peer, uint64_t due_ns, const struct vole_time *now)
{
    struct timers *timers = &peer->timers;
    bool another = atomic_exchange_explicit(&timers->need_another_keepalive, false, memory_order_relaxed);
    uint64_t next = another ? now->monotonic_ns + KEEPALIVE_TIMEOUT : 0;

    /* Armed again first: the very send normally stops it again (timers §1). A send by a worker just now has
     * stopped it as well, then there is nothing to do. */
    if (atomic_compare_exchange_strong_explicit(&timers->keepalive_due_ns, &due_ns, next,
                                                memory_order_relaxed, memory_order_relaxed))
        peer_send_keepalive(peer, now);
}

static void new_handshake_expired(struct vole_peer *peer, uint64_t due_ns, const struct vole_time *now)
{
    if (!atomic_compare_exchange_strong_explicit(&peer->timers.new_handshake_due_ns, &due_ns, 0,
                                                 memory_order_relaxed, memory_order_relaxed))
        return; /* something was received just now */
    endpoint_clear_source(&peer->endpoint);
    exchange_initiate(peer, false, now);
}

static void persistent_expired(struct vole_peer *peer, const struct vole_time *now)
{
    peer->timers.persistent_fired_ns = load(&peer->timers.last_traversal_ns);
    if (atomic_load_explicit(&peer->timers.persistent_s, memory_order_relaxed) != 0)
        peer_send_keepalive(peer, now);
}

void timers_look(struct vole_peer *peer, const struct vole_time *now)
{
    struct timers *timers = &peer->timers;
    uint64_t t = now->monotonic_ns, due;

    if (!timers->running)
        return;
    atomic_store_explicit(&timers->jitter_ns, draw_jitter(peer), memory_order_relaxed);
    if (timers->retransmit_due_ns != 0 && timers->retransmit_due_ns <= t)
        retransmit_expired(peer, now);
    due = load(&timers->keepalive_due_ns);
    if (due != 0 && due <= t)
        keepalive_expired(peer, due, now);
    due = load(&timers->new_handshake_due_ns);
    if (due != 0 && due <= t)
        new_handshake_expired(peer, due, now);
    if (timers->erase_due_ns != 0 && timers->erase_due_ns <= t) {
        timers->erase_due_ns = 0;
        peer_erase_keys(peer);
        peer_event(peer, VOLE_EVENT_KEYS_ERASED);
    }
    if (persistent_due(timers) <= t)
        persistent_expired(peer, now);
    timers_schedule(peer);
}
