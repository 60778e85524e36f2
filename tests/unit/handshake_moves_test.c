/* SPDX-License-Identifier: MIT
 *
 * What the explainer records of a handshake is the vectors', value by value: C and H after every step, each
 * Diffie-Hellman, key and sealed field, on both sides, in all of their handshakes.
 */
#include "explain/handshake_moves.h"

#include "core/cookie.h"
#include "core/handshake.h"
#include "crypto/memory.h"
#include "crypto/start.h"
#include "crypto/x25519.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

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

/* Both ends of one of the vectors' handshakes, and what is recorded of each. */
struct ends {
    struct identity initiator, responder;
    struct remote_keys to_responder, to_initiator;
    struct handshake initiators, responders;
    uint8_t initiation[INITIATION_BYTES], response[RESPONSE_BYTES];
    struct handshake_move initiators_moves[HANDSHAKE_MOVES], responders_moves[HANDSHAKE_MOVES];
};

static void identify(struct identity *identity, size_t i, const char *private_key, const char *public_key)
{
    identity->present = true;
    memcpy(identity->private_key, input(i, private_key).bytes, 32);
    memcpy(identity->public_key, input(i, public_key).bytes, 32);
}

static void know(struct remote_keys *remote, size_t i, const struct identity *own,
                 const struct identity *other)
{
    memcpy(remote->public_key, other->public_key, 32);
    memcpy(remote->preshared_key, input(i, "preshared_key").bytes, 32);
    assert_true(x25519(remote->static_static, own->private_key, other->public_key));
}

static uint32_t number(size_t i, const char *name)
{
    return (uint32_t)vector_number(vector_member(handshake_at(i), "inputs"), name);
}

static void initiate(struct ends *ends, size_t i)
{
    struct handshake_record record;

    handshake_record_begin(&record);
    assert_int_equal(handshake_create_initiation(&ends->initiators, &ends->initiator, &ends->to_responder,
                                                 input(i, "initiator_ephemeral_private").bytes,
                                                 input(i, "tai64n_whitened").bytes,
                                                 number(i, "initiator_index"), ends->initiation),
                     HANDSHAKE_OK);
    handshake_record_end();
    handshake_moves_read(ends->initiators_moves, &record, HANDSHAKE_MOVE_START);
}

static void respond(struct ends *ends, size_t i)
{
    struct handshake_record record;
    struct initiation_read read;
    uint8_t timestamp[TIMESTAMP_BYTES];

    handshake_record_begin(&record);
    assert_int_equal(handshake_read_initiation(&read, &ends->responder, ends->initiation), HANDSHAKE_OK);
    assert_int_equal(handshake_read_timestamp(&read, &ends->to_initiator, ends->initiation, timestamp),
                     HANDSHAKE_OK);
    handshake_commit_initiation(&ends->responders, &read);
    assert_int_equal(handshake_create_response(&ends->responders, &ends->to_initiator,
                                               input(i, "responder_ephemeral_private").bytes,
                                               number(i, "responder_index"), ends->response),
                     HANDSHAKE_OK);
    handshake_record_end();
    handshake_moves_read(ends->responders_moves, &record, HANDSHAKE_MOVE_START);
}

static void consume(struct ends *ends)
{
    struct handshake_record record;

    handshake_record_begin(&record);
    assert_int_equal(
        handshake_consume_response(&ends->initiators, &ends->initiator, &ends->to_responder, ends->response),
        HANDSHAKE_OK);
    handshake_record_end();
    handshake_moves_read(ends->initiators_moves, &record, HANDSHAKE_MOVE_RESPONSE_E);
}

static void play(struct ends *ends, size_t i)
{
    memset(ends, 0, sizeof *ends);
    identify(&ends->initiator, i, "initiator_static_private", "initiator_static_public");
    identify(&ends->responder, i, "responder_static_private", "responder_static_public");
    know(&ends->to_responder, i, &ends->initiator, &ends->responder);
    know(&ends->to_initiator, i, &ends->responder, &ends->initiator);
    initiate(ends, i);
    respond(ends, i);
    consume(ends);
}

/* ---- the vectors ---- */

