/* SPDX-License-Identifier: MIT
 *
 * The clock's state as text: what is written is read, and nothing else is.
 */
#include "config/clock_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY  "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8="
#define GOOD "public_key=" KEY "\ninterface=wg0\nceiling=1763812345\n"

static const uint8_t key[VOLE_KEY_BYTES] = {1, 2, 3, [31] = 255};

static void what_is_written_is_read(void **unused)
{
    static const uint64_t ceilings[] = {0, 1, 1763812345, CLOCK_STATE_LATEST_S};
    char text[CLOCK_STATE_BYTES];
    struct clock_state state = {.interface = "abcdefghijklmno"}, read;
    unsigned line;

    (void)unused;
    memcpy(state.public_key, key, sizeof key);
    for (size_t i = 0; i < sizeof ceilings / sizeof ceilings[0]; i++) {
        state.ceiling_s = ceilings[i];
        size_t length = clock_state_write(text, &state);

        assert_int_equal(length, strlen(text));
        assert_true(length < CLOCK_STATE_BYTES - 1);
        assert_true(clock_state_read(&read, text, length, &line));
        assert_memory_equal(&read, &state, sizeof state);
    }
    state.ceiling_s = UINT64_MAX;
    assert_true(clock_state_read(&read, text, clock_state_write(text, &state), &line));
    assert_int_equal(read.ceiling_s, CLOCK_STATE_LATEST_S);
}

static void assert_refused(const char *text, size_t length, unsigned at_line)
{
    static const struct clock_state nothing;
    struct clock_state state;
    unsigned line = 99;

    memset(&state, 0x55, sizeof state);
    if (clock_state_read(&state, text, length, &line))
        fail_msg("read: %s", text);
    assert_int_equal(line, at_line);
    assert_memory_equal(&state, &nothing, sizeof state);
}

static void hostile_texts_are_refused(void **unused)
{
    static const struct {
        const char *text;
        unsigned line;
    } texts[] = {
        {"", 0},
        {"\n\n# nothing\n", 0},
        {"public_key=" KEY "\n", 0},
        {"ceiling=1\n", 0},
        {"public_key=" KEY "\nceiling=1", 2}, /* cut short: 1 may have been 17638 */
        {"public_key=" KEY "\nceiling=\n", 2},
        {"public_key=" KEY "\nceiling=-1\n", 2},
        {"public_key=" KEY "\nceiling= 1\n", 2},
        {"public_key=" KEY "\nceiling=1 \n", 2},
        {"public_key=" KEY "\nceiling=0x10\n", 2},
        {"public_key=" KEY "\nceiling=1e9\n", 2},
        {"public_key=" KEY "\nceiling=253402300800\n", 2},
        {"public_key=" KEY "\nceiling=99999999999999999999999999\n", 2},
        {"public_key=" KEY "\nceiling=18446744073709551617\n", 2},
        {"public_key=" KEY "\r\nceiling=1\r\n", 1},
        {"public_key=" KEY "\nceiling=1\nceiling=2\n", 3},
        {"public_key=" KEY "\npublic_key=" KEY "\nceiling=1\n", 2},
        {"public_key=AQID\nceiling=1\n", 1},
        {"public_key=" KEY "\ninterface=a/b\nceiling=1\n", 2},
        {"public_key=" KEY "\ninterface=a b\nceiling=1\n", 2},
        {"public_key=" KEY "\ninterface=\033[2J\nceiling=1\n", 2},
        {"public_key=" KEY "\ninterface=abcdefghijklmnop\nceiling=1\n", 2},
        {"public_key=" KEY "\nceiling=1\nprivate_key=" KEY "\n", 3},
        {"<html>\n", 1},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_refused(texts[i].text, strlen(texts[i].text), texts[i].line);
    assert_refused("public_key=" KEY "\nceil\0ing=1\n", sizeof "public_key=" KEY "\nceil\0ing=1\n" - 1, 2);
}

/* Each byte in turn cut off, or replaced by any other: read or refused, never beyond the text. */
static void damaged_texts_do_no_harm(void **unused)
{
    size_t length = sizeof GOOD - 1;
    struct clock_state state;
    unsigned line, read = 0;

    (void)unused;
    for (size_t cut = 0; cut < length; cut++) {
        char *exactly = malloc(cut + 1);

        memcpy(exactly, GOOD, cut);
        assert_false(clock_state_read(&state, exactly, cut, &line));
        free(exactly);
    }
    for (size_t at = 0; at < length; at++)
        for (int byte = 0; byte < 256; byte++) {
            char text[] = GOOD;

            text[at] = (char)byte;
            read += clock_state_read(&state, text, length, &line);
            assert_true(memchr(state.interface, '\0', sizeof state.interface) != NULL);
            assert_true(state.ceiling_s <= CLOCK_STATE_LATEST_S);
        }
    assert_true(read > 0);
}

static void a_file_is_named_after_its_key(void **unused)
{
    static const char *const others[] = {
        "",
        ".",
        "clock-",
        "clock-01",
        ".clock-01020300000000000000000000000000000000000000000000000000000000ff.new",
        "clock-0102030000000000000000000000000000000000000000000000000000000zff",
        "Clock-01020300000000000000000000000000000000000000000000000000000000ff",
        "clock-01020300000000000000000000000000000000000000000000000000000000ff0",
    };
    char name[CLOCK_STATE_NAME_BYTES];
    uint8_t read[VOLE_KEY_BYTES];

    (void)unused;
    clock_state_file_name(name, key);
    assert_string_equal(name, "clock-01020300000000000000000000000000000000000000000000000000000000ff");
    assert_true(clock_state_key_of_name(read, name));
    assert_memory_equal(read, key, sizeof key);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(clock_state_key_of_name(read, others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(hostile_texts_are_refused),
        cmocka_unit_test(damaged_texts_do_no_harm),
        cmocka_unit_test(a_file_is_named_after_its_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
