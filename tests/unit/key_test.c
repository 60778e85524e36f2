/* SPDX-License-Identifier: MIT
 *
 * Keys as text: known pairs, every single digit, everything that is not a key.
 */
#include "config/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* RFC 7748 §6.1: Alice's keys. */
static const char alice_private_hex[] = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
static const char alice_public_hex[] = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";

static const struct {
    const char *hex;
    const char *base64;
} known[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000",
     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "//////////////////////////////////////////8="},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
    {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="},
    {"fbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbe0",
     "++++++++++++++++++++++++++++++++++++++++++A="},
    {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8="},
};

static void known_pairs_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t from_hex[KEY_BYTES];
        uint8_t from_base64[KEY_BYTES];
        char hex[KEY_HEX_BYTES];
        char base64[KEY_BASE64_BYTES];

        assert_true(key_from_hex(from_hex, known[i].hex, strlen(known[i].hex)));
        key_to_base64(base64, from_hex);
        key_to_hex(hex, from_hex);
        assert_string_equal(hex, known[i].hex);
        assert_string_equal(base64, known[i].base64);
        assert_true(key_from_base64(from_base64, base64, strlen(base64)));
        assert_memory_equal(from_hex, from_base64, KEY_BYTES);
    }
}

static void every_byte_value_survives_both_forms(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        for (size_t place = 0; place < KEY_BYTES; place++) {
            uint8_t key[KEY_BYTES] = {0};
            uint8_t back[KEY_BYTES];
            char hex[KEY_HEX_BYTES];
            char base64[KEY_BASE64_BYTES];

            key[place] = (uint8_t)value;
            key_to_hex(hex, key);
            key_to_base64(base64, key);
            assert_int_equal(strlen(hex), KEY_HEX_LENGTH);
            assert_int_equal(strlen(base64), KEY_BASE64_LENGTH);
            assert_true(key_from_hex(back, hex, KEY_HEX_LENGTH));
            assert_memory_equal(key, back, KEY_BYTES);
            assert_true(key_from_base64(back, base64, KEY_BASE64_LENGTH));
            assert_memory_equal(key, back, KEY_BYTES);
        }
    }
}

/* Which of the 256 characters are digits, at every place of the text. */
static void only_the_alphabets_are_read(void **state)
{
    static const char hex_digits[] = "0123456789abcdefABCDEF";
    static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t key[KEY_BYTES];
    const uint8_t zero[KEY_BYTES] = {0};

    (void)state;
    for (int character = 0; character < 256; character++) {
        for (size_t place = 0; place < KEY_HEX_LENGTH; place++) {
            char text[KEY_HEX_BYTES];
            bool digit = character != 0 && strchr(hex_digits, character) != NULL;

            memset(text, '7', KEY_HEX_LENGTH);
            text[place] = (char)character;
            assert_int_equal(key_from_hex(key, text, KEY_HEX_LENGTH), digit);
            if (!digit)
                assert_memory_equal(key, zero, KEY_BYTES);
        }
        for (size_t place = 0; place < KEY_BASE64_LENGTH - 2; place++) {
            char text[KEY_BASE64_BYTES];
            bool digit = character != 0 && strchr(base64_digits, character) != NULL;

            memset(text, 'A', KEY_BASE64_LENGTH - 1);
            text[KEY_BASE64_LENGTH - 1] = '=';
            text[place] = (char)character;
            assert_int_equal(key_from_base64(key, text, KEY_BASE64_LENGTH), digit);
            if (!digit)
                assert_memory_equal(key, zero, KEY_BYTES);
        }
    }
}

static void upper_case_hex_is_the_same_key(void **state)
{
    char upper[KEY_HEX_BYTES];
    uint8_t one[KEY_BYTES];
    uint8_t other[KEY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(upper); i++) {
        char digit = alice_public_hex[i];
        upper[i] = digit >= 'a' ? (char)(digit - 32) : digit;
    }
    assert_true(key_from_hex(one, alice_public_hex, KEY_HEX_LENGTH));
    assert_true(key_from_hex(other, upper, KEY_HEX_LENGTH));
    assert_memory_equal(one, other, KEY_BYTES);
}

