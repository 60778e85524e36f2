/* SPDX-License-Identifier: MIT
 *
 * libvole: WireGuard without any I/O, clock, thread, file or randomness source of its own.
 *
 * A vole_device is handed datagrams, inner packets and the time, and hands back datagrams, inner packets,
 * events and its next deadline:
 *
 *     network --- vole_device_receive() --->            ---> hooks.deliver() --- inner packets
 *     inner packets --- vole_device_send() --->  device  ---> hooks.send() ------ network
 *     clock --- vole_device_tick() --->                  ---> hooks.event() ----- what happened
 *               vole_device_deadline() <---
 *
 * Threads: a device and its peers belong to one thread at a time; different devices may live in different
 * threads. Hooks are called from inside the functions above, must not call back into the same device, and
 * the memory they are given is theirs only until they return.
 * Ownership: vole_device_new() makes a device, vole_device_free() wipes and frees it with its peers and
 * all keys. A struct vole_peer pointer is valid until that peer is removed.
 * Errors: 0 is success, a system error is a negative errno. What became of a packet is an
 * enum vole_outcome and, if it was dropped, an enum vole_drop: never an errno.
 * Units: times in nanoseconds, lengths in bytes, ports and scopes in host order, addresses in network order.
 */
#ifndef VOLE_H
#define VOLE_H

#include "vole_drops.h"
#include "vole_handshakes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VOLE_API         __attribute__((visibility("default")))
#define VOLE_MUST_CHECK  __attribute__((warn_unused_result))
#define VOLE_KEY_BYTES   32
#define VOLE_NEVER       UINT64_MAX /* a deadline that never comes */
#define VOLE_OVERHEAD    32         /* a datagram is at most this much longer than its inner packet, padded */
#define VOLE_DEFAULT_MTU 1420

struct vole_device; /* opaque */
struct vole_peer;   /* opaque */

/* The time, as readings of the caller's clocks. All may come from one clock; none may go back but real, and
 * none may be 0, which stands for "never". */
struct vole_time {
    uint64_t monotonic_ns; /* drives timers; stands still while the machine sleeps (CLOCK_MONOTONIC) */
    uint64_t boot_ns;      /* ages keys; goes on while the machine sleeps (CLOCK_BOOTTIME) */
    uint64_t real_s;       /* wall clock, seconds since 1970: handshake timestamps, "latest handshake" */
    uint32_t real_ns;      /* its nanoseconds */
};

/* An address of one family. */
struct vole_address {
    uint8_t family;    /* 4, 6, or 0 for none */
    uint8_t bytes[16]; /* 4 or 16 of them, the rest zero */
};

/* Where a peer is, and from which of our addresses we speak to it (the source is learnt, never configured).
 */
struct vole_endpoint {
    struct vole_address address;
    struct vole_address source; /* family 0: let the host choose */
    uint16_t port;
    uint32_t scope;            /* IPv6 link-local: interface index, else 0 */
    uint32_t source_interface; /* IPv4: interface the peer's datagrams arrive on, 0 if unknown */
};

struct vole_prefix {
    struct vole_address address;
    uint8_t length; /* 0..32 or 0..128 */
};

/* What became of one packet. */
enum vole_outcome {
    VOLE_SENT,      /* sealed and handed to hooks.send, which took it */
    VOLE_STAGED,    /* waits for a session; a handshake was asked for if allowed */
    VOLE_DELIVERED, /* opened, allowed, handed to hooks.deliver */
    VOLE_KEEPALIVE, /* a valid empty packet */
    VOLE_HANDSHAKE, /* a valid handshake message */
    VOLE_COOKIE,    /* a valid cookie reply */
    VOLE_DROPPED    /* the reason was counted */
};

/* What happened to a peer. */
enum vole_event_kind {
    VOLE_EVENT_HANDSHAKE_COMPLETE, /* a session is confirmed: response (initiator) or first data (responder)
                                    */
    VOLE_EVENT_GAVE_UP,            /* 20 initiations without an answer */
    VOLE_EVENT_ENDPOINT_MOVED,     /* the peer was heard from somewhere else */
    VOLE_EVENT_KEYS_ERASED         /* 540 s without a new session */
};

