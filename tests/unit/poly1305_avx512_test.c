/* SPDX-License-Identifier: MIT
 *
 * The Poly1305 of the AVX-512 kernels where chance does not lead: one-time keys and messages are chosen, not
 * made by ChaCha20. Limbs at their extremes, sums around p = 2^130 - 5 and 2^130 for the last reduction, and
 * pads that carry over 2^64, compared with libsodium. This file is compiled for AVX-512.
 */
#include "crypto/poly1305_pair_avx512.h"

#include "crypto/processor.h"
#include "crypto/start.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define MESSAGE_MAX 4096

static _Alignas(64) uint8_t keys[POLY1305_GROUP][POLY1305_KEY_BYTES];
static uint8_t messages[POLY1305_GROUP][MESSAGE_MAX];
static size_t lengths[POLY1305_GROUP];

/* The tag of the AEAD over this ciphertext (RFC 8439, 2.8), by libsodium. */
static void tag_expected(uint8_t tag[static 16], size_t i)
{
    static const uint8_t zeros[15 + 8];
    crypto_onetimeauth_state state;

    crypto_onetimeauth_init(&state, keys[i]);
    crypto_onetimeauth_update(&state, messages[i], lengths[i]);
    crypto_onetimeauth_update(&state, zeros, (16 - lengths[i] % 16) % 16 + 8);
    crypto_onetimeauth_update(&state, (const uint8_t *)&(const uint64_t){lengths[i]}, 8);
    crypto_onetimeauth_final(&state, tag);
}

static void assert_tags(size_t count)
{
    struct poly1305_message group_messages[POLY1305_GROUP];
    struct poly1305_group group = {0};
    struct poly1305_pair pair;
    uint64_t tags[2 * POLY1305_GROUP];

    for (size_t i = 0; i < count; i++)
        group_messages[i] = poly1305_message_of(messages[i], lengths[i]);
    poly1305_group_start(&group, keys[0], poly1305_rows_of(group_messages, count));
    for (size_t i = 0; i < count; i += 2) {
        poly1305_pair_start(&pair, &group, i / 2, &group_messages[i],
                            &group_messages[i + 1 < count ? i + 1 : i]);
        poly1305_pair_finish(&pair, &group);
    }
    poly1305_group_finish(&group, tags);
    for (size_t i = 0; i < count; i++) {
        const uint64_t tag[2] = {tags[i], tags[POLY1305_GROUP + i]};
        uint8_t expected[16];

        tag_expected(expected, i);
        assert_memory_equal(tag, expected, 16);
    }
}

/* Keys of one byte throughout (clamping makes 0xff the greatest r) and messages of one byte throughout. */
static void extremes_of_key_and_message(void **state)
{
    static const uint8_t bytes[] = {0xff, 0x00, 0xfe, 0x01};

    (void)state;
    for (size_t combination = 0; combination < 64; combination++) {
        for (size_t length = 0; length <= 1500; length += length < 700 ? 1 : 100) {
            for (size_t i = 0; i < POLY1305_GROUP; i++) {
                memset(keys[i], bytes[combination % 4], 16);
                memset(keys[i] + 16, bytes[combination / 4 % 4], 16);
                memset(messages[i], bytes[(combination / 16 + i) % 4], MESSAGE_MAX);
                lengths[i] = i & 1 ? length : 1500 - length;
            }
            assert_tags(length % 8 + 1);
        }
    }
}

/* Each limb of r at its greatest or zero, alone and together. */
static void extremes_of_each_limb(void **state)
{
    (void)state;
    for (unsigned pattern = 0; pattern < 1 << POLY1305_GROUP; pattern++) {
        for (size_t i = 0; i < POLY1305_GROUP; i++) {
            const unsigned limbs = (pattern + (unsigned)i) & 7;
            const unsigned __int128 r = ((unsigned __int128)(limbs & 1 ? (UINT64_C(1) << 44) - 1 : 0)) |
                                        ((unsigned __int128)(limbs & 2 ? (UINT64_C(1) << 44) - 1 : 0) << 44) |
                                        ((unsigned __int128)(limbs & 4 ? (UINT64_C(1) << 40) - 1 : 0) << 88);

            memcpy(keys[i], &r, 16);
            memset(keys[i] + 16, 0xff, 16);
            memset(messages[i], pattern & 8 ? 0xff : 0, MESSAGE_MAX);
            lengths[i] = 16 * (pattern * 8 + i) % MESSAGE_MAX;
        }
        assert_tags(POLY1305_GROUP);
    }
}

/* With r = 1 the authenticator is the plain sum of the blocks. Four of them and their length make 2 p +
 * offset = 8 * 2^128 - 10 + offset: 5 * 2^128 come from the bits above the blocks, 64 * 2^64 from the length,
 * the rest from the blocks themselves. */
static void sums_around_the_modulus(void **state)
{
    (void)state;
    for (int offset = -40; offset <= 40; offset++) {
        for (size_t i = 0; i < POLY1305_GROUP; i++) {
            const unsigned __int128 fourth = (unsigned)(3 + 100 - 10 + offset);
            const unsigned __int128 third = ~(((unsigned __int128)64 << 64) + 100);

            memset(keys[i], 0, POLY1305_KEY_BYTES);
            keys[i][0] = 1;
            memset(keys[i] + 16, i & 1 ? 0xff : 0, 8);
            memset(keys[i] + 24, i & 2 ? 0xff : 0, 8);
            memset(messages[i], 0xff, 32);
            memcpy(messages[i] + 32, &third, 16);
            memcpy(messages[i] + 48, &fourth, 16);
            lengths[i] = 64;
        }
        assert_tags(POLY1305_GROUP);
    }
}

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(extremes_of_key_and_message),
    cmocka_unit_test(extremes_of_each_limb),
    cmocka_unit_test(sums_around_the_modulus),
};

int main(void)
{
    processor_look();
    if (processor_step() < PROCESSOR_AVX512)
        return 77; /* skipped */
    return cmocka_run_group_tests(tests, start, NULL);
}
