/* SPDX-License-Identifier: MIT
 *
 * The server that never answers: every initiation that the laptop sends to it, until it gives up (timers §3).
 */
#include "core/messages.h"
#include "explain/life_film.h"
#include "explain/life_parts.h"
#include "explain/value.h"

#define PACKETS 3

/* Every initiation on the wire so far. Returns the time from the first to the last. */
static uint64_t put_tries(json_t *parent, const struct cast *cast)
{
    json_t *tries = value_list(parent, "tries");
    uint64_t first_ns = 0, before_ns = 0;

    for (size_t i = 0; i < cast->wire_count; i++) {
        const struct cast_datagram *datagram = &cast->wire[i];
        json_t *item = value_object(tries, NULL);

        if (i == 0)
            first_ns = before_ns = datagram->at_ns;
        value_number(item, "number", i + 1);
        value_seconds(item, "at", datagram->at_ns);
        life_time_put(item, "time", datagram->at_ns);
        life_time_put(item, "after", datagram->at_ns - before_ns);
        value_seconds(item, "gap", datagram->at_ns - before_ns);
        value_bytes(item, "index", datagram->bytes + INITIATION_SENDER, 4);
        value_bytes(item, "ephemeral", datagram->bytes + INITIATION_EPHEMERAL, 32);
        before_ns = datagram->at_ns;
    }
    return before_ns - first_ns;
}

static uint64_t gave_up_ns(const struct cast *cast)
{
    for (size_t i = 0; i < cast->event_count; i++)
        if (cast->events[i].kind == VOLE_EVENT_GAVE_UP)
            return cast->events[i].at_ns;
    return 0;
}

json_t *life_retries_new(const struct story_options *options)
{
    json_t *retries = value_new_object(), *whole;
    struct life_film film;
    uint64_t last_ns;

    life_film_init(&film, options->seed);
    film.sides[LIFE_SERVER].gone = film.hide_losses = film.brief = true;
    for (unsigned i = 0; i < PACKETS; i++) {
        life_film_until(&film, i * NS_PER_SECOND);
        (void)life_film_send(&film, LIFE_LAPTOP, false);
    }
    life_film_until(&film, 300 * NS_PER_SECOND);
    last_ns = put_tries(retries, &film.cast);
    value_number(retries, "transmissions", film.cast.wire_count);
    value_number(retries, "bytes", film.cast.wire_count * INITIATION_BYTES);
    value_seconds(retries, "last", last_ns);
    life_time_put(retries, "last_time", last_ns);
    value_seconds(retries, "gave_up", gave_up_ns(&film.cast));
    life_time_put(retries, "gave_up_time", gave_up_ns(&film.cast));
    value_number(retries, "waiting", PACKETS);
    value_number(retries, "dropped", vole_peer_drops(film.sides[LIFE_LAPTOP].peer, VOLE_DROP_STAGED_PURGED));
    value_text(retries, "dropped_words", vole_drop_text(VOLE_DROP_STAGED_PURGED));
    life_film_mark(&film, "again");
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    value_number(retries, "after_next_packet", film.cast.wire_count);
    whole = life_film_finish(&film);
    value_put(retries, "film", whole);
    return retries;
}
