/* SPDX-License-Identifier: MIT
 *
 * Act 4 of vole explain: that its times are those of core/constants.h, that what is told happened, each frame
 * being what a device was called with and did, and that the words of the page about it are true.
 */
#include "core/constants.h"
#include "explain/life_act.h"
#include "explain/life_film.h"
#include "explain/life_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WAY_NS (20 * NS_PER_MS)

static struct story_options options;
static json_t *act;

static int play(void **state)
{
    (void)state;
    memcpy(options.seed, chance_public_seed, sizeof options.seed);
    act = life_act_new(&options);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    json_decref(act);
    return 0;
}

/* ---- reading ---- */

/* What stands at "retries.tries.3"; it must be there. */
static json_t *at(json_t *from, const char *path)
{
    char names[128], *rest = NULL;

    (void)snprintf(names, sizeof names, "%s", path);
    for (char *name = strtok_r(names, ".", &rest); name != NULL; name = strtok_r(NULL, ".", &rest)) {
        from =
            json_is_array(from) ? json_array_get(from, strtoul(name, NULL, 10)) : json_object_get(from, name);
        if (from == NULL)
            fail_msg("%s is not there", path);
    }
    return from;
}

static uint64_t number(json_t *from, const char *path)
{
    json_t *value = at(from, path);

    assert_true(json_is_integer(value));
    return (uint64_t)json_integer_value(value);
}

static const char *text(json_t *from, const char *path)
{
    const char *value = json_string_value(at(from, path));

    return value != NULL ? value : "";
}

static bool truth(json_t *from, const char *path)
{
    return json_is_true(at(from, path));
}

/* Seconds, to the microsecond. */
static uint64_t ns(json_t *from, const char *path)
{
    json_t *value = at(from, path);

    assert_true(json_is_number(value));
    return (uint64_t)(json_number_value(value) * 1e6 + 0.5) * 1000;
}

static json_t *frame_of(json_t *film, const char *mark)
{
    char path[64];

    (void)snprintf(path, sizeof path, "marks.%s.number", mark);
    return json_array_get(at(film, "frames"), (size_t)number(film, path) - 1);
}

/* How many consequences of the frame are of this kind and, if not NULL, this message. */
static size_t consequences(json_t *frame, const char *kind, const char *message)
{
    json_t *then = at(frame, "then"), *item;
    size_t i, count = 0;

    json_array_foreach(then, i, item) count +=
        strcmp(text(item, "kind"), kind) == 0 &&
        (message == NULL || strcmp(text(item, "message"), message) == 0);
    return count;
}

/* ---- the times ---- */

static void the_keepalive_comes_when_data_went_unanswered_for_its_time(void **state)
{
    json_t *film = at(act, "session"), *keepalive = frame_of(film, "keepalive");
    json_t *before = json_array_get(at(film, "frames"), (size_t)number(keepalive, "number") - 2);

    (void)state;
    assert_string_equal(text(keepalive, "call"), "tick");
    assert_string_equal(text(keepalive, "timer"), "keepalive");
    assert_string_equal(text(before, "outcome"), "delivered");
    assert_int_equal(ns(keepalive, "at") - ns(before, "at"), KEEPALIVE_TIMEOUT);
    assert_int_equal(consequences(keepalive, "sends", "keepalive"), 1);
}

/* Every initiation of the film has its one lawful cause. */
static void no_session_is_renewed_before_its_time(void **state)
{
    json_t *frames = at(act, "session.frames"), *frame;
    size_t i, causes[4] = {0};

    (void)state;
    json_array_foreach(frames, i, frame)
    {
        json_t *current = json_object_get(at(at(frame, text(frame, "who")), "slots"), "current");

        if (consequences(frame, "sends", "initiation") == 0)
            continue;
        assert_int_equal(consequences(frame, "sends", "initiation"), 1);
        if (!json_is_object(current)) {
            causes[0]++;
        } else if (ns(current, "age") >= REJECT_AFTER_TIME) {
            assert_string_equal(text(frame, "outcome"), "staged");
            causes[1]++;
        } else if (strcmp(text(frame, "call"), "send") == 0) {
            assert_true(truth(current, "initiator"));
            assert_true(ns(current, "age") >= REKEY_AFTER_TIME);
            assert_true(consequences(frame, "sends", "data") == 1);
            causes[2]++;
        } else {
            assert_string_equal(text(frame, "call"), "receive");
            assert_true(truth(current, "initiator"));
            assert_true(ns(current, "age") >= LAST_MINUTE_REKEY);
            causes[3]++;
        }
    }
    for (i = 0; i < 4; i++)
        assert_int_equal(causes[i], 1);
}

