/* SPDX-License-Identifier: MIT
 *
 * AEAD of protocol §1, one packet at a time: RFC 8439, every length, every kind of tampering, aliasing.
 *
 * Of RFC 8439's two AEAD examples only appendix A.5 has a nonce that begins with four zero bytes.
 */
#include "crypto/aead.h"

#include "crypto/blake2s.h"
#include "crypto/start.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH_MAX 1600

static const char rfc8439_key[] = "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0";
static const char rfc8439_data[] = "f33388860000000000004e91";
static const char rfc8439_plaintext[] =
    "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, or "
    "obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as reference "
    "material or to cite them other than as /\xe2\x80\x9cwork in progress./\xe2\x80\x9d";
static const char rfc8439_sealed[] = "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"
                                     "4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"
                                     "332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
                                     "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"
                                     "b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
                                     "af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
                                     "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"
                                     "49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"
                                     "a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38";
static const uint64_t rfc8439_counter = 0x0807060504030201; /* nonce 00000000 0102030405060708 */

static void matches_rfc8439(void **state)
{
    struct vector_hex key = vector_parse_hex(rfc8439_key);
    struct vector_hex data = vector_parse_hex(rfc8439_data);
    struct vector_hex expected = vector_parse_hex(rfc8439_sealed);
    const size_t length = sizeof(rfc8439_plaintext) - 1;
    uint8_t sealed[300];
    uint8_t opened[300];

    (void)state;
    assert_int_equal(expected.length, length + AEAD_TAG_BYTES);
    aead_seal(sealed, (const uint8_t *)rfc8439_plaintext, length, data.bytes, data.length, rfc8439_counter,
              key.bytes);
    assert_memory_equal(sealed, expected.bytes, expected.length);
    assert_true(aead_open(opened, expected.bytes, expected.length, data.bytes, data.length, rfc8439_counter,
                          key.bytes));
    assert_memory_equal(opened, rfc8439_plaintext, length);
}

/* Lengths 0..1600 with additional data of 0..66 bytes and counters of all sizes; sealed against the oracle,
 * opened again, neither touching a byte beyond its output. */
static void every_length_matches_the_oracle_and_opens_again(void **state)
{
    const struct vector *file = vectors_load("digests.json");
    uint8_t plaintext[LENGTH_MAX];
    uint8_t sealed[LENGTH_MAX + AEAD_TAG_BYTES + 1];
    uint8_t opened[LENGTH_MAX + 1];
    uint8_t data[67];
    uint8_t key[AEAD_KEY_BYTES];
    uint8_t digest[32];
    struct blake2s all;

    (void)state;
    vector_fill(key, sizeof(key), sizeof(key));
    blake2s_init(&all, sizeof(digest));
    for (uint32_t length = 0; length <= LENGTH_MAX; length++) {
        const uint64_t counter = UINT64_C(0x0123456789abcdef) * length;
        const size_t sealed_length = (size_t)length + AEAD_TAG_BYTES;

        vector_fill(plaintext, length, length);
        vector_fill(data, length % 67, length % 67);
        memset(sealed, 0xaa, sizeof(sealed));
        memset(opened, 0xaa, sizeof(opened));
        aead_seal(sealed, plaintext, length, data, length % 67, counter, key);
        blake2s_update(&all, sealed, sealed_length);
        assert_int_equal(sealed[sealed_length], 0xaa);
        assert_true(aead_open(opened, sealed, sealed_length, data, length % 67, counter, key));
        assert_memory_equal(opened, plaintext, length);
        assert_int_equal(opened[length], 0xaa);
    }
    blake2s_final(&all, digest);
    vector_assert_hex(file, "aead", digest, sizeof(digest));
    vectors_free(file);
}

static void sealing_and_opening_in_place_is_the_same(void **state)
{
    uint8_t plaintext[LENGTH_MAX];
    uint8_t sealed[LENGTH_MAX + AEAD_TAG_BYTES];
    uint8_t in_place[LENGTH_MAX + AEAD_TAG_BYTES];
    uint8_t key[AEAD_KEY_BYTES];

    (void)state;
    vector_fill(key, sizeof(key), 1);
    for (uint32_t length = 0; length <= LENGTH_MAX; length++) {
        vector_fill(plaintext, length, length);
        memcpy(in_place, plaintext, length);
        aead_seal(sealed, plaintext, length, key, 5, length, key);
        aead_seal(in_place, in_place, length, key, 5, length, key);
        assert_memory_equal(in_place, sealed, (size_t)length + AEAD_TAG_BYTES);
        assert_true(aead_open(in_place, in_place, (size_t)length + AEAD_TAG_BYTES, key, 5, length, key));
        assert_memory_equal(in_place, plaintext, length);
    }
}

