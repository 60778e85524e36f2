/* SPDX-License-Identifier: MIT */
#include "explain/handshake_course.h"

#include "core/messages.h"
#include "explain/handshake_run.h"
#include "explain/value.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *kind_of(const struct cast_datagram *datagram)
{
    switch (message_type(datagram->bytes, datagram->length)) {
    case MESSAGE_INITIATION:
        return "initiation";
    case MESSAGE_RESPONSE:
        return "response";
    case MESSAGE_COOKIE_REPLY:
        return "cookie_reply";
    case MESSAGE_TRANSPORT:
        return datagram->length == TRANSPORT_MIN_BYTES ? "keepalive" : "data";
    case MESSAGE_INVALID:
        break;
    }
    return "other";
}

/* As a number, and as a person reads it. */
static void put_time(json_t *object, const char *name, uint64_t at_ns)
{
    char text_name[32];

    value_seconds(object, name, at_ns);
    (void)snprintf(text_name, sizeof text_name, "%s_text", name);
    value_format(object, text_name, "%.2f s", (double)at_ns / 1e9);
}

void handshake_course_put(json_t *list, struct cast *cast, const struct cast_datagram *datagram,
                          uint64_t arrives_ns, const char *outcome, enum vole_drop reason, bool spoilt)
{
    const struct cast_member *to = cast_at(cast, &datagram->to);
    json_t *happened = value_object(list, NULL);

    value_text(happened, "what", kind_of(datagram));
    put_time(happened, "at", datagram->at_ns);
    value_text(happened, "by", datagram->sender->name);
    value_text(happened, "to", to != NULL ? to->name : NULL);
    value_number(happened, "length", datagram->length);
    value_truth(happened, "spoilt", spoilt);
    put_time(happened, "arrives", arrives_ns);
    value_text(happened, "outcome", outcome);
    value_text(happened, "reason",
               outcome != NULL && strcmp(outcome, "dropped") == 0 ? vole_drop_name(reason) : NULL);
}

static void put_events(json_t *list, const struct cast *cast, size_t *told)
{
    for (; *told < cast->event_count; ++*told) {
        const struct cast_event *event = &cast->events[*told];
        json_t *happened;

        if (event->kind != VOLE_EVENT_HANDSHAKE_COMPLETE && event->kind != VOLE_EVENT_GAVE_UP)
            continue;
        happened = value_object(list, NULL);
        value_text(happened, "what", event->kind == VOLE_EVENT_GAVE_UP ? "gave_up" : "complete");
        put_time(happened, "at", event->at_ns);
        value_text(happened, "by", event->member->name);
    }
}

/* Changes the copy as it is to be spoilt. */
static void spoil_bytes(uint8_t *bytes, size_t length, const struct handshake_spoil *spoil,
                        const struct cast_member *receiver)
{
    assert(spoil->byte < length);
    bytes[spoil->byte] ^= spoil->mask;
    if (spoil->repaired)
        handshake_verdict_repair(bytes, length, receiver->public_key);
}

static enum vole_outcome hand_watched(struct handshake_course *course, struct cast_member *to, size_t number,
                                      const struct handshake_spoil *spoil)
{
    struct cast *cast = to->cast;
    struct vole_endpoint from = cast->wire[number].from;
    size_t length = cast->wire[number].length, before = cast->wire_count;
    uint8_t bytes[HANDSHAKE_VERDICT_MOST];

    assert(length <= sizeof bytes);
    memcpy(bytes, cast->wire[number].bytes, length);
    spoil_bytes(bytes, length, spoil, to);
    handshake_verdict_take(&course->verdict, to, bytes, length, &from);
    course->answers = (unsigned)(cast->wire_count - before);
    return course->verdict.outcome;
}

static void arrive(struct handshake_course *course, struct cast *cast, size_t number,
                   const struct handshake_spoil *spoil)
{
    struct vole_endpoint address = cast->wire[number].to;
    struct cast_member *to = cast_at(cast, &address);
    bool watched = number == spoil->number;
    enum vole_drop reason = VOLE_DROP_COUNT;
    enum vole_outcome outcome;
    const char *word = NULL;

    if (to != NULL) {
        outcome = watched ? hand_watched(course, to, number, spoil) : cast_hand_datagram(to, number);
        reason = vole_device_last_drop(to->device);
        word = handshake_verdict_outcome(outcome);
        if ((outcome == VOLE_DELIVERED || outcome == VOLE_KEEPALIVE) && course->works_at_ns == VOLE_NEVER)
            course->works_at_ns = cast->now_ns;
    }
    handshake_course_put(course->happened, cast, &cast->wire[number], cast->now_ns, word, reason,
                         watched && spoil->mask != 0);
}

void handshake_course_run(struct handshake_course *course, struct cast *cast, size_t from,
                          const struct handshake_spoil *spoil, uint64_t until_ns)
{
    size_t next = from, told = cast->event_count;

    *course = (struct handshake_course){.happened = value_new_list(), .works_at_ns = VOLE_NEVER};
    for (;;) {
        uint64_t deadline = cast_next_deadline(cast);
        uint64_t arrival =
            next < cast->wire_count ? cast->wire[next].at_ns + HANDSHAKE_RUN_WAY_NS : VOLE_NEVER;

        if (arrival == VOLE_NEVER && course->works_at_ns != VOLE_NEVER)
            break;
        if (arrival > until_ns && deadline > until_ns)
            break;
        if (arrival <= deadline) {
            cast_pass_until(cast, arrival);
            arrive(course, cast, next++, spoil);
        } else {
            cast_pass_until(cast, deadline);
        }
        put_events(course->happened, cast, &told);
    }
}
