/* SPDX-License-Identifier: MIT
 *
 * X25519 against RFC 7748 and on keys that are no real keys (protocol §1, DH).
 */
#include "crypto/x25519.h"

#include "crypto/memory.h"
#include "crypto/start.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BATCH 9

struct exchange {
    const char *private_key;
    const char *public_key;
    const char *shared;
};

/* RFC 7748 §5.2 (two) and §6.1 (both directions). The second public key of §5.2 has its top bit set. */
static const struct exchange rfc7748[] = {
    {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
     "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
     "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
     "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
     "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
};

static void assert_hex(const char *expected, const uint8_t bytes[static 32])
{
    assert_memory_equal(vector_parse_hex(expected).bytes, bytes, 32);
}

static void matches_rfc7748(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rfc7748) / sizeof(rfc7748[0]); i++) {
        uint8_t shared[32];

        assert_true(x25519(shared, vector_parse_hex(rfc7748[i].private_key).bytes,
                           vector_parse_hex(rfc7748[i].public_key).bytes));
        assert_hex(rfc7748[i].shared, shared);
    }
}

static void matches_rfc7748_after_1_and_1000_iterations(void **state)
{
    uint8_t scalar[32] = {9};
    uint8_t point[32] = {9};

    (void)state;
    for (int i = 1; i <= 1000; i++) {
        uint8_t result[32];

        assert_true(x25519(result, scalar, point));
        memcpy(point, scalar, sizeof(point));
        memcpy(scalar, result, sizeof(scalar));
        if (i == 1)
            assert_hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", scalar);
    }
    assert_hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", scalar);
}

static void public_keys_match_rfc7748_and_multiplying_the_base_point(void **state)
{
    static const uint8_t base_point[32] = {9};
    uint8_t key[32];

    (void)state;
    x25519_base(key, vector_parse_hex(rfc7748[2].private_key).bytes);
    assert_hex(rfc7748[3].public_key, key);
    x25519_base(key, vector_parse_hex(rfc7748[3].private_key).bytes);
    assert_hex(rfc7748[2].public_key, key);
    for (uint32_t seed = 0; seed < 64; seed++) {
        uint8_t private_key[32];
        uint8_t product[32];

        vector_fill(private_key, sizeof(private_key), seed);
        x25519_base(key, private_key);
        assert_true(x25519(product, private_key, base_point));
        assert_memory_equal(key, product, sizeof(key));
    }
}

static void clamping_sets_five_bits_and_changes_no_public_key(void **state)
{
    (void)state;
    for (unsigned fill = 0; fill < 256; fill++) {
        uint8_t raw[32];
        uint8_t clamped[32];
        uint8_t expected[32];
        uint8_t from_raw[32];
        uint8_t from_clamped[32];

        memset(raw, (int)fill, sizeof(raw));
        memcpy(clamped, raw, sizeof(clamped));
        memcpy(expected, raw, sizeof(expected));
        expected[0] = (uint8_t)(fill & 0xf8);
        expected[31] = (uint8_t)((fill & 0x3f) | 0x40);
        x25519_clamp(clamped);
        assert_memory_equal(clamped, expected, sizeof(expected));
        x25519_base(from_raw, raw);
        x25519_base(from_clamped, clamped);
        assert_memory_equal(from_raw, from_clamped, sizeof(from_raw));
        assert_true(x25519(from_raw, raw, vector_parse_hex(rfc7748[0].public_key).bytes));
        assert_true(x25519(from_clamped, clamped, vector_parse_hex(rfc7748[0].public_key).bytes));
        assert_memory_equal(from_raw, from_clamped, sizeof(from_raw));
    }
}

static void the_top_bit_of_a_public_key_is_ignored(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rfc7748) / sizeof(rfc7748[0]); i++) {
        struct vector_hex public_key = vector_parse_hex(rfc7748[i].public_key);
        uint8_t shared[32];

        public_key.bytes[31] ^= 0x80;
        assert_true(x25519(shared, vector_parse_hex(rfc7748[i].private_key).bytes, public_key.bytes));
        assert_hex(rfc7748[i].shared, shared);
    }
}