static const struct vector *step_of(size_t i, enum handshake_move_name move)
{
    static const char *const names[HANDSHAKE_MOVES] = {"1 pre-message: responder static",
                                                       "2 e",
                                                       "3 es",
                                                       "4 s",
                                                       "5 ss",
                                                       "6 timestamp",
                                                       "7 e",
                                                       "8 ee",
                                                       "9 se",
                                                       "10 psk",
                                                       "11 empty"};
    const char *list = move < HANDSHAKE_MOVE_RESPONSE_E ? "initiation_steps" : "response_steps";

    return vector_find(vector_member(handshake_at(i), list), "step", names[move]);
}

/* Compares, if the vectors have this value; returns how many were compared. */
static unsigned compare(const struct vector *step, const char *name, const uint8_t *bytes, size_t length)
{
    if (!vector_has(step, name))
        return 0;
    vector_assert_hex(step, name, bytes, length);
    return 1;
}

static unsigned compare_move(size_t i, enum handshake_move_name name, const struct handshake_move *move)
{
    const struct vector *step = step_of(i, name);
    unsigned compared = 0;

    assert_true(move->made);
    compared += compare(step, "C", move->C, 32);
    compared += compare(step, "H", move->H, 32);
    compared += compare(step, "ephemeral_public", move->mixed, 32);
    compared += compare(step, "ephemeral_public", move->hashed, move->hashed_length);
    compared += compare(step, "dh", move->mixed, 32);
    compared += compare(step, "key", move->k, 32);
    compared += compare(step, "tau", move->temporary, 32);
    compared += compare(step, "tau", move->hashed, move->hashed_length);
    compared += compare(step, "encrypted_static", move->hashed, move->hashed_length);
    compared += compare(step, "encrypted_timestamp", move->hashed, move->hashed_length);
    compared += compare(step, "encrypted_nothing", move->hashed, move->hashed_length);
    return compared;
}

/* What stands before a move is what stood after the one before it. */
static void assert_goes_on(size_t i, const struct handshake_move *moves)
{
    const struct vector *constants =
        vector_find(vector_member(handshake_at(i), "initiation_steps"), "step", "0 constants");

    vector_assert_hex(constants, "C", moves[HANDSHAKE_MOVE_START].C, 32);
    for (unsigned move = 1; move < HANDSHAKE_MOVES; move++) {
        assert_memory_equal(moves[move].C_before, moves[move - 1].C, 32);
        assert_memory_equal(moves[move].H_before, moves[move - 1].H, 32);
    }
}

static void the_record_of_both_sides_is_the_vectors_at_every_step(void **state)
{
    struct ends ends;

    (void)state;
    assert_int_equal(vector_count(vector_member(file, "handshakes")), 3);
    for (size_t i = 0; i < 3; i++) {
        unsigned compared = 0;

        play(&ends, i);
        assert_goes_on(i, ends.initiators_moves);
        assert_goes_on(i, ends.responders_moves);
        for (unsigned move = 0; move < HANDSHAKE_MOVES; move++) {
            compared += compare_move(i, (enum handshake_move_name)move, &ends.initiators_moves[move]);
            compared += compare_move(i, (enum handshake_move_name)move, &ends.responders_moves[move]);
        }
        /* of each side: C and H of 11, two ephemerals twice, four secrets, three keys, tau twice, three seals
         */
        assert_int_equal(compared, 2 * (22 + 4 + 4 + 3 + 2 + 3));
    }
}

static void assert_keys(size_t i, const struct handshake_move *move, const char *private_key,
                        const uint8_t *public_key)
{
    struct vector_hex expected = input(i, private_key);
    uint8_t shared[32];

    assert_true(move->exchanged);
    x25519_clamp(expected.bytes);
    assert_memory_equal(move->private_key, expected.bytes, 32);
    assert_memory_equal(move->public_key, public_key, 32);
    assert_true(x25519(shared, move->private_key, move->public_key));
    assert_memory_equal(shared, move->mixed, 32);
}