/* Initiations that the laptop sent by the time something was said at this age of its session: by itself, or
 * by the server, so that it only receives. */
static size_t initiations_after(uint64_t age_ns, bool receives)
{
    struct life_film film;
    size_t count;

    life_film_init(&film, options.seed);
    (void)life_film_send(&film, LIFE_LAPTOP, false);
    life_film_until(&film, 2 * WAY_NS + age_ns - (receives ? WAY_NS : 0));
    (void)life_film_send(&film, receives ? LIFE_SERVER : LIFE_LAPTOP, false);
    if (receives)
        life_film_until(&film, 2 * WAY_NS + age_ns);
    count = life_film_count(&film, LIFE_LAPTOP, "initiation");
    json_decref(life_film_finish(&film));
    return count;
}

static void renewal_begins_at_its_age_and_not_a_moment_before(void **state)
{
    (void)state;
    assert_int_equal(initiations_after(REKEY_AFTER_TIME - 1, false), 1);
    assert_int_equal(initiations_after(REKEY_AFTER_TIME, false), 2);
    assert_int_equal(initiations_after(LAST_MINUTE_REKEY - 1, true), 1);
    assert_int_equal(initiations_after(LAST_MINUTE_REKEY, true), 2);
}

static void the_key_dies_at_its_time_and_not_a_moment_before(void **state)
{
    static const char *const names[] = {"laptop", "server"};

    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        struct life_film film;
        struct vole_time now;
        uint64_t birth_ns = who == 0 ? 2 * WAY_NS : WAY_NS;
        json_t *whole;

        life_film_init(&film, options.seed);
        (void)life_film_send(&film, LIFE_LAPTOP, false);
        life_film_until(&film, birth_ns + REJECT_AFTER_TIME - 1);
        cast_time(film.sides[who].member, &now);
        assert_int_equal(life_phase(film.sides[who].peer, &now), LIFE_IDLE);
        life_film_until(&film, birth_ns + REJECT_AFTER_TIME);
        cast_time(film.sides[who].member, &now);
        assert_int_equal(life_phase(film.sides[who].peer, &now), LIFE_EXPIRED);
        whole = life_film_finish(&film);
        assert_string_equal(text(whole, "bars.0.who"), "server");
        json_decref(whole);
        assert_string_equal(text(at(frame_of(at(act, "session"), "expired_again"), names[who]), "phase"),
                            "expired");
    }
}

static void keys_are_erased_when_the_last_session_is_old_enough(void **state)
{
    json_t *frames = at(act, "session.frames"), *frame;
    uint64_t derived_ns[2] = {0};
    size_t i, erased = 0;

    (void)state;
    json_array_foreach(frames, i, frame)
    {
        unsigned who = strcmp(text(frame, "who"), "server") == 0;

        for (size_t j = 0; j < json_array_size(at(frame, "then")); j++) {
            json_t *item = json_array_get(at(frame, "then"), j);

            if (strcmp(text(item, "kind"), "keys") == 0 && json_is_null(at(item, "from")))
                derived_ns[who] = ns(frame, "at");
            if (strcmp(text(item, "kind"), "event") == 0 && strcmp(text(item, "name"), "keys_erased") == 0) {
                assert_int_equal(ns(frame, "at") - derived_ns[who], ERASE_KEYS_AFTER);
                assert_string_equal(text(at(frame, text(frame, "who")), "phase"), "no_session");
                erased++;
            }
        }
    }
    assert_int_equal(erased, 2);
}

static void the_page_cites_the_constants(void **state)
{
    (void)state;
    assert_int_equal(number(act, "constants.rekey_after_time"), REKEY_AFTER_TIME / NS_PER_SECOND);
    assert_int_equal(number(act, "constants.reject_after_time"), REJECT_AFTER_TIME / NS_PER_SECOND);
    assert_int_equal(number(act, "constants.keepalive_timeout"), KEEPALIVE_TIMEOUT / NS_PER_SECOND);
    assert_int_equal(number(act, "constants.rekey_timeout"), REKEY_TIMEOUT / NS_PER_SECOND);
    assert_int_equal(number(act, "constants.last_minute_rekey"), LAST_MINUTE_REKEY / NS_PER_SECOND);
    assert_int_equal(number(act, "constants.new_handshake_timeout"), NEW_HANDSHAKE_TIMEOUT / NS_PER_SECOND);
    assert_int_equal(number(act, "constants.erase_keys_after"), ERASE_KEYS_AFTER / NS_PER_SECOND);
}

