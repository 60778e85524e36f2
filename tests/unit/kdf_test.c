/* SPDX-License-Identifier: MIT
 *
 * HMAC and KDF of protocol §1 against the vectors and an independent implementation.
 */
#include "crypto/kdf.h"

#include "crypto/blake2s.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_outputs(const struct vector *entry, const char *list, uint8_t outputs[3][32], size_t count)
{
    const struct vector *expected = vector_member(entry, list);

    assert_int_equal(vector_count(expected), count);
    for (size_t i = 0; i < count; i++)
        vector_assert_hex(vector_at(expected, i), NULL, outputs[i], 32);
}

static void hmac_and_kdf_match_the_vectors(void **state)
{
    const struct vector *file = vectors_load("kdf.json");
    const struct vector *entries = vector_member(file, "kdf");

    (void)state;
    assert_int_equal(vector_count(entries), 5);
    for (size_t i = 0; i < vector_count(entries); i++) {
        const struct vector *entry = vector_at(entries, i);
        struct vector_hex key = vector_hex(entry, "key");
        struct vector_hex input = vector_hex(entry, "input");
        uint8_t t[3][32];

        hmac_blake2s(t[0], key.bytes, key.length, input.bytes, input.length);
        vector_assert_hex(entry, "prk", t[0], 32);
        kdf1(t[0], key.bytes, input.bytes, input.length);
        assert_outputs(entry, "kdf1", t, 1);
        memset(t, 0, sizeof(t));
        kdf2(t[0], t[1], key.bytes, input.bytes, input.length);
        assert_outputs(entry, "kdf2", t, 2);
        memset(t, 0, sizeof(t));
        kdf3(t[0], t[1], t[2], key.bytes, input.bytes, input.length);
        assert_outputs(entry, "kdf3", t, 3);
    }
    vectors_free(file);
}

/* Keys of 0..130 bytes: empty, shorter than a block, a block, and longer, which are hashed first. */
static void hmac_matches_the_oracle_for_every_key_length(void **state)
{
    const struct vector *file = vectors_load("digests.json");
    struct blake2s all;
    uint8_t hash[32];

    (void)state;
    blake2s_init(&all, 32);
    for (uint32_t length = 0; length < 131; length++) {
        uint8_t key[131];
        uint8_t bytes[131];
        uint8_t mac[32];

        vector_fill(key, length, length);
        vector_fill(bytes, length, length + 1);
        hmac_blake2s(mac, length ? key : NULL, length, length ? bytes : NULL, length);
        blake2s_update(&all, mac, sizeof(mac));
    }
    blake2s_final(&all, hash);
    vector_assert_hex(file, "hmac", hash, sizeof(hash));
    vectors_free(file);
}

/* Trap 1: the KDF's HMAC is not BLAKE2s' own keyed mode. */
static void hmac_is_not_the_keyed_mode(void **state)
{
    static const uint8_t key[32] = {1};
    struct blake2s keyed;
    uint8_t mac[32];
    uint8_t hash[32];

    (void)state;
    hmac_blake2s(mac, key, sizeof(key), (const uint8_t *)"abc", 3);
    blake2s_init_keyed(&keyed, 32, key, sizeof(key));
    blake2s_update(&keyed, (const uint8_t *)"abc", 3);
    blake2s_final(&keyed, hash);
    assert_memory_not_equal(mac, hash, sizeof(mac));
}

static void outputs_may_be_the_key_or_the_input(void **state)
{
    uint8_t expected[3][32];
    uint8_t key[32];
    uint8_t input[32];

    (void)state;
    for (int alias = 0; alias < 6; alias++) {
        uint8_t t[3][32];
        uint8_t *outputs[3] = {t[0], t[1], t[2]};
        uint8_t *target = alias < 3 ? key : input;

        vector_fill(key, sizeof(key), 1);
        vector_fill(input, sizeof(input), 2);
        kdf3(expected[0], expected[1], expected[2], key, input, sizeof(input));
        outputs[alias % 3] = target;
        kdf3(outputs[0], outputs[1], outputs[2], key, input, sizeof(input));
        for (size_t i = 0; i < 3; i++)
            assert_memory_equal(outputs[i], expected[i], 32);
    }
    vector_fill(key, sizeof(key), 1);
    vector_fill(input, sizeof(input), 2);
    kdf2(key, input, key, input, sizeof(input));
    assert_memory_equal(key, expected[0], 32);
    assert_memory_equal(input, expected[1], 32);
    vector_fill(key, sizeof(key), 1);
    vector_fill(input, sizeof(input), 2);
    kdf1(key, key, input, sizeof(input));
    assert_memory_equal(key, expected[0], 32);
    vector_fill(key, sizeof(key), 1);
    hmac_blake2s(expected[0], key, 32, input, 32);
    hmac_blake2s(key, key, 32, input, 32);
    assert_memory_equal(key, expected[0], 32);
}

static void outputs_that_nobody_wants_may_be_null(void **state)
{
    static const uint8_t key[32] = {7};
    uint8_t expected[3][32];
    uint8_t t[32];

    (void)state;
    kdf3(expected[0], expected[1], expected[2], key, NULL, 0);
    kdf3(NULL, NULL, t, key, NULL, 0);
    assert_memory_equal(t, expected[2], 32);
    kdf3(t, NULL, NULL, key, NULL, 0);
    assert_memory_equal(t, expected[0], 32);
    kdf2(NULL, t, key, NULL, 0);
    assert_memory_equal(t, expected[1], 32);
    kdf1(NULL, key, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_and_kdf_match_the_vectors),
        cmocka_unit_test(hmac_matches_the_oracle_for_every_key_length),
        cmocka_unit_test(hmac_is_not_the_keyed_mode),
        cmocka_unit_test(outputs_may_be_the_key_or_the_input),
        cmocka_unit_test(outputs_that_nobody_wants_may_be_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
