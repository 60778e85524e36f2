/* SPDX-License-Identifier: MIT
 *
 * A peer: its keys, its handshake in progress, its session keys, where it is, what it is owed and what it
 * did. Made and removed by control; workers reach it through the allowed-IPs table or a keypair and may use
 * it until their read section ends. Marked fields are shared, the rest is control's.
 */
#ifndef CORE_PEER_H
#define CORE_PEER_H

#include "core/allowed_ips.h"
#include "core/cookie.h"
#include "core/drops.h"
#include "core/endpoint.h"
#include "core/handshake.h"
#include "core/keypair.h"
#include "core/notices.h"
#include "core/staged.h"
#include "core/timers.h"

enum static_static_state { STATIC_STATIC_UNKNOWN, STATIC_STATIC_GOOD, STATIC_STATIC_ZERO };

struct vole_peer {
    struct vole_device *device;
    struct remote_keys remote;
    enum static_static_state static_static; /* computed when first needed: 10 000 peers load at once */
    uint32_t deadline_position;             /* in the heap */
    uint32_t siphash;                       /* of the public key */
    struct vole_peer *hash_next;
    struct vole_peer *previous, *next; /* order of creation */
    void *context;                     /* the embedder's */

    struct index_entry handshake_index;
    struct handshake handshake;
    struct cookie_holder cookie;
    uint8_t latest_timestamp[TIMESTAMP_BYTES]; /* greatest accepted; survives everything but removal */
    uint32_t latest_handshake_ns;
    uint64_t latest_handshake_s;
    uint64_t last_initiation_received_ns; /* boot clock; 0: none */
    bool initiation_waits;                /* for a timestamp */

    struct keypair_slots keypairs; /* .current shared */
    struct endpoint_cell endpoint; /* shared */
    struct staged_queue staged;    /* shared, under the arena's lock */
    struct allowed_ips_list allowed;
    struct timers timers; /* partly shared */

    _Atomic uint64_t received_bytes, sent_bytes; /* shared */
    struct drop_peer_counters drops;             /* shared */
    _Atomic unsigned notice_bits;                /* shared */
    struct vole_peer *notice_next;
    _Atomic bool removed; /* shared: unlinked, only waiting for its last readers */
};

/* Counts a drop that can be blamed on this peer, and so on its device. Any thread. */
void peer_drop(struct vole_peer *peer, enum vole_drop reason, uint64_t packets);
/* Whether static_static may be used; computes it if need be. */
bool peer_static_static(struct vole_peer *peer);
/* Computes those of up to HANDSHAKE_BATCH peers that are not known yet, together; NULLs are skipped. */
void peer_static_static_many(struct vole_peer *const *peers, size_t count);
/* Forgets sessions and handshake; keys are wiped. Staged packets stay. */
void peer_erase_keys(struct vole_peer *peer);
/* Sends what is staged, if there is a key; else asks for a handshake if anything waits. */
void peer_send_staged(struct vole_peer *peer, const struct vole_time *now);
/* Sends an empty packet, or what waits anyway (timers §5). */
void peer_send_keepalive(struct vole_peer *peer, const struct vole_time *now);
void peer_event(struct vole_peer *peer, enum vole_event_kind kind);
/* The device came up / goes down. */
void peer_up(struct vole_peer *peer, const struct vole_time *now);
void peer_down(struct vole_peer *peer);
/* The private key changed, or the machine was cloned: no session of before may send. */
void peer_stop_sending(struct vole_peer *peer);

#endif
