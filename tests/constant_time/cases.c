/* SPDX-License-Identifier: MIT
 *
 * See cases.h: the sound cases. The kernels are called themselves where there is more than one, so that no
 * choice by batch size decides what is checked.
 */
#include "cases.h"

#include "crypto/aead_kernels.h"
#include "crypto/blake2s.h"
#include "crypto/kdf.h"
#include "crypto/memory.h"
#include "crypto/siphash.h"
#include "crypto/x25519.h"
#include "crypto/x25519_kernels.h"
#include "crypto/xaead.h"

#include <string.h>

struct cases_secret secret;

/* Public inputs, and results. */
static uint8_t ciphertexts[CASES_LANES][CASES_BYTES];
static struct aead_packet packets[CASES_LANES];
static uint8_t nonce[XAEAD_NONCE_BYTES];
static uint8_t message[200];
static uint8_t points[CASES_LANES][32];
static uint8_t results[CASES_LANES][3][32];
static bool verdict;

/* Mixed lengths: none, parts of blocks, enough for every way through a kernel that lengths choose. */
static const size_t lengths[CASES_LANES] = {600, 0,   1,  64,  17,  63, 65, 256, 512,
                                            33,  128, 16, 257, 100, 31, 48, 320};

static uint64_t random_next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void fill(uint8_t *bytes, size_t length, unsigned variant)
{
    uint64_t state = variant;

    for (size_t i = 0; i < length; i++)
        bytes[i] = variant == 0 ? 0 : variant == 2 ? 0xff : (uint8_t)random_next(&state);
}

void case_fill(const struct secret_case *tested, unsigned variant)
{
    fill((uint8_t *)&secret, sizeof(secret), variant);
    memcpy(secret.same[1], secret.same[0], sizeof(secret.same[0]));
    fill(nonce, sizeof(nonce), 100);
    fill(message, sizeof(message), 101);
    fill(&points[0][0], sizeof(points), 102);
    if (tested->prepare)
        tested->prepare(variant);
}

/* AEAD: plaintexts are secret, ciphertexts are not. */

static void seal_prepare(unsigned variant)
{
    (void)variant;
    for (size_t i = 0; i < CASES_LANES; i++)
        packets[i] = (struct aead_packet){secret.bytes[i], lengths[i], i, false};
}

static void open_prepare(unsigned variant)
{
    (void)variant;
    for (size_t i = 0; i < CASES_LANES; i++) {
        packets[i] = (struct aead_packet){ciphertexts[i], lengths[i], i, false};
        aead_seal(ciphertexts[i], secret.bytes[i], lengths[i], NULL, 0, i, secret.key);
    }
}

/* One bit is wrong in each packet, in its tag or before, in another place for each variant. */
static void refuse_prepare(unsigned variant)
{
    open_prepare(variant);
    for (size_t i = 0; i < CASES_LANES; i++)
        ciphertexts[i][variant * 37 % (lengths[i] + AEAD_TAG_BYTES)] ^= (uint8_t)(1 << variant);
}

static void aead_seal_run(void)
{
    for (size_t i = 0; i < CASES_LANES; i++)
        aead_seal(packets[i].bytes, packets[i].bytes, packets[i].length, message, i, i, secret.key);
}

static void aead_open_run(void)
{
    for (size_t i = 0; i < CASES_LANES; i++)
        packets[i].authentic = aead_open(packets[i].bytes, packets[i].bytes,
                                         packets[i].length + AEAD_TAG_BYTES, NULL, 0, i, secret.key);
}

static void xaead_prepare(unsigned variant)
{
    (void)variant;
    xaead_seal(ciphertexts[0], secret.bytes[0], 16, message, 16, nonce, secret.key);
}

static void xaead_seal_run(void)
{
    xaead_seal(secret.bytes[0], secret.bytes[0], 16, message, 16, nonce, secret.key);
}

