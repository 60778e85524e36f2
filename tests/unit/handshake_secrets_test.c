/* SPDX-License-Identifier: MIT
 *
 * What the steps of a handshake leave on the stack: nothing. Each runs in a thread whose stack is our
 * memory; when it has ended, that memory is searched for every secret that the vectors list: results of
 * Diffie-Hellman, chaining keys, keys of single seals, ephemerals, the preshared key, the session keys.
 *
 * Linked with -z now, as unit/secrets is, and for the same reason.
 */
#include "core/handshake.h"
#include "crypto/processor.h"
#include "crypto/start.h"
#include "crypto/x25519.h"
#include "stack_search.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define MOST_SECRETS 40

struct secret {
    const char *name;
    uint8_t bytes[32];
};

/* All that the steps read and write lies here, in static memory. */
static const struct vector *file, *handshake;
static struct secret secrets[MOST_SECRETS];
static size_t secret_count;
static struct identity initiator_identity, responder_identity;
static struct remote_keys responder_keys, initiator_keys; /* as the other side knows them */
static struct handshake initiator, responder;
static struct initiation_read initiation_read;
static uint8_t initiation[INITIATION_BYTES], response[RESPONSE_BYTES], timestamp[TIMESTAMP_BYTES];
static uint8_t ephemerals[2][32], sending_key[32], receiving_key[32];
static enum handshake_result result;
static bool was_initiator;

/* ---- the secrets ---- */

static void add_secret(const char *name, const struct vector *object, const char *path)
{
    assert_true(secret_count < MOST_SECRETS);
    secrets[secret_count].name = name;
    vector_read_hex(object, path, secrets[secret_count++].bytes, 32);
}

static void add_steps(const char *list)
{
    const struct vector *steps = vector_member(handshake, list);

    for (size_t i = 0; i < vector_count(steps); i++) {
        const struct vector *step = vector_at(steps, i);
        const char *name = vector_text(step, "step");

        if (name[0] > '2' || name[1] != ' ') /* before that C comes from public values alone */
            add_secret(name, step, "C");
        for (const char *const *field = (const char *const[]){"dh", "key", "tau", NULL}; *field; field++)
            if (vector_has(step, *field))
                add_secret(name, step, *field);
    }
}

static void read_input(const char *name, uint8_t *bytes)
{
    vector_read_hex(vector_member(handshake, "inputs"), name, bytes, 32);
}

static int load(void **state)
{
    (void)state;
    if (crypto_start() != 0)
        return -1;
    file = vectors_load("handshake.json");
    handshake = vector_find(vector_member(file, "handshakes"), "name", "handshake-psk");
    add_steps("initiation_steps");
    add_steps("response_steps");
    add_secret("session", handshake, "key_initiator_to_responder");
    add_secret("session", handshake, "key_responder_to_initiator");
    add_secret("ephemeral", vector_member(handshake, "inputs"), "initiator_ephemeral_private");
    add_secret("ephemeral", vector_member(handshake, "inputs"), "responder_ephemeral_private");
    add_secret("preshared key", vector_member(handshake, "inputs"), "preshared_key");
    read_input("initiator_static_private", initiator_identity.private_key);
    read_input("initiator_static_public", initiator_identity.public_key);
    read_input("responder_static_private", responder_identity.private_key);
    read_input("responder_static_public", responder_identity.public_key);
    memcpy(initiator_keys.public_key, initiator_identity.public_key, 32);
    memcpy(responder_keys.public_key, responder_identity.public_key, 32);
    read_input("preshared_key", initiator_keys.preshared_key);
    read_input("preshared_key", responder_keys.preshared_key);
    read_input("initiator_ephemeral_private", ephemerals[0]);
    read_input("responder_ephemeral_private", ephemerals[1]);
    vector_read_hex(vector_member(handshake, "inputs"), "tai64n_whitened", timestamp, sizeof timestamp);
    assert_true(
        x25519(initiator_keys.static_static, responder_identity.private_key, initiator_keys.public_key));
    memcpy(responder_keys.static_static, initiator_keys.static_static, 32);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    vectors_free(file);
    return 0;
}

/* ---- the steps ---- */

static void create_initiation(void)
{
    result = handshake_create_initiation(&initiator, &initiator_identity, &responder_keys, ephemerals[0],
                                         timestamp, 873839889, initiation);
}

static void read_initiation(void)
{
    result = handshake_read_initiation(&initiation_read, &responder_identity, initiation);
}

static void read_timestamp(void)
{
    result = handshake_read_timestamp(&initiation_read, &initiator_keys, initiation, timestamp);
}

static void create_response(void)
{
    handshake_commit_initiation(&responder, &initiation_read);
    result = handshake_create_response(&responder, &initiator_keys, ephemerals[1], 1070729217, response);
}

static void consume_response(void)
{
    result = handshake_consume_response(&initiator, &initiator_identity, &responder_keys, response);
}

static void derive(void)
{
    handshake_derive(&initiator, sending_key, receiving_key, &was_initiator);
    result = HANDSHAKE_OK;
}

/* ---- the same steps, sixteen handshakes alike at once ---- */

