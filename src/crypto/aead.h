/* SPDX-License-Identifier: MIT
 *
 * AEAD of protocol §1: ChaCha20-Poly1305 (RFC 8439) with the nonce made from a counter: four zero bytes,
 * then the counter as 64 bits little endian. A sealed message is its ciphertext and a tag of 16 bytes.
 *
 * A counter is used once per key; who hands them out is the caller's business. Lengths are bytes, below
 * 2^38 - 64. Opening checks the tag first and in constant time.
 *
 * A buffer that failed to open is lost: whatever is in it then (zeros, ciphertext, or something between) is
 * not defined, also when it was opened in place. Keep a copy if the ciphertext is still wanted.
 *
 * Batches are many packets under one key, in place and without additional data: the data path's only way
 * in. Their order does not matter, a batch of none is allowed, and one forged packet harms no other.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "vole.h"

#define AEAD_KEY_BYTES 32
#define AEAD_TAG_BYTES 16

/* One packet of a batch. The caller owns the bytes; they must not overlap another packet's. */
struct aead_packet {
    uint8_t *bytes;   /* seal: plaintext, then room for the tag; open: ciphertext, then the tag */
    size_t length;    /* of the plaintext, which is that of the ciphertext: without the tag */
    uint64_t counter; /* the nonce */
    bool authentic;   /* written by aead_open_batch(): bytes now begin with the plaintext */
};

/* Seals length bytes of plaintext (may be NULL if 0) and authenticates data (may be NULL if 0). sealed
 * takes length + AEAD_TAG_BYTES and either equals plaintext or does not overlap it. Cannot fail. */
void aead_seal(uint8_t *sealed, const uint8_t *plaintext, size_t length, const uint8_t *data,
               size_t data_length, uint64_t counter, const uint8_t key[static AEAD_KEY_BYTES]);

/* Opens sealed_length bytes (ciphertext and tag) into plaintext, which takes sealed_length - AEAD_TAG_BYTES
 * (may be NULL if that is 0) and either equals sealed or does not overlap it. False if sealed is shorter
 * than a tag or the tag, the data, the counter or the key is not the one sealed with; plaintext is then
 * lost (see above). */
VOLE_MUST_CHECK bool aead_open(uint8_t *plaintext, const uint8_t *sealed, size_t sealed_length,
                               const uint8_t *data, size_t data_length, uint64_t counter,
                               const uint8_t key[static AEAD_KEY_BYTES]);

/* Seals count packets under one key: each as aead_seal() in place without data. */
void aead_seal_batch(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES]);

/* Opens count packets under one key: each as aead_open() in place without data. Says in authentic of each
 * whether it opened, and returns how many did. */
size_t aead_open_batch(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES]);

#endif
