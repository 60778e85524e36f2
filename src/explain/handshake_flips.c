/* SPDX-License-Identifier: MIT */
#include "explain/handshake_flips.h"

#include "core/constants.h"
#include "explain/handshake_broken.h"
#include "explain/handshake_course.h"
#include "explain/handshake_fields.h"
#include "explain/handshake_run.h"
#include "explain/value.h"

#include <string.h>

/* Long enough for two more attempts and for whatever a session that leads nowhere waits for. */
#define FLIPS_UNTIL_NS (25 * NS_PER_SECOND)

static json_t *flip_new(const uint8_t *seed, const struct handshake_spoil *spoil, json_t *courses)
{
    uint8_t packet[HANDSHAKE_RUN_PACKET_MOST];
    struct cast_member *laptop, *server;
    struct handshake_course course;
    struct cast cast;
    json_t *result;

    cast_init(&cast, seed);
    cast_add_two(&cast, &laptop, &server);
    (void)cast_send(laptop, packet, handshake_run_packet(packet));
    handshake_course_run(&course, &cast, 0, spoil, FLIPS_UNTIL_NS);
    result = handshake_broken_result(&course, courses);
    cast_fini(&cast);
    return result;
}

static void put_flips(json_t *parent, const char *name, const struct handshake_run *run, size_t number,
                      json_t *courses)
{
    const struct cast_datagram *message = &run->cast.wire[number];
    json_t *list = value_list(parent, name);

    for (size_t byte = 0; byte < message->length; byte++) {
        struct handshake_spoil spoil = {.number = number, .byte = byte, .mask = HANDSHAKE_FLIPS_MASK};
        json_t *flip = value_object(list, NULL);
        uint8_t became = message->bytes[byte] ^ spoil.mask;

        value_number(flip, "byte", byte);
        value_bytes(flip, "was", &message->bytes[byte], 1);
        value_bytes(flip, "became", &became, 1);
        value_put(flip, "as_is", flip_new(run->cast.seed, &spoil, courses));
        spoil.repaired = true;
        value_put(flip, "repaired", flip_new(run->cast.seed, &spoil, courses));
    }
}

json_t *handshake_flips_new(const uint8_t seed[static CHANCE_SEED_BYTES], json_t *courses)
{
    struct handshake_run run;
    json_t *flips = value_new_object();

    handshake_run_play(&run, seed);
    put_flips(flips, "initiation", &run, HANDSHAKE_RUN_INITIATION, courses);
    put_flips(flips, "response", &run, HANDSHAKE_RUN_RESPONSE, courses);
    handshake_run_fini(&run);
    return flips;
}

/* What became of the byte's flip in a word. */
static const char *word_of(const json_t *flip, const char *how)
{
    const char *reason = json_string_value(json_object_get(json_object_get(flip, how), "reason"));

    return reason != NULL ? reason : "taken";
}

static bool is_like(const json_t *flip, const json_t *other)
{
    return strcmp(word_of(flip, "as_is"), word_of(other, "as_is")) == 0 &&
           strcmp(word_of(flip, "repaired"), word_of(other, "repaired")) == 0;
}

/* Bytes of one field that fare alike are one row. */
static void summarise(json_t *summary, const char *message, enum handshake_fields fields, const json_t *flips)
{
    size_t count = json_array_size(flips), to;

    for (size_t from = 0; from < count; from = to) {
        const json_t *first = json_array_get(flips, from);
        json_t *row = value_object(summary, NULL);

        for (to = from + 1; to < count; to++)
            if (!is_like(first, json_array_get(flips, to)) ||
                strcmp(handshake_fields_title(fields, from), handshake_fields_title(fields, to)) != 0)
                break;
        value_text(row, "message", message);
        value_text(row, "field", handshake_fields_title(fields, from));
        value_number(row, "from", from);
        value_number(row, "to", to);
        value_text(row, "as_is", word_of(first, "as_is"));
        value_text(row, "repaired", word_of(first, "repaired"));
    }
}

json_t *handshake_flips_summary(const json_t *flips)
{
    json_t *summary = value_new_list();

    summarise(summary, "initiation", HANDSHAKE_FIELDS_INITIATION, json_object_get(flips, "initiation"));
    summarise(summary, "response", HANDSHAKE_FIELDS_RESPONSE, json_object_get(flips, "response"));
    return summary;
}
