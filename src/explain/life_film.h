/* SPDX-License-Identifier: MIT
 *
 * A film of two members: laptop and server live through virtual time on a network that takes 20 ms for every
 * way, and each call into one of their devices is a frame: what was called, what came of it, and the state
 * of both sides after it. Nothing is a frame that is not such a call, but for those that say so ("world": an
 * address changed or a datagram got lost; "look": nobody called anything, the state was read).
 *
 *     FILM: {"frames": [FRAME], "marks": {name: {"number": of the frame, "time"}}, "bars": [BAR],
 *       "counts": {"laptop": {"initiation": how many were sent, "response", "data", "keepalive",
 *       "delivered": packets that its apps got}, "server": the same}, "ends": seconds}
 *     FRAME: {"number": from 1, "at": seconds, "time": "10.08 s", "title": what happens,
 *       "who": "laptop", "server", "stranger" or "network",
 *       "call": "send", "receive", "tick", "look" or "world",
 *       "outcome": word, "outcome_words": for people, "reason", "advice": of a drop, "timer": which was due,
 *       "message": "initiation", ... of what was received, "from", "to": its way (all these may be null),
 *       "then": [{"kind": "sends", "keys", "delivers" or "event", "words", more of the kind's own}],
 *       "laptop": STATE, "server": STATE (life_state.h), "mark": its name or null}
 *     BAR: {"who", "session": "A", "slot": "current", "from", "to", "expires": seconds,
 *       "initiator": whether this side began it}
 *
 * A film must stay where it is while it is running. One thread.
 */
#ifndef EXPLAIN_LIFE_FILM_H
#define EXPLAIN_LIFE_FILM_H

#include "explain/life_state.h"

#define LIFE_WAY_NS (20 * NS_PER_MS)

enum life_who { LIFE_LAPTOP, LIFE_SERVER, LIFE_BOTH };

struct life_side {
    struct cast_member *member;
    struct vole_peer *peer; /* the other side, as this one knows it */
    struct vole_address inside;
    struct life_slots slots; /* as of the last frame */
    bool gone;               /* neither hears nor answers: what comes here is lost */
};

/* A datagram on its way. */
struct life_flight {
    size_t number; /* on the cast's wire */
    uint64_t arrives_ns;
};

#define LIFE_FLIGHTS 64

/* A slot of a side that holds a session, since when. */
struct life_bar {
    char session; /* '-': none */
    uint64_t from_ns, expires_ns;
    bool initiator;
};

enum { LIFE_PREVIOUS, LIFE_CURRENT, LIFE_NEXT, LIFE_SLOTS };

struct life_film {
    struct cast cast;
    struct life_side sides[2]; /* by enum life_who */
    struct life_sessions sessions;
    struct life_flight flights[LIFE_FLIGHTS]; /* in order of sending */
    size_t flight_count;
    size_t seen_wire, seen_deliveries, seen_events; /* of the cast's, told already */
    struct life_bar bars[2][LIFE_SLOTS];
    uint16_t echo;    /* the number of the last one */
    bool hide_losses; /* no frames for datagrams that find nobody */
    bool brief;       /* frames have no STATEs */
    const char *mark;
    json_t *frames, *marks, *bar_list;
};

/* Both up, with each other as peers; only the laptop knows where the other is. */
void life_film_init(struct life_film *film, const uint8_t seed[static CHANCE_SEED_BYTES]);
/* Frees all but what it returns, which is the caller's: the film. */
json_t *life_film_finish(struct life_film *film);

/* The next frame is to be found under this name, which is borrowed. */
void life_film_mark(struct life_film *film, const char *mark);
/* An app sends an echo request, or an answer to one, to the other side. */
enum vole_outcome life_film_send(struct life_film *film, enum life_who who, bool answer);
/* The same, with any inner packet. */
enum vole_outcome life_film_send_packet(struct life_film *film, enum life_who who, const uint8_t *packet,
                                        size_t length, const char *title);
/* Lets time pass: datagrams arrive, timers are due. */
void life_film_until(struct life_film *film, uint64_t at_ns);
/* Somebody hands these bytes to that side, as coming from there. */
enum vole_outcome life_film_hand(struct life_film *film, enum life_who who, const uint8_t *bytes,
                                 size_t length, const struct vole_endpoint *from, const char *title);
/* A frame without a call: the world changed, or the state of this side is looked at. */
void life_film_world(struct life_film *film, const char *who, const char *title);
void life_film_look(struct life_film *film, enum life_who who, const char *title);
/* Takes the datagram that was sent last out of the air: it arrives nowhere by itself. Its number on the wire.
 */
size_t life_film_catch(struct life_film *film);
/* What was sent so far: "initiation", "response", "cookie reply", "data" or "keepalive"; who: of one side
 * only, or LIFE_BOTH. */
size_t life_film_count(const struct life_film *film, enum life_who who, const char *message);

#endif
