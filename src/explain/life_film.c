/* SPDX-License-Identifier: MIT */
#include "explain/life_film.h"

#include "core/messages.h"
#include "explain/life_packet.h"
#include "explain/value.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TITLE_BYTES 200

/* A call, before it is told. */
struct frame {
    const char *who, *call, *timer, *message; /* timer, message: NULL for none */
    char title[TITLE_BYTES];
    const char *outcome, *outcome_words;
    const char *reason, *advice;
    const struct vole_endpoint *from, *to; /* NULL: none */
};

static const char *const slot_names[LIFE_SLOTS] = {"previous", "current", "next"};

/* ---- words ---- */

static const char *message_word(const uint8_t *bytes, size_t length)
{
    switch (message_type(bytes, length)) {
    case MESSAGE_INITIATION:
        return "initiation";
    case MESSAGE_RESPONSE:
        return "response";
    case MESSAGE_COOKIE_REPLY:
        return "cookie reply";
    case MESSAGE_TRANSPORT:
        return length == TRANSPORT_MIN_BYTES ? "keepalive" : "data";
    case MESSAGE_INVALID:
        break;
    }
    return "no message";
}

static void set_outcome(struct frame *frame, const struct vole_device *device, enum vole_outcome outcome)
{
    static const struct {
        const char *name, *words;
    } outcomes[] = {
        [VOLE_SENT] = {"sent", "sealed and sent"},
        [VOLE_STAGED] = {"staged", "waits: there is no key to seal it with"},
        [VOLE_DELIVERED] = {"delivered", "opened and delivered"},
        [VOLE_KEEPALIVE] = {"keepalive", "opened: an empty packet"},
        [VOLE_HANDSHAKE] = {"handshake", "accepted"},
        [VOLE_COOKIE] = {"cookie", "cookie taken"},
        [VOLE_DROPPED] = {"dropped", NULL},
    };

    frame->outcome = outcomes[outcome].name;
    frame->outcome_words = outcomes[outcome].words;
    if (outcome == VOLE_DROPPED) {
        enum vole_drop reason = vole_device_last_drop(device);

        frame->reason = vole_drop_name(reason);
        frame->outcome_words = vole_drop_text(reason);
        frame->advice = vole_drop_advice(reason);
    }
}

