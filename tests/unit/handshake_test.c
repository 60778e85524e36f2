/* SPDX-License-Identifier: MIT
 *
 * src/core/handshake over the vectors: whole messages with their macs, C and H after each function, both
 * session keys; and what must not happen: forged messages that change anything, zero secrets, wrong states.
 */
#include "core/handshake.h"

#include "core/cookie.h"
#include "crypto/memory.h"
#include "crypto/start.h"
#include "crypto/x25519.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* One end of a handshake of the vectors. */
struct end {
    struct identity identity;
    struct remote_keys remote;
    struct handshake handshake;
    struct cookie_holder holder;
    struct cookie_keys receiver; /* the other's */
};

static const struct vector *file;

static int load(void **state)
{
    (void)state;
    file = vectors_load("handshake.json");
    return crypto_start();
}

static int unload(void **state)
{
    (void)state;
    vectors_free(file);
    return 0;
}

static const struct vector *handshake_at(size_t i)
{
    return vector_at(vector_member(file, "handshakes"), i);
}

static struct vector_hex input(size_t i, const char *name)
{
    return vector_hex(vector_member(handshake_at(i), "inputs"), name);
}

static uint32_t number(size_t i, const char *name)
{
    return (uint32_t)vector_number(vector_member(handshake_at(i), "inputs"), name);
}

static void make_end(struct end *end, size_t i, const char *own_private, const char *own_public,
                     const char *other_public, const char *cookie)
{
    memset(end, 0, sizeof *end);
    end->identity.present = true;
    memcpy(end->identity.private_key, input(i, own_private).bytes, 32);
    memcpy(end->identity.public_key, input(i, own_public).bytes, 32);
    memcpy(end->remote.public_key, input(i, other_public).bytes, 32);
    memcpy(end->remote.preshared_key, input(i, "preshared_key").bytes, 32);
    assert_true(x25519(end->remote.static_static, end->identity.private_key, end->remote.public_key));
    cookie_keys_init(&end->receiver, end->remote.public_key);
    if (vector_has(vector_member(handshake_at(i), "inputs"), cookie)) {
        memcpy(end->holder.cookie, input(i, cookie).bytes, COOKIE_BYTES);
        end->holder.has_cookie = true;
    }
}

static void make_ends(struct end *initiator, struct end *responder, size_t i)
{
    make_end(initiator, i, "initiator_static_private", "initiator_static_public", "responder_static_public",
             "cookie_held_by_initiator");
    make_end(responder, i, "responder_static_private", "responder_static_public", "initiator_static_public",
             "cookie_held_by_responder");
}

static void assert_state(size_t i, const char *list, const char *step, const uint8_t *chaining_key,
                         const uint8_t *hash)
{
    const struct vector *found = vector_find(vector_member(handshake_at(i), list), "step", step);

    vector_assert_hex(found, "C", chaining_key, 32);
    vector_assert_hex(found, "H", hash, 32);
}

static void initiate(struct end *initiator, size_t i, uint8_t message[static INITIATION_BYTES])
{
    assert_int_equal(
        handshake_create_initiation(&initiator->handshake, &initiator->identity, &initiator->remote,
                                    input(i, "initiator_ephemeral_private").bytes,
                                    input(i, "tai64n_whitened").bytes, number(i, "initiator_index"), message),
        HANDSHAKE_OK);
    cookie_add_macs(&initiator->holder, &initiator->receiver, message, INITIATION_BYTES, 0);
}

static void take_initiation(struct end *responder, const uint8_t message[static INITIATION_BYTES])
{
    struct initiation_read read;
    uint8_t timestamp[TIMESTAMP_BYTES];

    assert_int_equal(handshake_read_initiation(&read, &responder->identity, message), HANDSHAKE_OK);
    assert_int_equal(handshake_read_timestamp(&read, &responder->remote, message, timestamp), HANDSHAKE_OK);
    handshake_commit_initiation(&responder->handshake, &read);
}

static void respond(struct end *responder, size_t i, uint8_t message[static RESPONSE_BYTES])
{
    assert_int_equal(handshake_create_response(&responder->handshake, &responder->remote,
                                               input(i, "responder_ephemeral_private").bytes,
                                               number(i, "responder_index"), message),
                     HANDSHAKE_OK);
    cookie_add_macs(&responder->holder, &responder->receiver, message, RESPONSE_BYTES, 0);
}

