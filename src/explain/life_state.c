/* SPDX-License-Identifier: MIT */
#include "explain/life_state.h"

#include "core/keypair.h"
#include "explain/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const life_phase_names[LIFE_PHASES] = {
    [LIFE_NO_SESSION] = "no_session",
    [LIFE_INITIATING] = "initiating",
    [LIFE_ANSWERED] = "answered",
    [LIFE_IDLE] = "idle",
    [LIFE_OWES] = "owes",
    [LIFE_EXPECTS] = "expects",
    [LIFE_REKEYING] = "rekeying",
    [LIFE_EXPIRED] = "expired",
};

const char *const life_phase_words[LIFE_PHASES] = {
    [LIFE_NO_SESSION] = "no session",
    [LIFE_INITIATING] = "initiating",
    [LIFE_ANSWERED] = "answered, not confirmed",
    [LIFE_IDLE] = "established, idle",
    [LIFE_OWES] = "established, owes a sign of life",
    [LIFE_EXPECTS] = "established, expects a sign of life",
    [LIFE_REKEYING] = "rekeying",
    [LIFE_EXPIRED] = "expired",
};

const char *const life_timer_names[LIFE_TIMERS] = {
    [LIFE_RETRANSMIT] = "retransmit",
    [LIFE_KEEPALIVE] = "keepalive",
    [LIFE_NEW_HANDSHAKE] = "new_handshake",
    [LIFE_ERASE_KEYS] = "erase_keys",
};

static const char *const timer_words[LIFE_TIMERS] = {
    [LIFE_RETRANSMIT] = "try again",
    [LIFE_KEEPALIVE] = "send a keepalive",
    [LIFE_NEW_HANDSHAKE] = "ask for a new session",
    [LIFE_ERASE_KEYS] = "erase all keys",
};

static struct keypair *current_of(const struct vole_peer *peer)
{
    return atomic_load_explicit(&peer->keypairs.current, memory_order_relaxed);
}

char life_session_letter(struct life_sessions *sessions, uint32_t index, uint32_t other_index)
{
    uint32_t lesser = index < other_index ? index : other_index;
    uint32_t greater = index < other_index ? other_index : index;
    size_t i = 0;

    while (i < sessions->count && (sessions->indices[i][0] != lesser || sessions->indices[i][1] != greater))
        i++;
    if (i == sessions->count && i < LIFE_SESSIONS) {
        sessions->indices[i][0] = lesser;
        sessions->indices[i][1] = greater;
        sessions->count++;
    }
    return (char)('A' + i);
}

static char slot_letter(const struct keypair *keypair, struct life_sessions *sessions)
{
    if (keypair == NULL)
        return '-';
    return life_session_letter(sessions, atomic_load_explicit(&keypair->entry.index, memory_order_relaxed),
                               keypair->remote_index);
}

struct life_slots life_slots(const struct vole_peer *peer, struct life_sessions *sessions)
{
    return (struct life_slots){slot_letter(peer->keypairs.previous, sessions),
                               slot_letter(current_of(peer), sessions),
                               slot_letter(peer->keypairs.next, sessions)};
}

uint64_t life_timer_due(const struct vole_peer *peer, enum life_timer timer)
{
    const struct timers *timers = &peer->timers;

    switch (timer) {
    case LIFE_RETRANSMIT:
        return timers->retransmit_due_ns;
    case LIFE_KEEPALIVE:
        return atomic_load_explicit(&timers->keepalive_due_ns, memory_order_relaxed);
    case LIFE_NEW_HANDSHAKE:
        return atomic_load_explicit(&timers->new_handshake_due_ns, memory_order_relaxed);
    case LIFE_ERASE_KEYS:
        return timers->erase_due_ns;
    case LIFE_TIMERS:
        break;
    }
    return 0;
}

/* An initiation is out for which an answer would still be taken, and another one would follow. */
static bool handshake_is_pending(const struct vole_peer *peer)
{
    return peer->handshake.state == HANDSHAKE_CREATED_INITIATION && peer->timers.retransmit_due_ns != 0;
}

enum life_phase life_phase(const struct vole_peer *peer, const struct vole_time *now)
{
    const struct keypair *current = current_of(peer);

    if (!keypair_can_send(current, now->boot_ns)) {
        if (handshake_is_pending(peer))
            return LIFE_INITIATING;
        if (peer->keypairs.next != NULL && keypair_can_receive(peer->keypairs.next, now->boot_ns))
            return LIFE_ANSWERED;
        return current != NULL || peer->keypairs.previous != NULL ? LIFE_EXPIRED : LIFE_NO_SESSION;
    }
    if (handshake_is_pending(peer) || peer->keypairs.next != NULL)
        return LIFE_REKEYING;
    if (life_timer_due(peer, LIFE_KEEPALIVE) != 0)
        return LIFE_OWES;
    return life_timer_due(peer, LIFE_NEW_HANDSHAKE) != 0 ? LIFE_EXPECTS : LIFE_IDLE;
}

