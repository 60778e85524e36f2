/* SPDX-License-Identifier: MIT
 *
 * Act 1's story says of every spoilt message what the protocol says, and of the whole one that it works:
 * which check fails at which byte, who is answered, when attempts end, who knows what.
 */
#include "explain/handshake_act.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static json_t *act;

static int make_act(void **state)
{
    struct story_options options = {0};

    (void)state;
    memcpy(options.seed, chance_public_seed, sizeof options.seed);
    act = handshake_act_new(&options);
    return 0;
}

static int free_act(void **state)
{
    (void)state;
    json_decref(act);
    return 0;
}

/* The member at a path of names with dots between them. */
static json_t *at(json_t *value, const char *path)
{
    char name[64];

    for (const char *rest = path; *rest != '\0';) {
        size_t length = strcspn(rest, ".");

        assert_true(length < sizeof name);
        memcpy(name, rest, length);
        name[length] = '\0';
        value = json_object_get(value, name);
        if (value == NULL)
            fail_msg("no %s in %s", name, path);
        rest += length + (rest[length] == '.');
    }
    return value;
}

static const char *text(json_t *value, const char *path)
{
    return json_string_value(at(value, path));
}

static json_int_t number(json_t *value, const char *path)
{
    return json_integer_value(at(value, path));
}

static bool is_true(const char *path)
{
    return json_is_true(at(act, path));
}

static json_t *named(json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(text(json_array_get(list, i), "name"), name) == 0)
            return json_array_get(list, i);
    fail_msg("no %s", name);
    return NULL;
}

static json_t *course_of(json_t *result)
{
    return json_array_get(at(act, "broken.courses"), (size_t)number(result, "course"));
}

/* How often this happened in a course: what, by whom (NULL: anybody), with which reason (NULL: any outcome).
 */
static unsigned times(json_t *course, const char *what, const char *by, const char *reason)
{
    unsigned count = 0;

    for (size_t i = 0; i < json_array_size(course); i++) {
        json_t *happened = json_array_get(course, i);
        const char *found = json_string_value(json_object_get(happened, "reason"));

        if (strcmp(text(happened, "what"), what) == 0 &&
            (by == NULL || strcmp(text(happened, "by"), by) == 0) &&
            (reason == NULL || (found != NULL && strcmp(found, reason) == 0)))
            count++;
    }
    return count;
}

/* ---- flipped bits ---- */

/* From this byte on, up to the next row's. NULL: it is taken. */
struct span {
    size_t from;
    const char *reason;
};

static const char *expected(const struct span *spans, size_t byte)
{
    while (spans[1].from <= byte)
        spans++;
    return spans->reason;
}

static void assert_flips(const char *message, const char *how, const struct span *spans, size_t length)
{
    json_t *flips = at(at(act, "broken.flips"), message);

    assert_int_equal(json_array_size(flips), length);
    for (size_t byte = 0; byte < length; byte++) {
        json_t *result = at(json_array_get(flips, byte), how);
        const char *reason = expected(spans, byte), *found = json_string_value(at(result, "reason"));

        if (reason == NULL) {
            assert_string_equal(text(result, "outcome"), "handshake");
            continue;
        }
        assert_string_equal(text(result, "outcome"), "dropped");
        assert_string_equal(found, reason);
        assert_int_equal(number(result, "answers"), 0);
        assert_string_equal(text(result, "works_at"), "5.28 s"); /* by the laptop's own next attempt */
        assert_string_not_equal(text(result, "computed"), text(result, "received"));
    }
}

static void a_flipped_bit_is_caught_by_the_check_that_covers_it(void **state)
{
    static const struct span initiation[] = {{0, "malformed"},
                                             {4, "wrong_mac1"},
                                             {132, NULL},
                                             {SIZE_MAX, NULL}},
                             response[] = {{0, "malformed"}, {4, "wrong_mac1"}, {76, NULL}, {SIZE_MAX, NULL}};

    (void)state;
    assert_flips("initiation", "as_is", initiation, 148);
    assert_flips("response", "as_is", response, 92);
}

