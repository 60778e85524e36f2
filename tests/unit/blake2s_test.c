/* SPDX-License-Identifier: MIT
 *
 * BLAKE2s against RFC 7693 and an independent implementation; MAC as protocol §1 uses it.
 */
#include "crypto/blake2s.h"

#include "crypto/memory.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void hash_any(uint8_t *hash, size_t output_length, const uint8_t *key, size_t key_length,
                     const uint8_t *bytes, size_t length)
{
    struct blake2s state;

    blake2s_init_keyed(&state, output_length, key, key_length);
    blake2s_update(&state, bytes, length);
    blake2s_final(&state, hash);
}

/* RFC 7693 appendix B. */
static void abc_matches_rfc7693(void **state)
{
    uint8_t hash[32];

    (void)state;
    blake2s_hash(hash, (const uint8_t *)"abc", 3);
    assert_memory_equal(
        hash, vector_parse_hex("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982").bytes, 32);
}

/* RFC 7693 appendix E: the hash of the hashes of several lengths, keyed and not. */
static void self_test_matches_rfc7693(void **state)
{
    static const size_t output_lengths[] = {16, 20, 28, 32};
    static const size_t input_lengths[] = {0, 3, 64, 65, 255, 1024};
    uint8_t input[1024];
    uint8_t key[32];
    uint8_t hash[32];
    struct blake2s all;

    (void)state;
    blake2s_init(&all, 32);
    for (size_t o = 0; o < 4; o++) {
        for (size_t i = 0; i < 6; i++) {
            vector_fill(input, input_lengths[i], (uint32_t)input_lengths[i]);
            vector_fill(key, output_lengths[o], (uint32_t)output_lengths[o]);
            hash_any(hash, output_lengths[o], NULL, 0, input, input_lengths[i]);
            blake2s_update(&all, hash, output_lengths[o]);
            hash_any(hash, output_lengths[o], key, output_lengths[o], input, input_lengths[i]);
            blake2s_update(&all, hash, output_lengths[o]);
        }
    }
    blake2s_final(&all, hash);
    assert_memory_equal(
        hash, vector_parse_hex("6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe").bytes, 32);
}

static void every_output_and_key_length_matches_the_oracle(void **state)
{
    const struct vector *file = vectors_load("digests.json");
    uint8_t input[200];
    uint8_t key[32];
    uint8_t hash[32];
    struct blake2s all;

    (void)state;
    blake2s_init(&all, 32);
    for (size_t output_length = 1; output_length <= 32; output_length++) {
        for (size_t key_length = 0; key_length <= 32; key_length++) {
            for (size_t length = 0; length < sizeof(input); length += 7) {
                vector_fill(input, length, (uint32_t)length);
                vector_fill(key, key_length, (uint32_t)key_length);
                hash_any(hash, output_length, key, key_length, input, length);
                blake2s_update(&all, hash, output_length);
            }
        }
    }
    blake2s_final(&all, hash);
    vector_assert_hex(file, "blake2s", hash, sizeof(hash));
    vectors_free(file);
}

static void hash_and_mac_match_the_vectors(void **state)
{
    const struct vector *file = vectors_load("kdf.json");
    const struct vector *hashes = vector_member(file, "hash");
    const struct vector *macs = vector_member(file, "mac");
    uint8_t out[32];

    (void)state;
    for (size_t i = 0; i < vector_count(hashes); i++) {
        struct vector_hex input = vector_hex(vector_at(hashes, i), "input");

        blake2s_hash(out, input.bytes, input.length);
        vector_assert_hex(vector_at(hashes, i), "out", out, 32);
    }
    for (size_t i = 0; i < vector_count(macs); i++) {
        struct vector_hex input = vector_hex(vector_at(macs, i), "input");
        struct vector_hex key = vector_hex(vector_at(macs, i), "key");
        struct blake2s_keyed keyed;

        blake2s_mac(out, key.bytes, key.length, input.bytes, input.length);
        vector_assert_hex(vector_at(macs, i), "out", out, 16);
        memset(out, 0, sizeof(out));
        blake2s_keyed_init(&keyed, key.bytes, key.length);
        blake2s_keyed_mac(&keyed, out, input.bytes, input.length);
        vector_assert_hex(vector_at(macs, i), "out", out, 16);
    }
    assert_true(vector_count(hashes) == 3 && vector_count(macs) == 3);
    vectors_free(file);
}

/* Trap 1: 16 bytes of output are a parameter of the hash and not the head of a longer one. */
static void a_mac_is_not_a_truncated_hash(void **state)
{
    static const uint8_t key[32] = {1};
    uint8_t mac[16];
    uint8_t hash[32];

    (void)state;
    blake2s_mac(mac, key, sizeof(key), (const uint8_t *)"abc", 3);
    hash_any(hash, 32, key, sizeof(key), (const uint8_t *)"abc", 3);
    assert_memory_not_equal(mac, hash, sizeof(mac));
}

