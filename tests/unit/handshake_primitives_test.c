/* SPDX-License-Identifier: MIT
 *
 * The primitives walked through whole handshakes (protocol §4 and §5.1): after each step C, H, the DH
 * result, the key and the sealed field must be the vectors'. Each step starts from the vectors' own values
 * of the step before, so a failure names the step that is wrong.
 */
#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/kdf.h"
#include "crypto/start.h"
#include "crypto/x25519.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HANDSHAKES 3

static const struct vector *file;

static const struct vector *handshake_at(size_t index)
{
    const struct vector *list = vector_member(file, "handshakes");

    assert_int_equal(vector_count(list), HANDSHAKES);
    return vector_at(list, index);
}

static const struct vector *step_of(const struct vector *handshake, const char *name)
{
    const char *list = name[1] != ' ' || *name > '6' ? "response_steps" : "initiation_steps";

    return vector_find(vector_member(handshake, list), "step", name);
}

static struct vector_hex input(const struct vector *handshake, const char *name)
{
    return vector_hex(vector_member(handshake, "inputs"), name);
}

/* H becomes HASH(H before ‖ mixed). */
static void assert_hashed(const struct vector *before, const struct vector *after, struct vector_hex mixed)
{
    uint8_t h[32];

    blake2s_hash2(h, vector_hex(before, "H").bytes, 32, mixed.bytes, mixed.length);
    vector_assert_hex(after, "H", h, sizeof(h));
}

/* C becomes KDF1(C before, mixed), or (C, key) KDF2 of them if the step yields a key. */
static void assert_derived(const struct vector *before, const struct vector *after, struct vector_hex mixed)
{
    uint8_t c[32];
    uint8_t key[32];

    if (vector_has(after, "key")) {
        kdf2(c, key, vector_hex(before, "C").bytes, mixed.bytes, mixed.length);
        vector_assert_hex(after, "key", key, sizeof(key));
    } else {
        kdf1(c, vector_hex(before, "C").bytes, mixed.bytes, mixed.length);
    }
    vector_assert_hex(after, "C", c, sizeof(c));
}

/* The step's DH, computed by both ends from their halves. */
static void assert_exchanged(const struct vector *handshake, const struct vector *step, const char *private_a,
                             const char *private_b)
{
    uint8_t public_a[32];
    uint8_t public_b[32];
    uint8_t shared[32];

    x25519_base(public_a, input(handshake, private_a).bytes);
    x25519_base(public_b, input(handshake, private_b).bytes);
    assert_true(x25519(shared, input(handshake, private_a).bytes, public_b));
    vector_assert_hex(step, "dh", shared, sizeof(shared));
    assert_true(x25519(shared, input(handshake, private_b).bytes, public_a));
    vector_assert_hex(step, "dh", shared, sizeof(shared));
}

/* The step's sealed field under keyed's key and the H before; opens again to the same. */
static void assert_sealed(const struct vector *keyed, const struct vector *before, const struct vector *step,
                          const char *field, struct vector_hex plaintext)
{
    struct vector_hex key = vector_hex(keyed, "key");
    struct vector_hex h = vector_hex(before, "H");
    uint8_t sealed[64];
    uint8_t opened[64];
    const size_t length = plaintext.length + AEAD_TAG_BYTES;

    aead_seal(sealed, plaintext.bytes, plaintext.length, h.bytes, h.length, 0, key.bytes);
    vector_assert_hex(step, field, sealed, length);
    assert_true(aead_open(opened, sealed, length, h.bytes, h.length, 0, key.bytes));
    assert_memory_equal(opened, plaintext.bytes, plaintext.length);
}

static void constants_are_hashes_of_the_names(void **state)
{
    const struct vector *constants = vector_member(file, "constants");
    const char *construction = vector_text(constants, "construction");
    const char *identifier = vector_text(constants, "identifier");
    uint8_t hash[32];

    (void)state;
    blake2s_hash(hash, (const uint8_t *)construction, strlen(construction));
    vector_assert_hex(constants, "C0", hash, sizeof(hash));
    blake2s_hash2(hash, hash, sizeof(hash), (const uint8_t *)identifier, strlen(identifier));
    vector_assert_hex(constants, "H0", hash, sizeof(hash));
}

static void public_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < HANDSHAKES; i++) {
        const struct vector *handshake = handshake_at(i);
        uint8_t key[32];

        x25519_base(key, input(handshake, "initiator_static_private").bytes);
        vector_assert_hex(handshake, "inputs.initiator_static_public", key, sizeof(key));
        x25519_base(key, input(handshake, "responder_static_private").bytes);
        vector_assert_hex(handshake, "inputs.responder_static_public", key, sizeof(key));
        x25519_base(key, input(handshake, "initiator_ephemeral_private").bytes);
        vector_assert_hex(step_of(handshake, "2 e"), "ephemeral_public", key, sizeof(key));
        x25519_base(key, input(handshake, "responder_ephemeral_private").bytes);
        vector_assert_hex(step_of(handshake, "7 e"), "ephemeral_public", key, sizeof(key));
    }
}

