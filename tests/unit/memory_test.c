/* SPDX-License-Identifier: MIT
 *
 * Starting the primitives, handling secret memory, drawing random bytes.
 */
#include "crypto/memory.h"
#include "crypto/random.h"
#include "crypto/start.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 8

static void *start_in_thread(void *result)
{
    *(int *)result = crypto_start();
    return NULL;
}

static void starting_twice_and_from_many_threads_is_harmless(void **state)
{
    pthread_t threads[THREADS];
    int results[THREADS];

    (void)state;
    memset(results, 0xff, sizeof(results));
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, start_in_thread, &results[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(results[i], 0);
    }
    assert_int_equal(crypto_start(), 0);
}

static void wipe_clears_exactly_the_given_bytes(void **state)
{
    uint8_t bytes[66];

    (void)state;
    memset(bytes, 0xaa, sizeof(bytes));
    memory_wipe(bytes + 1, 64);
    assert_int_equal(bytes[0], 0xaa);
    assert_int_equal(bytes[65], 0xaa);
    for (size_t i = 1; i < 65; i++)
        assert_int_equal(bytes[i], 0);
    memory_wipe(bytes, 0);
    assert_int_equal(bytes[0], 0xaa);
}

static void equal_sees_every_bit_and_nothing_beyond_the_length(void **state)
{
    uint8_t a[48];
    uint8_t b[48];

    (void)state;
    memset(a, 0x5c, sizeof(a));
    memset(b, 0x5c, sizeof(b));
    for (size_t length = 0; length <= sizeof(a); length++) {
        assert_true(memory_equal(a, b, length));
        for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
            b[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(memory_equal(a, b, length), bit / 8 >= length);
            b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void is_zero_sees_every_bit_and_nothing_beyond_the_length(void **state)
{
    uint8_t bytes[48] = {0};

    (void)state;
    for (size_t length = 0; length <= sizeof(bytes); length++) {
        assert_true(memory_is_zero(bytes, length));
        for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(memory_is_zero(bytes, length), bit / 8 >= length);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

/* Each byte of 64 draws takes more than one value, also across the library's chunks of 256 bytes, and the
 * bytes around are left alone. That a byte stays the same by chance has a probability of 2^-504. */
static void random_fills_every_byte_and_no_other(void **state)
{
    uint8_t first[702];
    uint8_t next[702];
    bool changed[702] = {false};

    (void)state;
    memset(first, 0xee, sizeof(first));
    memset(next, 0xee, sizeof(next));
    random_fill(first + 1, sizeof(first) - 2);
    for (size_t draw = 0; draw < 64; draw++) {
        random_fill(next + 1, sizeof(next) - 2);
        for (size_t i = 0; i < sizeof(next); i++)
            changed[i] |= next[i] != first[i];
    }
    assert_int_equal(first[0], 0xee);
    assert_int_equal(first[701], 0xee);
    assert_false(changed[0] || changed[701]);
    for (size_t i = 1; i < 701; i++)
        assert_true(changed[i]);
    random_fill(first, 0);
    assert_int_equal(first[0], 0xee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starting_twice_and_from_many_threads_is_harmless),
        cmocka_unit_test(wipe_clears_exactly_the_given_bytes),
        cmocka_unit_test(equal_sees_every_bit_and_nothing_beyond_the_length),
        cmocka_unit_test(is_zero_sees_every_bit_and_nothing_beyond_the_length),
        cmocka_unit_test(random_fills_every_byte_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