static void any_split_of_a_message_gives_the_same_hash(void **state)
{
    uint8_t input[200];
    uint8_t key[32];

    (void)state;
    vector_fill(input, sizeof(input), 1);
    vector_fill(key, sizeof(key), 2);
    for (size_t length = 0; length <= sizeof(input); length++) {
        for (size_t first = 0; first <= length; first++) {
            uint8_t whole[32];
            uint8_t parts[32];
            struct blake2s hash;

            blake2s_hash(whole, input, length);
            blake2s_hash2(parts, input, first, input + first, length - first);
            assert_memory_equal(whole, parts, 32);

            hash_any(whole, 32, key, sizeof(key), input, length);
            blake2s_init_keyed(&hash, 32, key, sizeof(key));
            blake2s_update(&hash, input, first);
            for (size_t i = first; i < length; i++)
                blake2s_update(&hash, input + i, 1);
            blake2s_final(&hash, parts);
            assert_memory_equal(whole, parts, 32);
        }
    }
}

static void a_cached_key_gives_the_same_mac_for_every_length(void **state)
{
    uint8_t input[300];
    uint8_t key[32];

    (void)state;
    vector_fill(input, sizeof(input), 3);
    for (size_t key_length = 1; key_length <= sizeof(key); key_length++) {
        struct blake2s_keyed keyed;
        struct blake2s_keyed copy;

        vector_fill(key, key_length, 4);
        blake2s_keyed_init(&keyed, key, key_length);
        copy = keyed;
        for (size_t length = 0; length <= sizeof(input); length++) {
            uint8_t mac[16];
            uint8_t cached[16] = {0};

            blake2s_mac(mac, key, key_length, input, length);
            blake2s_keyed_mac(&keyed, cached, length ? input : NULL, length);
            assert_memory_equal(mac, cached, sizeof(mac));
        }
        assert_memory_equal(&keyed, &copy, sizeof(keyed));
    }
}

static void empty_strings_may_be_null_and_outputs_may_be_inputs(void **state)
{
    uint8_t a[32];
    uint8_t b[32];

    (void)state;
    blake2s_hash(a, NULL, 0);
    blake2s_hash2(b, NULL, 0, NULL, 0);
    assert_memory_equal(a, b, 32);
    vector_fill(a, 32, 5);
    blake2s_hash2(b, a, 32, a, 32);
    blake2s_hash2(a, a, 32, a, 32);
    assert_memory_equal(a, b, 32);
    blake2s_mac(b, a, 32, a, 32);
    blake2s_mac(a, a, 32, a, 32);
    assert_memory_equal(a, b, 16);
}

static void final_writes_only_the_output_and_wipes_the_state(void **state)
{
    uint8_t hash[32];
    uint8_t key[32];
    struct blake2s secret;

    (void)state;
    vector_fill(key, sizeof(key), 6);
    for (size_t output_length = 1; output_length < 32; output_length++) {
        memset(hash, 0xaa, sizeof(hash));
        blake2s_init_keyed(&secret, output_length, key, sizeof(key));
        blake2s_update(&secret, key, sizeof(key));
        blake2s_final(&secret, hash);
        for (size_t i = output_length; i < sizeof(hash); i++)
            assert_int_equal(hash[i], 0xaa);
        assert_true(memory_is_zero(&secret, sizeof(secret)));
    }
}

/* The counter is 64 bits wide and its upper half reaches the compression: the same last block with
 * 2^32 bytes more before it is another message. */
static void the_counter_does_not_end_at_32_bits(void **state)
{
    struct blake2s near;
    struct blake2s far;
    uint8_t a[32];
    uint8_t b[32];

    (void)state;
    blake2s_init(&near, 32);
    blake2s_update(&near, (const uint8_t *)"abc", 3);
    far = near;
    far.counter += UINT64_C(1) << 32;
    blake2s_final(&near, a);
    blake2s_final(&far, b);
    assert_memory_not_equal(a, b, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(abc_matches_rfc7693),
        cmocka_unit_test(self_test_matches_rfc7693),
        cmocka_unit_test(every_output_and_key_length_matches_the_oracle),
        cmocka_unit_test(hash_and_mac_match_the_vectors),
        cmocka_unit_test(a_mac_is_not_a_truncated_hash),
        cmocka_unit_test(any_split_of_a_message_gives_the_same_hash),
        cmocka_unit_test(a_cached_key_gives_the_same_mac_for_every_length),
        cmocka_unit_test(empty_strings_may_be_null_and_outputs_may_be_inputs),
        cmocka_unit_test(final_writes_only_the_output_and_wipes_the_state),
        cmocka_unit_test(the_counter_does_not_end_at_32_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