struct vole_event {
    enum vole_event_kind kind;
    struct vole_peer *peer;
};

/* How the outside is reached. context is passed back untouched. */
struct vole_hooks {
    void *context;
    /* Sends one datagram; traffic_class is the whole outer TOS byte. 0 or a negative errno (then it does not
     * count as sent). Required. */
    int (*send)(void *context, const struct vole_endpoint *to, uint8_t traffic_class, const uint8_t *datagram,
                size_t length);
    /* Takes an inner IP packet that was authenticated and allowed. Required. */
    void (*deliver)(void *context, struct vole_peer *from, const uint8_t *packet, size_t length);
    /* May be NULL. */
    void (*event)(void *context, const struct vole_event *event);
    /* Fills bytes from a cryptographic random source. Required. */
    void (*random)(void *context, uint8_t *bytes, size_t length);
    /* Handshake timestamps up to until_s (excluded) are to be reserved for this public key, our own. Store
     * until_s, unless what is stored for that key is greater; then, out of this hook, now or later, call
     * vole_device_reserved(). May be NULL: then nothing is remembered from one life to the next. */
    void (*reserve)(void *context, const uint8_t public_key[VOLE_KEY_BYTES], uint64_t until_s);
};

struct vole_options {
    struct vole_hooks hooks;
    size_t staged_bytes; /* memory for packets that wait for a session; 0: 16 MiB, reserved but touched only
                            when used */
    size_t peer_bytes;   /* memory for all peers and allowed IPs, reckoned with the sessions they may come to
                            have: a peer is some 5 KiB; 0: no bound but their numbers */
};

/* A snapshot of one peer. */
struct vole_peer_state {
    uint8_t public_key[VOLE_KEY_BYTES];
    uint8_t preshared_key[VOLE_KEY_BYTES]; /* secret: wipe your copy */
    bool has_endpoint;
    bool has_session; /* a current keypair that may send, unless it is older than 180 s meanwhile */
    struct vole_endpoint endpoint;
    uint16_t persistent_keepalive_s; /* 0: off */
    uint64_t latest_handshake_s;     /* wall clock, 0: never */
    uint32_t latest_handshake_ns;
    uint64_t received_bytes;
    uint64_t sent_bytes;
};

/* ---- device ---- */

/* Makes a device that is down, without key or peers. NULL: out of memory or a required hook is missing. */
VOLE_API VOLE_MUST_CHECK struct vole_device *vole_device_new(const struct vole_options *options,
                                                             const struct vole_time *now);
/* Wipes and frees it, its peers and their keys. NULL is allowed. */
VOLE_API void vole_device_free(struct vole_device *device);

/* Sets the private key (clamped when stored), or removes it if all zero. A peer with the resulting public
 * key is removed. Sessions stop sending at once but go on receiving until 180 s. Same key: no effect. */
VOLE_API void vole_device_set_private_key(struct vole_device *device,
                                          const uint8_t private_key[VOLE_KEY_BYTES],
                                          const struct vole_time *now);
/* Copies the clamped private key out; false and zeros if there is none. Wipe your copy. */
VOLE_API bool vole_device_private_key(const struct vole_device *device, uint8_t private_key[VOLE_KEY_BYTES]);
VOLE_API bool vole_device_public_key(const struct vole_device *device, uint8_t public_key[VOLE_KEY_BYTES]);
/* Inner MTU, for padding. 0: no limit to padding. */
VOLE_API void vole_device_set_mtu(struct vole_device *device, uint32_t mtu);
/* Only a device that is up speaks. Down erases all sessions and drops waiting packets. */
VOLE_API void vole_device_up(struct vole_device *device, const struct vole_time *now);
VOLE_API void vole_device_down(struct vole_device *device, const struct vole_time *now);
/* Before or after the machine sleeps: erases all sessions, keeps timers. */
VOLE_API void vole_device_suspend(struct vole_device *device);
/* The machine was cloned: no key may be used for sending by both copies. */
VOLE_API void vole_device_cloned(struct vole_device *device);
/* The host's addresses or routes changed: forget learnt source addresses. */
VOLE_API void vole_device_forget_sources(struct vole_device *device);