static void set_title(struct frame *frame, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void set_title(struct frame *frame, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(frame->title, sizeof frame->title, format, arguments);
    va_end(arguments);
}

/* ---- what came of a call ---- */

static json_t *consequence(json_t *then, const char *kind)
{
    json_t *item = value_object(then, NULL);

    value_text(item, "kind", kind);
    return item;
}

static void tell_sent(struct life_film *film, json_t *then, size_t number)
{
    const struct cast_datagram *datagram = &film->cast.wire[number];
    const char *word = message_word(datagram->bytes, datagram->length);
    json_t *item = consequence(then, "sends");
    uint32_t receiver;

    value_text(item, "message", word);
    value_number(item, "bytes", datagram->length);
    value_endpoint(item, "to", &datagram->to);
    if (message_type(datagram->bytes, datagram->length) != MESSAGE_TRANSPORT) {
        value_format(item, "words", "sends %s %s, %zu bytes", word[0] == 'i' ? "an" : "a", word,
                     datagram->length);
        return;
    }
    receiver = bytes_load_le32(datagram->bytes + TRANSPORT_RECEIVER);
    for (size_t i = 0; i < film->sessions.count; i++)
        if (film->sessions.indices[i][0] == receiver || film->sessions.indices[i][1] == receiver) {
            value_format(item, "session", "%c", (char)('A' + i));
            value_format(item, "words", "sends %s, %zu bytes, session %c, counter %" JSON_INTEGER_FORMAT,
                         word[0] == 'k' ? "a keepalive" : "data", datagram->length, (char)('A' + i),
                         (json_int_t)bytes_load_le64(datagram->bytes + TRANSPORT_COUNTER));
            return;
        }
    value_format(item, "words", "sends %s, %zu bytes", word, datagram->length);
}

static void fly(struct life_film *film, size_t number)
{
    assert(film->flight_count < LIFE_FLIGHTS);
    film->flights[film->flight_count++] =
        (struct life_flight){.number = number, .arrives_ns = film->cast.now_ns + LIFE_WAY_NS};
}

static void tell_event(json_t *then, const struct cast_event *event)
{
    static const struct {
        const char *name, *words;
    } events[] = {
        [VOLE_EVENT_HANDSHAKE_COMPLETE] = {"handshake_complete", "the handshake is complete"},
        [VOLE_EVENT_GAVE_UP] = {"gave_up", "gives up; packets that waited are dropped"},
        [VOLE_EVENT_ENDPOINT_MOVED] = {"endpoint_moved", "notes where the other side is now"},
        [VOLE_EVENT_KEYS_ERASED] = {"keys_erased", "all session keys are overwritten with zeros"},
    };
    json_t *item = consequence(then, "event");

    value_text(item, "name", events[event->kind].name);
    value_text(item, "words", events[event->kind].words);
}

/* ---- which session stands in which slot ---- */

static char slot_of(const struct life_slots *slots, unsigned slot)
{
    return slot == LIFE_PREVIOUS ? slots->previous : slot == LIFE_CURRENT ? slots->current : slots->next;
}

static int slot_with(const struct life_slots *slots, char session)
{
    for (unsigned i = 0; i < LIFE_SLOTS; i++)
        if (slot_of(slots, i) == session)
            return (int)i;
    return -1;
}

static void close_bar(struct life_film *film, enum life_who who, unsigned slot)
{
    const struct life_bar *bar = &film->bars[who][slot];
    json_t *item;

    if (bar->session == '-')
        return;
    item = value_object(film->bar_list, NULL);
    value_text(item, "who", film->sides[who].member->name);
    value_format(item, "session", "%c", bar->session);
    value_text(item, "slot", slot_names[slot]);
    value_seconds(item, "from", bar->from_ns);
    value_seconds(item, "to", film->cast.now_ns);
    value_seconds(item, "expires", bar->expires_ns);
    value_truth(item, "initiator", bar->initiator);
}

/* What is in this slot of a side now. */
static struct life_bar bar_of(const struct life_side *side, unsigned slot, char session)
{
    const struct keypair_slots *slots = &side->peer->keypairs;
    const struct keypair *keypair = slot == LIFE_PREVIOUS ? slots->previous : slots->next;
    uint64_t now_ns = side->member->cast->now_ns;
    struct vole_time now;

    if (slot == LIFE_CURRENT)
        keypair = atomic_load_explicit(&slots->current, memory_order_relaxed);
    if (keypair == NULL)
        return (struct life_bar){.session = '-', .from_ns = now_ns};
    cast_time(side->member, &now);
    return (struct life_bar){.session = session,
                             .from_ns = now_ns,
                             .expires_ns = now_ns + keypair->birth_ns + REJECT_AFTER_TIME - now.boot_ns,
                             .initiator = keypair->initiator};
}

/* Where a session went, for whom it was in a slot before or is now. */
static void tell_session(const struct life_side *side, const struct life_slots *now, json_t *then,
                         char session)
{
    int from = slot_with(&side->slots, session), to = slot_with(now, session);
    json_t *item;

    if (session == '-' || from == to)
        return;
    item = consequence(then, "keys");
    value_format(item, "session", "%c", session);
    value_text(item, "from", from < 0 ? NULL : slot_names[from]);
    value_text(item, "to", to < 0 ? NULL : slot_names[to]);
    if (from < 0)
        value_format(item, "words", "session %c begins, as %s", session, slot_names[to]);
    else if (to < 0)
        value_format(item, "words", "session %c is wiped from memory", session);
    else
        value_format(item, "words", "session %c: %s becomes %s", session, slot_names[from], slot_names[to]);
}

static void follow_slots(struct life_film *film, enum life_who who, json_t *then)
{
    struct life_side *side = &film->sides[who];
    struct life_slots now = life_slots(side->peer, &film->sessions);

    for (unsigned i = 0; i < LIFE_SLOTS; i++)
        if (slot_with(&now, slot_of(&side->slots, i)) != (int)i && slot_of(&side->slots, i) != '-')
            tell_session(side, &now, then, slot_of(&side->slots, i));
    for (unsigned i = 0; i < LIFE_SLOTS; i++)
        if (slot_with(&side->slots, slot_of(&now, i)) < 0)
            tell_session(side, &now, then, slot_of(&now, i));
    for (unsigned i = 0; i < LIFE_SLOTS; i++)
        if (slot_of(&side->slots, i) != slot_of(&now, i)) {
            close_bar(film, who, i);
            film->bars[who][i] = bar_of(side, i, slot_of(&now, i));
        }
    side->slots = now;
}

/* ---- frames ---- */

static void put_endpoint(json_t *parent, const char *name, const struct vole_endpoint *endpoint)
{
    if (endpoint == NULL)
        value_text(parent, name, NULL);
    else
        value_endpoint(parent, name, endpoint);
}

static void put_states(struct life_film *film, json_t *item)
{
    for (unsigned i = 0; i < 2; i++) {
        struct life_side *side = &film->sides[i];

        value_put(item, side->member->name, life_state_new(side->member, side->peer, &film->sessions));
    }
}

static void put_consequences(struct life_film *film, json_t *then)
{
    follow_slots(film, LIFE_LAPTOP, then);
    follow_slots(film, LIFE_SERVER, then);
    for (; film->seen_events < film->cast.event_count; film->seen_events++)
        tell_event(then, &film->cast.events[film->seen_events]);
    for (; film->seen_deliveries < film->cast.delivery_count; film->seen_deliveries++) {
        json_t *item = consequence(then, "delivers");

        value_format(item, "words", "gives the app its packet of %zu bytes",
                     film->cast.deliveries[film->seen_deliveries].length);
    }
    for (; film->seen_wire < film->cast.wire_count; film->seen_wire++) {
        tell_sent(film, then, film->seen_wire);
        fly(film, film->seen_wire);
    }
}

/* The frame that was told last has this name. */
static void put_mark(struct life_film *film)
{
    json_t *mark = value_object(film->marks, film->mark);

    value_number(mark, "number", json_array_size(film->frames));
    life_time_put(mark, "time", film->cast.now_ns);
}

static void tell(struct life_film *film, const struct frame *frame)
{
    json_t *item = value_object(film->frames, NULL);

    value_number(item, "number", json_array_size(film->frames));
    value_seconds(item, "at", film->cast.now_ns);
    life_time_put(item, "time", film->cast.now_ns);
    value_text(item, "who", frame->who);
    value_text(item, "call", frame->call);
    value_text(item, "title", frame->title);
    value_text(item, "outcome", frame->outcome);
    value_text(item, "outcome_words", frame->outcome_words);
    value_text(item, "reason", frame->reason);
    value_text(item, "advice", frame->advice);
    value_text(item, "timer", frame->timer);
    value_text(item, "message", frame->message);
    put_endpoint(item, "from", frame->from);
    put_endpoint(item, "to", frame->to);
    put_consequences(film, value_list(item, "then"));
    if (!film->brief)
        put_states(film, item);
    value_text(item, "mark", film->mark);
    if (film->mark != NULL)
        put_mark(film);
    film->mark = NULL;
}

void life_film_mark(struct life_film *film, const char *mark)
{
    film->mark = mark;
}

void life_film_world(struct life_film *film, const char *who, const char *title)
{
    struct frame frame = {.who = who, .call = "world"};

    set_title(&frame, "%s", title);
    tell(film, &frame);
}

void life_film_look(struct life_film *film, enum life_who who, const char *title)
{
    struct frame frame = {.who = film->sides[who].member->name, .call = "look"};

    set_title(&frame, "%s", title);
    tell(film, &frame);
}

/* ---- calls ---- */

enum vole_outcome life_film_send_packet(struct life_film *film, enum life_who who, const uint8_t *packet,
                                        size_t length, const char *title)
{
    struct life_side *side = &film->sides[who];
    struct frame frame = {.who = side->member->name, .call = "send"};
    enum vole_outcome outcome = cast_send(side->member, packet, length);

    set_title(&frame, "%s", title);
    set_outcome(&frame, side->member->device, outcome);
    tell(film, &frame);
    return outcome;
}

enum vole_outcome life_film_send(struct life_film *film, enum life_who who, bool answer)
{
    struct life_side *side = &film->sides[who], *other = &film->sides[!who];
    uint8_t packet[LIFE_PACKET_BYTES];

    if (!answer)
        film->echo++;
    life_packet_echo(packet, &side->inside, &other->inside, answer, film->echo);
    return life_film_send_packet(film, who, packet, sizeof packet,
                                 answer ? "an app answers the packet" : "an app sends a packet");
}

enum vole_outcome life_film_hand(struct life_film *film, enum life_who who, const uint8_t *bytes,
                                 size_t length, const struct vole_endpoint *from, const char *title)
{
    struct life_side *side = &film->sides[who];
    struct frame frame = {.who = side->member->name, .call = "receive", .from = from};
    struct vole_endpoint to = side->member->address;
    enum vole_outcome outcome;

    frame.message = message_word(bytes, length);
    frame.to = &to;
    if (title != NULL)
        set_title(&frame, "%s", title);
    else
        set_title(&frame, "%s %s arrives",
                  frame.message[0] == 'i'              ? "an"
                  : strcmp(frame.message, "data") == 0 ? "a packet of"
                                                       : "a",
                  frame.message);
    outcome = cast_hand(side->member, bytes, length, from);
    set_outcome(&frame, side->member->device, outcome);
    tell(film, &frame);
    return outcome;
}

static bool same_place(const struct vole_endpoint *a, const struct vole_endpoint *b)
{
    return a->port == b->port && a->address.family == b->address.family &&
           memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes) == 0;
}

