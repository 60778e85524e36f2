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

void memory_wipe(void *bytes, size_t length)
{
    sodium_memzero(bytes, length);
}

/* On aarch64 pieces of what was copied last are still in vector registers then, and the C library saves
 * those, for a variable of a thread. */
#if defined(__aarch64__) && defined(__has_attribute)
#if __has_attribute(zero_call_used_regs)
__attribute__((zero_call_used_regs("all")))
#endif
#endif
__attribute__((noinline)) void
memory_wipe_stack(void)
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