static void xaead_open_run(void)
{
    verdict = xaead_open(results[0][0], ciphertexts[0], 16 + AEAD_TAG_BYTES, message, 16, nonce, secret.key);
}

static void aead_avx2_seal_run(void)
{
    aead_avx2_seal(packets, CASES_LANES, secret.key);
    aead_avx2_seal(packets, 2, secret.key);
}

static void aead_avx2_open_run(void)
{
    (void)aead_avx2_open(packets, CASES_LANES, secret.key);
}

static void aead_avx2_open_few_run(void)
{
    (void)aead_avx2_open(packets + 1, 2, secret.key);
}

static void aead_avx512_seal_run(void)
{
    aead_avx512_seal(packets, CASES_LANES, secret.key);
    aead_avx512_seal(packets, 2, secret.key);
}

static void aead_avx512_open_run(void)
{
    (void)aead_avx512_open(packets, CASES_LANES, secret.key);
}

static void aead_avx512_open_few_run(void)
{
    (void)aead_avx512_open(packets + 1, 2, secret.key);
}

/* BLAKE2s and what is made of it. */

static void blake2s_run(void)
{
    static struct blake2s_keyed keyed;

    blake2s_hash(results[0][0], secret.bytes[0], 100);
    blake2s_hash2(results[0][0], secret.key, 32, secret.bytes[1], 64);
    blake2s_mac(results[0][0], secret.key, 32, message, sizeof(message));
    blake2s_keyed_init(&keyed, secret.key, 32);
    blake2s_keyed_mac(&keyed, results[0][0], message, sizeof(message));
}

static void kdf_run(void)
{
    kdf1(results[0][0], secret.key, secret.keys[0], 32);
    kdf2(results[0][0], results[0][1], secret.key, secret.keys[0], 32);
    kdf3(results[0][0], results[0][1], results[0][2], secret.key, secret.bytes[0], 100);
    hmac_blake2s(results[0][0], secret.bytes[0], 80, secret.bytes[1], 80);
}

static void blake2s_batch_run(void)
{
    static struct blake2s_keyed keyed;
    struct blake2s_job jobs[CASES_LANES];
    struct kdf_job derivations[CASES_LANES];

    for (size_t i = 0; i < CASES_LANES; i++) {
        jobs[i] = (struct blake2s_job){.hash = results[i][0], .a = secret.bytes[i], .b = secret.keys[i]};
        derivations[i] = (struct kdf_job){.t = {results[i][0], results[i][1], results[i][2]},
                                          .key = secret.keys[i],
                                          .input = secret.bytes[i]};
    }
    blake2s_hash2_batch(jobs, CASES_LANES, 100, 32);
    blake2s_keyed_init(&keyed, secret.key, 32);
    blake2s_keyed_mac_batch(&keyed, jobs, CASES_LANES, 116);
    kdf_batch(derivations, CASES_LANES, 3, 32);
}

static void siphash_run(void)
{
    uint64_t hash = siphash24(secret.key, secret.bytes[0], 77);

    memcpy(results[0][0], &hash, sizeof(hash));
}

/* X25519: public keys are public. */

static void x25519_run(void)
{
    verdict = x25519(results[0][0], secret.key, points[0]);
}

static void x25519_base_run(void)
{
    x25519_base(results[0][0], secret.key);
    x25519_clamp(secret.key);
}

/* A group that is not full: what its empty lanes do is checked with it. */
static void x25519_kernel_run(void (*kernel)(struct x25519_job *, size_t))
{
    struct x25519_job jobs[3];

    for (size_t i = 0; i < 3; i++)
        jobs[i] = (struct x25519_job){results[i][0], secret.keys[i], points[i], false};
    kernel(jobs, 3);
}

static void x25519_avx2_run(void)
{
    x25519_kernel_run(x25519_avx2_batch);
}

static void x25519_avx512_run(void)
{
    x25519_kernel_run(x25519_avx512_batch);
}

