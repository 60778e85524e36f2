/* SPDX-License-Identifier: MIT
 *
 * The primitives put together into cookies (protocol §4.5, cookies §3 and §4): mac1 of the denied message,
 * the cookie, the cookie reply, and mac2, each against the vectors.
 */
#include "crypto/blake2s.h"
#include "crypto/little_endian.h"
#include "crypto/start.h"
#include "crypto/xaead.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COOKIE_BYTES 16
#define REPLY_BYTES  64

static const struct vector *file;

static const struct vector *cookies(void)
{
    const struct vector *list = vector_member(file, "cookies");

    assert_int_equal(vector_count(list), 3);
    return list;
}

/* HASH(label ‖ the public key of who made the cookie, which is who the denied message was for) */
static void label_key(uint8_t key[static 32], const char *label, const struct vector *entry)
{
    blake2s_hash2(key, (const uint8_t *)label, 8, vector_hex(entry, "cookie_sender_static_public").bytes, 32);
}

static void mac1_of_the_denied_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct vector *entry = vector_at(cookies(), i);
        struct vector_hex message = vector_hex(entry, "denied_message");
        struct blake2s_keyed keyed;
        uint8_t key[32];
        uint8_t mac1[BLAKE2S_MAC_BYTES];

        label_key(key, "mac1----", entry);
        blake2s_mac(mac1, key, sizeof(key), message.bytes, message.length - 32);
        vector_assert_hex(entry, "denied_mac1", mac1, sizeof(mac1));
        blake2s_keyed_init(&keyed, key, sizeof(key));
        blake2s_keyed_mac(&keyed, mac1, message.bytes, message.length - 32);
        vector_assert_hex(entry, "denied_mac1", mac1, sizeof(mac1));
        assert_memory_equal(mac1, message.bytes + message.length - 32, sizeof(mac1));
    }
}

static void the_cookie_from_secret_address_and_port(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct vector *entry = vector_at(cookies(), i);
        struct vector_hex secret = vector_hex(entry, "secret");
        struct vector_hex source = vector_hex(entry, "source_address");
        const uint64_t port = vector_number(entry, "source_port");
        uint8_t cookie[COOKIE_BYTES];

        source.bytes[source.length++] = (uint8_t)(port >> 8);
        source.bytes[source.length++] = (uint8_t)port;
        blake2s_mac(cookie, secret.bytes, secret.length, source.bytes, source.length);
        vector_assert_hex(entry, "cookie", cookie, sizeof(cookie));
    }
}

static void the_reply_that_carries_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct vector *entry = vector_at(cookies(), i);
        struct vector_hex mac1 = vector_hex(entry, "denied_mac1");
        uint8_t reply[REPLY_BYTES];
        uint8_t key[32];

        label_key(key, "cookie--", entry);
        vector_assert_hex(entry, "cookie_key", key, sizeof(key));
        little_endian_store32(reply, 3);
        little_endian_store32(reply + 4, (uint32_t)vector_number(entry, "receiver_index"));
        vector_read_hex(entry, "nonce", reply + 8, XAEAD_NONCE_BYTES);
        xaead_seal(reply + 32, vector_hex(entry, "cookie").bytes, COOKIE_BYTES, mac1.bytes, mac1.length,
                   reply + 8, key);
        vector_assert_hex(entry, "cookie_reply", reply, sizeof(reply));
    }
}

static void opening_the_reply_and_mac2_with_the_cookie(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct vector *entry = vector_at(cookies(), i);
        struct vector_hex reply = vector_hex(entry, "cookie_reply");
        struct vector_hex mac1 = vector_hex(entry, "denied_mac1");
        struct vector_hex message = vector_hex(entry, "denied_message");
        uint8_t *mac2 = message.bytes + message.length - BLAKE2S_MAC_BYTES;
        uint8_t cookie[COOKIE_BYTES];
        uint8_t key[32];

        label_key(key, "cookie--", entry);
        assert_true(xaead_open(cookie, reply.bytes + 32, reply.length - 32, mac1.bytes, mac1.length,
                               reply.bytes + 8, key));
        vector_assert_hex(entry, "cookie", cookie, sizeof(cookie));
        blake2s_mac(mac2, cookie, sizeof(cookie), message.bytes, message.length - BLAKE2S_MAC_BYTES);
        vector_assert_hex(entry, "mac2", mac2, BLAKE2S_MAC_BYTES);
        vector_assert_hex(entry, "same_message_with_mac2", message.bytes, message.length);
    }
}

static int start(void **state)
{
    (void)state;
    file = vectors_load("cookie.json");
    return crypto_start();
}

static int stop(void **state)
{
    (void)state;
    vectors_free(file);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mac1_of_the_denied_message),
        cmocka_unit_test(the_cookie_from_secret_address_and_port),
        cmocka_unit_test(the_reply_that_carries_it),
        cmocka_unit_test(opening_the_reply_and_mac2_with_the_cookie),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
