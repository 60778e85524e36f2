/* SPDX-License-Identifier: MIT
 *
 * The arithmetic of poly1305_avx2.h where chance does not lead: sums that end next to p and next to 2^130, r
 * at its extremes, words full of ones. Compared with libsodium's Poly1305 over what the AEAD feeds it.
 */
#include "crypto/poly1305_avx2.h"

#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define LENGTH_MAX 400

/* length bytes and room for the padding and the lengths behind them. */
static uint8_t text[LENGTH_MAX + 32];
static uint8_t key[POLY1305_KEY_BYTES];

static void tag_by_library(uint8_t tag[static 16], size_t length)
{
    uint8_t fed[LENGTH_MAX + 32] = {0};
    const size_t padded = (length + 15) / 16 * 16;

    memcpy(fed, text, length);
    little_endian_store64(fed + padded + 8, length);
    crypto_onetimeauth_poly1305(tag, fed, padded + 16, key);
}

static void assert_same(size_t length)
{
    const struct poly1305_r r = poly1305_clamp(key);
    struct poly1305_words h = poly1305_blocks((struct poly1305_words){0, 0, 0}, &r, text, length / 16);
    uint64_t words[2];
    uint8_t tag[16], wanted[16];

    h = poly1305_end(h, &r, text + length / 16 * 16, length % 16, length);
    assert_true(h.h2 <= 4);
    poly1305_finish(words, h, key + 16);
    little_endian_store64(tag, words[0]);
    little_endian_store64(tag + 8, words[1]);
    tag_by_library(wanted, length);
    assert_memory_equal(tag, wanted, sizeof(tag));
}

/* With r = 1 the blocks are only added. Two of them and the lengths make 3 2^128 + m + 2^64 32, so
 * m = 2^128 - 2^64 32 + distance ends at 2^130 + distance. */
static void sums_next_to_the_modulus(void **state)
{
    (void)state;
    memset(key, 0, sizeof(key));
    key[0] = 1;
    for (int64_t distance = -70; distance <= 70; distance++) {
        memset(text, 0, sizeof(text));
        little_endian_store64(text, (uint64_t)distance);
        little_endian_store64(text + 8, (uint64_t)-32 - (distance < 0 ? 1 : 0));
        assert_same(32);
    }
}

/* With r = 1 again, four blocks bring h2 to 4; the 5 that comes back for it carries through words of ones.
 * More blocks show what became of h2. */
static void a_reduction_carries_through_all_words(void **state)
{
    (void)state;
    memset(key, 0, sizeof(key));
    key[0] = 1;
    memset(text, 0, sizeof(text));
    memset(text, 0xff, 16);
    for (unsigned value = 0xf0; value <= 0xff; value++) {
        text[0] = (uint8_t)value;
        for (size_t length = 64; length <= 160; length += 16)
            assert_same(length);
    }
}

/* The same with s full of ones, so that adding it carries all the way and out. */
static void the_last_addition_carries(void **state)
{
    (void)state;
    memset(key, 0xff, sizeof(key));
    memset(key, 0, 16);
    key[0] = 1;
    for (unsigned value = 0; value < 256; value++) {
        memset(text, 0, sizeof(text));
        text[0] = (uint8_t)value;
        assert_same(16);
        memset(text, 0xff, 16);
        text[0] = (uint8_t)value;
        assert_same(16);
    }
}

static void extremes_of_every_word(void **state)
{
    static const uint8_t fillings[] = {0x00, 0x01, 0x7f, 0x80, 0xfb, 0xfc, 0xff};

    (void)state;
    for (size_t r = 0; r < sizeof(fillings); r++) {
        for (size_t m = 0; m < sizeof(fillings); m++) {
            memset(key, fillings[r], sizeof(key));
            memset(text, fillings[m], sizeof(text));
            for (size_t length = 0; length <= LENGTH_MAX; length++)
                assert_same(length);
        }
    }
}

static void random_keys_and_texts(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        vector_fill(key, sizeof(key), i);
        vector_fill(text, LENGTH_MAX, i + 1000000);
        assert_same(i % (LENGTH_MAX + 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_next_to_the_modulus),  cmocka_unit_test(a_reduction_carries_through_all_words),
        cmocka_unit_test(the_last_addition_carries), cmocka_unit_test(extremes_of_every_word),
        cmocka_unit_test(random_keys_and_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
