/* SPDX-License-Identifier: MIT
 *
 * The kernels behind x25519_batch() and x25519(): the same contract (x25519.h), each only where
 * processor_step() has reached its step. For x25519.c, tests and benchmarks.
 *
 * A kernel takes any number of jobs and does them in groups as wide as its vectors; a group that is not full
 * costs as much as a full one. It needs no memory but its stack, which it wipes of everything derived from a
 * private key, and takes time and addresses that depend on count alone.
 */
#ifndef CRYPTO_X25519_KERNELS_H
#define CRYPTO_X25519_KERNELS_H

#include "crypto/x25519.h"

/* Four lanes of AVX2. */
void x25519_avx2_batch(struct x25519_job *jobs, size_t count);
/* Eight lanes of AVX-512 with IFMA. */
void x25519_avx512_batch(struct x25519_job *jobs, size_t count);
/* The same in registers of half the width, four lanes: the quickest for few. */
void x25519_avx512_half_batch(struct x25519_job *jobs, size_t count);

#endif