static void each_side_comes_to_the_secrets_with_its_own_private_keys(void **state)
{
    struct ends ends;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct handshake_move *ours = ends.initiators_moves, *theirs = ends.responders_moves;

        play(&ends, i);
        assert_keys(i, &ours[HANDSHAKE_MOVE_E], "initiator_ephemeral_private", x25519_base_point);
        assert_keys(i, &theirs[HANDSHAKE_MOVE_RESPONSE_E], "responder_ephemeral_private", x25519_base_point);
        assert_keys(i, &ours[HANDSHAKE_MOVE_ES], "initiator_ephemeral_private", ends.responder.public_key);
        assert_keys(i, &theirs[HANDSHAKE_MOVE_ES], "responder_static_private", ours[HANDSHAKE_MOVE_E].mixed);
        assert_keys(i, &ours[HANDSHAKE_MOVE_EE], "initiator_ephemeral_private",
                    theirs[HANDSHAKE_MOVE_RESPONSE_E].mixed);
        assert_keys(i, &theirs[HANDSHAKE_MOVE_EE], "responder_ephemeral_private",
                    ours[HANDSHAKE_MOVE_E].mixed);
        assert_keys(i, &ours[HANDSHAKE_MOVE_SE], "initiator_static_private",
                    theirs[HANDSHAKE_MOVE_RESPONSE_E].mixed);
        assert_keys(i, &theirs[HANDSHAKE_MOVE_SE], "responder_ephemeral_private", ends.initiator.public_key);
    }
}

static void what_is_sealed_is_what_is_opened(void **state)
{
    struct ends ends;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        static const enum handshake_move_name seals[] = {HANDSHAKE_MOVE_S, HANDSHAKE_MOVE_TIMESTAMP,
                                                         HANDSHAKE_MOVE_EMPTY};

        play(&ends, i);
        for (unsigned s = 0; s < 3; s++) {
            const struct handshake_move *a = &ends.initiators_moves[seals[s]],
                                        *b = &ends.responders_moves[seals[s]];
            uint8_t tag[16];

            assert_int_not_equal(a->seals, b->seals);
            assert_int_not_equal(a->opens, b->opens);
            assert_true(a->authentic && b->authentic);
            assert_int_equal(a->plaintext_length, b->plaintext_length);
            assert_memory_equal(a->plaintext, b->plaintext, a->plaintext_length);
            handshake_move_tag(tag, b);
            assert_memory_equal(tag, b->hashed + b->hashed_length - 16, 16);
        }
        assert_memory_equal(ends.responders_moves[HANDSHAKE_MOVE_S].plaintext, ends.initiator.public_key, 32);
        vector_assert_hex(vector_member(handshake_at(i), "inputs"), "tai64n_whitened",
                          ends.responders_moves[HANDSHAKE_MOVE_TIMESTAMP].plaintext, TIMESTAMP_BYTES);
    }
}

static void a_seal_that_does_not_open_is_named_and_its_right_tag_computed(void **state)
{
    struct ends ends;
    struct handshake_record record;
    struct initiation_read read;
    struct handshake_move moves[HANDSHAKE_MOVES] = {0};
    uint8_t tag[16], computed[16];

    (void)state;
    play(&ends, 1);
    memcpy(tag, ends.initiation + INITIATION_STATIC + 32, 16);
    ends.initiation[INITIATION_STATIC + 35] ^= 1; /* the tag alone: the one computed is the one that was */
    handshake_record_begin(&record);
    assert_int_equal(handshake_read_initiation(&read, &ends.responder, ends.initiation),
                     HANDSHAKE_UNREADABLE);
    handshake_record_end();
    handshake_moves_read(moves, &record, HANDSHAKE_MOVE_START);
    assert_int_equal(handshake_moves_refused(moves), HANDSHAKE_MOVE_S);
    handshake_move_tag(computed, &moves[HANDSHAKE_MOVE_S]);
    assert_memory_equal(computed, tag, 16);
    assert_int_equal(handshake_moves_refused(ends.responders_moves), HANDSHAKE_MOVES);
}

static void nothing_is_kept_outside_of_a_record(void **state)
{
    struct ends ends;
    struct handshake_record record;

    (void)state;
    handshake_record_begin(&record);
    handshake_record_end();
    play(&ends, 0);
    assert_int_equal(record.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_of_both_sides_is_the_vectors_at_every_step),
        cmocka_unit_test(each_side_comes_to_the_secrets_with_its_own_private_keys),
        cmocka_unit_test(what_is_sealed_is_what_is_opened),
        cmocka_unit_test(a_seal_that_does_not_open_is_named_and_its_right_tag_computed),
        cmocka_unit_test(nothing_is_kept_outside_of_a_record),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