static void steps_0_to_6_make_the_initiation(void **state)
{
    (void)state;
    for (size_t i = 0; i < HANDSHAKES; i++) {
        const struct vector *handshake = handshake_at(i);
        const struct vector *zero = step_of(handshake, "0 constants");
        const struct vector *one = step_of(handshake, "1 pre-message: responder static");
        const struct vector *e = step_of(handshake, "2 e");
        const struct vector *es = step_of(handshake, "3 es");
        const struct vector *s = step_of(handshake, "4 s");
        const struct vector *ss = step_of(handshake, "5 ss");
        const struct vector *timestamp = step_of(handshake, "6 timestamp");

        assert_hashed(zero, one, input(handshake, "responder_static_public"));
        assert_hashed(one, e, vector_hex(e, "ephemeral_public"));
        assert_derived(one, e, vector_hex(e, "ephemeral_public"));
        assert_exchanged(handshake, es, "initiator_ephemeral_private", "responder_static_private");
        assert_derived(e, es, vector_hex(es, "dh"));
        assert_sealed(es, es, s, "encrypted_static", input(handshake, "initiator_static_public"));
        assert_hashed(es, s, vector_hex(s, "encrypted_static"));
        assert_exchanged(handshake, ss, "initiator_static_private", "responder_static_private");
        assert_derived(s, ss, vector_hex(ss, "dh"));
        assert_sealed(ss, ss, timestamp, "encrypted_timestamp", input(handshake, "tai64n_whitened"));
        assert_hashed(ss, timestamp, vector_hex(timestamp, "encrypted_timestamp"));
    }
}

static void steps_7_to_11_make_the_response(void **state)
{
    (void)state;
    for (size_t i = 0; i < HANDSHAKES; i++) {
        const struct vector *handshake = handshake_at(i);
        const struct vector *timestamp = step_of(handshake, "6 timestamp");
        const struct vector *e = step_of(handshake, "7 e");
        const struct vector *ee = step_of(handshake, "8 ee");
        const struct vector *se = step_of(handshake, "9 se");
        const struct vector *psk = step_of(handshake, "10 psk");
        const struct vector *empty = step_of(handshake, "11 empty");
        uint8_t t[3][32];

        assert_hashed(timestamp, e, vector_hex(e, "ephemeral_public"));
        assert_derived(timestamp, e, vector_hex(e, "ephemeral_public"));
        assert_exchanged(handshake, ee, "responder_ephemeral_private", "initiator_ephemeral_private");
        assert_derived(e, ee, vector_hex(ee, "dh"));
        assert_exchanged(handshake, se, "responder_ephemeral_private", "initiator_static_private");
        assert_derived(ee, se, vector_hex(se, "dh"));
        kdf3(t[0], t[1], t[2], vector_hex(se, "C").bytes, input(handshake, "preshared_key").bytes, 32);
        vector_assert_hex(psk, "C", t[0], 32);
        vector_assert_hex(psk, "tau", t[1], 32);
        vector_assert_hex(psk, "key", t[2], 32);
        assert_hashed(se, psk, vector_hex(psk, "tau"));
        assert_sealed(psk, psk, empty, "encrypted_nothing", vector_parse_hex(""));
        assert_hashed(psk, empty, vector_hex(empty, "encrypted_nothing"));
    }
}

static void the_session_keys_come_from_the_last_c_and_an_empty_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < HANDSHAKES; i++) {
        const struct vector *handshake = handshake_at(i);
        uint8_t t1[32];
        uint8_t t2[32];

        vector_assert_hex(step_of(handshake, "11 empty"), "C", vector_hex(handshake, "final_C").bytes, 32);
        vector_assert_hex(step_of(handshake, "11 empty"), "H", vector_hex(handshake, "final_H").bytes, 32);
        kdf2(t1, t2, vector_hex(handshake, "final_C").bytes, NULL, 0);
        vector_assert_hex(handshake, "key_initiator_to_responder", t1, sizeof(t1));
        vector_assert_hex(handshake, "key_responder_to_initiator", t2, sizeof(t2));
    }
}

/* mac1 and mac2 of one message: over all bytes before each; mac2 is zeros without a cookie. */
static void assert_macs(const struct vector *handshake, const char *message_name, const char *receiver,
                        const char *mac1_key_name, const char *cookie_name)
{
    struct vector_hex message = vector_hex(handshake, message_name);
    const uint8_t *macs = message.bytes + message.length - 32;
    uint8_t key[32];
    uint8_t mac[BLAKE2S_MAC_BYTES] = {0};
    struct blake2s_keyed keyed;

    blake2s_hash2(key, (const uint8_t *)"mac1----", 8, input(handshake, receiver).bytes, 32);
    vector_assert_hex(handshake, mac1_key_name, key, sizeof(key));
    blake2s_keyed_init(&keyed, key, sizeof(key));
    if (vector_has(vector_member(handshake, "inputs"), cookie_name))
        blake2s_mac(mac, input(handshake, cookie_name).bytes, 16, message.bytes, message.length - 16);
    assert_memory_equal(macs + 16, mac, sizeof(mac));
    blake2s_keyed_mac(&keyed, mac, message.bytes, message.length - 32);
    assert_memory_equal(macs, mac, sizeof(mac));
}

static void mac1_and_mac2(void **state)
{
    (void)state;
    for (size_t i = 0; i < HANDSHAKES; i++) {
        const struct vector *handshake = handshake_at(i);

        assert_macs(handshake, "initiation", "responder_static_public", "mac1_key_toward_responder",
                    "cookie_held_by_initiator");
        assert_macs(handshake, "response", "initiator_static_public", "mac1_key_toward_initiator",
                    "cookie_held_by_responder");
    }
}

static int start(void **state)
{
    (void)state;
    file = vectors_load("handshake.json");
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
        cmocka_unit_test(constants_are_hashes_of_the_names),
        cmocka_unit_test(public_keys),
        cmocka_unit_test(steps_0_to_6_make_the_initiation),
        cmocka_unit_test(steps_7_to_11_make_the_response),
        cmocka_unit_test(the_session_keys_come_from_the_last_c_and_an_empty_input),
        cmocka_unit_test(mac1_and_mac2),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
