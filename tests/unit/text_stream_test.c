/* SPDX-License-Identifier: MIT
 *
 * A text in memory is whole or not there: each allocation on its way is refused once.
 */
#include "config/text_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);

static unsigned asked, refused; /* the number of the one that is */

void *__wrap_malloc(size_t bytes)
{
    return ++asked == refused ? NULL : __real_malloc(bytes);
}

static void nothing_written_is_an_empty_text(void **state)
{
    size_t length = 7;
    char *text;
    FILE *stream = text_stream_open(&text, &length);

    (void)state;
    assert_non_null(stream);
    assert_true(text_stream_close(stream, &text));
    assert_string_equal(text, "");
    assert_int_equal(length, 0);
    free(text);
}

static void the_position_is_what_was_written(void **state)
{
    size_t length;
    char *text;
    FILE *stream = text_stream_open(&text, &length);

    (void)state;
    assert_non_null(stream);
    for (long i = 0; i < 10000; i++) {
        assert_int_equal(ftell(stream), 3 * i);
        assert_true(fputs("abc", stream) >= 0);
    }
    assert_true(text_stream_close(stream, &text));
    assert_int_equal(length, 30000);
    assert_int_equal(strlen(text), length);
    free(text);
}

static void what_is_written_is_whole_or_known_to_be_missing(void **state)
{
    static char lines[200000];
    bool whole = false;
    size_t used = 0;

    (void)state;
    while (used + 32 < sizeof lines)
        used += (size_t)snprintf(lines + used, sizeof lines - used, "line %zu\n", used);
    for (unsigned number = 1; !whole || asked >= refused; number++) {
        char *text = NULL;
        size_t length;
        FILE *stream;

        asked = 0;
        refused = number;
        stream = text_stream_open(&text, &length);
        if (stream == NULL) {
            assert_null(text);
            continue;
        }
        for (size_t at = 0; at < used; at += 100)
            (void)fprintf(stream, "%.*s", 100, lines + at);
        whole = text_stream_close(stream, &text);
        if (whole) {
            assert_int_equal(length, used);
            assert_string_equal(text, lines);
        } else {
            assert_true(asked >= refused);
            assert_null(text);
        }
        free(text);
    }
    assert_true(refused > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_written_is_an_empty_text),
        cmocka_unit_test(the_position_is_what_was_written),
        cmocka_unit_test(what_is_written_is_whole_or_known_to_be_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
