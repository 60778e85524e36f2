/* SPDX-License-Identifier: MIT
 *
 * See siphash.h.
 */
#include "crypto/siphash.h"

#include "crypto/little_endian.h"

#include <assert.h>
#include <sodium.h>

static_assert(crypto_shorthash_siphash24_KEYBYTES == 16, "key size of SipHash");
static_assert(crypto_shorthash_siphash24_BYTES == 8, "output size of SipHash-2-4");

uint64_t siphash24(const uint8_t key[static 16], const uint8_t *bytes, size_t length)
{
    uint8_t hash[crypto_shorthash_siphash24_BYTES];

    crypto_shorthash_siphash24(hash, bytes, length, key);
    return little_endian_load64(hash);
}
