/* SPDX-License-Identifier: MIT
 *
 * The device: one identity, its peers, its tables. Two planes share it (architecture: control and data).
 *
 * Control, one thread, owns everything and calls all vole_device_* and vole_peer_* functions of vole.h.
 * Workers, any number, call only what is marked "any thread" here, in outbound.h and in inbound.h, and only
 * inside a read section: between entering and leaving it, nothing they hold is freed, because all that is
 * unlinked goes through hooks.retire.
 * In libvole both planes are the caller's thread and retire frees at once.
 */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include "core/deadlines.h"
#include "core/handshake_clock.h"
#include "core/handshake_counters.h"
#include "core/handshake_queue.h"
#include "core/load.h"
#include "core/peer.h"

/* vole_hooks, seen from inside, and what a device with threads needs besides. */
struct device_hooks {
    void *context;
    /* Control's own datagrams: handshake messages, cookie replies, keepalives. Control only. 0: sent; 1:
     * sent, but not from to->source, which is no address of ours any more: forget it; or a negative errno. */
    int (*send)(void *context, const struct vole_endpoint *to, uint8_t traffic_class, const uint8_t *datagram,
                size_t length);
    void (*event)(void *context, const struct vole_event *event); /* control only; may be NULL */
    /* A peer is about to be unlinked: let go of it. Control only; may be NULL. */
    void (*peer_removed)(void *context, struct vole_peer *peer);
    void (*random)(void *context, uint8_t *bytes, size_t length); /* any thread */
    /* As in vole.h. Control only. */
    void (*reserve)(void *context, const uint8_t public_key[VOLE_KEY_BYTES], uint64_t until_s);
    struct retirer retirer;
    /* A notice or a queued handshake waits for control. Any thread; may be NULL. */
    void (*wake_control)(void *context);
    /* Peers with a key have staged packets: some worker shall call outbound_drain. Control only; NULL: the
     * device does it itself, by hooks.send. */
    void (*wake_worker)(void *context);
    void (*deliver)(void *context, struct vole_peer *from, const uint8_t *packet,
                    size_t length); /* libvole */
};

struct device_options {
    struct device_hooks hooks;
    size_t staged_bytes; /* 0: default */
    size_t peer_bytes;   /* for all peers and allowed IPs; 0: no such bound */
    uint32_t sources;    /* remembered under load, of its own load; 0: default */
    struct load *load;   /* shared with other devices of this process, NULL: own */
};

struct run;
struct filter_keys;
struct secret_memory;

struct vole_device {
    struct device_hooks hooks;
    struct secret_memory *secrets; /* where this, peers, keypairs and filter keys are */
    struct identity identity;
    struct handshake_clock clock; /* of this identity */
    bool initiations_wait;        /* some peer's, for a timestamp */
    struct cookie_keys own_cookie_keys;
    uint32_t identity_generation;              /* how often it was set */
    _Atomic(struct filter_keys *) filter_keys; /* shared: handshake_filter.h; NULL without a private key */
    uint64_t filter_keys_due_ns; /* when to try again to make them; 0: they are as they should be */
    _Atomic uint32_t mtu;        /* shared */
    _Atomic bool up;             /* shared */

    struct allowed_ips allowed_ips;       /* shared, read-only for workers */
    struct index_table indices;           /* shared, read-only for workers */
    struct staged staged;                 /* shared */
    struct handshake_queue queue;         /* shared */
    struct notices notices;               /* shared */
    struct drop_counters drops;           /* shared */
    struct handshake_counters handshakes; /* shared */

    struct vole_peer *first_peer, *last_peer;
    struct vole_peer **peer_chains; /* by siphash of the public key */
    uint32_t peer_chain_count, peer_count;
    uint8_t peer_hash_key[16];
    size_t peer_bytes; /* room.h; 0: no bound in bytes */
    struct deadlines deadlines;
    struct cookie_maker cookie_maker;
    struct load *load, own_load;

    enum vole_drop last_drop; /* libvole's */
    struct run *run;          /* libvole's scratch, made when first needed */
};

VOLE_MUST_CHECK struct vole_device *device_new(const struct device_options *options,
                                               const struct vole_time *now);
/* Whether all secrets are in memory that is never written to a swap (crypto/secret_memory.h). Control only.
 */
bool device_secrets_locked(const struct vole_device *device);
/* Counts a drop that can be blamed on no peer. Any thread. */
void device_drop(struct vole_device *device, enum vole_drop reason, uint64_t packets);
/* Lets the workers' filter know of a renewed cookie secret, if it is. Control only. */
void device_follow_cookie_secret(struct vole_device *device);
/* Control's part of the notices: what the workers saw. vole_device_tick does this too. */
void device_take_notices(struct vole_device *device, const struct vole_time *now);
/* Works off queued handshakes, HANDSHAKE_BATCH at a time; returns how many are left. */
uint32_t device_take_handshakes(struct vole_device *device, uint32_t limit, const struct vole_time *now);
/* How many handshakes one vole_device_tick works off before it lets its caller do something else. */
#define DEVICE_HANDSHAKES_PER_TICK 64

#endif