/* The first flight arrives. */
static void arrive(struct life_film *film)
{
    size_t number = film->flights[0].number;
    const struct cast_datagram datagram = film->cast.wire[number];
    struct frame frame = {.who = "network", .call = "world", .from = &datagram.from, .to = &datagram.to};

    memmove(film->flights, film->flights + 1, --film->flight_count * sizeof film->flights[0]);
    for (enum life_who i = LIFE_LAPTOP; i <= LIFE_SERVER; i++)
        if (same_place(&film->sides[i].member->address, &datagram.to) && !film->sides[i].gone) {
            (void)life_film_hand(film, i, datagram.bytes, datagram.length, &datagram.from, NULL);
            return;
        }
    if (film->hide_losses)
        return;
    frame.message = message_word(datagram.bytes, datagram.length);
    if (same_place(&datagram.to, &cast_stranger_address)) {
        frame.who = "stranger";
        set_title(&frame, "the stranger gets %s and can do nothing with it", frame.message);
    } else {
        set_title(&frame, "%s finds nobody there: lost", frame.message);
    }
    tell(film, &frame);
}

static const char *const timer_titles[LIFE_TIMERS] = {
    [LIFE_RETRANSMIT] = "no response came: the timer for another try is due",
    [LIFE_KEEPALIVE] = "data came and nothing went back since: the keepalive timer is due",
    [LIFE_NEW_HANDSHAKE] = "data went out and nothing came back since: the timer for a new handshake is due",
    [LIFE_ERASE_KEYS] = "no new session for a long time: the timer that erases keys is due",
};

