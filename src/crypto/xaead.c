/* SPDX-License-Identifier: MIT
 *
 * See xaead.h.
 */
#include "crypto/xaead.h"

#include "crypto/memory.h"

#include <assert.h>
#include <sodium.h>

static_assert(XAEAD_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce size of XChaCha");
static_assert(AEAD_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key size of XChaCha");
static_assert(AEAD_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag size of XChaCha");

void xaead_seal(uint8_t *sealed, const uint8_t *plaintext, size_t length, const uint8_t *data,
                size_t data_length, const uint8_t nonce[static XAEAD_NONCE_BYTES],
                const uint8_t key[static AEAD_KEY_BYTES])
{
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, plaintext, length, data, data_length, NULL,
                                               nonce, key);
    memory_wipe_stack();
}

bool xaead_open(uint8_t *plaintext, const uint8_t *sealed, size_t sealed_length, const uint8_t *data,
                size_t data_length, const uint8_t nonce[static XAEAD_NONCE_BYTES],
                const uint8_t key[static AEAD_KEY_BYTES])
{
    bool authentic;

    if (sealed_length < AEAD_TAG_BYTES)
        return false;
    authentic = crypto_aead_xchacha20poly1305_ietf_decrypt(plaintext, NULL, NULL, sealed, sealed_length, data,
                                                           data_length, nonce, key) == 0;
    memory_wipe_stack();
    return authentic;
}
