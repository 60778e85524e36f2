/* SPDX-License-Identifier: MIT
 *
 * Handling secret memory: wiping it for good, and looking at it without a clock telling what was seen.
 *
 * Whoever owns a secret wipes it in the one function that ends its life. The comparisons take the same
 * time whatever the bytes are; only the length may leak. MACs, keys and shared secrets are compared with
 * these and never with memcmp().
 */
#ifndef CRYPTO_MEMORY_H
#define CRYPTO_MEMORY_H

#include "vole.h"

/* Sets length bytes to zero; the compiler cannot drop it as a dead store. */
void memory_wipe(void *bytes, size_t length);
/* Wipes the stack below the caller, where functions that it called had their frames: registers that were too
 * few, and what the cryptographic library, whose portable code wipes only its variables, had in them. */
void memory_wipe_stack(void);
/* Whether length bytes at a and b are the same, in constant time. Nothing equals nothing. */
VOLE_MUST_CHECK bool memory_equal(const void *a, const void *b, size_t length);
/* Whether length bytes are all zero, in constant time. True for none. */
VOLE_MUST_CHECK bool memory_is_zero(const void *bytes, size_t length);

#endif
