/* SPDX-License-Identifier: MIT
 *
 * Cookies, both sides (cookies §3, §4; protocol §4.5): the vectors, what a cookie is bound to, how long
 * secret and cookie live, and that only one reply is accepted per mac1 sent.
 */
#include "core/cookie.h"

#include "core/constants.h"
#include "crypto/memory.h"
#include "crypto/start.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct vector *file;

static int load(void **state)
{
    (void)state;
    file = vectors_load("cookie.json");
    return crypto_start();
}

static int unload(void **state)
{
    (void)state;
    vectors_free(file);
    return 0;
}

/* Draws what context points to; counts up without. */
static void draw(void *context, uint8_t *bytes, size_t length)
{
    static uint8_t next;

    if (context != NULL)
        memcpy(bytes, context, length);
    else
        memset(bytes, ++next, length);
}

static struct vole_endpoint source_of(const struct vector *cookie)
{
    struct vector_hex address = vector_hex(cookie, "source_address");
    struct vole_endpoint from = {.address.family = address.length == 4 ? 4 : 6,
                                 .port = (uint16_t)vector_number(cookie, "source_port")};

    memcpy(from.address.bytes, address.bytes, address.length);
    return from;
}

/* A maker with the secret of the vectors, and what the first of them is about. */
struct scene {
    struct cookie_maker maker;
    struct cookie_holder holder;
    struct cookie_keys keys; /* of the cookie's sender */
    struct vole_endpoint from;
    struct vector_hex message;
    uint8_t reply[COOKIE_REPLY_BYTES];
};

/* The holder has sent the message at 0 s, and the reply lies ready. */
static void set_scene(struct scene *scene)
{
    const struct vector *cookie = vector_at(vector_member(file, "cookies"), 0);
    struct vector_hex public_key = vector_hex(cookie, "cookie_sender_static_public");

    memset(scene, 0, sizeof *scene);
    cookie_maker_init(&scene->maker, draw, vector_hex(cookie, "secret").bytes, 0);
    cookie_keys_init(&scene->keys, public_key.bytes);
    scene->from = source_of(cookie);
    scene->message = vector_hex(cookie, "denied_message");
    cookie_add_macs(&scene->holder, &scene->keys, scene->message.bytes, scene->message.length, 0);
    cookie_create_reply(&scene->maker, scene->keys.cookie, &scene->from, scene->message.bytes,
                        scene->message.length, scene->reply, draw, NULL, 0);
}

static bool accept_reply(struct scene *scene, uint64_t boot_ns, bool *unexpected)
{
    return cookie_consume_reply(&scene->holder, scene->keys.cookie, scene->reply, boot_ns, unexpected);
}

static bool mac2_valid(struct scene *scene, uint64_t boot_ns)
{
    return cookie_mac2_valid(&scene->maker, &scene->from, scene->message.bytes, scene->message.length, draw,
                             NULL, boot_ns);
}

static bool mac2_is_zero(const struct scene *scene)
{
    return memory_is_zero(scene->message.bytes + message_mac2_offset(scene->message.length), MAC_BYTES);
}

/* ---- the vectors ---- */

