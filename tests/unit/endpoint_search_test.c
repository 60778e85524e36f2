/* SPDX-License-Identifier: MIT
 *
 * Who is unreachable and where to try it next, in virtual time: every test feeds samples as an interface
 * would give them, second by second.
 */
#include "cli/endpoint_search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define START_MS 5000

/* What the interface would say, and when. */
struct scene {
    struct endpoint_search search;
    struct endpoint_sample sample;
    int64_t now_ms;
};

static struct vole_endpoint place(uint8_t family, uint8_t last)
{
    struct vole_endpoint endpoint;

    memset(&endpoint, 0, sizeof(endpoint));
    endpoint.address.family = family;
    endpoint.address.bytes[0] = family == 4 ? 192 : 0xfd;
    endpoint.address.bytes[3] = last;
    endpoint.port = 51820;
    return endpoint;
}

static struct scene scene_with(struct vole_endpoint endpoint, uint16_t keepalive_s)
{
    struct scene scene;

    memset(&scene, 0, sizeof(scene));
    scene.now_ms = START_MS;
    scene.sample.endpoint = endpoint;
    scene.sample.keepalive_s = keepalive_s;
    return scene;
}

/* A session that was begun so many seconds ago. */
static struct scene scene_in_session(uint16_t keepalive_s, int64_t age_s)
{
    struct scene scene = scene_with(place(4, 1), keepalive_s);

    scene.sample.latest_handshake_s = 1000000;
    scene.sample.handshake_age_s = age_s;
    scene.sample.received_bytes = 5000;
    scene.sample.sent_bytes = 5000;
    return scene;
}

static enum endpoint_search_step look(struct scene *scene)
{
    return endpoint_search_look(&scene->search, scene->now_ms, &scene->sample);
}

/* Seconds until something is to be done, with so many bytes sent each of them; at most limit_s. */
static int64_t seconds_until(struct scene *scene, enum endpoint_search_step step, uint64_t bytes,
                             int64_t limit_s)
{
    for (int64_t second = 0; second < limit_s; second++) {
        enum endpoint_search_step got = look(scene);

        if (got == step)
            return second;
        assert_int_equal(got, ENDPOINT_SEARCH_NOTHING);
        scene->now_ms += 1000;
        scene->sample.sent_bytes += bytes;
    }
    return limit_s;
}

static void assert_untouched(struct scene *scene, uint64_t bytes, int64_t seconds)
{
    assert_int_equal(seconds_until(scene, ENDPOINT_SEARCH_LOOK_UP, bytes, seconds), seconds);
}

static enum endpoint_search_step found(struct scene *scene, const struct vole_endpoint *endpoints,
                                       size_t count)
{
    enum endpoint_search_step step = endpoint_search_found(&scene->search, scene->now_ms, endpoints, count);

    if (step == ENDPOINT_SEARCH_SET)
        scene->sample.endpoint = scene->search.list[scene->search.tried];
    return step;
}

static void assert_at(const struct scene *scene, struct vole_endpoint wanted)
{
    assert_true(endpoint_search_is_same(&scene->sample.endpoint, &wanted));
}

/* Until the next endpoint is set, while initiations leave. */
static void assert_next(struct scene *scene, struct vole_endpoint wanted)
{
    int64_t seconds = seconds_until(scene, ENDPOINT_SEARCH_SET, 30, 60);

    assert_in_range(seconds, 6, 8); /* more than one initiation's spacing */
    scene->sample.endpoint = scene->search.list[scene->search.tried];
    assert_at(scene, wanted);
}

/* ---- who is left alone ---- */

static void an_idle_peer_is_left_alone(void **state)
{
    struct scene never = scene_with(place(4, 1), 0);
    struct scene old = scene_in_session(0, 100000);

    (void)state;
    assert_untouched(&never, 0, 10000);
    assert_untouched(&old, 0, 10000);
}

