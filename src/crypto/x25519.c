/* SPDX-License-Identifier: MIT
 *
 * See x25519.h. The library reports low-order keys before and zero results after the multiplication; in the
 * first case it writes nothing, in the second zeros, so the result is wiped here in both.
 */
#include "crypto/x25519.h"

#include "crypto/memory.h"

#include <assert.h>
#include <sodium.h>

static_assert(crypto_scalarmult_curve25519_BYTES == 32, "size of RFC 7748");
static_assert(crypto_scalarmult_curve25519_SCALARBYTES == 32, "size of RFC 7748");

const uint8_t x25519_base_point[32] = {9};

bool x25519(uint8_t shared[static 32], const uint8_t private_key[static 32],
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

void x25519_base(uint8_t public_key[static 32], const uint8_t private_key[static 32])
{
    /* Cannot fail: the base point has prime order and no clamped scalar is a multiple of it. */
    (void)crypto_scalarmult_curve25519_base(public_key, private_key);
}

void x25519_clamp(uint8_t private_key[static 32])
{
    private_key[0] &= 248;
    private_key[31] &= 127;
    private_key[31] |= 64;
}

void x25519_batch(struct x25519_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        jobs[i].nonzero = x25519(jobs[i].shared, jobs[i].private_key, jobs[i].public_key);
}
