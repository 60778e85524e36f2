/* SPDX-License-Identifier: MIT
 *
 * Nothing secret stays behind on the stack: each primitive runs in a thread whose stack is our memory, and
 * when the thread has ended that memory is searched for its keys, inputs and results.
 *
 * The secrets themselves lie in static memory. A secret counts as left behind if any eight bytes of it in
 * a row are found. What vector code makes of a key has many shapes: there nothing at all may be left that is
 * different with another key.
 *
 * The program is linked with -z now, as all programs that hold keys should be: a function bound at its first
 * call makes the dynamic linker save every register, vector registers with halves of keys among them, in a
 * part of the stack that nobody wipes.
 */
#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/kdf.h"
#include "crypto/processor.h"
#include "crypto/start.h"
#include "crypto/x25519.h"
#include "crypto/xaead.h"
#include "stack_search.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>
#include <sodium.h>

/* What a primitive is given and what it makes, 32 bytes each. */
static uint8_t key[32];
static uint8_t input[32];
static uint8_t output[3][32];
static uint8_t sealed[32 + AEAD_TAG_BYTES];
static const uint8_t nonce[XAEAD_NONCE_BYTES];

/* Whether a key is there, plain or as HMAC pads it. */
static bool stack_contains_key(const uint8_t *stack, const uint8_t secret[static 32])
{
    static const uint8_t pads[3] = {0, 0x36, 0x5c};
    bool found = false;

    for (size_t i = 0; i < sizeof(pads); i++) {
        uint8_t padded[32];

        for (size_t k = 0; k < sizeof(padded); k++)
            padded[k] = secret[k] ^ pads[i];
        found |= stack_contains(stack, padded);
    }
    return found;
}