/* ---- the vectors ---- */

static void whole_handshakes_are_the_vectors(void **state)
{
    (void)state;
    assert_int_equal(vector_count(vector_member(file, "handshakes")), 3);
    for (size_t i = 0; i < 3; i++) {
        uint8_t initiation[INITIATION_BYTES], response[RESPONSE_BYTES], timestamp[TIMESTAMP_BYTES];
        uint8_t sending[2][32], receiving[2][32];
        struct end initiator, responder;
        struct initiation_read read;
        bool was_initiator;

        make_ends(&initiator, &responder, i);
        initiate(&initiator, i, initiation);
        vector_assert_hex(handshake_at(i), "initiation", initiation, sizeof initiation);
        assert_int_equal(initiator.handshake.state, HANDSHAKE_CREATED_INITIATION);
        assert_state(i, "initiation_steps", "6 timestamp", initiator.handshake.chaining_key,
                     initiator.handshake.hash);

        assert_int_equal(handshake_read_initiation(&read, &responder.identity, initiation), HANDSHAKE_OK);
        assert_memory_equal(read.remote_static, initiator.identity.public_key, 32);
        assert_state(i, "initiation_steps", "4 s", read.chaining_key, read.hash);
        assert_int_equal(handshake_read_timestamp(&read, &responder.remote, initiation, timestamp),
                         HANDSHAKE_OK);
        vector_assert_hex(vector_member(handshake_at(i), "inputs"), "tai64n_whitened", timestamp,
                          sizeof timestamp);
        assert_state(i, "initiation_steps", "6 timestamp", read.chaining_key, read.hash);
        handshake_commit_initiation(&responder.handshake, &read);
        assert_int_equal(responder.handshake.state, HANDSHAKE_CONSUMED_INITIATION);
        assert_int_equal(responder.handshake.remote_index, number(i, "initiator_index"));

        respond(&responder, i, response);
        vector_assert_hex(handshake_at(i), "response", response, sizeof response);
        assert_int_equal(responder.handshake.state, HANDSHAKE_CREATED_RESPONSE);
        assert_state(i, "response_steps", "11 empty", responder.handshake.chaining_key,
                     responder.handshake.hash);

        assert_int_equal(handshake_consume_response(&initiator.handshake, &initiator.identity,
                                                    &initiator.remote, response),
                         HANDSHAKE_OK);
        assert_int_equal(initiator.handshake.state, HANDSHAKE_CONSUMED_RESPONSE);
        assert_int_equal(initiator.handshake.remote_index, number(i, "responder_index"));
        vector_assert_hex(handshake_at(i), "final_C", initiator.handshake.chaining_key, 32);
        vector_assert_hex(handshake_at(i), "final_H", initiator.handshake.hash, 32);

        handshake_derive(&initiator.handshake, sending[0], receiving[0], &was_initiator);
        assert_true(was_initiator);
        handshake_derive(&responder.handshake, sending[1], receiving[1], &was_initiator);
        assert_false(was_initiator);
        vector_assert_hex(handshake_at(i), "key_initiator_to_responder", sending[0], 32);
        vector_assert_hex(handshake_at(i), "key_responder_to_initiator", receiving[0], 32);
        assert_memory_equal(sending[0], receiving[1], 32);
        assert_memory_equal(sending[1], receiving[0], 32);
    }
}

static void the_mac1_key_is_the_receivers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct end initiator, responder;
        struct blake2s_keyed keyed;
        struct vector_hex message;

        make_ends(&initiator, &responder, i);
        blake2s_keyed_init(&keyed, vector_hex(handshake_at(i), "mac1_key_toward_responder").bytes, 32);
        assert_memory_equal(&keyed, &initiator.receiver.mac1, sizeof keyed);
        blake2s_keyed_init(&keyed, vector_hex(handshake_at(i), "mac1_key_toward_initiator").bytes, 32);
        assert_memory_equal(&keyed, &responder.receiver.mac1, sizeof keyed);
        message = vector_hex(handshake_at(i), "initiation");
        assert_true(cookie_mac1_valid(&initiator.receiver.mac1, message.bytes, message.length));
        assert_false(cookie_mac1_valid(&responder.receiver.mac1, message.bytes, message.length));
        message = vector_hex(handshake_at(i), "response");
        assert_true(cookie_mac1_valid(&responder.receiver.mac1, message.bytes, message.length));
        assert_false(cookie_mac1_valid(&initiator.receiver.mac1, message.bytes, message.length));
    }
}