/* What is due at at_ns, in one tick. */
static void tick(struct life_film *film, uint64_t at_ns)
{
    struct frame frames[2];
    size_t count = 0, wire = film->cast.wire_count, events = film->cast.event_count;

    for (enum life_who who = LIFE_LAPTOP; who <= LIFE_SERVER; who++) {
        const struct life_side *side = &film->sides[who];
        struct vole_time now;

        cast_time(side->member, &now);
        for (enum life_timer i = 0; i < LIFE_TIMERS && count < 2; i++) {
            uint64_t due_ns = life_timer_due(side->peer, i);

            if (due_ns == 0 || due_ns > now.monotonic_ns + (at_ns - film->cast.now_ns))
                continue;
            frames[count] =
                (struct frame){.who = side->member->name, .call = "tick", .timer = life_timer_names[i]};
            set_title(&frames[count++], "%s", timer_titles[i]);
        }
    }
    cast_pass_until(&film->cast, at_ns);
    cast_must(count > 0 || (wire == film->cast.wire_count && events == film->cast.event_count));
    for (size_t i = 0; i < count; i++)
        tell(film, &frames[i]);
    (void)wire;
    (void)events;
}

void life_film_until(struct life_film *film, uint64_t at_ns)
{
    for (;;) {
        uint64_t due_ns = cast_next_deadline(&film->cast);
        uint64_t arrives_ns = film->flight_count > 0 ? film->flights[0].arrives_ns : VOLE_NEVER;

        if (due_ns > at_ns && arrives_ns > at_ns)
            break;
        if (due_ns <= arrives_ns) {
            tick(film, due_ns);
        } else {
            cast_pass_until(&film->cast, arrives_ns);
            arrive(film);
        }
    }
    cast_pass_until(&film->cast, at_ns);
}