static void assert_nothing_left(void (*primitive)(void))
{
    uint8_t *stack = stack_after(primitive);

    assert_false(stack_contains_key(stack, key));
    assert_false(stack_contains_key(stack, input));
    for (size_t i = 0; i < 3; i++)
        assert_false(stack_contains_key(stack, output[i]));
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

static void run_kdf(void)
{
    kdf3(output[0], output[1], output[2], key, input, sizeof(input));
}

static void kdf_leaves_nothing(void **state)
{
    uint8_t prk[32];
    uint8_t *stack;

    (void)state;
    assert_nothing_left(run_kdf);
    hmac_blake2s(prk, key, sizeof(key), input, sizeof(input));
    stack = stack_after(run_kdf);
    assert_false(stack_contains_key(stack, prk));
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

static void run_hmac(void)
{
    hmac_blake2s(output[0], key, sizeof(key), input, sizeof(input));
}

static void hmac_leaves_nothing(void **state)
{
    (void)state;
    assert_nothing_left(run_hmac);
}

static void run_blake2s(void)
{
    static struct blake2s_keyed keyed;

    blake2s_mac(output[0], key, sizeof(key), input, sizeof(input));
    blake2s_keyed_init(&keyed, key, sizeof(key));
    blake2s_keyed_mac(&keyed, output[1], input, sizeof(input));
    memcpy(output[2], keyed.h, sizeof(keyed.h));
}

static void blake2s_leaves_nothing(void **state)
{
    (void)state;
    assert_nothing_left(run_blake2s);
}

static void run_x25519(void)
{
    x25519_base(output[0], key);
    (void)!x25519(output[1], key, output[0]);
    memcpy(output[2], key, sizeof(key));
    x25519_clamp(output[2]);
}

static void x25519_leaves_nothing(void **state)
{
    uint8_t *stack = stack_after(run_x25519);

    (void)state;
    /* output[0] is a public key. */
    assert_false(stack_contains(stack, key));
    assert_false(stack_contains(stack, output[1]));
    assert_false(stack_contains(stack, output[2]));
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

static void run_aead(void)
{
    aead_seal(sealed, input, sizeof(input), NULL, 0, 1, key);
    (void)!aead_open(output[0], sealed, sizeof(sealed), NULL, 0, 1, key);
    xaead_seal(sealed, input, sizeof(input), NULL, 0, nonce, key);
    (void)!xaead_open(output[1], sealed, sizeof(sealed), NULL, 0, nonce, key);
}

/* Batches leave neither the keys nor plaintext, whichever kernel runs. The kernels wipe what the compiler
 * spilled by place, and the address sanitizer gives every frame another shape: it cannot be asked. */
static void run_aead_batch(void)
{
    static uint8_t bytes[5][300 + AEAD_TAG_BYTES];
    struct aead_packet packets[5];

    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k + sizeof(input) <= 300; k += sizeof(input))
            memcpy(bytes[i] + k, input, sizeof(input));
        packets[i] = (struct aead_packet){bytes[i], 20 + 70 * i, i, false};
    }
    aead_seal_batch(packets, 5, key);
    (void)!aead_open_batch(packets, 5, key);
    aead_seal_batch(packets + 4, 1, key);
    (void)!aead_open_batch(packets + 4, 1, key);
}

/* The key stream of the first packet's block 0: its one-time key for Poly1305. */
static void one_time_key(uint8_t bytes[static 32], uint64_t counter)
{
    const uint8_t nonce_bytes[12] = {0, 0, 0, 0, (uint8_t)counter};

    crypto_stream_chacha20_ietf(bytes, 32, nonce_bytes, key);
}

static void aead_batches_leave_nothing(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip();
#endif
    for (enum processor_step step = PROCESSOR_PLAIN; step <= PROCESSOR_AVX512; step++) {
        processor_limit(step);
        one_time_key(output[0], 0);
        one_time_key(output[1], 4);
        memset(output[2], 0xe7, sizeof(output[2]));
        assert_nothing_left(run_aead_batch);
    }
}

/* ---- what depends on the key ---- */

#define BATCH       20
#define BATCH_BYTES 1500

static uint8_t batch_bytes[BATCH][BATCH_BYTES + AEAD_TAG_BYTES];
static struct aead_packet batch[BATCH];
static size_t batch_count;
static bool batch_opens;
static enum { MIXED, SHORT, LONG } batch_lengths;

static size_t batch_length(size_t number)
{
    if (batch_lengths == MIXED)
        return 70 * number + 20;
    return batch_lengths == SHORT ? 3 * number : BATCH_BYTES - number;
}

/* Packets whose ciphertext does not depend on the key, as that is no secret and may stay. Every third that is
 * to be opened is forged. */
static void batch_choose(unsigned secret)
{
    uint8_t cipher_nonce[12] = {0};

    vector_fill(key, sizeof(key), 20 + secret);
    for (size_t i = 0; i < batch_count; i++) {
        size_t length = batch_length(i);

        cipher_nonce[4] = (uint8_t)i;
        vector_fill(batch_bytes[i], BATCH_BYTES, 40 + (unsigned)i);
        crypto_stream_chacha20_ietf_xor_ic(batch_bytes[i], batch_bytes[i], length, cipher_nonce, 1, key);
        if (batch_opens)
            crypto_aead_chacha20poly1305_ietf_encrypt_detached(batch_bytes[i], batch_bytes[i] + length, NULL,
                                                               batch_bytes[i], length, NULL, 0, NULL,
                                                               cipher_nonce, key);
        if (batch_opens && i % 3 == 1)
            memset(batch_bytes[i] + length, 0x33, AEAD_TAG_BYTES);
        batch[i] = (struct aead_packet){batch_bytes[i], length, i, false};
    }
}

static void run_batch(void)
{
    if (batch_opens)
        (void)!aead_open_batch(batch, batch_count, key);
    else
        aead_seal_batch(batch, batch_count, key);
}

static void nothing_that_aead_batches_leave_depends_on_the_key(void **state)
{
    static const size_t counts[] = {1, 2, 5, 9, BATCH};

    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip();
#endif
    for (enum processor_step step = PROCESSOR_AVX2; step <= PROCESSOR_AVX512; step++)
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
            for (unsigned kind = 0; kind < 6; kind++) {
                processor_limit(step);
                batch_count = counts[i];
                batch_opens = kind % 2 == 1;
                batch_lengths = kind / 2;
                assert_int_equal(stack_dependence(batch_choose, run_batch), 0);
            }
    vector_fill(key, sizeof(key), 11);
}

static void aead_leaves_nothing(void **state)
{
    (void)state;
    memset(output[2], 0xe7, sizeof(output[2]));
    assert_nothing_left(run_aead);
}

/* Shows that the search finds what is there: eight bytes from the middle of a padded key. */
static void run_careless(void)
{
    uint8_t copy[200] = {0};

    for (size_t i = 0; i < WINDOW_BYTES; i++)
        copy[100 + i] = key[11 + i] ^ 0x36;
    keep(copy);
}

static void carelessness_is_found(void **state)
{
    uint8_t *stack = stack_after(run_careless);

    (void)state;
    assert_true(stack_contains_key(stack, key));
    assert_false(stack_contains_key(stack, input));
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

static void run_careless_arithmetic(void)
{
    uint8_t copy[200] = {0};

    copy[100] = (uint8_t)(key[7] * 3);
    keep(copy);
}

static void dependence_is_found(void **state)
{
    (void)state;
    batch_count = 0;
    assert_int_equal(stack_dependence(batch_choose, run_careless_arithmetic), 1);
    vector_fill(key, sizeof(key), 11);
}

static int start(void **state)
{
    (void)state;
    vector_fill(key, sizeof(key), 11);
    vector_fill(input, sizeof(input), 12);
    return crypto_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kdf_leaves_nothing),
        cmocka_unit_test(hmac_leaves_nothing),
        cmocka_unit_test(blake2s_leaves_nothing),
        cmocka_unit_test(x25519_leaves_nothing),
        cmocka_unit_test(aead_leaves_nothing),
        cmocka_unit_test(aead_batches_leave_nothing),
        cmocka_unit_test(nothing_that_aead_batches_leave_depends_on_the_key),
        cmocka_unit_test(carelessness_is_found),
        cmocka_unit_test(dependence_is_found),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
