/* SPDX-License-Identifier: MIT
 *
 * See x25519.h. This file chooses between the library and the kernels of x25519_kernels.h. The library
 * reports low-order keys before and zero results after the multiplication; in the first case it writes
 * nothing, in the second zeros, so the result is wiped here in both.
 */
#include "crypto/x25519.h"

#include "crypto/memory.h"
#include "crypto/processor.h"
#include "crypto/x25519_kernels.h"

#include <assert.h>
#include <sodium.h>

static_assert(crypto_scalarmult_curve25519_BYTES == 32, "size of RFC 7748");
static_assert(crypto_scalarmult_curve25519_SCALARBYTES == 32, "size of RFC 7748");

const uint8_t x25519_base_point[32] = {9};

/* The exchange by the library. */
static bool exchange_plain(uint8_t shared[static 32], const uint8_t private_key[static 32],
                           const uint8_t public_key[static 32])
{
    uint8_t result[32];
    bool nonzero = crypto_scalarmult_curve25519(result, private_key, public_key) == 0;

    /* The library uses its output as scratch, so it gets memory of its own: shared may be a key. */
    if (!nonzero)
        memory_wipe(result, sizeof(result));
    for (size_t i = 0; i < sizeof(result); i++)
        shared[i] = result[i];
    memory_wipe(result, sizeof(result));
    return nonzero;
}

static void batch_plain(struct x25519_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].public_key == x25519_base_point) {
            jobs[i].nonzero = crypto_scalarmult_curve25519_base(jobs[i].shared, jobs[i].private_key) == 0;
        } else {
            jobs[i].nonzero = exchange_plain(jobs[i].shared, jobs[i].private_key, jobs[i].public_key);
        }
    }
    memory_wipe_stack();
}

bool x25519(uint8_t shared[static 32], const uint8_t private_key[static 32],
            const uint8_t public_key[static 32])
{
    struct x25519_job job = {.private_key = private_key, .public_key = public_key};

    job.shared = shared;
    x25519_batch(&job, 1);
    return job.nonzero;
}

void x25519_base(uint8_t public_key[static 32], const uint8_t private_key[static 32])
{
    /* Cannot fail: the base point has prime order and no clamped scalar is a multiple of it. */
    (void)!x25519(public_key, private_key, x25519_base_point);
}

void x25519_clamp(uint8_t private_key[static 32])
{
    private_key[0] &= 248;
    private_key[31] &= 127;
    private_key[31] |= 64;
}

#if defined(__x86_64__)
/* Eight lanes take less than twice the time of four, and four less than the library for one. */
static void batch_avx512(struct x25519_job *jobs, size_t count)
{
    size_t rest = count % 8;

    if (rest > 4)
        rest = 0;
    x25519_avx512_batch(jobs, count - rest);
    x25519_avx512_half_batch(jobs + count - rest, rest);
}

/* Four lanes take less than twice the time of the library for one. */
static void batch_avx2(struct x25519_job *jobs, size_t count)
{
    size_t rest = count % 4 == 1;

    x25519_avx2_batch(jobs, count - rest);
    batch_plain(jobs + count - rest, rest);
}
#endif

void x25519_batch(struct x25519_job *jobs, size_t count)
{
    switch (processor_step()) {
#if defined(__x86_64__)
    case PROCESSOR_AVX512:
        batch_avx512(jobs, count);
        return;
    case PROCESSOR_AVX2:
        batch_avx2(jobs, count);
        return;
#endif
    default:
        batch_plain(jobs, count);
    }
}