static void replies_and_mac2_are_the_vectors(void **state)
{
    const struct vector *list = vector_member(file, "cookies");

    (void)state;
    assert_int_equal(vector_count(list), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct vector *cookie = vector_at(list, i);
        struct vector_hex denied = vector_hex(cookie, "denied_message"), nonce = vector_hex(cookie, "nonce"),
                          public_key = vector_hex(cookie, "cookie_sender_static_public");
        struct vole_endpoint from = source_of(cookie);
        struct cookie_holder holder = {.mac1_outstanding = true};
        struct cookie_maker maker;
        struct cookie_keys keys;
        uint8_t reply[COOKIE_REPLY_BYTES];
        bool unexpected;

        cookie_keys_init(&keys, public_key.bytes);
        vector_assert_hex(cookie, "cookie_key", keys.cookie, 32);
        cookie_maker_init(&maker, draw, vector_hex(cookie, "secret").bytes, 0);
        cookie_create_reply(&maker, keys.cookie, &from, denied.bytes, denied.length, reply, draw, nonce.bytes,
                            0);
        vector_assert_hex(cookie, "cookie_reply", reply, sizeof reply);

        vector_read_hex(cookie, "denied_mac1", holder.last_mac1, MAC_BYTES);
        assert_true(cookie_consume_reply(&holder, keys.cookie, reply, 0, &unexpected));
        vector_assert_hex(cookie, "cookie", holder.cookie, COOKIE_BYTES);
        assert_false(cookie_mac2_valid(&maker, &from, denied.bytes, denied.length, draw, NULL, 0));
        cookie_add_macs(&holder, &keys, denied.bytes, denied.length, 0);
        vector_assert_hex(cookie, "same_message_with_mac2", denied.bytes, denied.length);
        vector_assert_hex(cookie, "mac2", denied.bytes + message_mac2_offset(denied.length), MAC_BYTES);
        assert_true(cookie_mac2_valid(&maker, &from, denied.bytes, denied.length, draw, NULL, 0));
    }
}

