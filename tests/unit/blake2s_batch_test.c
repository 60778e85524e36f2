/* SPDX-License-Identifier: MIT
 *
 * Batches of hashes, MACs and KDFs give what single calls give: at every step of the processor, for every
 * length, for every count up to three times the lanes, whatever alignment. And they leave nothing secret on
 * the stack, neither in a row nor word by word as lanes lie.
 *
 * Linked with -z now, as unit/secrets is, and for the same reason.
 */
#include "crypto/blake2s.h"
#include "crypto/blake2s_lanes.h"
#include "crypto/kdf.h"
#include "crypto/processor.h"
#include "crypto/start.h"
#include "stack_search.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MOST_JOBS  (3 * BLAKE2S_LANES)
#define MOST_BYTES 200u
#define SLOT_BYTES (MOST_BYTES + 5) /* odd, so that messages lie at every alignment */

static uint8_t messages[2][MOST_JOBS * SLOT_BYTES];
static uint8_t outputs[3][MOST_JOBS][33], expected[3][32];

static int start(void **state)
{
    (void)state;
    vector_fill(messages[0], sizeof messages[0], 1);
    vector_fill(messages[1], sizeof messages[1], 2);
    return crypto_start();
}

static int all_steps(void **state)
{
    (void)state;
    processor_limit(PROCESSOR_AVX512);
    return 0;
}

static void make_jobs(struct blake2s_job jobs[static MOST_JOBS])
{
    memset(outputs, 0xee, sizeof outputs);
    for (size_t i = 0; i < MOST_JOBS; i++)
        jobs[i] =
            (struct blake2s_job){outputs[0][i], messages[0] + i * SLOT_BYTES, messages[1] + i * SLOT_BYTES};
}

static void compare_hashes(size_t count, size_t a_length, size_t b_length)
{
    struct blake2s_job jobs[MOST_JOBS];

    make_jobs(jobs);
    blake2s_hash2_batch(jobs, count, a_length, b_length);
    for (size_t i = 0; i < count; i++) {
        blake2s_hash2(expected[0], jobs[i].a, a_length, jobs[i].b, b_length);
        assert_memory_equal(outputs[0][i], expected[0], 32);
        assert_int_equal(outputs[0][i][32], 0xee);
    }
    assert_int_equal(outputs[0][count < MOST_JOBS ? count : 0][count < MOST_JOBS ? 0 : 32], 0xee);
}

static void compare_macs(const struct blake2s_keyed *keyed, size_t count, size_t length)
{
    struct blake2s_job jobs[MOST_JOBS];

    make_jobs(jobs);
    blake2s_keyed_mac_batch(keyed, jobs, count, length);
    for (size_t i = 0; i < count; i++) {
        blake2s_keyed_mac(keyed, expected[0], jobs[i].a, length);
        assert_memory_equal(outputs[0][i], expected[0], 16);
        assert_int_equal(outputs[0][i][16], 0xee);
    }
}

static void compare_kdfs(size_t count, unsigned wanted, unsigned present, size_t length)
{
    struct kdf_job jobs[MOST_JOBS] = {{0}};

    memset(outputs, 0xee, sizeof outputs);
    for (size_t i = 0; i < count; i++) {
        jobs[i] =
            (struct kdf_job){.key = messages[0] + i * SLOT_BYTES, .input = messages[1] + i * SLOT_BYTES};
        for (unsigned k = 0; k < wanted; k++)
            jobs[i].t[k] = present >> k & 1 ? outputs[k][i] : NULL;
    }
    kdf_batch(jobs, count, wanted, length);
    for (size_t i = 0; i < count; i++) {
        kdf3(expected[0], expected[1], expected[2], jobs[i].key, jobs[i].input, length);
        for (unsigned k = 0; k < 3; k++) {
            bool written = k < wanted && (present >> k & 1);

            assert_int_equal(memcmp(outputs[k][i], expected[k], 32) == 0, written);
            assert_int_equal(outputs[k][i][written ? 32 : 0], 0xee);
        }
    }
}

static void hashes_of_every_length_and_count(void **state)
{
    (void)state;
    for (int step = PROCESSOR_PLAIN; step <= PROCESSOR_AVX512; step++) {
        processor_limit((enum processor_step)step);
        for (size_t a = 0; a <= MOST_BYTES; a++) {
            compare_hashes(BLAKE2S_LANES, a, 0);
            compare_hashes(5, 0, a);
            compare_hashes(9, a, MOST_BYTES - a);
            compare_hashes(3, 32, a);
        }
        for (size_t count = 0; count <= MOST_JOBS; count++) {
            compare_hashes(count, 32, 48);
            compare_hashes(count, 8, 32);
            compare_hashes(count, 0, 0);
        }
    }
}

static void macs_of_every_length_and_count(void **state)
{
    struct blake2s_keyed keyed;

    (void)state;
    blake2s_keyed_init(&keyed, messages[1], 32);
    for (int step = PROCESSOR_PLAIN; step <= PROCESSOR_AVX512; step++) {
        processor_limit((enum processor_step)step);
        for (size_t length = 0; length <= MOST_BYTES; length++)
            compare_macs(&keyed, BLAKE2S_LANES + 3, length);
        for (size_t count = 0; count <= MOST_JOBS; count++) {
            compare_macs(&keyed, count, 116);
            compare_macs(&keyed, count, 60);
        }
    }
}

