/* SPDX-License-Identifier: MIT
 *
 * XAEAD of protocol §1 against draft-irtf-cfrg-xchacha-03 appendix A.3.1 and an independent implementation.
 */
#include "crypto/xaead.h"

#include "crypto/blake2s.h"
#include "crypto/start.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char draft_plaintext[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
    "would be it.";
static const char draft_data[] = "50515253c0c1c2c3c4c5c6c7";
static const char draft_key[] = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
static const char draft_nonce[] = "404142434445464748494a4b4c4d4e4f5051525354555657";
static const char draft_sealed[] = "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
                                   "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
                                   "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                                   "21f9664c97637da9768812f615c68b13b52e"
                                   "c0875924c1c7987947deafd8780acf49";

static void matches_the_draft(void **state)
{
    struct vector_hex key = vector_parse_hex(draft_key);
    struct vector_hex nonce = vector_parse_hex(draft_nonce);
    struct vector_hex data = vector_parse_hex(draft_data);
    struct vector_hex expected = vector_parse_hex(draft_sealed);
    const size_t length = sizeof(draft_plaintext) - 1;
    uint8_t bytes[200];

    (void)state;
    assert_int_equal(expected.length, length + AEAD_TAG_BYTES);
    xaead_seal(bytes, (const uint8_t *)draft_plaintext, length, data.bytes, data.length, nonce.bytes,
               key.bytes);
    assert_memory_equal(bytes, expected.bytes, expected.length);
    assert_true(
        xaead_open(bytes, expected.bytes, expected.length, data.bytes, data.length, nonce.bytes, key.bytes));
    assert_memory_equal(bytes, draft_plaintext, length);
}

static void every_length_matches_the_oracle_and_opens_again(void **state)
{
    const struct vector *file = vectors_load("digests.json");
    uint8_t key[AEAD_KEY_BYTES];
    uint8_t digest[32];
    struct blake2s all;

    (void)state;
    vector_fill(key, sizeof(key), sizeof(key));
    blake2s_init(&all, sizeof(digest));
    for (uint32_t length = 0; length <= 128; length++) {
        const size_t sealed_length = (size_t)length + AEAD_TAG_BYTES;
        uint8_t plaintext[128];
        uint8_t bytes[128 + AEAD_TAG_BYTES];
        uint8_t nonce[XAEAD_NONCE_BYTES];
        uint8_t data[67];

        vector_fill(nonce, sizeof(nonce), length);
        vector_fill(data, length % 67, length % 67);
        vector_fill(plaintext, length, length);
        memcpy(bytes, plaintext, length);
        xaead_seal(bytes, bytes, length, data, length % 67, nonce, key);
        blake2s_update(&all, bytes, sealed_length);
        assert_true(xaead_open(bytes, bytes, sealed_length, data, length % 67, nonce, key));
        assert_memory_equal(bytes, plaintext, length);
    }
    blake2s_final(&all, digest);
    vector_assert_hex(file, "xaead", digest, sizeof(digest));
    vectors_free(file);
}

/* The four inputs of opening, in a row, so that one loop can flip each of their bits. */
struct message {
    uint8_t sealed[16 + AEAD_TAG_BYTES];
    uint8_t data[16];
    uint8_t nonce[XAEAD_NONCE_BYTES];
    uint8_t key[AEAD_KEY_BYTES];
};

static bool message_opens(const struct message *message, size_t sealed_length, size_t data_length)
{
    uint8_t opened[16];

    return xaead_open(opened, message->sealed, sealed_length, message->data, data_length, message->nonce,
                      message->key);
}

/* A cookie reply's shape: 16 bytes sealed, 16 bytes of additional data. */
static void any_flipped_bit_and_any_other_length_is_noticed(void **state)
{
    union {
        struct message message;
        uint8_t bytes[sizeof(struct message)];
    } row;

    (void)state;
    vector_fill(row.bytes, sizeof(row.bytes), 1);
    xaead_seal(row.message.sealed, row.message.sealed, 16, row.message.data, 16, row.message.nonce,
               row.message.key);
    assert_true(message_opens(&row.message, 32, 16));
    for (size_t bit = 0; bit < 8 * sizeof(row.bytes); bit++) {
        row.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(message_opens(&row.message, 32, 16));
        row.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t length = 0; length < 32; length++)
        assert_false(message_opens(&row.message, length, 16));
    for (size_t length = 0; length < 16; length++)
        assert_false(message_opens(&row.message, 32, length));
    assert_true(message_opens(&row.message, 32, 16));
}

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_draft),
        cmocka_unit_test(every_length_matches_the_oracle_and_opens_again),
        cmocka_unit_test(any_flipped_bit_and_any_other_length_is_noticed),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