static void every_bit_of_mac1_and_mac2_counts(void **state)
{
    struct scene scene;
    bool unexpected;

    (void)state;
    set_scene(&scene);
    assert_true(accept_reply(&scene, 0, &unexpected));
    cookie_add_macs(&scene.holder, &scene.keys, scene.message.bytes, scene.message.length, 0);
    for (size_t bit = 0; bit < 128; bit++) {
        uint8_t *mac1 = scene.message.bytes + message_mac1_offset(scene.message.length) + bit / 8,
                *mac2 = scene.message.bytes + message_mac2_offset(scene.message.length) + bit / 8;

        *mac2 ^= (uint8_t)(1 << bit % 8);
        assert_false(mac2_valid(&scene, 0));
        *mac2 ^= (uint8_t)(1 << bit % 8);
        *mac1 ^= (uint8_t)(1 << bit % 8); /* mac2 covers mac1 */
        assert_false(mac2_valid(&scene, 0));
        assert_false(cookie_mac1_valid(&scene.keys.mac1, scene.message.bytes, scene.message.length));
        *mac1 ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(mac2_valid(&scene, 0));
}

/* ---- the maker ---- */

static void a_cookie_is_bound_to_address_and_port(void **state)
{
    struct scene scene;
    bool unexpected;

    (void)state;
    set_scene(&scene);
    assert_true(accept_reply(&scene, 0, &unexpected));
    cookie_add_macs(&scene.holder, &scene.keys, scene.message.bytes, scene.message.length, 0);
    assert_true(mac2_valid(&scene, 0));
    scene.from.port++;
    assert_false(mac2_valid(&scene, 0));
    scene.from.port--;
    for (size_t i = 0; i < 4; i++) {
        scene.from.address.bytes[i] ^= 1;
        assert_false(mac2_valid(&scene, 0));
        scene.from.address.bytes[i] ^= 1;
    }
    scene.from.address.family = 6;
    assert_false(mac2_valid(&scene, 0));
    scene.from.address.family = 4;
    scene.from.scope = 9; /* not part of it */
    assert_true(mac2_valid(&scene, 0));
}

static void the_secret_changes_at_120_s_without_grace(void **state)
{
    struct scene scene;
    bool unexpected;

    (void)state;
    set_scene(&scene);
    assert_true(accept_reply(&scene, 0, &unexpected));
    cookie_add_macs(&scene.holder, &scene.keys, scene.message.bytes, scene.message.length, 0);
    assert_true(mac2_valid(&scene, 120 * NS_PER_SECOND - 1));
    assert_false(mac2_valid(&scene, 120 * NS_PER_SECOND));
    assert_int_equal(scene.maker.secret_birth_ns, 120 * NS_PER_SECOND);
    assert_false(mac2_valid(&scene, 0)); /* nor does the old one come back */
}

static void the_secret_is_also_renewed_by_a_reply(void **state)
{
    struct scene scene;
    uint8_t old[32];

    (void)state;
    set_scene(&scene);
    memcpy(old, scene.maker.secret, sizeof old);
    cookie_create_reply(&scene.maker, scene.keys.cookie, &scene.from, scene.message.bytes,
                        scene.message.length, scene.reply, draw, NULL, 119 * NS_PER_SECOND);
    assert_memory_equal(old, scene.maker.secret, sizeof old);
    cookie_create_reply(&scene.maker, scene.keys.cookie, &scene.from, scene.message.bytes,
                        scene.message.length, scene.reply, draw, NULL, 120 * NS_PER_SECOND);
    assert_memory_not_equal(old, scene.maker.secret, sizeof old);
}

/* ---- the holder ---- */

static void a_cookie_is_used_until_it_is_115_s_old(void **state)
{
    struct scene scene;
    bool unexpected;

    (void)state;
    set_scene(&scene);
    assert_true(accept_reply(&scene, 7 * NS_PER_SECOND, &unexpected));
    cookie_add_macs(&scene.holder, &scene.keys, scene.message.bytes, scene.message.length,
                    (7 + 115) * NS_PER_SECOND - 1);
    assert_false(mac2_is_zero(&scene));
    cookie_add_macs(&scene.holder, &scene.keys, scene.message.bytes, scene.message.length,
                    (7 + 115) * NS_PER_SECOND);
    assert_true(mac2_is_zero(&scene));
}

static void one_reply_is_accepted_for_each_mac1_sent(void **state)
{
    struct scene scene;
    bool unexpected;

    (void)state;
    set_scene(&scene);
    assert_true(accept_reply(&scene, 0, &unexpected));
    assert_false(accept_reply(&scene, 0, &unexpected));
    assert_true(unexpected);
    cookie_add_macs(&scene.holder, &scene.keys, scene.message.bytes, scene.message.length, 0);
    assert_true(accept_reply(&scene, 0, &unexpected)); /* the same mac1, sent again */
}

static void a_reply_opens_only_with_the_last_mac1(void **state)
{
    struct scene scene;
    bool unexpected;

    (void)state;
    set_scene(&scene);
    scene.message.bytes[INITIATION_SENDER] ^= 1;
    cookie_add_macs(&scene.holder, &scene.keys, scene.message.bytes, scene.message.length, 0);
    assert_false(accept_reply(&scene, 0, &unexpected));
    assert_false(unexpected);
}

static void a_forged_reply_changes_nothing(void **state)
{
    struct scene scene;
    struct cookie_holder before;
    bool unexpected;

    (void)state;
    set_scene(&scene);
    before = scene.holder;
    for (size_t at = COOKIE_REPLY_NONCE; at < COOKIE_REPLY_BYTES; at++) {
        scene.reply[at] ^= 1;
        assert_false(accept_reply(&scene, 5, &unexpected));
        assert_false(unexpected);
        assert_memory_equal(&before, &scene.holder, sizeof before);
        scene.reply[at] ^= 1;
    }
    assert_true(accept_reply(&scene, 5, &unexpected)); /* it is still awaited */
}

static void nobody_who_sent_nothing_accepts_a_reply(void **state)
{
    struct scene scene;
    bool unexpected;

    (void)state;
    set_scene(&scene);
    memset(&scene.holder, 0, sizeof scene.holder);
    assert_false(accept_reply(&scene, 0, &unexpected));
    assert_true(unexpected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_and_mac2_are_the_vectors),
        cmocka_unit_test(every_bit_of_mac1_and_mac2_counts),
        cmocka_unit_test(a_cookie_is_bound_to_address_and_port),
        cmocka_unit_test(the_secret_changes_at_120_s_without_grace),
        cmocka_unit_test(the_secret_is_also_renewed_by_a_reply),
        cmocka_unit_test(a_cookie_is_used_until_it_is_115_s_old),
        cmocka_unit_test(one_reply_is_accepted_for_each_mac1_sent),
        cmocka_unit_test(a_reply_opens_only_with_the_last_mac1),
        cmocka_unit_test(a_forged_reply_changes_nothing),
        cmocka_unit_test(nobody_who_sent_nothing_accepts_a_reply),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