static void states_are_named_as_they_are(void **state)
{
    static const char *const phases[][3] = {
        {"nothing", "no_session", "no_session"},
        {"first", "initiating", "no_session"},
        {"answered", "initiating", "answered"},
        {"established", "expects", "answered"},
        {"confirmed", "expects", "owes"},
        {"keepalive", "idle", "expects"},
        {"silent", "idle", "idle"},
        {"rekey", "rekeying", "idle"},
        {"old_key", "rekeying", "rekeying"},
        {"switched", "owes", "idle"},
        {"expired_again", "expired", "expired"},
        {"forgotten", "no_session", "no_session"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        json_t *frame = frame_of(at(act, "session"), phases[i][0]);

        assert_string_equal(text(frame, "laptop.phase"), phases[i][1]);
        assert_string_equal(text(frame, "server.phase"), phases[i][2]);
    }
}

/* ---- that it happened ---- */

/* What arrives was sent by the other side, one way's time before, and everything that was sent arrives. */
static void every_datagram_of_the_film_was_sent_before_it_arrived(void **state)
{
    json_t *frames = at(act, "session.frames"), *frame;
    struct flight {
        uint64_t arrives_ns;
        const char *message, *who;
    } flights[64];
    size_t i, flying = 0, arrived = 0;

    (void)state;
    json_array_foreach(frames, i, frame)
    {
        if (strcmp(text(frame, "call"), "receive") == 0) {
            assert_true(flying > arrived);
            assert_int_equal(ns(frame, "at"), flights[arrived].arrives_ns);
            assert_string_equal(text(frame, "message"), flights[arrived].message);
            assert_string_not_equal(text(frame, "who"), flights[arrived].who);
            arrived++;
        }
        for (size_t j = 0; j < json_array_size(at(frame, "then")); j++) {
            json_t *item = json_array_get(at(frame, "then"), j);

            if (strcmp(text(item, "kind"), "sends") != 0)
                continue;
            assert_true(flying < 64);
            flights[flying++] =
                (struct flight){ns(frame, "at") + WAY_NS, text(item, "message"), text(frame, "who")};
        }
    }
    assert_true(arrived > 20);
    assert_int_equal(arrived, flying);
}

/* A device was called in every frame, but for those that were only looked at; and those changed nothing. */
static void every_frame_is_a_call_or_changes_nothing(void **state)
{
    json_t *frames = at(act, "session.frames"), *frame;
    size_t i, looks = 0;

    (void)state;
    json_array_foreach(frames, i, frame)
    {
        const char *call = text(frame, "call");

        if (strcmp(call, "look") == 0) {
            assert_int_equal(json_array_size(at(frame, "then")), 0);
            looks++;
        } else if (strcmp(call, "tick") == 0) {
            assert_true(json_array_size(at(frame, "then")) > 0);
            assert_string_not_equal(text(frame, "timer"), "");
        } else {
            assert_true(strcmp(call, "send") == 0 || strcmp(call, "receive") == 0);
            assert_string_not_equal(text(frame, "outcome"), "");
            assert_string_not_equal(text(frame, "outcome"), "dropped");
        }
    }
    assert_true(looks < 8);
}

static void nothing_an_app_sent_was_lost_over_all_rekeys(void **state)
{
    json_t *frames = at(act, "session.frames"), *frame;
    size_t i, sent = 0;

    (void)state;
    json_array_foreach(frames, i, frame) sent += strcmp(text(frame, "call"), "send") == 0;
    assert_true(sent >= 8);
    assert_int_equal(number(act, "session.counts.laptop.delivered") +
                         number(act, "session.counts.server.delivered"),
                     sent);
}

static void the_new_key_is_there_before_the_old_one_goes(void **state)
{
    json_t *film = at(act, "session"), *answer = frame_of(film, "old_key"),
           *late = frame_of(film, "previous");

    (void)state;
    /* the server answers under the old key, though it has a newer one */
    assert_string_equal(text(answer, "server.slots.current.session"), "A");
    assert_string_equal(text(answer, "server.slots.next.session"), "B");
    assert_false(truth(answer, "server.slots.next.may_send"));
    assert_true(truth(answer, "server.slots.next.may_receive"));
    /* and the laptop takes it, though it has switched */
    assert_string_equal(text(late, "outcome"), "delivered");
    assert_string_equal(text(late, "laptop.slots.previous.session"), "A");
    assert_string_equal(text(late, "laptop.slots.current.session"), "B");
    assert_true(number(late, "laptop.slots.previous.newest") > 0);
    assert_true(json_is_null(at(late, "laptop.slots.current.newest")));
}

static void roles_swap_when_the_server_begins(void **state)
{
    json_t *swapped = frame_of(at(act, "session"), "swapped");

    (void)state;
    assert_string_equal(text(swapped, "who"), "server");
    assert_string_equal(text(swapped, "server.phase"), "initiating");
    assert_true(truth(frame_of(at(act, "session"), "expired_again"), "server.slots.current.initiator"));
}

static void bars_are_whole(void **state)
{
    json_t *bars = at(act, "session.bars"), *bar;
    uint64_t ends[2][3] = {{0}};
    size_t i;

    (void)state;
    json_array_foreach(bars, i, bar)
    {
        unsigned who = strcmp(text(bar, "who"), "server") == 0;
        unsigned slot = strcmp(text(bar, "slot"), "previous") == 0  ? 0
                        : strcmp(text(bar, "slot"), "current") == 0 ? 1
                                                                    : 2;

        assert_true(ns(bar, "from") < ns(bar, "to"));
        assert_true(ns(bar, "from") >= ends[who][slot]); /* one session in a slot at a time */
        ends[who][slot] = ns(bar, "to");
    }
    assert_int_equal(json_array_size(bars), 18);
}

static void silence_is_silent_unless_asked_otherwise(void **state)
{
    (void)state;
    assert_int_equal(number(act, "silence.off.datagrams"), 0);
    /* every 25 s one, restarted by every handshake: at least 10, and one for each handshake */
    assert_in_range(number(act, "silence.on.keepalives"), 10, 15);
    assert_in_range(number(act, "silence.on.handshakes"), 2, 3);
}

/* ---- nobody answers ---- */

static void the_unreachable_are_tried_twenty_times_with_something_new_each(void **state)
{
    json_t *tries = at(act, "retries.tries"), *one, *other;
    size_t i, j;

    (void)state;
    assert_int_equal(json_array_size(tries), MAX_TIMER_HANDSHAKES + 2);
    json_array_foreach(tries, i, one)
    {
        if (i > 0)
            assert_in_range(ns(one, "gap"), REKEY_TIMEOUT, REKEY_TIMEOUT + RETRANSMIT_JITTER - 1);
        json_array_foreach(tries, j, other) if (i != j)
        {
            assert_string_not_equal(text(one, "ephemeral"), text(other, "ephemeral"));
            assert_string_not_equal(text(one, "index"), text(other, "index"));
        }
    }
    assert_in_range(ns(act, "retries.gave_up") - ns(act, "retries.last"), REKEY_TIMEOUT,
                    REKEY_TIMEOUT + RETRANSMIT_JITTER - 1);
    assert_int_equal(number(act, "retries.dropped"), number(act, "retries.waiting"));
    assert_int_equal(number(act, "retries.after_next_packet"), MAX_TIMER_HANDSHAKES + 3);
}

/* ---- roaming ---- */

static const char *server_sends_to(const char *mark)
{
    return text(frame_of(at(act, "roaming.film"), mark), "server.endpoint");
}

static void the_endpoint_follows_the_key_and_nothing_else(void **state)
{
    const char *home = text(act, "roaming.home"), *away = text(act, "roaming.away");

    (void)state;
    assert_string_equal(server_sends_to("before"), home);
    assert_string_equal(server_sends_to("moved"), home); /* it does not know yet */
    assert_string_equal(server_sends_to("answer"), away);
    assert_string_equal(server_sends_to("copied"), away);
    assert_string_equal(server_sends_to("forged"), away);
    assert_string_equal(server_sends_to("relayed"), text(act, "roaming.stranger"));
    assert_string_equal(server_sends_to("home"), away);
    assert_string_equal(server_sends_to("heard_again"), home);
    assert_string_equal(text(frame_of(at(act, "roaming.film"), "copied"), "reason"), "replayed");
    assert_string_equal(text(frame_of(at(act, "roaming.film"), "forged"), "reason"), "data_unreadable");
}

static void roaming_does_not_rekey(void **state)
{
    (void)state;
    assert_int_equal(number(act, "roaming.handshakes_before"), 1);
    assert_int_equal(number(act, "roaming.handshakes_after"), 1);
}

static void what_the_laptop_sent_from_anywhere_arrived(void **state)
{
    json_t *counts = at(act, "roaming.film.counts");

    (void)state;
    assert_int_equal(number(counts, "server.delivered"), number(counts, "laptop.data"));
    /* one answer went to the stranger, and one packet to where the laptop had been */
    assert_int_equal(number(counts, "laptop.delivered"), number(counts, "server.data") - 2);
}

/* ---- the window ---- */

static bool ring_bit(const char *ring, uint64_t counter)
{
    uint64_t bit = (counter + 1) % REPLAY_BITS;
    char digits[17] = {0};

    memcpy(digits, ring + 16 * (bit / 64), 16);
    return strtoull(digits, NULL, 16) >> (bit % 64) & 1;
}

/* Plays the steps again with a plain list of what was seen. */
static void the_window_is_that_of_a_plain_list(void **state)
{
    json_t *steps = at(act, "window.steps"), *step, *one;
    static bool seen[1000001];
    uint64_t newest = 0;
    size_t i, j;

    (void)state;
    memset(seen, 0, sizeof seen);
    json_array_foreach(steps, i, step)
    {
        if (strcmp(text(step, "name"), "busy") == 0) {
            for (uint64_t counter = 13; counter < 5000; counter++)
                seen[counter] = counter % 97 != 0 && counter != 872;
            newest = 4999;
        }
        json_array_foreach(at(step, "tries"), j, one)
        {
            uint64_t counter = strtoull(text(one, "counter"), NULL, 10);
            bool good =
                counter < REJECT_AFTER_MESSAGES && counter + REPLAY_WINDOW >= newest && !seen[counter];

            assert_int_equal(truth(one, "accepted"), good);
            if (!good)
                continue;
            seen[counter] = true;
            newest = counter > newest ? counter : newest;
        }
        assert_int_equal(number(step, "newest"), newest);
        for (uint64_t counter = number(step, "lowest"); counter <= newest; counter++)
            assert_int_equal(ring_bit(text(step, "ring"), counter), seen[counter]);
    }
    assert_int_equal(newest, 1000000);
}

/* ---- strangers ---- */

static void strangers_hear_nothing_but_under_load(void **state)
{
    static const char *const reasons[][2] = {
        {"empty", "malformed"},           {"dns", "malformed"},
        {"random", "malformed"},          {"shape", "wrong_mac1"},
        {"data", "unknown_index"},        {"wrong_mac1", "wrong_mac1"},
        {"unknown_peer", "unknown_peer"}, {"recorded_initiation", "initiation_replayed"},
        {"recorded_data", "replayed"},    {"under_load", "cookie_required"},
    };
    json_t *knocks = at(act, "scanner.knocks");
    size_t count = sizeof reasons / sizeof reasons[0];

    (void)state;
    assert_int_equal(json_array_size(knocks), count);
    for (size_t i = 0; i < count; i++) {
        json_t *knock = json_array_get(knocks, i);
        bool loaded = strcmp(text(knock, "name"), "under_load") == 0;

        assert_string_equal(text(knock, "name"), reasons[i][0]);
        assert_string_equal(text(knock, "reason"), reasons[i][1]);
        assert_int_equal(number(knock, "answers"), loaded ? 1 : 0);
        assert_int_equal(truth(knock, "heard"), loaded);
        assert_int_equal(number(knock, "answered_bytes"), loaded ? 64 : 0);
        assert_int_equal(strlen(text(knock, "bytes")), 2 * number(knock, "length"));
    }
}

/* ---- networks ---- */

/* Every way over the network has other bytes, and no way but a router's changes what is inside. */
static void check_walk(json_t *walk)
{
    json_t *hop, *before = NULL;
    const char *sealed = "";
    size_t i;

    json_array_foreach(at(walk, "hops"), i, hop)
    {
        const char *what = text(hop, "what");

        if (strcmp(what, "wire") == 0) {
            assert_string_not_equal(text(hop, "bytes"), sealed);
            sealed = text(hop, "bytes");
            assert_int_equal(strlen(sealed), 2 * 128);
        }
        if (strcmp(what, "open") == 0 || strcmp(what, "route") == 0)
            assert_string_not_equal(text(hop, "prefix"), "");
        if (before != NULL) {
            uint64_t taken = strcmp(what, "forward") == 0 || strcmp(what, "local") == 0 ||
                             strcmp(text(before, "what"), "local") == 0;

            assert_int_equal(number(before, "ttl") - number(hop, "ttl"), taken);
        }
        before = hop;
    }
}

static size_t hops_of(json_t *walk, const char *what)
{
    json_t *hop;
    size_t i, count = 0;

    json_array_foreach(at(walk, "hops"), i, hop) count += strcmp(text(hop, "what"), what) == 0;
    return count;
}

static void packets_walk_through_every_topology(void **state)
{
    json_t *list = at(act, "topologies"), *topology, *walk;
    size_t i, j;

    (void)state;
    assert_int_equal(json_array_size(list), 4);
    json_array_foreach(list, i, topology)
    {
        json_array_foreach(at(topology, "walks"), j, walk)
        {
            bool hub = strcmp(text(topology, "name"), "hub") == 0;

            assert_true(truth(walk, "arrives"));
            assert_int_equal(hops_of(walk, "wire"), hub ? 2 : 1);
            assert_int_equal(hops_of(walk, "open"), hub ? 2 : 1);
            assert_int_equal(hops_of(walk, "dropped"), 0);
            check_walk(walk);
        }
    }
    assert_int_equal(number(act, "topologies.1.tunnels"), 6);
    assert_string_equal(text(act, "topologies.3.walks.1.hops.2.from"), text(act, "roaming.away"));
    assert_string_equal(text(act, "topologies.3.walks.2.hops.2.to"), text(act, "roaming.away"));
}

static void a_hub_that_is_wrong_drops_where_it_is_said(void **state)
{
    (void)state;
    assert_int_equal(json_array_size(at(act, "misrouted")), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *walk = at(json_array_get(at(act, "misrouted"), i), "walks.0");
        json_t *last = json_array_get(at(walk, "hops"), json_array_size(at(walk, "hops")) - 1);

        assert_false(truth(walk, "arrives"));
        assert_string_equal(text(last, "what"), "dropped");
        assert_string_equal(text(last, "at"), i == 0 ? "server" : "office");
        assert_string_equal(text(last, "reason"), i == 0 ? "" : "source_not_allowed");
    }
}

/* ---- broken ---- */

static json_t *broken(const char *name)
{
    json_t *list = at(act, "broken"), *item;
    size_t i;

    json_array_foreach(list, i, item) if (strcmp(text(item, "name"), name) == 0) return item;
    fail_msg("%s is not there", name);
    return NULL;
}

/* How many frames of it were dropped for this reason. */
static size_t dropped(const char *name, const char *reason)
{
    json_t *frame;
    size_t i, count = 0;

    json_array_foreach(at(broken(name), "film.frames"), i, frame) count +=
        strcmp(text(frame, "reason"), reason) == 0;
    return count;
}

static size_t deliveries(const char *name)
{
    json_t *frame;
    size_t i, count = 0;

    json_array_foreach(at(broken(name), "film.frames"), i, frame) count +=
        consequences(frame, "delivers", NULL);
    return count;
}

static void what_is_broken_breaks_as_it_is_said(void **state)
{
    (void)state;
    assert_int_equal(dropped("clock_back", "initiation_replayed"), 0);
    assert_int_equal(number(broken("clock_back"), "answers"), 1);
    assert_true(dropped("clock_back_restart", "initiation_replayed") >= 3);
    assert_int_equal(number(broken("clock_back_restart"), "answers"), 0);
    assert_int_equal(dropped("replayed_data", "replayed"), 1);
    assert_int_equal(number(broken("replayed_data"), "answers"), 0);
    assert_int_equal(deliveries("replayed_data"), 0);
    assert_int_equal(dropped("replayed_initiation", "initiation_replayed"), 1);
    assert_int_equal(number(broken("replayed_initiation"), "answers"), 0);
    assert_int_equal(dropped("foreign_source", "source_not_allowed"), 1);
    assert_int_equal(deliveries("foreign_source"), 0);
    assert_int_equal(number(broken("foreign_source"), "answers"), 1); /* the keepalive */
    assert_int_equal(dropped("late_data", "session_expired"), 1);
    assert_int_equal(number(broken("late_data"), "answers"), 0);
    assert_int_equal(number(broken("server_vanished"), "answers"), 0);
    assert_int_equal(number(broken("server_vanished"), "film.counts.laptop.initiation"),
                     1 + MAX_TIMER_HANDSHAKES + 2 + 1);
    assert_int_equal(dropped("server_restarted", "unknown_index"), 1);
    assert_int_equal(deliveries("server_restarted"), 1);
    assert_int_equal(json_array_size(at(act, "broken")), 8);
}

static void a_vanished_server_is_missed_after_fifteen_seconds(void **state)
{
    json_t *film = at(broken("server_vanished"), "film");
    json_t *sent = at(film, "frames.1"), *missed = at(film, "frames.2");

    (void)state;
    assert_string_equal(text(sent, "outcome"), "sent");
    assert_string_equal(text(missed, "timer"), "new_handshake");
    assert_in_range(ns(missed, "at") - ns(sent, "at"), NEW_HANDSHAKE_TIMEOUT,
                    NEW_HANDSHAKE_TIMEOUT + RETRANSMIT_JITTER - 1);
}

/* ---- the same with other keys ---- */

/* The words of the page hold for every seed: what differs is bytes, and jitter. */
static void other_keys_live_the_same_life(void **state)
{
    struct story_options other = options;
    json_t *fresh, *frame;
    size_t i;

    (void)state;
    other.fresh = true;
    for (uint8_t seed = 1; seed <= 5; seed++) {
        memset(other.seed, seed, sizeof other.seed);
        fresh = life_session_new(&other);
        assert_int_equal(json_array_size(at(fresh, "frames")), json_array_size(at(act, "session.frames")));
        json_array_foreach(at(fresh, "frames"), i, frame)
        {
            json_t *same = json_array_get(at(act, "session.frames"), i);

            assert_string_equal(text(frame, "title"), text(same, "title"));
            assert_int_equal(ns(frame, "at"), ns(same, "at"));
            assert_string_equal(text(frame, "laptop.phase"), text(same, "laptop.phase"));
        }
        json_decref(fresh);
        fresh = life_retries_new(&other);
        assert_int_equal(number(fresh, "transmissions"), MAX_TIMER_HANDSHAKES + 2);
        json_decref(fresh);
    }
}

static void the_public_seed_tells_the_same_twice(void **state)
{
    json_t *again = life_act_new(&options);

    (void)state;
    assert_true(json_equal(act, again));
    json_decref(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keepalive_comes_when_data_went_unanswered_for_its_time),
        cmocka_unit_test(no_session_is_renewed_before_its_time),
        cmocka_unit_test(renewal_begins_at_its_age_and_not_a_moment_before),
        cmocka_unit_test(the_key_dies_at_its_time_and_not_a_moment_before),
        cmocka_unit_test(keys_are_erased_when_the_last_session_is_old_enough),
        cmocka_unit_test(the_page_cites_the_constants),
        cmocka_unit_test(states_are_named_as_they_are),
        cmocka_unit_test(every_datagram_of_the_film_was_sent_before_it_arrived),
        cmocka_unit_test(every_frame_is_a_call_or_changes_nothing),
        cmocka_unit_test(nothing_an_app_sent_was_lost_over_all_rekeys),
        cmocka_unit_test(the_new_key_is_there_before_the_old_one_goes),
        cmocka_unit_test(roles_swap_when_the_server_begins),
        cmocka_unit_test(bars_are_whole),
        cmocka_unit_test(silence_is_silent_unless_asked_otherwise),
        cmocka_unit_test(the_unreachable_are_tried_twenty_times_with_something_new_each),
        cmocka_unit_test(the_endpoint_follows_the_key_and_nothing_else),
        cmocka_unit_test(roaming_does_not_rekey),
        cmocka_unit_test(what_the_laptop_sent_from_anywhere_arrived),
        cmocka_unit_test(the_window_is_that_of_a_plain_list),
        cmocka_unit_test(strangers_hear_nothing_but_under_load),
        cmocka_unit_test(packets_walk_through_every_topology),
        cmocka_unit_test(a_hub_that_is_wrong_drops_where_it_is_said),
        cmocka_unit_test(what_is_broken_breaks_as_it_is_said),
        cmocka_unit_test(a_vanished_server_is_missed_after_fifteen_seconds),
        cmocka_unit_test(other_keys_live_the_same_life),
        cmocka_unit_test(the_public_seed_tells_the_same_twice),
    };

    return cmocka_run_group_tests(tests, play, forget);
}
