/* SPDX-License-Identifier: MIT
 *
 * Every kernel of X25519 that this processor can run does exactly what libsodium does: the vectors of RFC
 * 7748, points of low order, numbers at the ends of limbs and around p, any count, every lane, keys that are
 * overwritten; and it leaves no key on the stack. What the kernels are made of, scripts/field-bounds proves.
 *
 * With X25519_RANDOM=N in the environment N random exchanges are compared instead of 20 000; with
 * X25519_MILLION=1 the chains of RFC 7748 go on to a million. Both together take some three minutes.
 */
#include "crypto/x25519.h"

#include "crypto/memory.h"
#include "crypto/processor.h"
#include "crypto/start.h"
#include "stack_search.h"
#include "vectors.h"
#if defined(__x86_64__)
#include "crypto/x25519_kernels.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BATCH_MAX    20
#define LANES_MAX    8
#define RANDOM_USUAL 20000
#define AT_ONCE      64
#define P_LOW        0xed /* the lowest byte of p; the highest is 0x7f, all others are 0xff */

typedef uint8_t key_bytes[32];

struct kernel {
    const char *name;
    enum processor_step step;
    void (*batch)(struct x25519_job *jobs, size_t count);
};

static const struct kernel kernels[] = {
    {"dispatched", PROCESSOR_PLAIN, x25519_batch},
#if defined(__x86_64__)
    {"AVX2", PROCESSOR_AVX2, x25519_avx2_batch},
    {"AVX-512, half", PROCESSOR_AVX512, x25519_avx512_half_batch},
    {"AVX-512", PROCESSOR_AVX512, x25519_avx512_batch},
#endif
};

static const struct kernel *kernel;
static uint64_t random_state;

