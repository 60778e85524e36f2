/* SPDX-License-Identifier: MIT
 *
 * HMAC and KDFn of protocol §1: HKDF (RFC 5869) over HMAC (RFC 2104) over BLAKE2s with 32 bytes of output
 * and blocks of 64. HMAC here is the generic construction, not BLAKE2's own keyed mode.
 *
 * KDFn(key, input) yields t1..tn, where a longer list begins with the shorter one. Keys and outputs are
 * secrets of the caller; everything in between is wiped here.
 */
#ifndef CRYPTO_KDF_H
#define CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>

#define KDF_BYTES 32 /* of a chaining key and of each output */

/* HMAC(key, bytes) for any key length (above a block it is hashed first). Empty strings may be NULL; mac
 * may overlap key and bytes. */
void hmac_blake2s(uint8_t mac[static KDF_BYTES], const uint8_t *key, size_t key_length, const uint8_t *bytes,
                  size_t length);

/* KDF1..KDF3. The outputs may be the key or lie in the input, but not overlap each other; an output that
 * nobody wants may be NULL, and so may an empty input. */
void kdf1(uint8_t *t1, const uint8_t key[static KDF_BYTES], const uint8_t *input, size_t length);
void kdf2(uint8_t *t1, uint8_t *t2, const uint8_t key[static KDF_BYTES], const uint8_t *input, size_t length);
void kdf3(uint8_t *t1, uint8_t *t2, uint8_t *t3, const uint8_t key[static KDF_BYTES], const uint8_t *input,
          size_t length);

/* One KDF of a batch: the first outputs of t1..t3 are written; each may be NULL. */
struct kdf_job {
    const uint8_t *key, *input;
    uint8_t *t[3];
};

/* Each job as kdf1 (outputs 1), kdf2 or kdf3, all inputs being length bytes. The outputs of a job may be its
 * key or lie in its input, but in no other job's. */
void kdf_batch(const struct kdf_job *jobs, size_t count, unsigned outputs, size_t length);

#endif
