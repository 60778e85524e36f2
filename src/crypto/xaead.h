/* SPDX-License-Identifier: MIT
 *
 * XAEAD of protocol §1: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), used for cookie replies only.
 *
 * Like aead.h, but with a nonce of 24 random bytes instead of a counter: long enough to be drawn blindly
 * for each message under a key that lives for years. What aead.h says about lengths, aliasing, NULL and
 * buffers that failed to open holds here as well.
 */
#ifndef CRYPTO_XAEAD_H
#define CRYPTO_XAEAD_H

#include "crypto/aead.h"

#define XAEAD_NONCE_BYTES 24

/* Seals length bytes of plaintext into length + AEAD_TAG_BYTES. Cannot fail. */
void xaead_seal(uint8_t *sealed, const uint8_t *plaintext, size_t length, const uint8_t *data,
                size_t data_length, const uint8_t nonce[static XAEAD_NONCE_BYTES],
                const uint8_t key[static AEAD_KEY_BYTES]);

/* Opens sealed_length bytes into sealed_length - AEAD_TAG_BYTES. False if too short or not authentic. */
VOLE_MUST_CHECK bool xaead_open(uint8_t *plaintext, const uint8_t *sealed, size_t sealed_length,
                                const uint8_t *data, size_t data_length,
                                const uint8_t nonce[static XAEAD_NONCE_BYTES],
                                const uint8_t key[static AEAD_KEY_BYTES]);

#endif