static struct initiation_job reading[HANDSHAKE_BATCH], *reading_list[HANDSHAKE_BATCH];
static struct initiation_read reads[HANDSHAKE_BATCH];
static struct response_job answering[HANDSHAKE_BATCH];
static struct handshake responders[HANDSHAKE_BATCH], *responder_list[HANDSHAKE_BATCH];
static struct session_keys sessions[HANDSHAKE_BATCH];

static void prepare_batch(void)
{
    for (size_t i = 0; i < HANDSHAKE_BATCH; i++) {
        reading[i] =
            (struct initiation_job){.read = &reads[i], .message = initiation, .remote = &initiator_keys};
        reading_list[i] = &reading[i];
        responder_list[i] = &responders[i];
        answering[i] = (struct response_job){
            .handshake = &responders[i], .remote = &initiator_keys, .sender_index = 1070729217};
        memcpy(answering[i].ephemeral, ephemerals[1], 32);
    }
}

static void read_initiations(void)
{
    handshake_read_initiations(reading, HANDSHAKE_BATCH, &responder_identity);
    result = reading[HANDSHAKE_BATCH - 1].result;
}

static void read_timestamps(void)
{
    handshake_read_timestamps(reading_list, HANDSHAKE_BATCH);
    result = reading[HANDSHAKE_BATCH - 1].result;
}

static void create_responses(void)
{
    for (size_t i = 0; i < HANDSHAKE_BATCH; i++)
        handshake_commit_initiation(&responders[i], &reads[i]);
    handshake_create_responses(answering, HANDSHAKE_BATCH);
    result = answering[HANDSHAKE_BATCH - 1].result;
}

static void derive_sessions(void)
{
    handshake_derive_many(responder_list, sessions, HANDSHAKE_BATCH);
    result = HANDSHAKE_OK;
}

/* ---- the search ---- */

static void assert_nothing_left(void (*step)(void), enum handshake_result expected)
{
    uint8_t *stack = stack_after(step);

    assert_int_equal(result, expected);
    for (size_t i = 0; i < secret_count; i++)
        if (stack_contains(stack, secrets[i].bytes) || stack_contains_lanes(stack, secrets[i].bytes))
            fail_msg("left on the stack: a secret of step \"%s\" (%zu)", secrets[i].name, i);
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

static void leave_a_copy(void)
{
    uint8_t copy[32];

    memcpy(copy, ephemerals[0], sizeof copy);
    keep(copy);
}

static void the_search_finds_what_is_left(void **state)
{
    uint8_t *stack = stack_after(leave_a_copy);

    (void)state;
    assert_true(stack_contains(stack, ephemerals[0]));
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

static void no_step_of_a_handshake_leaves_a_secret(void **state)
{
    (void)state;
    assert_true(secret_count > 20);
    assert_nothing_left(create_initiation, HANDSHAKE_OK);
    assert_memory_equal(initiation, vector_hex(handshake, "initiation").bytes,
                        message_mac1_offset(sizeof initiation));
    assert_nothing_left(read_initiation, HANDSHAKE_OK);
    assert_nothing_left(read_timestamp, HANDSHAKE_OK);
    assert_nothing_left(create_response, HANDSHAKE_OK);
}

static void neither_a_forged_nor_a_good_response_leaves_a_secret(void **state)
{
    (void)state;
    response[RESPONSE_EMPTY] ^= 1;
    assert_nothing_left(consume_response, HANDSHAKE_UNREADABLE);
    response[RESPONSE_EMPTY] ^= 1;
    assert_nothing_left(consume_response, HANDSHAKE_OK);
    assert_nothing_left(derive, HANDSHAKE_OK);
    vector_assert_hex(handshake, "key_initiator_to_responder", sending_key, sizeof sending_key);
    vector_assert_hex(handshake, "key_responder_to_initiator", receiving_key, sizeof receiving_key);
    assert_true(was_initiator);
}

static void no_step_of_a_batch_leaves_a_secret(void **state)
{
    (void)state;
    for (int step = PROCESSOR_PLAIN; step <= PROCESSOR_AVX512; step++) {
        processor_limit((enum processor_step)step);
        prepare_batch();
        assert_nothing_left(read_initiations, HANDSHAKE_OK);
        assert_nothing_left(read_timestamps, HANDSHAKE_OK);
        assert_nothing_left(create_responses, HANDSHAKE_OK);
        assert_nothing_left(derive_sessions, HANDSHAKE_OK);
        for (size_t i = 0; i < HANDSHAKE_BATCH; i++) {
            assert_memory_equal(reading[i].timestamp, timestamp, sizeof timestamp);
            assert_memory_equal(answering[i].message, vector_hex(handshake, "response").bytes,
                                message_mac1_offset(RESPONSE_BYTES));
            vector_assert_hex(handshake, "key_initiator_to_responder", sessions[i].receiving, 32);
            vector_assert_hex(handshake, "key_responder_to_initiator", sessions[i].sending, 32);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_is_left),
        cmocka_unit_test(no_step_of_a_handshake_leaves_a_secret),
        cmocka_unit_test(no_step_of_a_batch_leaves_a_secret),                   /* goes on with the last */
        cmocka_unit_test(neither_a_forged_nor_a_good_response_leaves_a_secret), /* goes on with the last */
    };

    return cmocka_run_group_tests(tests, load, unload);
}
