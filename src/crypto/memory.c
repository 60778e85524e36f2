/* SPDX-License-Identifier: MIT
 *
 * See memory.h.
 */
#include "crypto/memory.h"

#include <sodium.h>

void memory_wipe(void *bytes, size_t length)
{
    sodium_memzero(bytes, length);
}

bool memory_equal(const void *a, const void *b, size_t length)
{
    return sodium_memcmp(a, b, length) == 0;
}

bool memory_is_zero(const void *bytes, size_t length)
{
    return sodium_is_zero(bytes, length) == 1;
}