size_t life_film_catch(struct life_film *film)
{
    assert(film->flight_count > 0);
    return film->flights[--film->flight_count].number;
}

size_t life_film_count(const struct life_film *film, enum life_who who, const char *message)
{
    size_t count = 0;

    for (size_t i = 0; i < film->cast.wire_count; i++) {
        const struct cast_datagram *datagram = &film->cast.wire[i];

        if (who != LIFE_BOTH && datagram->sender != film->sides[who].member)
            continue;
        count += strcmp(message_word(datagram->bytes, datagram->length), message) == 0;
    }
    return count;
}

/* ---- the whole film ---- */

void life_film_init(struct life_film *film, const uint8_t seed[static CHANCE_SEED_BYTES])
{
    *film = (struct life_film){
        .frames = value_new_list(), .marks = value_new_object(), .bar_list = value_new_list()};
    cast_init(&film->cast, seed);
    cast_add_two(&film->cast, &film->sides[LIFE_LAPTOP].member, &film->sides[LIFE_SERVER].member);
    film->sides[LIFE_LAPTOP].inside = life_packet_address("10.0.0.2");
    film->sides[LIFE_SERVER].inside = life_packet_address("10.0.0.5");
    for (unsigned i = 0; i < 2; i++) {
        film->sides[i].peer =
            vole_peer_find(film->sides[i].member->device, film->sides[!i].member->public_key);
        assert(film->sides[i].peer != NULL);
        film->sides[i].slots = (struct life_slots){'-', '-', '-'};
        for (unsigned slot = 0; slot < LIFE_SLOTS; slot++)
            film->bars[i][slot].session = '-';
    }
}

static void put_counts(const struct life_film *film, json_t *all, enum life_who who)
{
    static const char *const words[] = {"initiation", "response", "data", "keepalive"};
    json_t *counts = value_object(all, film->sides[who].member->name);
    size_t delivered = 0;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        value_number(counts, words[i], life_film_count(film, who, words[i]));
    for (size_t i = 0; i < film->cast.delivery_count; i++)
        delivered += film->cast.deliveries[i].member == film->sides[who].member;
    value_number(counts, "delivered", delivered);
}

json_t *life_film_finish(struct life_film *film)
{
    json_t *whole = value_new_object(), *counts;

    for (enum life_who who = LIFE_LAPTOP; who <= LIFE_SERVER; who++)
        for (unsigned slot = 0; slot < LIFE_SLOTS; slot++)
            close_bar(film, who, slot);
    value_put(whole, "frames", film->frames);
    value_put(whole, "marks", film->marks);
    value_put(whole, "bars", film->bar_list);
    counts = value_object(whole, "counts");
    put_counts(film, counts, LIFE_LAPTOP);
    put_counts(film, counts, LIFE_SERVER);
    value_seconds(whole, "ends", film->cast.now_ns);
    cast_fini(&film->cast);
    return whole;
}
