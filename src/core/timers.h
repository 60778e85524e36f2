/* SPDX-License-Identifier: MIT
 *
 * The five timers of a peer (timers §1-§5).
 *
 *   timer           due after            armed by                          stopped by
 *   retransmit      5 s + jitter         initiation built                  handshake complete
 *   keepalive       10 s, if idle        data received                     anything sent; giving up
 *   new handshake   15 s + jitter, idle  data sent                         anything received
 *   erase keys      540 s                session derived; giving up, idle  down, suspend
 *   persistent      interval             anything sent or received         interval 0
 *
 * Workers arm and stop by storing atomic marks, never a real timer: control looks at a peer when its earliest
 * mark is due, and finds out then what is still wanted. A worker tells control only when it sets a mark that
 * is due before control meant to look (look_ns), so steady traffic costs control a look every ten seconds.
 * Two clocks: timers run on the monotonic clock, ages of keys and initiations on the boot clock.
 */
#ifndef CORE_TIMERS_H
#define CORE_TIMERS_H

#include "core/constants.h"
#include "vole.h"

#include <stdatomic.h>

struct timers {
    /* shared with workers; monotonic ns, 0: not pending */
    _Atomic uint64_t keepalive_due_ns;
    _Atomic uint64_t new_handshake_due_ns;
    _Atomic uint64_t last_traversal_ns; /* last authenticated packet either way; 0: none */
    _Atomic uint64_t look_ns;           /* control's next look, VOLE_NEVER if none */
    _Atomic uint64_t may_initiate_ns;   /* boot clock: before this a request would only be refused */
    _Atomic uint32_t jitter_ns;         /* drawn by control at each look */
    _Atomic uint16_t persistent_s;      /* interval, 0: off */
    _Atomic bool need_another_keepalive;
    _Atomic bool last_minute_done; /* rekey by receiving was asked for in this session */
    _Atomic bool fresh_request; /* somebody asked for a handshake that was no retry: attempts start again */
    /* control's */
    uint16_t attempts;
    uint16_t persistent_old_s; /* interval that still governs until the next traversal after ... */
    uint64_t persistent_since_ns;
    bool persistent_governed_by_old;
    bool running;                 /* device up, peer alive */
    uint64_t persistent_fired_ns; /* traversal the persistent timer has already fired for */
    uint64_t retransmit_due_ns;
    uint64_t erase_due_ns;
};

/* ---- any thread ---- */

/* An authenticated packet is about to be sent. */
void timers_packet_sent(struct vole_peer *peer, const struct vole_time *now);
/* A non-empty transport packet was taken by the network. */
void timers_data_sent(struct vole_peer *peer, const struct vole_time *now);
/* An authenticated packet was received. */
void timers_packet_received(struct vole_peer *peer, const struct vole_time *now);
/* So many of them were non-empty transport packets. */
void timers_data_received(struct vole_peer *peer, uint32_t packets, const struct vole_time *now);
/* A handshake is wanted, not as a retry: attempts start again even if the limit of one per 5 s refuses it. */
void timers_want_handshake(struct vole_peer *peer, const struct vole_time *now);

/* ---- control only ---- */

void timers_init(struct vole_peer *peer);
void timers_start(struct vole_peer *peer); /* interface up, peer added */
void timers_stop(struct vole_peer *peer);  /* interface down, peer removed */
void timers_initiation_sent(struct vole_peer *peer, const struct vole_time *now);
void timers_handshake_complete(struct vole_peer *peer, const struct vole_time *now);
void timers_session_derived(struct vole_peer *peer, const struct vole_time *now);
void timers_set_persistent(struct vole_peer *peer, uint16_t seconds);
/* Stamps that we sent an initiation or response, which refuses further initiations for 5 s. */
void timers_stamp_initiation(struct vole_peer *peer, uint64_t boot_ns);
/* The kernel stamps "6 s ago" here: new peer, interface down, private key changed. */
void timers_allow_initiation(struct vole_peer *peer);
bool timers_may_initiate(const struct vole_peer *peer, uint64_t boot_ns);
/* Does what is due, then notes the next look. */
void timers_look(struct vole_peer *peer, const struct vole_time *now);
/* Notes the next look after state changed. */
void timers_schedule(struct vole_peer *peer);

#endif