static void deriving_wipes_the_handshake(void **state)
{
    struct end initiator, responder;
    uint8_t initiation[INITIATION_BYTES], response[RESPONSE_BYTES], key[32];
    bool was_initiator;

    (void)state;
    make_ends(&initiator, &responder, 1);
    initiate(&initiator, 1, initiation);
    take_initiation(&responder, initiation);
    respond(&responder, 1, response);
    handshake_derive(&responder.handshake, key, key, &was_initiator);
    assert_true(memory_is_zero(&responder.handshake, sizeof responder.handshake));
    assert_int_equal(responder.handshake.state, HANDSHAKE_ZEROED);
}

static void timestamps_are_the_vectors(void **state)
{
    const struct vector *times = vectors_load("tai64n.json"), *list = vector_member(times, "vectors");

    (void)state;
    assert_true(vector_count(list) >= 8);
    for (size_t i = 0; i < vector_count(list); i++) {
        const struct vector *time = vector_at(list, i);
        uint8_t timestamp[TIMESTAMP_BYTES];

        handshake_timestamp(timestamp, vector_number(time, "unix_seconds"),
                            (uint32_t)vector_number(time, "unix_nanoseconds"));
        vector_assert_hex(time, "whitened", timestamp, sizeof timestamp);
    }
    vectors_free(times);
}

/* ---- forged messages ---- */

static void a_forged_initiation_is_unreadable_at_every_byte_that_counts(void **state)
{
    struct end initiator, responder;
    uint8_t message[INITIATION_BYTES], timestamp[TIMESTAMP_BYTES];
    struct initiation_read read;

    (void)state;
    make_ends(&initiator, &responder, 0);
    initiate(&initiator, 0, message);
    for (size_t at = INITIATION_EPHEMERAL; at < message_mac1_offset(INITIATION_BYTES); at++) {
        enum handshake_result result;

        message[at] ^= 4; /* not the top bit of the ephemeral key, which does not count */
        result = handshake_read_initiation(&read, &responder.identity, message);
        if (at < INITIATION_TIMESTAMP) {
            assert_int_equal(result, HANDSHAKE_UNREADABLE);
            assert_true(memory_is_zero(&read, sizeof read));
        } else {
            assert_int_equal(result, HANDSHAKE_OK);
            assert_int_equal(handshake_read_timestamp(&read, &responder.remote, message, timestamp),
                             HANDSHAKE_UNREADABLE);
        }
        message[at] ^= 4;
    }
}

static void a_forged_response_leaves_the_pending_handshake_alone(void **state)
{
    struct end initiator, responder;
    uint8_t initiation[INITIATION_BYTES], response[RESPONSE_BYTES];
    struct handshake before;

    (void)state;
    make_ends(&initiator, &responder, 1);
    initiate(&initiator, 1, initiation);
    take_initiation(&responder, initiation);
    respond(&responder, 1, response);
    before = initiator.handshake;
    for (size_t at = RESPONSE_EPHEMERAL; at < message_mac1_offset(RESPONSE_BYTES); at++) {
        response[at] ^= 4;
        assert_int_equal(handshake_consume_response(&initiator.handshake, &initiator.identity,
                                                    &initiator.remote, response),
                         HANDSHAKE_UNREADABLE);
        assert_memory_equal(&before, &initiator.handshake, sizeof before);
        response[at] ^= 4;
    }
    assert_int_equal(
        handshake_consume_response(&initiator.handshake, &initiator.identity, &initiator.remote, response),
        HANDSHAKE_OK);
}

static void another_preshared_key_makes_the_response_unreadable(void **state)
{
    struct end initiator, responder;
    uint8_t initiation[INITIATION_BYTES], response[RESPONSE_BYTES];

    (void)state;
    make_ends(&initiator, &responder, 1);
    initiate(&initiator, 1, initiation);
    take_initiation(&responder, initiation);
    memset(responder.remote.preshared_key, 0, 32);
    respond(&responder, 1, response);
    assert_int_equal(
        handshake_consume_response(&initiator.handshake, &initiator.identity, &initiator.remote, response),
        HANDSHAKE_UNREADABLE);
}

/* ---- zero secrets ---- */

