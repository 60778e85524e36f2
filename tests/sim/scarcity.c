/* SPDX-License-Identifier: MIT
 *
 * In the place of the C library's allocations: the linker's option wrap gives these functions the library's
 * calls.
 */
#include "scarcity.h"

#include "random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Names that the linker makes. */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void *__real_mmap64(void *where, size_t bytes, int protection, int flags, int file, off_t offset);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_mmap64(void *where, size_t bytes, int protection, int flags, int file, off_t offset);

static struct {
    struct random_source random;
    uint32_t per_million;
    uint64_t refused;
} scarcity;

void scarcity_init(uint64_t seed)
{
    random_init(&scarcity.random, seed, 4);
    scarcity.per_million = 0;
    scarcity.refused = 0;
}

void scarcity_set(uint32_t per_million)
{
    scarcity.per_million = per_million;
}

uint64_t scarcity_refused(void)
{
    return scarcity.refused;
}

static bool refuses(void)
{
    bool refused = scarcity.per_million > 0 && random_chance(&scarcity.random, scarcity.per_million);

    scarcity.refused += refused;
    return refused;
}

void *__wrap_malloc(size_t bytes)
{
    return refuses() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return refuses() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    return refuses() ? NULL : __real_realloc(old, bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return refuses() ? NULL : __real_aligned_alloc(alignment, bytes);
}

void *__wrap_mmap64(void *where, size_t bytes, int protection, int flags, int file, off_t offset)
{
    if (!refuses())
        return __real_mmap64(where, bytes, protection, flags, file, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}