/* xorshift64*: the same numbers in every run. */
static uint64_t random_number(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static void random_key(key_bytes key)
{
    for (size_t i = 0; i < 32; i += 8) {
        const uint64_t random = random_number();

        memcpy(key + i, &random, 8);
    }
}

/* What libsodium says. */
static bool library_exchange(key_bytes shared, const key_bytes private_key, const key_bytes public_key)
{
    bool nonzero;

    processor_limit(PROCESSOR_PLAIN);
    nonzero = x25519(shared, private_key, public_key);
    processor_limit(PROCESSOR_AVX512);
    return nonzero;
}

/* Runs the kernel on count exchanges and compares all with the library. */
static void assert_like_library(key_bytes *private_keys, key_bytes *public_keys, size_t count)
{
    struct x25519_job jobs[AT_ONCE];
    key_bytes shared[AT_ONCE];

    assert_in_range(count, 0, AT_ONCE);
    memset(shared, 0xaa, sizeof(shared));
    for (size_t i = 0; i < count; i++)
        jobs[i] = (struct x25519_job){shared[i], private_keys[i], public_keys[i], i % 2 == 0};
    kernel->batch(jobs, count);
    for (size_t i = 0; i < count; i++) {
        key_bytes expected;
        bool nonzero = library_exchange(expected, private_keys[i], public_keys[i]);

        if (nonzero != jobs[i].nonzero || memcmp(expected, shared[i], 32) != 0)
            fail_msg("%s: exchange %zu of %zu differs", kernel->name, i, count);
    }
    for (size_t i = count; i < AT_ONCE; i++) {
        for (size_t k = 0; k < 32; k++)
            assert_int_equal(shared[i][k], 0xaa);
    }
}

static void assert_hex(const char *expected, const key_bytes bytes)
{
    assert_memory_equal(vector_parse_hex(expected).bytes, bytes, 32);
}

static void rfc7748_in_every_lane_among_others(void)
{
    static const char *const vectors[][3] = {
        /* RFC 7748 §5.2: private key, public key, shared secret. */
        {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
         "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
         "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
        {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
         "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
         "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
        /* §6.1. */
        {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
         "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
         "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    };

    for (size_t lane = 0; lane < LANES_MAX * 3; lane++) {
        key_bytes private_keys[LANES_MAX];
        key_bytes public_keys[LANES_MAX];
        struct x25519_job jobs[LANES_MAX];

        for (size_t i = 0; i < LANES_MAX; i++) {
            random_key(private_keys[i]);
            random_key(public_keys[i]);
            jobs[i] = (struct x25519_job){public_keys[i], private_keys[i], public_keys[i], false};
        }
        memcpy(private_keys[lane % 8], vector_parse_hex(vectors[lane / 8][0]).bytes, 32);
        memcpy(public_keys[lane % 8], vector_parse_hex(vectors[lane / 8][1]).bytes, 32);
        kernel->batch(jobs, LANES_MAX);
        assert_true(jobs[lane % 8].nonzero);
        assert_hex(vectors[lane / 8][2], public_keys[lane % 8]);
    }
}

/* Eight chains at once, of which the first is RFC 7748's and the others start elsewhere. */
static void rfc7748_iterated(void)
{
    const char *million = getenv("X25519_MILLION");
    int rounds = million && *million == '1' ? 1000000 : 1000;
    key_bytes scalars[LANES_MAX] = {{9}};
    key_bytes points[LANES_MAX] = {{9}};
    key_bytes results[LANES_MAX];
    struct x25519_job jobs[LANES_MAX];

    for (size_t i = 0; i < LANES_MAX; i++) {
        scalars[i][0] = points[i][0] = i == 7 ? 9 : (uint8_t)(9 + i);
        jobs[i] = (struct x25519_job){results[i], scalars[i], points[i], false};
    }
    for (int i = 1; i <= rounds; i++) {
        kernel->batch(jobs, LANES_MAX);
        memcpy(points, scalars, sizeof(points));
        memcpy(scalars, results, sizeof(scalars));
        assert_memory_equal(scalars[0], scalars[7], 32);
        if (i == 1)
            assert_hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", scalars[0]);
        if (i == 1000)
            assert_hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", scalars[0]);
    }
    if (rounds == 1000000)
        assert_hex("7c3911e0ab2586fd864497297e575e6f3bc601c0883c30df5f4dd2d24f665424", scalars[0]);
}

/* The points of low order of the curve and its twist, all their encodings, in every lane. */
static void low_order_points_give_zero_in_their_lanes_alone(void)
{
    const struct vector *file = vectors_load("kdf.json");
    const struct vector *points = vector_member(file, "x25519_low_order_points_must_fail");

    for (size_t i = 0; i < 2 * vector_count(points); i++) {
        for (size_t lane = 0; lane < LANES_MAX; lane++) {
            key_bytes private_keys[LANES_MAX];
            key_bytes public_keys[LANES_MAX];
            key_bytes shared[LANES_MAX];
            struct x25519_job jobs[LANES_MAX];

            for (size_t k = 0; k < LANES_MAX; k++) {
                random_key(private_keys[k]);
                random_key(public_keys[k]);
                jobs[k] = (struct x25519_job){shared[k], private_keys[k], public_keys[k], k == lane};
            }
            vector_read_hex(vector_at(points, i / 2), NULL, public_keys[lane], 32);
            public_keys[lane][31] ^= (uint8_t)(i % 2 << 7);
            memset(shared, 0xaa, sizeof(shared));
            kernel->batch(jobs, LANES_MAX);
            for (size_t k = 0; k < LANES_MAX; k++) {
                assert_int_equal(jobs[k].nonzero, k != lane);
                assert_int_equal(memory_is_zero(shared[k], 32), k == lane);
            }
        }
    }
    vectors_free(file);
}

/* Bits from 0 on: limb i is bits wide, all ones where the pattern has bit i, less short_of. */
static void key_of_limbs(key_bytes key, const unsigned *widths, size_t limbs, unsigned pattern,
                         unsigned short_of)
{
    unsigned bit = 0;

    memset(key, 0, 32);
    for (size_t i = 0; i < limbs; i++) {
        uint64_t limb = pattern >> i & 1 ? (UINT64_C(1) << widths[i]) - 1 - short_of : 0;

        for (unsigned k = 0; k < widths[i]; k++, bit++)
            key[bit / 8] |= (uint8_t)((limb >> k & 1) << bit % 8);
    }
}

/* Public keys whose limbs, of 51 or of 26 and 25 bits, are all or in part at their extremes. */
static void limbs_at_their_extremes(void)
{
    static const unsigned widths[2][10] = {{51, 51, 51, 51, 51}, {26, 25, 26, 25, 26, 25, 26, 25, 26, 25}};
    static const unsigned shorts[] = {0, 1, 18, 19};
    key_bytes private_keys[AT_ONCE];
    key_bytes public_keys[AT_ONCE];
    size_t count = 0;

    for (size_t radix = 0; radix < 2; radix++) {
        size_t limbs = radix == 0 ? 5 : 10;

        for (unsigned i = 0; i < 4U << limbs; i++) {
            random_key(private_keys[count]);
            key_of_limbs(public_keys[count], widths[radix], limbs, i / 4, shorts[i % 4]);
            if (++count == AT_ONCE || i + 1 == 4U << limbs) {
                assert_like_library(private_keys, public_keys, count);
                count = 0;
            }
        }
    }
}

/* key = one of 0, p, 2^255, 2p, 2^256, and off. */
static void key_around(key_bytes key, unsigned which, int off)
{
    static const struct {
        int lowest;
        uint8_t middle, highest;
    } starts[] = {{0, 0, 0}, {P_LOW, 0xff, 0x7f}, {0, 0, 0x80}, {2 * P_LOW - 256, 0xff, 0xff}, {0, 0, 0}};
    int carry = starts[which].lowest + off;

    memset(key, starts[which].middle, 32);
    key[31] = starts[which].highest;
    for (size_t i = 0; i < 32; i++) {
        int sum = carry + (i == 0 ? 0 : key[i]);

        key[i] = (uint8_t)(sum & 0xff);
        carry = sum < 0 ? -1 : sum >> 8;
    }
}

/* Public keys within 40 of 0, p, 2^255, 2p and 2^256, most of them no canonical encodings; private keys of
 * all zeros, all ones, alternating and random bits. */
static void numbers_around_multiples_of_p(void)
{
    static const uint8_t fills[] = {0x00, 0xff, 0x55, 0xaa};
    key_bytes private_keys[AT_ONCE];
    key_bytes public_keys[AT_ONCE];
    size_t count = 0;

    for (unsigned which = 0; which < 5; which++) {
        for (int off = -40; off <= 40; off++) {
            for (size_t fill = 0; fill <= sizeof(fills); fill++) {
                if (fill == sizeof(fills))
                    random_key(private_keys[count]);
                else
                    memset(private_keys[count], fills[fill], 32);
                key_around(public_keys[count], which, off);
                if (++count == AT_ONCE) {
                    assert_like_library(private_keys, public_keys, count);
                    count = 0;
                }
            }
        }
    }
    assert_like_library(private_keys, public_keys, count);
}

/* Private keys with one bit set, or all but one. */
static void every_bit_of_a_private_key(void)
{
    key_bytes private_keys[AT_ONCE];
    key_bytes public_keys[AT_ONCE];

    for (unsigned bit = 0; bit < 512; bit++) {
        memset(private_keys[bit % 64], bit < 256 ? 0 : 0xff, 32);
        private_keys[bit % 64][bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
        random_key(public_keys[bit % 64]);
        if (bit % 64 == 63)
            assert_like_library(private_keys, public_keys, 64);
    }
}

static void any_count(void)
{
    key_bytes private_keys[BATCH_MAX];
    key_bytes public_keys[BATCH_MAX];

    for (size_t count = 0; count <= BATCH_MAX; count++) {
        for (size_t i = 0; i < count; i++) {
            random_key(private_keys[i]);
            random_key(public_keys[i]);
            if (i % 5 == 4)
                memset(public_keys[i], 0, 32);
        }
        assert_like_library(private_keys, public_keys, count);
    }
}

/* Each secret replaces its private key, or its public key. */
static void secrets_may_replace_keys(void)
{
    for (size_t count = 1; count <= BATCH_MAX; count++) {
        key_bytes keys[BATCH_MAX][2];
        key_bytes expected[BATCH_MAX];
        struct x25519_job jobs[BATCH_MAX];

        for (size_t i = 0; i < count; i++) {
            random_key(keys[i][0]);
            random_key(keys[i][1]);
            assert_true(library_exchange(expected[i], keys[i][0], keys[i][1]));
            jobs[i] = (struct x25519_job){keys[i][i % 2], keys[i][0], keys[i][1], false};
        }
        kernel->batch(jobs, count);
        for (size_t i = 0; i < count; i++) {
            assert_true(jobs[i].nonzero);
            assert_memory_equal(keys[i][i % 2], expected[i], 32);
        }
    }
}

/* Any alignment: keys and secrets of several jobs in one odd row. */
static void keys_at_odd_addresses(void)
{
    uint8_t row[1 + BATCH_MAX * 97];
    struct x25519_job jobs[BATCH_MAX];

    for (size_t i = 0; i < BATCH_MAX; i++) {
        uint8_t *place = row + 1 + 97 * i;

        random_key(place);
        random_key(place + 32);
        place[96] = 0xaa;
        jobs[i] = (struct x25519_job){place + 64, place, place + 32, false};
    }
    kernel->batch(jobs, BATCH_MAX);
    for (size_t i = 0; i < BATCH_MAX; i++) {
        const uint8_t *place = row + 1 + 97 * i;
        key_bytes expected;

        assert_true(library_exchange(expected, place, place + 32));
        assert_memory_equal(expected, place + 64, 32);
        assert_int_equal(place[96], 0xaa);
    }
}

static void random_exchanges(void)
{
    const char *wanted = getenv("X25519_RANDOM");
    long count = wanted ? strtol(wanted, NULL, 10) : RANDOM_USUAL;

    for (long done = 0; done < count; done += AT_ONCE) {
        key_bytes private_keys[AT_ONCE];
        key_bytes public_keys[AT_ONCE];

        for (size_t i = 0; i < AT_ONCE; i++) {
            random_key(private_keys[i]);
            random_key(public_keys[i]);
        }
        assert_like_library(private_keys, public_keys, AT_ONCE);
    }
}

/* Secrets of the search below: static, so that they are on no stack by themselves. */
static key_bytes kept_private[LANES_MAX];
static key_bytes kept_public[LANES_MAX];
static key_bytes kept_shared[LANES_MAX];

static void run_kernel_on_kept_keys(void)
{
    struct x25519_job jobs[LANES_MAX];

    for (size_t i = 0; i < LANES_MAX; i++)
        jobs[i] = (struct x25519_job){kept_shared[i], kept_private[i], kept_public[i], false};
    kernel->batch(jobs, LANES_MAX);
}

/* The secret as limbs of 51 bits, as the lanes have it: whether the second or third lies on this stack. */
static bool stack_contains_limbs(const uint8_t *stack, const key_bytes secret)
{
    if (stack == NULL)
        return true; /* nothing was searched */
    for (unsigned i = 1; i < 3; i++) {
        uint64_t limb;

        memcpy(&limb, secret + 51 * i / 8, 8);
        limb = limb >> 51 * i % 8 & ((UINT64_C(1) << 51) - 1);
        if (memmem(stack, STACK_BYTES, &limb, 8))
            return true;
    }
    return false;
}

/* The kernels wipe the stack below them by extent; an address sanitizer's frames are larger than that. */
#if defined(__SANITIZE_ADDRESS__)
static volatile bool frames_are_larger = true;
#else
static volatile bool frames_are_larger = false;
#endif

/* Private keys, as they are, clamped and as the ladder wants them (each bit plus the next), and secrets. */
static void nothing_secret_stays_on_the_stack(void)
{
    uint8_t *stack;

    if (frames_are_larger)
        skip();
    for (size_t i = 0; i < LANES_MAX; i++) {
        random_key(kept_private[i]);
        random_key(kept_public[i]);
    }
    stack = stack_after(run_kernel_on_kept_keys);
    for (size_t i = 0; i < LANES_MAX; i++) {
        key_bytes clamped;
        key_bytes differs;

        memcpy(clamped, kept_private[i], 32);
        x25519_clamp(clamped);
        for (size_t k = 0; k < 32; k++)
            differs[k] = (uint8_t)(clamped[k] ^ clamped[k] >> 1 ^ (k < 31 ? clamped[k + 1] << 7 : 0));
        assert_false(stack_contains(stack, kept_private[i]));
        assert_false(stack_contains(stack, clamped));
        assert_false(stack_contains(stack, differs));
        assert_false(stack_contains(stack, kept_shared[i]));
        assert_false(stack_contains_limbs(stack, kept_shared[i]));
    }
    assert_int_equal(munmap(stack, STACK_BYTES), 0);
}

static void choose_private_keys(unsigned secret)
{
    for (size_t i = 0; i < LANES_MAX; i++) {
        vector_fill(kept_private[i], 32, 100 + 10 * secret + (uint32_t)i);
        vector_fill(kept_public[i], 32, 200 + (uint32_t)i);
    }
}

static void nothing_on_the_stack_depends_on_private_keys(void)
{
    if (frames_are_larger)
        skip();
    assert_int_equal(stack_dependence(choose_private_keys, run_kernel_on_kept_keys), 0);
}

static void run_on_each(void (*test)(void))
{
    unsigned found = 0;

    for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        kernel = &kernels[i];
        if (kernel->step > processor_step())
            continue;
        random_state = 88172645463325252U;
        test();
        found++;
    }
    assert_true(found > 0);
}

static void run(void **state)
{
    run_on_each((void (*)(void)) * state);
}

/* The single functions and the batch do the same whatever the processor may use, base point or not. */
static void the_same_with_every_step(void **state)
{
    (void)state;
    random_state = 25519;
    for (size_t count = 0; count <= BATCH_MAX; count++) {
        key_bytes private_keys[BATCH_MAX];
        key_bytes public_keys[BATCH_MAX];
        key_bytes expected[BATCH_MAX];

        for (size_t i = 0; i < count; i++) {
            random_key(private_keys[i]);
            random_key(public_keys[i]);
            assert_true(library_exchange(expected[i], private_keys[i],
                                         i % 3 == 0 ? x25519_base_point : public_keys[i]));
        }
        for (int step = PROCESSOR_PLAIN; step <= PROCESSOR_AVX512; step++) {
            key_bytes shared[BATCH_MAX];
            struct x25519_job jobs[BATCH_MAX];

            processor_limit((enum processor_step)step);
            for (size_t i = 0; i < count; i++) {
                const uint8_t *point = i % 3 == 0 ? x25519_base_point : public_keys[i];
                key_bytes single;

                jobs[i] = (struct x25519_job){shared[i], private_keys[i], point, false};
                assert_true(x25519(single, private_keys[i], point));
                assert_memory_equal(single, expected[i], 32);
                x25519_base(single, private_keys[i]);
                assert_int_equal(memcmp(single, expected[i], 32) == 0, i % 3 == 0);
            }
            x25519_batch(jobs, count);
            for (size_t i = 0; i < count; i++) {
                assert_true(jobs[i].nonzero);
                assert_memory_equal(shared[i], expected[i], 32);
            }
        }
    }
    processor_limit(PROCESSOR_AVX512);
}

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

#define EACH(test)                                                                                           \
    {                                                                                                        \
#test, run, NULL, NULL, (void *)(test)                                                               \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(rfc7748_in_every_lane_among_others),
        EACH(rfc7748_iterated),
        EACH(low_order_points_give_zero_in_their_lanes_alone),
        EACH(limbs_at_their_extremes),
        EACH(numbers_around_multiples_of_p),
        EACH(every_bit_of_a_private_key),
        EACH(any_count),
        EACH(secrets_may_replace_keys),
        EACH(keys_at_odd_addresses),
        EACH(random_exchanges),
        EACH(nothing_secret_stays_on_the_stack),
        EACH(nothing_on_the_stack_depends_on_private_keys),
        cmocka_unit_test(the_same_with_every_step),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
