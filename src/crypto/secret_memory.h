/* SPDX-License-Identifier: MIT
 *
 * Memory for what holds secrets: keys, handshakes, peers. It lies in pages of its own, apart from packets and
 * text, which are locked, so that they are never written to a swap, and left out of dumps, where the system
 * has and grants that. Freed objects are wiped; pages that hold none go back to the system.
 *
 * Objects of one length lie together, in blocks of 64 KiB of addresses, of which only what is used takes
 * memory. Pages are not taken away from a child (MADV_WIPEONFORK): a program with libvole may go to the
 * background after it has made its devices. One thread at a time; the caller (core/device.h) has one for each
 * device. With a sanitizer built in, each object is an allocation by itself, so that it sees what is used
 * after it was freed.
 */
#ifndef CRYPTO_SECRET_MEMORY_H
#define CRYPTO_SECRET_MEMORY_H

#include "vole.h"

struct secret_memory;

/* NULL: no memory. */
VOLE_MUST_CHECK struct secret_memory *secret_memory_open(void);
/* Everything in it has been freed. NULL is allowed. */
void secret_memory_close(struct secret_memory *memory);
/* length zeros, aligned to 16, and to 64 if length is a multiple of that; at most 32 KiB, of at most 8
 * different lengths. NULL: no memory. */
VOLE_MUST_CHECK void *secret_memory_new(struct secret_memory *memory, size_t length);
/* Wipes it first. NULL is allowed. */
void secret_memory_free(void *bytes);

/* Whether all of it is locked, so far. */
bool secret_memory_locked(const struct secret_memory *memory);
/* What it takes at most, with all that is free in its blocks. */
size_t secret_memory_bytes(const struct secret_memory *memory);

#endif