static void a_peer_that_only_gets_keepalives_is_left_alone(void **state)
{
    struct scene scene = scene_in_session(25, 0);

    (void)state;
    /* The longest that a healthy session may go without a sign: its other side renews it when it has to send.
     */
    for (int second = 0; second < 200; second++) {
        assert_int_equal(look(&scene), ENDPOINT_SEARCH_NOTHING);
        scene.now_ms += 1000;
        scene.sample.sent_bytes += second % 25 == 24 ? 32 : 0;
    }
    scene = scene_in_session(1, 0);
    assert_untouched(&scene, 32, 170);
}

static void data_in_one_direction_is_answered_by_keepalives(void **state)
{
    struct scene scene = scene_in_session(0, 0);

    (void)state;
    for (int second = 0; second < 170; second++) {
        assert_int_equal(look(&scene), ENDPOINT_SEARCH_NOTHING);
        scene.now_ms += 1000;
        scene.sample.sent_bytes += 100000;
        scene.sample.received_bytes += second % 10 == 9 ? 32 : 0;
    }
}

static void an_own_keepalive_raises_no_doubt_and_data_does(void **state)
{
    struct scene scene = scene_in_session(0, 0);
    int quiet_ms;

    (void)state;
    assert_int_equal(look(&scene), ENDPOINT_SEARCH_NOTHING);
    quiet_ms = endpoint_search_wait_ms(&scene.search);
    scene.now_ms += 10000;
    scene.sample.sent_bytes += 32;
    assert_int_equal(look(&scene), ENDPOINT_SEARCH_NOTHING);
    assert_int_equal(endpoint_search_wait_ms(&scene.search), quiet_ms);
    scene.sample.sent_bytes += 100;
    assert_int_equal(look(&scene), ENDPOINT_SEARCH_NOTHING);
    assert_true(endpoint_search_wait_ms(&scene.search) < quiet_ms);
}

static void one_lost_packet_is_forgotten(void **state)
{
    struct scene scene = scene_in_session(0, 0);

    (void)state;
    for (int minute = 0; minute < 10; minute++) {
        assert_untouched(&scene, 0, 90);
        scene.sample.sent_bytes += 1000;
    }
}

static void a_roaming_peer_that_answers_is_left_alone(void **state)
{
    struct scene scene = scene_in_session(25, 0);

    (void)state;
    for (int second = 0; second < 1000; second++) {
        assert_int_equal(look(&scene), ENDPOINT_SEARCH_NOTHING);
        scene.now_ms += 1000;
        scene.sample.endpoint = place(4, (uint8_t)(second / 10));
        scene.sample.latest_handshake_s += second % 120 == 119;
        scene.sample.sent_bytes += 500;
        scene.sample.received_bytes += second % 10 == 9 ? 32 : 0;
    }
}

static void time_that_we_did_not_see_proves_nothing(void **state)
{
    struct scene scene = scene_in_session(25, 0);

    (void)state;
    assert_int_equal(look(&scene), ENDPOINT_SEARCH_NOTHING);
    scene.now_ms += 3600000;
    scene.sample.sent_bytes += 148;
    assert_int_equal(look(&scene), ENDPOINT_SEARCH_NOTHING);
    assert_untouched(&scene, 0, 15);
}

/* ---- who is not ---- */

static void a_peer_without_endpoint_is_looked_up_at_once(void **state)
{
    struct scene scene = scene_with((struct vole_endpoint){.port = 0}, 0);
    struct vole_endpoint places[] = {place(4, 1), place(4, 2)};

    (void)state;
    assert_int_equal(look(&scene), ENDPOINT_SEARCH_LOOK_UP);
    assert_int_equal(found(&scene, places, 2), ENDPOINT_SEARCH_SET);
    assert_at(&scene, places[0]);
    /* Nobody wants it: the first one it is. */
    assert_untouched(&scene, 0, 1000);
    assert_at(&scene, places[0]);
}

static void initiations_without_answer_are_proof_soon(void **state)
{
    struct scene scene = scene_with(place(4, 1), 0);

    (void)state;
    assert_untouched(&scene, 0, 100);
    assert_in_range(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60), 8, 10);
    /* Those that left before we looked, too. */
    scene = scene_with(place(4, 1), 0);
    scene.sample.sent_bytes = 148;
    assert_in_range(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60), 8, 9);
}

