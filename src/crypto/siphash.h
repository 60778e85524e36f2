/* SPDX-License-Identifier: MIT
 *
 * SipHash-2-4: a short keyed hash for tables whose keys strangers choose, so that they cannot choose
 * collisions. The key is drawn at random once per table and is a secret of the process.
 */
#ifndef CRYPTO_SIPHASH_H
#define CRYPTO_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* The hash of length bytes (NULL if 0) as a number; the same on every host. */
uint64_t siphash24(const uint8_t key[static 16], const uint8_t *bytes, size_t length);

#endif
