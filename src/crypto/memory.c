/* SPDX-License-Identifier: MIT
 *
 * See memory.h.
 */
#include "crypto/memory.h"

#include <sodium.h>

/* More than the frames of a kernel (some 25 vectors of 64 bytes) or of the library. Without optimization each
 * inlined function adds its own variables. */
#ifdef __OPTIMIZE__
#define STACK_BYTES 4096
#else
#define STACK_BYTES 65536
#endif

/* On aarch64 pieces of what was copied last are still in vector registers when a secret is wiped. From there
 * the C library saves them for a variable of a thread, and any function with "..." in its arguments, which
 * has room for eight of them in its frame. */
#if defined(__aarch64__) && defined(__has_attribute)
#if __has_attribute(zero_call_used_regs)
#define MEMORY_CLEARS_REGISTERS __attribute__((zero_call_used_regs("all")))
#endif
#endif
#ifndef MEMORY_CLEARS_REGISTERS
#define MEMORY_CLEARS_REGISTERS
#endif

MEMORY_CLEARS_REGISTERS void memory_wipe(void *bytes, size_t length)
{
    sodium_memzero(bytes, length);
    __asm__ volatile("" : : : "memory"); /* there is something to come back for */
}

MEMORY_CLEARS_REGISTERS __attribute__((noinline)) void memory_wipe_stack(void)
{
    uint8_t frames[STACK_BYTES];

    memory_wipe(frames, sizeof(frames));
}

bool memory_equal(const void *a, const void *b, size_t length)
{
    return sodium_memcmp(a, b, length) == 0;
}

bool memory_is_zero(const void *bytes, size_t length)
{
    return sodium_is_zero(bytes, length) == 1;
}