/* ---- the clock of handshakes ----
 *
 * A peer takes a handshake only if its timestamp is later than all it has taken from our public key. A device
 * keeps to that, whatever the wall clock does, for as long as it lives and keeps its private key. Beyond
 * that, its owner must remember up to when timestamps were used: hooks.reserve asks for it, before they are
 * used and then about every two minutes in which there are handshakes. The first handshake waits for the
 * answer; later ones have something in reserve. */

/* The answer to hooks.reserve. from_s: what an earlier life had stored for this key, else 0; no timestamp
 * before it will be sent. A life ends with its key too: when the device has another one meanwhile, or none;
 * vole_device_used() is 0 again then. until_s: what is stored now, or VOLE_NEVER to be never asked again. An
 * answer about a key that the device has no more is ignored. Sends handshakes that waited. */
VOLE_API void vole_device_reserved(struct vole_device *device, const uint8_t public_key[VOLE_KEY_BYTES],
                                   uint64_t from_s, uint64_t until_s, const struct vole_time *now);
/* All timestamps sent so far are before this second; 0: none was. To be stored at the end in place of what
 * was reserved, and, compared with the wall clock, what tells that one of both is wrong. */
VOLE_API uint64_t vole_device_used(const struct vole_device *device);
/* Forgets all that: timestamps follow the wall clock again, even if peers refuse them. Nothing is reserved.
 */
VOLE_API void vole_device_restart_clock(struct vole_device *device, const struct vole_time *now);

/* ---- packets and time ---- */

/* Sends one inner IP packet to the peer its destination belongs to. The packet is copied. */
VOLE_API enum vole_outcome vole_device_send(struct vole_device *device, const uint8_t *packet, size_t length,
                                            const struct vole_time *now);
/* Takes one datagram and decrypts it in place. from.source is the address it was sent to, traffic_class
 * the TOS byte it came with (0 if unknown). */
VOLE_API enum vole_outcome vole_device_receive(struct vole_device *device, uint8_t *datagram, size_t length,
                                               const struct vole_endpoint *from, uint8_t traffic_class,
                                               const struct vole_time *now);
/* Queues a handshake message instead of working on it at once, as a busy host does; up to 4096. They are
 * worked off by vole_device_tick(). From 512 waiting on, the device is under load and asks for cookies.
 * False: dropped (not a handshake message, wrong mac1, or queue full). */
VOLE_API bool vole_device_queue(struct vole_device *device, const uint8_t *datagram, size_t length,
                                const struct vole_endpoint *from);
/* When tick must be called next (monotonic_ns), or VOLE_NEVER. Ask again after every other call. */
VOLE_API uint64_t vole_device_deadline(const struct vole_device *device);
/* Does what is due at now: queued handshakes, timers. Calling it too early or too often is harmless. */
VOLE_API void vole_device_tick(struct vole_device *device, const struct vole_time *now);
/* Why the last packet was dropped (by send, receive or queue), and how often each reason occurred. */
VOLE_API enum vole_drop vole_device_last_drop(const struct vole_device *device);
VOLE_API uint64_t vole_device_drops(const struct vole_device *device, enum vole_drop reason);
/* How often each outcome of a handshake occurred. */
VOLE_API uint64_t vole_device_handshakes(const struct vole_device *device,
                                         enum vole_handshake_outcome outcome);

/* ---- peers ---- */

/* Finds or makes the peer with this public key. NULL with *error (may be NULL) 0: it is the device's own
 * key, which is silently no peer; -ENOMEM: no memory, or 2^20 peers exist, or peer_bytes are used up. */
VOLE_API struct vole_peer *vole_peer_add(struct vole_device *device, const uint8_t public_key[VOLE_KEY_BYTES],
                                         const struct vole_time *now, int *error);