static void with_mac1_made_right_again_the_seals_catch_it_and_indices_are_not_sealed(void **state)
{
    static const struct span
        initiation[] = {{0, "malformed"},          {4, NULL},   {8, "initiation_unreadable"},
                        {88, "initiation_forged"}, {116, NULL}, {SIZE_MAX, NULL}},
        response[] = {
            {0, "malformed"}, {4, NULL},       {8, "response_unexpected"}, {12, "response_unreadable"},
            {60, NULL},       {SIZE_MAX, NULL}};
    json_t *renamed;

    (void)state;
    assert_flips("initiation", "repaired", initiation, 148);
    assert_flips("response", "repaired", response, 92);
    renamed = at(json_array_get(at(act, "broken.flips.initiation"), 4), "repaired");
    assert_int_equal(times(course_of(renamed), "response", "server", "response_unexpected"), 1);
    renamed = at(json_array_get(at(act, "broken.flips.response"), 4), "repaired");
    assert_int_equal(times(course_of(renamed), "data", "laptop", "unknown_index"), 1);
    assert_int_equal(times(course_of(renamed), "initiation", "laptop", NULL), 2);
}

static void each_field_fares_as_one(void **state)
{
    json_t *row = json_array_get(at(act, "broken.summary"), 3);

    (void)state;
    assert_int_equal(json_array_size(at(act, "broken.summary")), 7 + 7); /* the fields of both messages */
    assert_string_equal(text(row, "field"), "laptop’s public key, sealed");
    assert_int_equal(number(row, "to"), 88);
    assert_string_equal(text(row, "repaired"), "initiation_unreadable");
}

static void a_flip_that_nobody_looks_at_changes_nothing(void **state)
{
    json_t *mac2 = at(json_array_get(at(act, "broken.flips.initiation"), 140), "as_is");

    (void)state;
    assert_string_equal(text(mac2, "works_at"), "0.06 s");
    assert_int_equal(times(course_of(mac2), "initiation", NULL, NULL), 1);
}

/* ---- cases ---- */