static void silence_within_a_session_is_proof_when_the_interface_thinks_so_too(void **state)
{
    struct scene scene = scene_in_session(0, 0);

    (void)state;
    assert_untouched(&scene, 0, 50);
    assert_in_range(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 100, 60), 16, 21);
    scene = scene_in_session(25, 0);
    assert_untouched(&scene, 0, 20);
    assert_in_range(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 100, 60), 16, 21);
}

static void an_answer_in_time_ends_the_doubt(void **state)
{
    struct scene scene = scene_in_session(0, 0);

    (void)state;
    assert_untouched(&scene, 0, 10);
    for (int i = 0; i < 5; i++) {
        assert_untouched(&scene, 100, 15);
        scene.sample.received_bytes += 32;
    }
}

static void a_keepalive_that_cannot_leave_is_proof(void **state)
{
    struct scene scene = scene_in_session(25, 0);

    (void)state;
    assert_in_range(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 0, 100), 55, 65);
    scene = scene_with(place(6, 1), 25);
    assert_in_range(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 0, 100), 8, 9);
}

static void a_handshake_that_should_have_been_is_proof(void **state)
{
    struct scene scene = scene_in_session(25, 195);

    (void)state;
    assert_int_equal(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 0, 100), 25);
}

/* ---- the search ---- */

static void endpoints_are_tried_in_order_and_the_failed_one_last(void **state)
{
    struct scene scene = scene_with(place(6, 1), 0);
    struct vole_endpoint places[] = {place(6, 1), place(4, 1), place(4, 1), place(4, 2)};

    (void)state;
    (void)seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60);
    assert_int_equal(found(&scene, places, 4), ENDPOINT_SEARCH_SET);
    assert_at(&scene, places[1]);
    assert_next(&scene, places[3]);
    assert_next(&scene, places[0]);
    assert_in_range(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60), 12, 14); /* 7, and 5 of pause */
    assert_int_equal(found(&scene, places, 4), ENDPOINT_SEARCH_SET);
    assert_at(&scene, places[1]);
}

static void an_answer_ends_the_search_wherever_it_comes_from(void **state)
{
    struct scene scene = scene_with(place(6, 1), 0);
    struct vole_endpoint places[] = {place(6, 1), place(4, 1)};

    (void)state;
    (void)seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60);
    assert_int_equal(found(&scene, places, 2), ENDPOINT_SEARCH_SET);
    assert_untouched(&scene, 30, 3);
    scene.sample.latest_handshake_s = 77;
    scene.sample.received_bytes = 92;
    scene.sample.endpoint = place(4, 99);
    assert_int_equal(look(&scene), ENDPOINT_SEARCH_ANSWERED);
    assert_untouched(&scene, 0, 1000);
}

static void what_is_found_after_the_answer_is_not_used(void **state)
{
    struct scene scene = scene_with(place(6, 1), 0);
    struct vole_endpoint other = place(4, 1);

    (void)state;
    (void)seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60);
    scene.sample.received_bytes = 92;
    assert_int_equal(look(&scene), ENDPOINT_SEARCH_ANSWERED);
    assert_int_equal(found(&scene, &other, 1), ENDPOINT_SEARCH_NOTHING);
}

static void a_learnt_endpoint_gets_its_try_in_the_first_round_only(void **state)
{
    struct scene scene = scene_in_session(25, 0);
    struct vole_endpoint places[] = {place(4, 1), place(4, 2)};

    (void)state;
    scene.sample.endpoint = place(4, 77);
    (void)seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 100, 60);
    assert_int_equal(found(&scene, places, 2), ENDPOINT_SEARCH_SET);
    assert_at(&scene, places[0]);
    assert_next(&scene, places[1]);
    assert_next(&scene, place(4, 77));
    (void)seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60);
    assert_int_equal(found(&scene, places, 2), ENDPOINT_SEARCH_SET);
    assert_at(&scene, places[0]);
    assert_next(&scene, places[1]);
    (void)seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60);
}

