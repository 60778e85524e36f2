/* SPDX-License-Identifier: MIT
 *
 * The laptop changes its address in the middle of a session, and a stranger tries to be taken for it
 * (routing §9). One session serves for all of it.
 */
#include "core/messages.h"
#include "explain/life_film.h"
#include "explain/life_parts.h"
#include "explain/value.h"

#include <string.h>

#define S(number) ((number)*NS_PER_SECOND)

static void talk(struct life_film *film, uint64_t at_ns)
{
    life_film_until(film, at_ns);
    (void)life_film_send(film, LIFE_LAPTOP, false);
    life_film_until(film, at_ns + LIFE_WAY_NS);
}

static void answer(struct life_film *film)
{
    (void)life_film_send(film, LIFE_SERVER, true);
    life_film_until(film, film->cast.now_ns + LIFE_WAY_NS);
}

static void move(struct life_film *film)
{
    life_film_mark(film, "before");
    talk(film, S(1));
    answer(film);
    life_film_until(film, S(5));
    film->sides[LIFE_LAPTOP].member->address = cast_roamed_address;
    life_film_mark(film, "moved");
    life_film_world(film, "laptop", "the laptop leaves its network for another: its address is new");
    talk(film, S(6));
    life_film_mark(film, "answer");
    answer(film);
}

/* The laptop's latest datagram, once more, from the stranger's address: as it is, and with one bit changed.
 */
static void forge(struct life_film *film)
{
    const struct cast_datagram *latest = NULL;
    uint8_t bytes[256];
    size_t length;

    for (size_t i = 0; i < film->cast.wire_count; i++)
        if (film->cast.wire[i].sender == film->sides[LIFE_LAPTOP].member)
            latest = &film->cast.wire[i];
    if (latest == NULL || latest->length > sizeof bytes)
        return;
    length = latest->length;
    memcpy(bytes, latest->bytes, length);
    life_film_until(film, S(10));
    life_film_mark(film, "copied");
    (void)life_film_hand(film, LIFE_SERVER, bytes, length, &cast_stranger_address,
                         "a stranger sends a copy of the laptop's last datagram");
    bytes[TRANSPORT_COUNTER]++;
    life_film_mark(film, "forged");
    (void)life_film_hand(film, LIFE_SERVER, bytes, length, &cast_stranger_address,
                         "a stranger sends the copy with the next counter");
}

/* Who can hold a datagram back and pass it on first is believed, for one packet. */
static void relay(struct life_film *film)
{
    size_t number;

    life_film_until(film, S(12));
    (void)life_film_send(film, LIFE_LAPTOP, false);
    number = life_film_catch(film);
    life_film_mark(film, "relayed");
    (void)life_film_hand(film, LIFE_SERVER, film->cast.wire[number].bytes, film->cast.wire[number].length,
                         &cast_stranger_address,
                         "a stranger on the way holds a fresh datagram back, and sends it on from himself");
    answer(film);
    life_film_mark(film, "back");
    talk(film, S(13));
    answer(film);
}

/* Who is spoken to before he has spoken from the new place hears nothing. */
static void lose(struct life_film *film)
{
    life_film_until(film, S(15));
    film->sides[LIFE_LAPTOP].member->address = cast_laptop_address;
    life_film_mark(film, "home");
    life_film_world(film, "laptop", "the laptop is home again, and says nothing yet");
    life_film_until(film, S(16));
    (void)life_film_send(film, LIFE_SERVER, false);
    life_film_mark(film, "lost");
    life_film_until(film, S(17));
    talk(film, S(17));
    life_film_mark(film, "heard_again");
    answer(film);
}

json_t *life_roaming_new(const struct story_options *options)
{
    json_t *roaming = value_new_object(), *whole;
    struct life_film film;

    life_film_init(&film, options->seed);
    value_endpoint(roaming, "home", &cast_laptop_address);
    value_endpoint(roaming, "away", &cast_roamed_address);
    value_endpoint(roaming, "server", &cast_server_address);
    value_endpoint(roaming, "stranger", &cast_stranger_address);
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    life_film_until(&film, S(1) - 1);
    value_number(roaming, "handshakes_before", life_film_count(&film, LIFE_BOTH, "initiation"));
    move(&film);
    forge(&film);
    relay(&film);
    lose(&film);
    value_number(roaming, "handshakes_after", life_film_count(&film, LIFE_BOTH, "initiation"));
    whole = life_film_finish(&film);
    value_put(roaming, "film", whole);
    return roaming;
}