/* Opens after one bit of the sealed bytes or of the data was flipped, for each bit. */
static void any_flipped_bit_of_ciphertext_tag_or_data_is_noticed(void **state)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 63, 64, 65, 300};
    uint8_t key[AEAD_KEY_BYTES];

    (void)state;
    vector_fill(key, sizeof(key), 1);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        const size_t sealed_length = lengths[i] + AEAD_TAG_BYTES;
        uint8_t message[300 + AEAD_TAG_BYTES + 20]; /* sealed, then 20 bytes of data */
        uint8_t *data = message + sealed_length;
        uint8_t opened[300];

        vector_fill(message, lengths[i], 2);
        vector_fill(data, 20, 3);
        aead_seal(message, message, lengths[i], data, 20, 4, key);
        assert_true(aead_open(opened, message, sealed_length, data, 20, 4, key));
        for (size_t bit = 0; bit < 8 * (sealed_length + 20); bit++) {
            message[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(aead_open(opened, message, sealed_length, data, 20, 4, key));
            message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_true(aead_open(opened, message, sealed_length, data, 20, 4, key));
    }
}

static void any_other_key_counter_or_length_is_noticed(void **state)
{
    uint8_t key[AEAD_KEY_BYTES];
    uint8_t data[20];
    uint8_t sealed[100 + AEAD_TAG_BYTES] = {0};
    uint8_t opened[100];

    (void)state;
    vector_fill(key, sizeof(key), 1);
    vector_fill(data, sizeof(data), 2);
    aead_seal(sealed, sealed, 100, data, 10, 5, key);
    for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
        key[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(aead_open(opened, sealed, sizeof(sealed), data, 10, 5, key));
        key[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (unsigned bit = 0; bit < 64; bit++)
        assert_false(aead_open(opened, sealed, sizeof(sealed), data, 10, 5 ^ UINT64_C(1) << bit, key));
    for (size_t length = 0; length < sizeof(sealed); length++)
        assert_false(aead_open(opened, sealed, length, data, 10, 5, key));
    for (size_t length = 0; length < sizeof(data); length++)
        assert_int_equal(aead_open(opened, sealed, sizeof(sealed), data, length, 5, key), length == 10);
}

/* Less than a tag is no message, and nothing is read to find that out. */
static void shorter_than_a_tag_never_opens(void **state)
{
    static const uint8_t key[AEAD_KEY_BYTES] = {1};

    (void)state;
    for (size_t length = 0; length < AEAD_TAG_BYTES; length++)
        assert_false(aead_open(NULL, NULL, length, NULL, 0, 0, key));
}

static void empty_strings_may_be_null(void **state)
{
    static const uint8_t key[AEAD_KEY_BYTES] = {1};
    uint8_t tag[AEAD_TAG_BYTES];
    uint8_t same[AEAD_TAG_BYTES];

    (void)state;
    aead_seal(tag, NULL, 0, NULL, 0, 9, key);
    aead_seal(same, key, 0, key, 0, 9, key);
    assert_memory_equal(tag, same, sizeof(tag));
    assert_true(aead_open(NULL, tag, sizeof(tag), NULL, 0, 9, key));
    tag[0] ^= 1;
    assert_false(aead_open(NULL, tag, sizeof(tag), NULL, 0, 9, key));
}

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_rfc8439),
        cmocka_unit_test(every_length_matches_the_oracle_and_opens_again),
        cmocka_unit_test(sealing_and_opening_in_place_is_the_same),
        cmocka_unit_test(any_flipped_bit_of_ciphertext_tag_or_data_is_noticed),
        cmocka_unit_test(any_other_key_counter_or_length_is_noticed),
        cmocka_unit_test(shorter_than_a_tag_never_opens),
        cmocka_unit_test(empty_strings_may_be_null),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