static void pauses_grow_and_end(void **state)
{
    struct scene scene = scene_with(place(4, 1), 25);
    struct vole_endpoint same = place(4, 1);
    int64_t pauses[] = {5, 10, 20, 40, 80, 120, 120, 120};

    (void)state;
    (void)seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60);
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        assert_int_equal(found(&scene, &same, 1), ENDPOINT_SEARCH_NOTHING);
        assert_int_equal(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 1000), pauses[i]);
    }
    /* Without any answer of the resolver, they stay short. */
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(found(&scene, NULL, 0), ENDPOINT_SEARCH_NOTHING);
        assert_int_equal(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 1000), 30);
    }
}

static void who_is_wanted_no_more_is_let_go(void **state)
{
    struct scene scene = scene_with(place(4, 1), 0);
    struct vole_endpoint places[] = {place(4, 1), place(4, 2)};

    (void)state;
    (void)seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60);
    assert_int_equal(found(&scene, places, 2), ENDPOINT_SEARCH_SET);
    assert_at(&scene, places[1]);
    assert_int_equal(seconds_until(&scene, ENDPOINT_SEARCH_SET, 0, 60), 7);
    assert_untouched(&scene, 0, 1000);
    /* And looked after again when somebody wants it. */
    assert_in_range(seconds_until(&scene, ENDPOINT_SEARCH_LOOK_UP, 30, 60), 8, 10);
}

static void a_peer_that_was_made_anew_has_no_past(void **state)
{
    struct scene scene = scene_in_session(0, 0);

    (void)state;
    assert_untouched(&scene, 100, 10);
    scene.sample.sent_bytes = 0;
    scene.sample.received_bytes = 0;
    scene.sample.latest_handshake_s = 0;
    assert_untouched(&scene, 0, 1000);
}

/* ---- the order within a name ---- */

static void families_take_turns_in_their_own_order(void **state)
{
    struct vole_endpoint places[] = {place(6, 1), place(6, 2), place(6, 3), place(4, 1), place(4, 2)};
    struct vole_endpoint wanted[] = {place(6, 1), place(4, 1), place(6, 2), place(4, 2), place(6, 3)};
    struct vole_endpoint one[] = {place(4, 1), place(4, 2)};

    (void)state;
    endpoint_search_alternate(places, 5);
    assert_memory_equal(places, wanted, sizeof(places));
    endpoint_search_alternate(places, 5);
    assert_memory_equal(places, wanted, sizeof(places));
    endpoint_search_alternate(one, 2);
    assert_true(one[0].address.bytes[3] == 1 && one[1].address.bytes[3] == 2);
    endpoint_search_alternate(one, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_peer_is_left_alone),
        cmocka_unit_test(a_peer_that_only_gets_keepalives_is_left_alone),
        cmocka_unit_test(data_in_one_direction_is_answered_by_keepalives),
        cmocka_unit_test(an_own_keepalive_raises_no_doubt_and_data_does),
        cmocka_unit_test(one_lost_packet_is_forgotten),
        cmocka_unit_test(a_roaming_peer_that_answers_is_left_alone),
        cmocka_unit_test(time_that_we_did_not_see_proves_nothing),
        cmocka_unit_test(a_peer_without_endpoint_is_looked_up_at_once),
        cmocka_unit_test(initiations_without_answer_are_proof_soon),
        cmocka_unit_test(silence_within_a_session_is_proof_when_the_interface_thinks_so_too),
        cmocka_unit_test(an_answer_in_time_ends_the_doubt),
        cmocka_unit_test(a_keepalive_that_cannot_leave_is_proof),
        cmocka_unit_test(a_handshake_that_should_have_been_is_proof),
        cmocka_unit_test(endpoints_are_tried_in_order_and_the_failed_one_last),
        cmocka_unit_test(an_answer_ends_the_search_wherever_it_comes_from),
        cmocka_unit_test(what_is_found_after_the_answer_is_not_used),
        cmocka_unit_test(a_learnt_endpoint_gets_its_try_in_the_first_round_only),
        cmocka_unit_test(pauses_grow_and_end),
        cmocka_unit_test(who_is_wanted_no_more_is_let_go),
        cmocka_unit_test(a_peer_that_was_made_anew_has_no_past),
        cmocka_unit_test(families_take_turns_in_their_own_order),
    };

    return cmocka_run_group_tests_name("endpoint_search", tests, NULL, NULL);
}