VOLE_API struct vole_peer *vole_peer_find(struct vole_device *device,
                                          const uint8_t public_key[VOLE_KEY_BYTES]);
/* Removes it with its sessions and waiting packets; the pointer is then dead. */
VOLE_API void vole_peer_remove(struct vole_peer *peer);
/* Walks all peers in order of creation: NULL starts, NULL ends. */
VOLE_API struct vole_peer *vole_peer_next(struct vole_device *device, struct vole_peer *previous);
VOLE_API size_t vole_peer_count(const struct vole_device *device);

/* All zero: none. Affects only later handshakes. */
VOLE_API void vole_peer_set_preshared_key(struct vole_peer *peer, const uint8_t key[VOLE_KEY_BYTES]);
/* Address, port and scope are taken; the learnt source is forgotten. */
VOLE_API void vole_peer_set_endpoint(struct vole_peer *peer, const struct vole_endpoint *endpoint);
/* Seconds, 0: off. Switching it on while up sends a keepalive at once. */
VOLE_API void vole_peer_set_persistent_keepalive(struct vole_peer *peer, uint16_t seconds,
                                                 const struct vole_time *now);
/* Routes this prefix to the peer and allows it as source, taking it from any other peer. Host bits are
 * ignored. -EINVAL: bad length or family; -ENOMEM: no memory, or 2^22 prefixes exist, or peer_bytes are used
 * up: nothing has changed, and peers and sessions go on. */
VOLE_API VOLE_MUST_CHECK int vole_peer_allow(struct vole_peer *peer, const struct vole_prefix *prefix);
/* Takes exactly this prefix from the peer; no error if it has none such. -EINVAL as above. */
VOLE_API VOLE_MUST_CHECK int vole_peer_disallow(struct vole_peer *peer, const struct vole_prefix *prefix);
VOLE_API void vole_peer_disallow_all(struct vole_peer *peer);
/* Copies up to capacity prefixes in order of insertion, masked; returns how many there are. */
VOLE_API size_t vole_peer_allowed(const struct vole_peer *peer, struct vole_prefix *prefixes,
                                  size_t capacity);
/* To be called when a peer's configuration is complete: sends what waits for it. */
VOLE_API void vole_peer_flush(struct vole_peer *peer, const struct vole_time *now);
/* Asks for a handshake now, subject to the limit of one per 5 s. */
VOLE_API void vole_peer_handshake(struct vole_peer *peer, const struct vole_time *now);
VOLE_API void vole_peer_read(const struct vole_peer *peer, struct vole_peer_state *state);
VOLE_API uint64_t vole_peer_drops(const struct vole_peer *peer, enum vole_drop reason);
/* The caller's own pointer for this peer. */
VOLE_API void vole_peer_set_context(struct vole_peer *peer, void *context);
VOLE_API void *vole_peer_context(const struct vole_peer *peer);

/* ---- words and keys ---- */

VOLE_API const char *vole_drop_name(enum vole_drop reason);   /* "source_not_allowed" */
VOLE_API const char *vole_drop_text(enum vole_drop reason);   /* what happened */
VOLE_API const char *vole_drop_advice(enum vole_drop reason); /* what to do */
VOLE_API bool vole_drop_has_peer(enum vole_drop reason);      /* also counted per peer */
VOLE_API void vole_public_key(uint8_t public_key[VOLE_KEY_BYTES], const uint8_t private_key[VOLE_KEY_BYTES]);
VOLE_API const char *vole_version(void);

/* ---- the processor ---- */

/* The widest vector instructions that the primitives use, each step with all before it. AVX512 stands for
 * F, BW, DQ, VL and IFMA together. */
enum vole_vectors { VOLE_VECTORS_NONE, VOLE_VECTORS_AVX2, VOLE_VECTORS_AVX512 };
/* From now on nothing above most is used by any device of this process, however much the processor can; to
 * begin with, everything that it can is. Returns what is used now. Any thread; whoever is inside a primitive
 * at that moment finishes as it began. */
VOLE_API enum vole_vectors vole_limit_vectors(enum vole_vectors most);

#ifdef __cplusplus
}
#endif

#endif