static void x25519_avx512_half_run(void)
{
    x25519_kernel_run(x25519_avx512_half_batch);
}

/* Comparisons: equal ones here, others below, in another place for each variant. */

static void equal_run(void)
{
    verdict = memory_equal(secret.same[0], secret.same[1], 32);
}

static void different_prepare(unsigned variant)
{
    secret.same[1][variant * 7 % 32] ^= (uint8_t)(1 << variant);
}

static void zero_run(void)
{
    verdict = memory_is_zero(secret.keys[0], 32);
}

const struct secret_case cases[] = {
    {"aead seal, libsodium", PROCESSOR_PLAIN, MEMCHECK, seal_prepare, aead_seal_run, 0},
    {"aead open, libsodium", PROCESSOR_PLAIN, MEMCHECK, open_prepare, aead_open_run, 0},
    {"aead refuse, libsodium", PROCESSOR_PLAIN, MEMCHECK, refuse_prepare, aead_open_run, 0},
    {"xaead seal, libsodium", PROCESSOR_PLAIN, MEMCHECK, NULL, xaead_seal_run, 0},
    {"xaead open, libsodium", PROCESSOR_PLAIN, MEMCHECK, xaead_prepare, xaead_open_run, 0},
    {"x25519, libsodium", PROCESSOR_PLAIN, MEMCHECK, NULL, x25519_run, 0},
    {"x25519 of the base point", PROCESSOR_PLAIN, MEMCHECK, NULL, x25519_base_run, 0},
    {"blake2s", PROCESSOR_PLAIN, MEMCHECK, NULL, blake2s_run, 0},
    {"kdf and hmac", PROCESSOR_PLAIN, MEMCHECK, NULL, kdf_run, 0},
    {"siphash, libsodium", PROCESSOR_PLAIN, BOTH, NULL, siphash_run, 0},
    {"memory equal", PROCESSOR_PLAIN, BOTH, NULL, equal_run, 0},
    {"memory not equal", PROCESSOR_PLAIN, BOTH, different_prepare, equal_run, 0},
    {"memory zero or not", PROCESSOR_PLAIN, BOTH, NULL, zero_run, 0},
    {"aead seal, avx2", PROCESSOR_AVX2, BOTH, seal_prepare, aead_avx2_seal_run, 3},
    {"aead open, avx2", PROCESSOR_AVX2, MEMCHECK, open_prepare, aead_avx2_open_run, 0},
    {"aead open few, avx2", PROCESSOR_AVX2, BOTH, open_prepare, aead_avx2_open_few_run, 0},
    {"aead refuse, avx2", PROCESSOR_AVX2, BOTH, refuse_prepare, aead_avx2_open_run, 3},
    {"x25519, avx2", PROCESSOR_AVX2, MEMCHECK, NULL, x25519_avx2_run, 0},
    {"blake2s and kdf batches, avx2", PROCESSOR_AVX2, MEMCHECK, NULL, blake2s_batch_run, 0},
    {"aead seal, avx512", PROCESSOR_AVX512, TRACES, seal_prepare, aead_avx512_seal_run, 0},
    {"aead open, avx512", PROCESSOR_AVX512, TRACES, open_prepare, aead_avx512_open_run, 0},
    {"aead open few, avx512", PROCESSOR_AVX512, TRACES, open_prepare, aead_avx512_open_few_run, 0},
    {"aead refuse, avx512", PROCESSOR_AVX512, TRACES, refuse_prepare, aead_avx512_open_run, 0},
    {"x25519, avx512", PROCESSOR_AVX512, TRACES, NULL, x25519_avx512_run, 2},
    {"x25519, avx512 in half the width", PROCESSOR_AVX512, TRACES, NULL, x25519_avx512_half_run, 2},
    {"blake2s and kdf batches, avx512", PROCESSOR_AVX512, TRACES, NULL, blake2s_batch_run, 3},
};
const unsigned cases_count = sizeof(cases) / sizeof(cases[0]);