static void low_order_points_fail_wherever_they_appear(void **state)
{
    const struct vector *kdf = vectors_load("kdf.json"),
                        *points = vector_member(kdf, "x25519_low_order_points_must_fail");

    (void)state;
    assert_true(vector_count(points) >= 5);
    for (size_t i = 0; i < vector_count(points); i++) {
        struct vector_hex point = vector_hex(vector_at(points, i), NULL);
        struct end initiator, responder;
        uint8_t initiation[INITIATION_BYTES], response[RESPONSE_BYTES];
        struct initiation_read read;
        struct handshake before;

        make_ends(&initiator, &responder, 0);
        initiate(&initiator, 0, initiation);
        take_initiation(&responder, initiation);
        respond(&responder, 0, response);

        memcpy(response + RESPONSE_EPHEMERAL, point.bytes, 32);
        before = initiator.handshake;
        assert_int_equal(handshake_consume_response(&initiator.handshake, &initiator.identity,
                                                    &initiator.remote, response),
                         HANDSHAKE_ZERO_SECRET);
        assert_memory_equal(&before, &initiator.handshake, sizeof before);

        memcpy(initiation + INITIATION_EPHEMERAL, point.bytes, 32);
        assert_int_equal(handshake_read_initiation(&read, &responder.identity, initiation),
                         HANDSHAKE_ZERO_SECRET);

        memcpy(initiator.remote.public_key, point.bytes, 32);
        assert_int_equal(handshake_create_initiation(&initiator.handshake, &initiator.identity,
                                                     &initiator.remote, point.bytes, point.bytes, 1,
                                                     initiation),
                         HANDSHAKE_ZERO_SECRET);
        assert_int_equal(initiator.handshake.state, HANDSHAKE_ZEROED);

        make_ends(&initiator, &responder, 0);
        initiate(&initiator, 0, initiation);
        take_initiation(&responder, initiation);
        memcpy(responder.remote.public_key, point.bytes, 32);
        assert_int_equal(handshake_create_response(&responder.handshake, &responder.remote,
                                                   input(0, "responder_ephemeral_private").bytes, 1,
                                                   response),
                         HANDSHAKE_ZERO_SECRET);
        assert_true(memory_is_zero(&responder.handshake, sizeof responder.handshake));
    }
    vectors_free(kdf);
}

/* ---- message types ---- */

static void types_are_whole_words_and_lengths_exact(void **state)
{
    static const struct {
        uint8_t word;
        size_t length;
    } good[] = {{1, 148}, {2, 92}, {3, 64}, {4, 32}, {4, 33}, {4, 1452}, {4, 65507}};
    static uint8_t bytes[65535];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        memset(bytes, 0, sizeof bytes);
        bytes[0] = good[i].word;
        assert_int_equal(message_type(bytes, good[i].length), good[i].word);
        for (size_t reserved = 1; reserved < 4; reserved++) {
            bytes[reserved] = 1;
            assert_int_equal(message_type(bytes, good[i].length), MESSAGE_INVALID);
            bytes[reserved] = 0;
        }
        if (good[i].word == 4)
            continue;
        assert_int_equal(message_type(bytes, good[i].length - 1), MESSAGE_INVALID);
        assert_int_equal(message_type(bytes, good[i].length + 1), MESSAGE_INVALID);
    }
    bytes[0] = 4;
    for (size_t length = 0; length < 32; length++)
        assert_int_equal(message_type(bytes, length), MESSAGE_INVALID);
    for (unsigned type = 5; type < 257; type++) {
        bytes[0] = (uint8_t)type; /* 256 is type 0 */
        assert_int_equal(message_type(bytes, 148), MESSAGE_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_handshakes_are_the_vectors),
        cmocka_unit_test(the_mac1_key_is_the_receivers),
        cmocka_unit_test(deriving_wipes_the_handshake),
        cmocka_unit_test(timestamps_are_the_vectors),
        cmocka_unit_test(a_forged_initiation_is_unreadable_at_every_byte_that_counts),
        cmocka_unit_test(a_forged_response_leaves_the_pending_handshake_alone),
        cmocka_unit_test(another_preshared_key_makes_the_response_unreadable),
        cmocka_unit_test(low_order_points_fail_wherever_they_appear),
        cmocka_unit_test(types_are_whole_words_and_lengths_exact),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
