/* SPDX-License-Identifier: MIT
 *
 * A device clamps the private key that it is given, and shows it so: the same key in a file, clamped or not,
 * is no difference, while another one, or none, is.
 */
#include "config/change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Whether the key is to be set where the running one, otherwise like it, begins and ends with these bytes. */
static bool differs(uint8_t fill, uint8_t first, uint8_t last)
{
    struct model_device running;
    struct change wanted, difference;
    bool result;

    model_init(&running);
    change_init(&wanted);
    change_init(&difference);
    wanted.has_private_key = true;
    memset(wanted.private_key, fill, VOLE_KEY_BYTES);
    running.has_private_key = true;
    memset(running.private_key, fill, VOLE_KEY_BYTES);
    running.private_key[0] = first;
    running.private_key[31] = last;
    assert_int_equal(change_between(&difference, &running, &wanted, false), 0);
    result = difference.has_private_key;
    assert_true(!result || memcmp(difference.private_key, wanted.private_key, VOLE_KEY_BYTES) == 0);
    model_free(&running);
    change_free(&wanted);
    change_free(&difference);
    return result;
}

static void a_key_is_the_same_clamped_or_not(void **state)
{
    (void)state;
    assert_false(differs(0xff, 0xf8, 0x7f));
    assert_false(differs(0xff, 0xff, 0xff));
}

static void another_key_is_set(void **state)
{
    (void)state;
    assert_true(differs(0xff, 0xf0, 0x7f));
    assert_true(differs(0xff, 0xf8, 0xff));
}

static void no_key_is_not_zero_clamped(void **state)
{
    (void)state;
    assert_true(differs(0, 0, 0x40));
    assert_false(differs(0, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_the_same_clamped_or_not),
        cmocka_unit_test(another_key_is_set),
        cmocka_unit_test(no_key_is_not_zero_clamped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
