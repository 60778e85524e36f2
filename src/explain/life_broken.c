/* SPDX-License-Identifier: MIT
 *
 * What goes wrong in a life, done to real devices: each is a short film of its own, with what the other side
 * hears of it.
 */
#include "explain/life_film.h"
#include "explain/life_packet.h"
#include "explain/life_parts.h"
#include "explain/value.h"

#include <string.h>

#define HOUR_S    3600
#define S(number) ((number)*NS_PER_SECOND)

/* A session, and one packet and its answer over it; it is 2 s old then. */
static void start(struct life_film *film, const struct story_options *options)
{
    life_film_init(film, options->seed);
    film->brief = true;
    (void)life_film_send(film, LIFE_LAPTOP, false);
    life_film_until(film, S(1));
    (void)life_film_send(film, LIFE_SERVER, true);
    life_film_until(film, S(2));
}

/* From now on it is told; what came before was only to get there. Returns how many datagrams there were. */
static size_t tell_from_here(struct life_film *film)
{
    (void)json_array_clear(film->frames);
    return film->cast.wire_count;
}

/* What came of it. from: how many datagrams there were on the wire when it was broken. */
static void finish(struct life_film *film, json_t *list, const char *name, const char *button,
                   const char *verdict, size_t from)
{
    json_t *item = value_object(list, NULL);
    size_t heard = 0;

    for (size_t i = from; i < film->cast.wire_count; i++)
        heard += film->cast.wire[i].sender == film->sides[LIFE_SERVER].member;
    value_text(item, "name", name);
    value_text(item, "button", button);
    value_text(item, "verdict", verdict);
    value_number(item, "answers", heard);
    value_put(item, "film", life_film_finish(film));
}

static void break_clock(json_t *list, const struct story_options *options)
{
    struct life_film film;
    size_t from;

    start(&film, options);
    life_film_until(&film, S(60));
    film.sides[LIFE_LAPTOP].member->clock_wrong_by_s = -HOUR_S;
    from = tell_from_here(&film);
    life_film_mark(&film, "broken");
    life_film_world(&film, "laptop", "the laptop's clock is set back by an hour");
    life_film_until(&film, S(125));
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    life_film_until(&film, S(126));
    finish(
        &film, list, "clock_back", "Set the laptop's clock back",
        "The rekey works all the same: vole's timestamps go on from the last one it sent, not from the wall "
        "clock.",
        from);
}

/* The laptop as it is after a restart: the same keys, nothing remembered. */
static void restart_laptop(struct life_film *film)
{
    struct life_side *laptop = &film->sides[LIFE_LAPTOP];
    uint8_t preshared[VOLE_KEY_BYTES], skipped[4096];
    struct vole_time now;

    cast_time(laptop->member, &now);
    vole_device_down(laptop->member->device, &now);
    cast_preshared_key(preshared, film->cast.seed);
    laptop->member = cast_add(&film->cast, "laptop", &cast_laptop_address);
    chance_bytes(&laptop->member->chance, skipped, sizeof skipped); /* not the numbers of its first life */
    laptop->member->clock_wrong_by_s = -HOUR_S;
    laptop->peer =
        cast_introduce(laptop->member, film->sides[LIFE_SERVER].member, "10.0.0.5/32", preshared, true);
    memset(preshared, 0, sizeof preshared);
}

static void break_clock_and_memory(json_t *list, const struct story_options *options)
{
    struct life_film film;
    size_t from;

    start(&film, options);
    life_film_until(&film, S(20));
    from = tell_from_here(&film);
    restart_laptop(&film);
    life_film_mark(&film, "broken");
    life_film_world(
        &film, "laptop",
        "the laptop restarts, its clock an hour behind, and nobody wrote down how far it had counted");
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    life_film_until(&film, S(32));
    finish(
        &film, list, "clock_back_restart", "Restart it with the clock set back",
        "Every initiation looks like an old one, and the server says nothing, for an hour. That is why voled "
        "writes down ahead how far its timestamps may go, and goes on from there.",
        from);
}

static void break_data(json_t *list, const struct story_options *options)
{
    struct life_film film;
    struct cast_datagram copy;
    size_t from;

    start(&film, options);
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    life_film_until(&film, S(3));
    from = tell_from_here(&film);
    copy = film.cast.wire[from - 1];
    life_film_mark(&film, "broken");
    (void)life_film_hand(&film, LIFE_SERVER, copy.bytes, copy.length, &copy.from,
                         "the same datagram arrives a second time");
    finish(
        &film, list, "replayed_data", "Send data twice",
        "It is authentic, but its counter was seen before. The app gets its packet once, and the sender of "
        "the copy hears nothing.",
        from);
}