/* Leaves no zeros below this function's caller, so that a result nobody wrote is not zero by luck. */
static __attribute__((noinline)) void dirty_stack(void)
{
    uint8_t dirt[4096];

    memset(dirt, 0xaa, sizeof(dirt));
    __asm__ volatile("" : : "r"(dirt) : "memory");
}

static void low_order_keys_fail_and_leave_zeros(void **state)
{
    const struct vector *file = vectors_load("kdf.json");
    const struct vector *points = vector_member(file, "x25519_low_order_points_must_fail");
    struct vector_hex private_key = vector_parse_hex(rfc7748[0].private_key);

    (void)state;
    assert_int_equal(vector_count(points), 7);
    for (size_t i = 0; i < 2 * vector_count(points); i++) {
        struct vector_hex point = vector_hex(vector_at(points, i / 2), NULL);
        uint8_t shared[32];

        memset(shared, 0xaa, sizeof(shared));
        point.bytes[31] ^= (uint8_t)(i % 2 << 7);
        dirty_stack();
        assert_false(x25519(shared, private_key.bytes, point.bytes));
        assert_true(memory_is_zero(shared, sizeof(shared)));
    }
    vectors_free(file);
}

static void the_result_may_replace_either_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rfc7748) / sizeof(rfc7748[0]); i++) {
        struct vector_hex private_key = vector_parse_hex(rfc7748[i].private_key);
        struct vector_hex public_key = vector_parse_hex(rfc7748[i].public_key);

        assert_true(x25519(public_key.bytes, private_key.bytes, public_key.bytes));
        assert_hex(rfc7748[i].shared, public_key.bytes);
        public_key = vector_parse_hex(rfc7748[i].public_key);
        assert_true(x25519(private_key.bytes, private_key.bytes, public_key.bytes));
        assert_hex(rfc7748[i].shared, private_key.bytes);
        private_key = vector_parse_hex(rfc7748[i].private_key);
        x25519_base(public_key.bytes, private_key.bytes);
        x25519_base(private_key.bytes, private_key.bytes);
        assert_memory_equal(public_key.bytes, private_key.bytes, 32);
    }
}

/* A batch of 0..9 exchanges, of which every third is with a low-order key, does what single calls do. */
static void a_batch_does_what_single_calls_do(void **state)
{
    (void)state;
    for (size_t count = 0; count <= BATCH; count++) {
        uint8_t private_keys[BATCH][32];
        uint8_t public_keys[BATCH][32] = {{0}};
        uint8_t shared[BATCH][32];
        uint8_t untouched[32];
        struct x25519_job jobs[BATCH];

        memset(shared, 0xaa, sizeof(shared));
        memset(untouched, 0xaa, sizeof(untouched));
        for (size_t i = 0; i < BATCH; i++) {
            vector_fill(private_keys[i], 32, (uint32_t)(i + 1));
            if (i % 3 != 2)
                vector_fill(public_keys[i], 32, (uint32_t)(i + 100));
            jobs[i] = (struct x25519_job){shared[i], private_keys[i], public_keys[i], i % 3 == 2};
        }
        x25519_batch(jobs, count);
        for (size_t i = 0; i < BATCH; i++) {
            uint8_t single[32];
            bool nonzero = x25519(single, private_keys[i], public_keys[i]);

            assert_int_equal(nonzero, i % 3 != 2);
            assert_int_equal(jobs[i].nonzero, i < count ? nonzero : !nonzero);
            assert_memory_equal(shared[i], i < count ? single : untouched, 32);
        }
    }
}

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_rfc7748),
        cmocka_unit_test(matches_rfc7748_after_1_and_1000_iterations),
        cmocka_unit_test(public_keys_match_rfc7748_and_multiplying_the_base_point),
        cmocka_unit_test(clamping_sets_five_bits_and_changes_no_public_key),
        cmocka_unit_test(the_top_bit_of_a_public_key_is_ignored),
        cmocka_unit_test(low_order_keys_fail_and_leave_zeros),
        cmocka_unit_test(the_result_may_replace_either_key),
        cmocka_unit_test(a_batch_does_what_single_calls_do),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
