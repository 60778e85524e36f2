/* SPDX-License-Identifier: MIT
 *
 * The loader of known answers itself: what it hands to tests is what the files say.
 */
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void counters_up_to_64_bits_arrive_exactly(void **state)
{
    const struct vector *file = vectors_load("replay.json");
    const struct vector *first = vector_at(vector_member(file, "sequences"), 0);

    (void)state;
    assert_int_equal(vector_number(file, "reject_after_messages"), UINT64_MAX - 8129);
    assert_int_equal(vector_number(file, "window"), 8128);
    assert_int_equal(vector_number(vector_at(first, 25), "counter"), UINT64_MAX - 8130);
    assert_true(vector_bool(vector_at(first, 25), "accept"));
    assert_false(vector_bool(vector_at(first, 26), "accept"));
    vectors_free(file);
}

static void members_are_found_by_path_and_by_value(void **state)
{
    const struct vector *file = vectors_load("handshake.json");
    const struct vector *handshake =
        vector_find(vector_member(file, "handshakes"), "name", "handshake-psk-cookies");
    const struct vector *step = vector_find(vector_member(handshake, "response_steps"), "step", "9 se");
    uint8_t cookie[16];

    (void)state;
    assert_string_equal(vector_text(file, "constants.label_mac1"), "mac1----");
    assert_int_equal(vector_number(handshake, "inputs.initiator_index"), 3052791408);
    assert_true(vector_has(handshake, "inputs.cookie_held_by_initiator"));
    assert_false(
        vector_has(vector_at(vector_member(file, "handshakes"), 0), "inputs.cookie_held_by_initiator"));
    assert_false(vector_has(handshake, "inputs.no_such_thing"));
    vector_read_hex(handshake, "inputs.cookie_held_by_initiator", cookie, sizeof(cookie));
    vector_assert_hex(handshake, "inputs.cookie_held_by_initiator", cookie, sizeof(cookie));
    assert_int_equal(cookie[0], 0xd9);
    assert_int_equal(vector_hex(step, "dh").length, 32);
    assert_int_equal(vector_hex(handshake, "initiation").length, 148);
    vectors_free(file);
}

static void hex_in_a_tests_own_text_may_be_broken_into_lines(void **state)
{
    struct vector_hex hex = vector_parse_hex("00 ff\n\t7fA0");

    (void)state;
    assert_int_equal(hex.length, 4);
    assert_memory_equal(hex.bytes, "\x00\xff\x7f\xa0", 4);
    assert_int_equal(vector_parse_hex("").length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_up_to_64_bits_arrive_exactly),
        cmocka_unit_test(members_are_found_by_path_and_by_value),
        cmocka_unit_test(hex_in_a_tests_own_text_may_be_broken_into_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