static void break_initiation(json_t *list, const struct story_options *options)
{
    struct life_film film;
    struct cast_datagram copy;
    size_t from;

    start(&film, options);
    life_film_until(&film, S(8));
    from = tell_from_here(&film);
    copy = film.cast.wire[0];
    life_film_mark(&film, "broken");
    (void)life_film_hand(&film, LIFE_SERVER, copy.bytes, copy.length, &copy.from,
                         "the first initiation arrives again, word for word");
    finish(&film, list, "replayed_initiation", "Send the first initiation again",
           "Its timestamp is not newer than the last one of this peer. The session that is there goes on.",
           from);
}

static void break_source(json_t *list, const struct story_options *options)
{
    const struct vole_address wrong = life_packet_address("10.0.0.99");
    uint8_t packet[LIFE_PACKET_BYTES];
    struct life_film film;
    size_t from;

    start(&film, options);
    life_film_until(&film, S(20));
    from = tell_from_here(&film);
    life_packet_echo(packet, &wrong, &film.sides[LIFE_SERVER].inside, false, 9);
    life_film_mark(&film, "broken");
    (void)life_film_send_packet(&film, LIFE_LAPTOP, packet, sizeof packet,
                                "an app on the laptop sends a packet from 10.0.0.99");
    life_film_until(&film, S(32));
    finish(
        &film, list, "foreign_source", "Send from a foreign address",
        "The key is right and the source is not among this peer's allowed IPs: no app gets it, and no error "
        "goes back. As it was authentic, the server owes a sign of life: 10 s later its keepalive comes.",
        from);
}

static void break_age(json_t *list, const struct story_options *options)
{
    struct life_film film;
    struct cast_datagram late;
    size_t from;

    start(&film, options);
    life_film_until(&film, S(60));
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    late = film.cast.wire[life_film_catch(&film)]; /* the network keeps it back */
    life_film_until(&film, S(61));
    (void)life_film_send(&film, LIFE_SERVER, false);
    life_film_until(&film, S(181));
    from = tell_from_here(&film);
    life_film_mark(&film, "broken");
    (void)life_film_hand(&film, LIFE_SERVER, late.bytes, late.length, &late.from,
                         "121 s after it was sent, the datagram arrives");
    finish(&film, list, "late_data", "Deliver data two minutes late",
           "The session is older than 180 s: its key is not even tried.", from);
}

static void break_server(json_t *list, const struct story_options *options)
{
    struct life_film film;
    size_t from;

    start(&film, options);
    life_film_until(&film, S(60));
    from = tell_from_here(&film);
    film.sides[LIFE_SERVER].gone = film.hide_losses = true;
    life_film_mark(&film, "broken");
    life_film_world(&film, "server", "the server is gone; nobody tells the laptop");
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    life_film_until(&film, S(200));
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    life_film_until(&film, S(201));
    finish(&film, list, "server_vanished", "Let the server vanish",
           "Data goes out as before: nothing says that it is lost. 15 s of silence bring the first "
           "initiation, and "
           "20 of them without an answer end it. The next packet begins anew.",
           from);
}

static void break_memory(json_t *list, const struct story_options *options)
{
    struct life_film film;
    struct cast_member *server;
    struct vole_time now;
    size_t from;

    start(&film, options);
    life_film_until(&film, S(60));
    from = tell_from_here(&film);
    server = film.sides[LIFE_SERVER].member;
    cast_time(server, &now);
    vole_device_down(server->device, &now);
    vole_device_up(server->device, &now);
    life_film_mark(&film, "broken");
    life_film_world(&film, "server", "the server restarts: its session keys are gone");
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    life_film_until(&film, S(80));
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    life_film_until(&film, S(81));
    finish(&film, list, "server_restarted", "Restart the server",
           "The server does not say that it has forgotten: nothing answers data of an unknown session. The "
           "laptop "
           "finds out by the silence, 15 s later, and all is well again.",
           from);
}

json_t *life_broken_new(const struct story_options *options)
{
    json_t *list = value_new_list();

    break_clock(list, options);
    break_clock_and_memory(list, options);
    break_data(list, options);
    break_initiation(list, options);
    break_source(list, options);
    break_age(list, options);
    break_server(list, options);
    break_memory(list, options);
    return list;
}
