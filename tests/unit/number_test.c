/* SPDX-License-Identifier: MIT
 *
 * Plain digits and nothing else.
 */
#include "config/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_number(const char *text, uint64_t maximum, bool valid, uint64_t expected)
{
    uint64_t number = 77;

    assert_int_equal(number_read(&number, text, strlen(text), maximum), valid);
    assert_int_equal(number, expected);
}

static void digits_are_read_up_to_the_maximum(void **state)
{
    (void)state;
    assert_number("0", 65535, true, 0);
    assert_number("65535", 65535, true, 65535);
    assert_number("65536", 65535, false, 0);
    assert_number("007", 65535, true, 7);
    assert_number("0000000000000000000000000000000000000012", 65535, true, 12);
    assert_number("18446744073709551615", UINT64_MAX, true, UINT64_MAX);
    assert_number("18446744073709551616", UINT64_MAX, false, 0);
    assert_number("28446744073709551615", UINT64_MAX, false, 0);
    assert_number("99999999999999999999999999999999", UINT64_MAX, false, 0);
}

static void anything_else_is_no_number(void **state)
{
    static const char *const wrong[] = {"",    "-1",  "+1", " 1", "1 ", "1\n", "0x10",
                                        "1e3", "1.0", "a",  "1a", "/",  ":",   "٣"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_number(wrong[i], UINT64_MAX, false, 0);
}

static void zero_bytes_are_no_digits(void **state)
{
    uint64_t number;

    (void)state;
    assert_false(number_read(&number, "1\0002", 3, UINT64_MAX));
    assert_true(number_read(&number, "123", 2, UINT64_MAX));
    assert_int_equal(number, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_read_up_to_the_maximum),
        cmocka_unit_test(anything_else_is_no_number),
        cmocka_unit_test(zero_bytes_are_no_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