static void lengths_are_exact(void **state)
{
    char text[100];
    uint8_t key[KEY_BYTES];

    (void)state;
    memset(text, '0', sizeof(text));
    for (size_t length = 0; length < sizeof(text); length++)
        assert_int_equal(key_from_hex(key, text, length), length == 64);
    for (size_t length = 1; length < sizeof(text); length++) {
        memset(text, 'A', sizeof(text));
        text[length - 1] = '=';
        assert_int_equal(key_from_base64(key, text, length), length == 44);
    }
    assert_false(key_from_base64(key, text, 0));
}

/* Of the last digit in front of "=", only 16 of 64 have the two unused bits zero. */
static void unused_bits_of_base64_must_be_zero(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    uint8_t key[KEY_BYTES];

    (void)state;
    for (size_t i = 0; i < 64; i++) {
        text[42] = alphabet[i];
        assert_int_equal(key_from_base64(key, text, KEY_BASE64_LENGTH), i % 4 == 0);
    }
    text[42] = '=';
    assert_false(key_from_base64(key, text, KEY_BASE64_LENGTH));
    text[42] = text[43] = 'A';
    assert_false(key_from_base64(key, text, KEY_BASE64_LENGTH));
}

static void short_form_has_the_first_and_last_four(void **state)
{
    uint8_t key[KEY_BYTES];
    char text[KEY_SHORT_BYTES];

    (void)state;
    assert_true(key_from_base64(key, "AbCdAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwXYY=", 44));
    key_to_short(text, key);
    assert_string_equal(text, "AbCd\xe2\x80\xa6wXYY");
    assert_int_equal(strlen(text), KEY_SHORT_BYTES - 1);
}

static void zero_is_found_in_every_bit(void **state)
{
    uint8_t key[KEY_BYTES] = {0};

    (void)state;
    assert_true(key_is_zero(key));
    for (unsigned bit = 0; bit < 8 * KEY_BYTES; bit++) {
        key[bit / 8] = (uint8_t)(1u << bit % 8);
        assert_false(key_is_zero(key));
        key[bit / 8] = 0;
    }
}

static void generated_keys_are_clamped_only_if_private(void **state)
{
    unsigned unclamped = 0;

    (void)state;
    for (int i = 0; i < 64; i++) {
        uint8_t private_key[KEY_BYTES];
        uint8_t preshared_key[KEY_BYTES];

        key_generate_private(private_key);
        assert_int_equal(private_key[0] & 7, 0);
        assert_int_equal(private_key[31] & 0xc0, 0x40);
        key_generate_preshared(preshared_key);
        unclamped += (preshared_key[0] & 7) != 0;
        assert_memory_not_equal(private_key, preshared_key, KEY_BYTES);
    }
    assert_true(unclamped > 20);
}

static void public_key_is_that_of_the_rfc(void **state)
{
    uint8_t private_key[KEY_BYTES];
    uint8_t public_key[KEY_BYTES];
    uint8_t expected[KEY_BYTES];

    (void)state;
    assert_true(key_from_hex(private_key, alice_private_hex, KEY_HEX_LENGTH));
    assert_true(key_from_hex(expected, alice_public_hex, KEY_HEX_LENGTH));
    key_public(public_key, private_key);
    assert_memory_equal(public_key, expected, KEY_BYTES);
    private_key[0] ^= 7; /* clamping is part of it */
    key_public(public_key, private_key);
    assert_memory_equal(public_key, expected, KEY_BYTES);
}

static void wiped_is_zero(void **state)
{
    uint8_t key[KEY_BYTES];

    (void)state;
    memset(key, 0xaa, sizeof(key));
    key_wipe(key, sizeof(key));
    assert_true(key_is_zero(key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_pairs_agree),
        cmocka_unit_test(every_byte_value_survives_both_forms),
        cmocka_unit_test(only_the_alphabets_are_read),
        cmocka_unit_test(upper_case_hex_is_the_same_key),
        cmocka_unit_test(lengths_are_exact),
        cmocka_unit_test(unused_bits_of_base64_must_be_zero),
        cmocka_unit_test(short_form_has_the_first_and_last_four),
        cmocka_unit_test(zero_is_found_in_every_bit),
        cmocka_unit_test(generated_keys_are_clamped_only_if_private),
        cmocka_unit_test(public_key_is_that_of_the_rfc),
        cmocka_unit_test(wiped_is_zero),
    };

    if (key_start() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
