/* SPDX-License-Identifier: MIT
 *
 * The batch kernels behind aead_seal_batch() and aead_open_batch(): the same contract (aead.h), each only
 * where processor_step() has reached its step. For aead.c, tests and benchmarks.
 *
 * A kernel takes any number of packets of any lengths, mixed, at any alignment. It reads and writes nothing
 * outside bytes[0 .. length + AEAD_TAG_BYTES), needs no memory but its stack, which it wipes of everything
 * derived from the key, and takes time and addresses that depend on lengths and counts alone. A packet that
 * fails to open is lost, as aead.h says.
 */
#ifndef CRYPTO_AEAD_KERNELS_H
#define CRYPTO_AEAD_KERNELS_H

#include "crypto/aead.h"

void aead_avx2_seal(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES]);
size_t aead_avx2_open(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES]);
void aead_avx512_seal(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES]);
size_t aead_avx512_open(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES]);

#endif