static void what_cannot_work_is_given_up_after_20_attempts(void **state)
{
    static const struct {
        const char *name, *by, *reason, *check;
        unsigned answers;
    } cases[] = {
        {"wrong_server_key", "server", "wrong_mac1", "mac1", 0},
        {"unknown_laptop", "server", "unknown_peer", "peer", 0},
        {"wrong_preshared_key", "laptop", "response_unreadable", "empty", 20},
        {"clock_back", "server", "initiation_replayed", "newer", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *result = named(at(act, "broken.cases"), cases[i].name), *course = course_of(result);

        assert_string_equal(text(result, "by"), cases[i].by);
        assert_string_equal(text(result, "reason"), cases[i].reason);
        assert_string_equal(text(result, "check"), cases[i].check);
        assert_int_equal(number(result, "answers"), 0);
        assert_true(json_is_null(at(result, "works_at")));
        assert_int_equal(times(course, "initiation", "laptop", NULL), 20);
        assert_int_equal(times(course, "response", "server", NULL), cases[i].answers);
        assert_int_equal(times(course, "gave_up", "laptop", NULL), 1);
    }
}

static void a_recorded_initiation_is_not_answered_and_moves_nobody(void **state)
{
    json_t *result = named(at(act, "broken.cases"), "replayed");

    (void)state;
    assert_string_equal(text(result, "reason"), "initiation_replayed");
    assert_string_equal(text(result, "computed"), text(result, "received"));
    assert_int_equal(number(result, "answers"), 0);
    assert_int_equal(times(course_of(result), "initiation", "stranger", NULL), 1);
    assert_int_equal(times(course_of(result), "initiation", "laptop", NULL), 0);
    assert_int_equal(times(course_of(result), "data", "laptop", NULL), 1);
    assert_string_equal(text(result, "works_at"), "60.02 s");
}

static void a_server_that_forgot_answers_once_and_nobody_can_use_it(void **state)
{
    json_t *result = named(at(act, "broken.cases"), "replayed_after_restart"), *course = course_of(result);

    (void)state;
    assert_int_equal(number(result, "answers"), 1);
    assert_string_equal(text(json_array_get(course, 1), "to"), "stranger");
    assert_string_equal(text(json_array_get(course, 1), "outcome"), "dropped");
    assert_int_equal(times(course, "complete", "server", NULL), 1);
}

/* ---- the whole one ---- */

static void both_sides_come_to_the_same_and_the_packet_arrives(void **state)
{
    json_t *moves = at(act, "moves");

    (void)state;
    for (void *i = json_object_iter(moves); i != NULL; i = json_object_iter_next(moves, i))
        assert_true(json_is_true(at(json_object_iter_value(i), "agrees")));
    assert_int_equal(json_object_size(moves), 11);
    assert_true(is_true("session.equal"));
    assert_true(is_true("session.server_waits"));
    assert_false(is_true("confirm.server_could_send_before"));
    assert_true(is_true("confirm.server_can_send_after"));
    assert_string_equal(text(act, "confirm.staged"), "staged");
    assert_string_equal(text(act, "confirm.outcome"), "delivered");
    assert_string_equal(text(act, "confirm.delivered"), text(act, "confirm.packet"));
    assert_string_equal(text(act, "time.text"), "2026-01-01 00:00:00 UTC");
}

static bool knows(const char *step, const char *who, const char *what)
{
    json_t *known = at(named(at(act, "steps"), step), who);

    for (size_t i = 0; i < json_array_size(known); i++)
        if (strcmp(text(json_array_get(known, i), "name"), what) == 0)
            return true;
    return false;
}

static void nobody_on_the_way_ever_has_a_secret_or_a_name(void **state)
{
    json_t *steps = at(act, "steps");

    (void)state;
    for (size_t i = 0; i < json_array_size(steps); i++) {
        json_t *wire = at(json_array_get(steps, i), "wire");

        for (size_t j = 0; j < json_array_size(wire); j++) {
            assert_false(json_is_true(at(json_array_get(wire, j), "secret")));
            assert_non_null(strstr(text(json_array_get(wire, j), "name"), "_ephemeral"));
        }
    }
    assert_true(knows("confirm", "wire", "laptop_ephemeral"));
    assert_true(knows("confirm", "wire", "server_ephemeral"));
}

static void secrets_are_known_from_their_step_on_and_wiped_with_the_handshake(void **state)
{
    (void)state;
    assert_false(knows("e", "laptop", "es"));
    assert_true(knows("es", "laptop", "es"));
    assert_false(knows("checks", "server", "es"));
    assert_true(knows("who", "server", "es"));
    assert_false(knows("who", "server", "timestamp"));
    assert_true(knows("when", "server", "timestamp"));
    assert_true(knows("ee", "server", "ee"));
    assert_false(knows("response_macs", "laptop", "ee"));
    assert_true(knows("opens", "laptop", "ee"));
    assert_false(knows("confirm", "laptop", "ee"));
    assert_false(knows("confirm", "laptop", "laptop_ephemeral_private"));
    assert_false(knows("confirm", "server", "server_ephemeral_private"));
    assert_false(knows("opens", "laptop", "key_to_server"));
    assert_true(knows("keys", "server", "key_to_server"));
    assert_false(knows("confirm", "server", "laptop_private"));
}

static void under_load_the_cookie_is_what_lets_the_laptop_through(void **state)
{
    json_t *result = named(at(act, "broken.cases"), "under_load");

    (void)state;
    assert_int_equal(number(act, "load.first.refused"), number(act, "load.flood") + 1);
    assert_string_equal(text(act, "load.first.mac2"), "00000000000000000000000000000000");
    assert_string_equal(text(act, "load.kept.outcome"), "cookie");
    assert_string_equal(text(act, "load.kept.cookie"), text(act, "load.cookie"));
    assert_string_not_equal(text(act, "load.second.mac2"), text(act, "load.first.mac2"));
    assert_true(is_true("load.second.answered"));
    assert_string_equal(text(result, "reason"), "cookie_required");
    assert_string_equal(text(result, "computed"), text(act, "load.wanted"));
    assert_string_equal(text(result, "received"), text(act, "load.first.mac2"));
    assert_int_equal(number(result, "answers"), 1);
    assert_string_equal(text(result, "works_at"), "5.28 s");
    assert_int_equal(times(course_of(result), "cookie_reply", "server", NULL), 1);
    assert_int_equal(times(course_of(result), "initiation", "laptop", NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_bit_is_caught_by_the_check_that_covers_it),
        cmocka_unit_test(with_mac1_made_right_again_the_seals_catch_it_and_indices_are_not_sealed),
        cmocka_unit_test(each_field_fares_as_one),
        cmocka_unit_test(a_flip_that_nobody_looks_at_changes_nothing),
        cmocka_unit_test(what_cannot_work_is_given_up_after_20_attempts),
        cmocka_unit_test(a_recorded_initiation_is_not_answered_and_moves_nobody),
        cmocka_unit_test(a_server_that_forgot_answers_once_and_nobody_can_use_it),
        cmocka_unit_test(both_sides_come_to_the_same_and_the_packet_arrives),
        cmocka_unit_test(nobody_on_the_way_ever_has_a_secret_or_a_name),
        cmocka_unit_test(secrets_are_known_from_their_step_on_and_wiped_with_the_handshake),
        cmocka_unit_test(under_load_the_cookie_is_what_lets_the_laptop_through),
    };

    return cmocka_run_group_tests(tests, make_act, free_act);
}