static void kdfs_of_every_length_count_and_choice_of_outputs(void **state)
{
    (void)state;
    for (int step = PROCESSOR_PLAIN; step <= PROCESSOR_AVX512; step++) {
        processor_limit((enum processor_step)step);
        for (size_t length = 0; length <= MOST_BYTES; length++)
            compare_kdfs(BLAKE2S_LANES + 2, 3, 7, length);
        for (size_t count = 0; count <= MOST_JOBS; count++)
            compare_kdfs(count, 2, 3, 32);
        for (unsigned wanted = 1; wanted <= 3; wanted++)
            for (unsigned present = 0; present < 1u << wanted; present++) {
                compare_kdfs(7, wanted, present, 32);
                compare_kdfs(17, wanted, present, 0);
            }
    }
}

/* As mix_hash and the chaining key do. */
static void outputs_may_be_inputs_of_the_same_job(void **state)
{
    struct blake2s_job hashes[MOST_JOBS];
    struct kdf_job kdfs[MOST_JOBS];
    uint8_t chain[MOST_JOBS][32], other[MOST_JOBS][32];

    (void)state;
    for (int step = PROCESSOR_PLAIN; step <= PROCESSOR_AVX512; step++) {
        processor_limit((enum processor_step)step);
        for (size_t i = 0; i < MOST_JOBS; i++) {
            memcpy(chain[i], messages[0] + 32 * i, 32);
            memcpy(other[i], messages[1] + 32 * i, 32);
            hashes[i] = (struct blake2s_job){chain[i], chain[i], other[i]};
            kdfs[i] = (struct kdf_job){chain[i], other[i], {other[i], chain[i], NULL}};
        }
        blake2s_hash2_batch(hashes, MOST_JOBS, 32, 32);
        kdf_batch(kdfs, MOST_JOBS, 2, 32);
        for (size_t i = 0; i < MOST_JOBS; i++) {
            blake2s_hash2(expected[2], messages[0] + 32 * i, 32, messages[1] + 32 * i, 32);
            kdf2(expected[0], expected[1], expected[2], messages[1] + 32 * i, 32);
            assert_memory_equal(other[i], expected[0], 32);
            assert_memory_equal(chain[i], expected[1], 32);
        }
    }
}

/* ---- the stack ---- */

static uint8_t secret_key[32], secret_input[32], hash_secret[64], kept[3][MOST_JOBS][32];

static void run_kdfs(void)
{
    static struct kdf_job jobs[BLAKE2S_LANES];

    for (size_t i = 0; i < BLAKE2S_LANES; i++)
        jobs[i] = (struct kdf_job){secret_key, secret_input, {kept[0][i], kept[1][i], kept[2][i]}};
    kdf_batch(jobs, BLAKE2S_LANES, 3, 32);
}

static void run_hashes(void)
{
    static struct blake2s_job jobs[BLAKE2S_LANES];

    for (size_t i = 0; i < BLAKE2S_LANES; i++)
        jobs[i] = (struct blake2s_job){kept[0][i], hash_secret, secret_input};
    blake2s_hash2_batch(jobs, BLAKE2S_LANES, 64, 32);
}

/* Plain or as HMAC pads it. */
static bool stack_contains_padded(const uint8_t *stack, const uint8_t secret[static 32])
{
    static const uint8_t pads[3] = {0, 0x36, 0x5c};
    bool found = false;

    for (size_t i = 0; i < 3; i++) {
        uint8_t padded[32];

        for (size_t k = 0; k < 32; k++)
            padded[k] = secret[k] ^ pads[i];
        found |= stack_contains(stack, padded) || stack_contains_lanes(stack, padded);
    }
    return found;
}

static void assert_nothing_left(void (*primitive)(void), unsigned output_count)
{
    uint8_t *stack = stack_after(primitive);

    assert_false(stack_contains_padded(stack, secret_key));
    assert_false(stack_contains_padded(stack, secret_input));
    for (unsigned i = 0; i < output_count; i++)
        assert_false(stack_contains_padded(stack, kept[i][0]));
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

static void batches_leave_nothing(void **state)
{
    (void)state;
    vector_fill(secret_key, sizeof secret_key, 31);
    vector_fill(secret_input, sizeof secret_input, 32);
    memcpy(hash_secret, secret_key, 32);
    for (int step = PROCESSOR_PLAIN; step <= PROCESSOR_AVX512; step++) {
        processor_limit((enum processor_step)step);
        assert_nothing_left(run_kdfs, 3);
        assert_nothing_left(run_hashes, 1);
    }
}

/* What is put into lanes, as put. */
static void run_careless(void)
{
    struct blake2s_lanes_block block;

    for (size_t i = 0; i < BLAKE2S_LANES; i++)
        blake2s_lanes_put(&block, i, 0, secret_key, 32);
    keep(&block);
}

static void carelessness_is_found(void **state)
{
    uint8_t *stack = stack_after(run_careless);

    (void)state;
    assert_true(stack_contains_padded(stack, secret_key));
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(hashes_of_every_length_and_count, all_steps),
        cmocka_unit_test_teardown(macs_of_every_length_and_count, all_steps),
        cmocka_unit_test_teardown(kdfs_of_every_length_count_and_choice_of_outputs, all_steps),
        cmocka_unit_test_teardown(outputs_may_be_inputs_of_the_same_job, all_steps),
        cmocka_unit_test_teardown(batches_leave_nothing, all_steps),
        cmocka_unit_test(carelessness_is_found),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
