/* SPDX-License-Identifier: MIT
 *
 * What a peer is in the middle of, read from the device's own struct: a name for its state, its three keypair
 * slots, the timers that are armed. Nothing is computed here that the core does not go by itself.
 *
 *     STATE: {"phase": "rekeying", "words": the same for people,
 *       "slots": {"previous": SLOT or null, "current": ..., "next": ...},
 *       "timers": [{"name": "keepalive", "words", "due": 10.08, "time": "10.08 s", "in": "10 s"}],
 *       "waiting": packets that wait for a key, "attempts": retries so far,
 *       "address": where it is, "endpoint": where it thinks the other is, or null}
 *     SLOT: {"session": "A", "index": hex, "initiator": whether we began it, "age": seconds, "old": "40 ms",
 *       "may_send", "may_receive", "confirmed", "sent": packets, "newest": counter or null,
 *       "rekey", "last_minute": times, or null if that is not our duty, "expires": time}
 *
 * Sessions have letters in the order in which they appear; both sides' halves of one have the same. Times are
 * the story's. One thread.
 */
#ifndef EXPLAIN_LIFE_STATE_H
#define EXPLAIN_LIFE_STATE_H

#include "core/peer.h"
#include "explain/cast.h"

#include <jansson.h>

enum life_phase {
    LIFE_NO_SESSION, /* nothing is known of each other but the public keys */
    LIFE_INITIATING, /* no usable key, an initiation is out */
    LIFE_ANSWERED,   /* responder: a key is there, but not confirmed: it may not send yet */
    LIFE_IDLE,       /* a usable key; nobody owes anybody anything */
    LIFE_OWES,       /* the same; data came, nothing went back yet: a keepalive is due */
    LIFE_EXPECTS,    /* the same; data went out, nothing came back yet: a new handshake is due */
    LIFE_REKEYING,   /* a usable key, and the next one in the making */
    LIFE_EXPIRED,    /* the key is there, but too old to be used */
    LIFE_PHASES
};

#define LIFE_SESSIONS 26

struct life_sessions {
    uint32_t indices[LIFE_SESSIONS][2]; /* of both sides, the lesser first */
    size_t count;
};

/* The letters of a peer's slots, '-' for an empty one. */
struct life_slots {
    char previous, current, next;
};

extern const char *const life_phase_names[LIFE_PHASES];
extern const char *const life_phase_words[LIFE_PHASES];

char life_session_letter(struct life_sessions *sessions, uint32_t index, uint32_t other_index);
enum life_phase life_phase(const struct vole_peer *peer, const struct vole_time *now);
struct life_slots life_slots(const struct vole_peer *peer, struct life_sessions *sessions);
/* The caller's. */
json_t *life_state_new(const struct cast_member *member, struct vole_peer *peer,
                       struct life_sessions *sessions);

/* The timers of timers.h, in its order; persistent ones are not looked at. */
enum life_timer { LIFE_RETRANSMIT, LIFE_KEEPALIVE, LIFE_NEW_HANDSHAKE, LIFE_ERASE_KEYS, LIFE_TIMERS };

extern const char *const life_timer_names[LIFE_TIMERS];

/* When it is due by the monotonic clock, 0: it is not armed. */
uint64_t life_timer_due(const struct vole_peer *peer, enum life_timer timer);
/* "20 ms", "0.04 s", "120 s": a time for people, to the hundredth of a second,
 * which no line end tears apart. */
void life_time_put(json_t *parent, const char *name, uint64_t ns);

#endif
