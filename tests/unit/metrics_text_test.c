/* SPDX-License-Identifier: MIT
 *
 * Labels of metrics: whatever is in one, it ends where it should and is valid UTF-8.
 */
#include "cli/metrics_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_value(const char *value, const char *expected)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    assert_non_null(stream);
    metrics_text_print_value(stream, value);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, expected);
    free(text);
}

static void values_are_escaped(void **state)
{
    (void)state;
    assert_value("", "");
    assert_value("wg0 a-b_c.d/32,::/0{}=#'", "wg0 a-b_c.d/32,::/0{}=#'");
    assert_value("a\"b", "a\\\"b");
    assert_value("a\\b", "a\\\\b");
    assert_value("a\\", "a\\\\");
    assert_value("a\nb\n", "a\\nb\\n");
    assert_value("\"} 1\nforged{a=\"", "\\\"} 1\\nforged{a=\\\"");
}

static void what_is_not_ascii_is_replaced(void **state)
{
    (void)state;
    assert_value("\xc3\xa4\xff"
                 "z",
                 "???z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_escaped),
        cmocka_unit_test(what_is_not_ascii_is_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
