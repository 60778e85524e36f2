/* SPDX-License-Identifier: MIT
 *
 * A session's whole life: the first packet, the handshake, traffic, a rekey by sending and one by receiving,
 * silence, the end of the keys (timers §1, §4; protocol §5).
 */
#include "explain/life_film.h"
#include "explain/life_parts.h"

#define MS(number) ((number)*NS_PER_MS)

/* An app's packet and the other app's answer to it, once it is there. */
static void talk(struct life_film *film, uint64_t at_ns)
{
    life_film_until(film, at_ns);
    (void)life_film_send(film, LIFE_LAPTOP, false);
    life_film_until(film, at_ns + LIFE_WAY_NS);
    (void)life_film_send(film, LIFE_SERVER, true);
    life_film_until(film, at_ns + 2 * LIFE_WAY_NS);
}

static void begin(struct life_film *film)
{
    life_film_mark(film, "nothing");
    life_film_look(film, LIFE_LAPTOP, "both interfaces are up; nothing is said");
    life_film_mark(film, "first");
    (void)life_film_send(film, LIFE_LAPTOP, false);
    life_film_mark(film, "answered");
    life_film_until(film, MS(20));
    life_film_mark(film, "established");
    life_film_until(film, MS(40));
    life_film_mark(film, "confirmed");
    life_film_until(film, MS(60));
    (void)life_film_send(film, LIFE_SERVER, true);
    life_film_until(film, MS(80));
    life_film_mark(film, "keepalive");
    life_film_until(film, MS(11000));
    life_film_mark(film, "traffic");
    talk(film, MS(60000));
    life_film_until(film, MS(100000));
    life_film_mark(film, "silent");
    life_film_look(film, LIFE_LAPTOP, "nobody has anything to say");
}

/* The first packet after 120 s takes the old key, and an initiation with it. */
static void rekey_by_sending(struct life_film *film)
{
    life_film_until(film, MS(125000) - 1);
    life_film_mark(film, "rekey");
    life_film_until(film, MS(125000));
    (void)life_film_send(film, LIFE_LAPTOP, false);
    life_film_until(film, MS(125020));
    life_film_until(film, MS(125030));
    life_film_mark(film, "old_key");
    (void)life_film_send(film, LIFE_SERVER, true);
    life_film_mark(film, "make_before_break");
    life_film_until(film, MS(125040));
    life_film_mark(film, "previous");
    life_film_until(film, MS(125050));
    life_film_mark(film, "switched");
    life_film_until(film, MS(125060));
}

/* The laptop has sent nothing since long before 120 s; then something comes at 165 s or later. */
static void rekey_by_receiving(struct life_film *film)
{
    life_film_until(film, MS(125040) + REKEY_AFTER_TIME);
    life_film_mark(film, "old");
    life_film_look(film, LIFE_LAPTOP, "session B is 120 s old here; nothing is sent, so nothing is renewed");
    life_film_until(film, MS(295000));
    (void)life_film_send(film, LIFE_SERVER, false);
    life_film_mark(film, "receiving");
    life_film_until(film, MS(295080));
    talk(film, MS(300000));
}

static void end(struct life_film *film)
{
    uint64_t server_expires_ns = MS(295040) + REJECT_AFTER_TIME;

    life_film_until(film, server_expires_ns);
    life_film_mark(film, "expired");
    life_film_look(film, LIFE_SERVER,
                   "the session is 180 s old here: it neither sends nor receives any more");
    life_film_until(film, server_expires_ns + LIFE_WAY_NS);
    life_film_look(film, LIFE_LAPTOP, "the session is 180 s old here, too");
    life_film_until(film, MS(480000));
    life_film_mark(film, "swapped");
    (void)life_film_send(film, LIFE_SERVER, false);
    life_film_until(film, MS(480060));
    (void)life_film_send(film, LIFE_LAPTOP, true);
    life_film_until(film, MS(480040) + REJECT_AFTER_TIME);
    life_film_mark(film, "expired_again");
    life_film_look(film, LIFE_SERVER, "this session is 180 s old, too; nobody has anything to say");
    life_film_mark(film, "erased");
    life_film_until(film, MS(480040) + ERASE_KEYS_AFTER);
    life_film_until(film, MS(480040) + ERASE_KEYS_AFTER + MS(60000));
    life_film_mark(film, "forgotten");
    life_film_look(film, LIFE_LAPTOP, "as if nothing had ever been said");
}

json_t *life_session_new(const struct story_options *options)
{
    struct life_film film;

    life_film_init(&film, options->seed);
    begin(&film);
    rekey_by_sending(&film);
    rekey_by_receiving(&film);
    end(&film);
    return life_film_finish(&film);
}