void life_time_put(json_t *parent, const char *name, uint64_t ns)
{
    uint64_t hundredths = (ns + NS_PER_SECOND / 200) / (NS_PER_SECOND / 100);
    uint64_t whole = hundredths / 100, rest = hundredths % 100;

    if (ns > 0 && ns < NS_PER_SECOND && ns % NS_PER_MS == 0)
        value_format(parent, name, "%" JSON_INTEGER_FORMAT "\u00a0ms", (json_int_t)(ns / NS_PER_MS));
    else if (rest == 0)
        value_format(parent, name, "%" JSON_INTEGER_FORMAT "\u00a0s", (json_int_t)whole);
    else
        value_format(parent, name, "%" JSON_INTEGER_FORMAT ".%02d\u00a0s", (json_int_t)whole, (int)rest);
}

/* A moment of this member's clock in the story's time. */
static uint64_t story_ns(const struct cast_member *member, uint64_t clock_ns)
{
    struct vole_time now;

    cast_time(member, &now);
    return member->cast->now_ns + clock_ns - now.boot_ns;
}

static void put_moment(json_t *parent, const char *name, const struct cast_member *member, bool is,
                       uint64_t clock_ns)
{
    if (is)
        value_seconds(parent, name, story_ns(member, clock_ns));
    else
        value_text(parent, name, NULL);
}

/* slot is NULL for an empty one. is_current: only that one sends. */
static void put_slot(json_t *slots, const char *name, struct keypair *keypair, bool is_current,
                     const struct cast_member *member, struct life_sessions *sessions)
{
    struct vole_time now;
    uint64_t top;
    json_t *slot;

    if (keypair == NULL) {
        value_text(slots, name, NULL);
        return;
    }
    slot = value_object(slots, name);
    cast_time(member, &now);
    top = atomic_load_explicit(&keypair->replay.top, memory_order_relaxed);
    value_format(slot, "session", "%c", slot_letter(keypair, sessions));
    value_format(slot, "index", "%08x", atomic_load_explicit(&keypair->entry.index, memory_order_relaxed));
    value_truth(slot, "initiator", keypair->initiator);
    value_seconds(slot, "age", now.boot_ns - keypair->birth_ns);
    life_time_put(slot, "old", now.boot_ns - keypair->birth_ns);
    value_truth(slot, "may_send", is_current && keypair_can_send(keypair, now.boot_ns));
    value_truth(slot, "may_receive", keypair_can_receive(keypair, now.boot_ns));
    value_truth(slot, "confirmed", !atomic_load_explicit(&keypair->unconfirmed, memory_order_relaxed));
    value_number(slot, "sent", atomic_load_explicit(&keypair->sending_counter, memory_order_relaxed));
    if (top > 0)
        value_number(slot, "newest", top - 1);
    else
        value_text(slot, "newest", NULL);
    put_moment(slot, "rekey", member, keypair->initiator, keypair->birth_ns + REKEY_AFTER_TIME);
    put_moment(slot, "last_minute", member, keypair->initiator, keypair->birth_ns + LAST_MINUTE_REKEY);
    put_moment(slot, "expires", member, true, keypair->birth_ns + REJECT_AFTER_TIME);
}

static void put_timers(json_t *state, const struct cast_member *member, const struct vole_peer *peer)
{
    json_t *timers = value_list(state, "timers");
    struct vole_time now;

    cast_time(member, &now);
    for (enum life_timer i = 0; i < LIFE_TIMERS; i++) {
        uint64_t due_ns = life_timer_due(peer, i);
        json_t *timer;

        if (due_ns == 0)
            continue;
        timer = value_object(timers, NULL);
        value_text(timer, "name", life_timer_names[i]);
        value_text(timer, "words", timer_words[i]);
        value_seconds(timer, "due", story_ns(member, due_ns));
        life_time_put(timer, "time", story_ns(member, due_ns));
        life_time_put(timer, "in", due_ns > now.monotonic_ns ? due_ns - now.monotonic_ns : 0);
    }
}

json_t *life_state_new(const struct cast_member *member, struct vole_peer *peer,
                       struct life_sessions *sessions)
{
    json_t *state = value_new_object(), *slots;
    struct vole_endpoint endpoint;
    struct vole_time now;
    enum life_phase phase;

    cast_time(member, &now);
    phase = life_phase(peer, &now);
    value_text(state, "phase", life_phase_names[phase]);
    value_text(state, "words", life_phase_words[phase]);
    slots = value_object(state, "slots");
    put_slot(slots, "previous", peer->keypairs.previous, false, member, sessions);
    put_slot(slots, "current", current_of(peer), true, member, sessions);
    put_slot(slots, "next", peer->keypairs.next, false, member, sessions);
    put_timers(state, member, peer);
    value_number(state, "waiting", atomic_load_explicit(&peer->staged.count, memory_order_relaxed));
    value_number(state, "attempts", peer->timers.attempts);
    value_endpoint(state, "address", &member->address);
    if (endpoint_read(&peer->endpoint, &endpoint))
        value_endpoint(state, "endpoint", &endpoint);
    else
        value_text(state, "endpoint", NULL);
    return state;
}
