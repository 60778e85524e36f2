/* SPDX-License-Identifier: MIT
 *
 * Secrets in pages of their own: see secret_memory.h. A block's address is a multiple of its size, so the
 * block of an object is found from its address. Objects that were never used are taken in order, so that a
 * block touches no more pages than it must; those that were freed form a list through their first word, and
 * go first.
 */
#include "crypto/secret_memory.h"

#include "crypto/memory.h"

#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define BLOCK_BYTES ((size_t)64 * 1024)
#define ALIGNMENT   16
#define LENGTHS     8
#define LOCK_LATER  1u /* MLOCK_ONFAULT: a page is locked when it is first touched */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OBJECTS_ALONE true
#elif defined(__has_feature)
#define OBJECTS_ALONE (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define OBJECTS_ALONE false
#endif

struct freed {
    struct freed *next;
};

/* At its beginning; objects follow. Linked while one more fits. */
struct block {
    struct secret_memory *memory;
    struct block *previous, *next;
    struct freed *freed;
    uint32_t length; /* of an object */
    uint32_t fresh;  /* where the first that was never used begins */
    uint32_t live;
    uint32_t kind; /* of the lengths */
};

#define FIRST_OBJECT 64

_Static_assert(sizeof(struct block) <= FIRST_OBJECT, "the objects' alignment");

struct secret_memory {
    struct block *open[LENGTHS]; /* with room */
    uint32_t lengths[LENGTHS];   /* 0: not used yet */
    size_t blocks;
    bool unlocked; /* some of it */
};

/* ---- blocks ---- */

#ifdef __linux__
static void *pages_new(void)
{
    void *mapped = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uintptr_t from, aligned;

    if (mapped == MAP_FAILED || (uintptr_t)mapped % BLOCK_BYTES == 0)
        return mapped == MAP_FAILED ? NULL : mapped;
    (void)munmap(mapped, BLOCK_BYTES);
    mapped = mmap(NULL, 2 * BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return NULL;
    from = (uintptr_t)mapped;
    aligned = (from + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    if (aligned > from)
        (void)munmap(mapped, aligned - from);
    if (aligned < from + BLOCK_BYTES)
        (void)munmap((char *)mapped + (aligned - from) + BLOCK_BYTES, from + BLOCK_BYTES - aligned);
    return (char *)mapped + (aligned - from);
}

static void pages_free(void *pages)
{
    (void)munmap(pages, BLOCK_BYTES);
}

/* Whether they are locked. */
static bool pages_protect(void *pages)
{
    (void)madvise(pages, BLOCK_BYTES, MADV_DONTDUMP);
#ifdef SYS_mlock2
    return syscall(SYS_mlock2, pages, BLOCK_BYTES, LOCK_LATER) == 0;
#else
    return false;
#endif
}
#else
static void *pages_new(void)
{
    void *pages = aligned_alloc(BLOCK_BYTES, BLOCK_BYTES);

    if (pages != NULL)
        memset(pages, 0, BLOCK_BYTES);
    return pages;
}

static void pages_free(void *pages)
{
    free(pages);
}

static bool pages_protect(void *pages)
{
    (void)pages;
    return false;
}
#endif

static void block_link(struct block *block)
{
    struct block **first = &block->memory->open[block->kind];

    block->previous = NULL;
    block->next = *first;
    if (*first != NULL)
        (*first)->previous = block;
    *first = block;
}

static void block_unlink(struct block *block)
{
    if (block->previous != NULL)
        block->previous->next = block->next;
    else
        block->memory->open[block->kind] = block->next;
    if (block->next != NULL)
        block->next->previous = block->previous;
}

static bool block_is_full(const struct block *block)
{
    return block->freed == NULL && block->fresh + block->length > BLOCK_BYTES;
}

static struct block *block_new(struct secret_memory *memory, uint32_t kind)
{
    struct block *block = pages_new();

    if (block == NULL)
        return NULL;
    memory->unlocked = !pages_protect(block) || memory->unlocked;
    block->memory = memory;
    block->kind = kind;
    block->length = memory->lengths[kind];
    block->fresh = FIRST_OBJECT;
    memory->blocks++;
    block_link(block);
    return block;
}

static void block_free(struct block *block)
{
    block_unlink(block);
    block->memory->blocks--;
    pages_free(block);
}

/* ---- objects alone, for sanitizers ---- */

static void *alone_new(size_t length)
{
    size_t whole = (FIRST_OBJECT + length + FIRST_OBJECT - 1) / FIRST_OBJECT * FIRST_OBJECT;
    char *bytes = aligned_alloc(FIRST_OBJECT, whole);

    if (bytes == NULL)
        return NULL;
    memset(bytes, 0, whole);
    memcpy(bytes, &length, sizeof length);
    return bytes + FIRST_OBJECT;
}

static void alone_free(void *bytes)
{
    char *whole = (char *)bytes - FIRST_OBJECT;
    size_t length;

    memcpy(&length, whole, sizeof length);
    memory_wipe(bytes, length);
    free(whole);
}

/* ---- objects ---- */

/* Which of the lengths, LENGTHS: there are too many. */
static uint32_t kind_of(struct secret_memory *memory, uint32_t length)
{
    uint32_t kind = 0;

    while (kind < LENGTHS && memory->lengths[kind] != length && memory->lengths[kind] != 0)
        kind++;
    if (kind < LENGTHS)
        memory->lengths[kind] = length;
    return kind;
}

struct secret_memory *secret_memory_open(void)
{
    struct secret_memory *memory = calloc(1, sizeof *memory);

    if (memory != NULL)
        memory->unlocked = OBJECTS_ALONE;
    return memory;
}

/* Blocks that are full are in no list: their objects have been freed, so there are none. */
void secret_memory_close(struct secret_memory *memory)
{
    if (memory == NULL)
        return;
    for (uint32_t kind = 0; kind < LENGTHS; kind++)
        while (memory->open[kind] != NULL)
            block_free(memory->open[kind]);
    free(memory);
}

void *secret_memory_new(struct secret_memory *memory, size_t length)
{
    uint32_t rounded = (uint32_t)((length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    uint32_t kind;
    struct block *block;
    void *bytes;

    if (OBJECTS_ALONE)
        return alone_new(length);
    if (length == 0 || length > BLOCK_BYTES / 2 || (kind = kind_of(memory, rounded)) == LENGTHS)
        return NULL;
    block = memory->open[kind] != NULL ? memory->open[kind] : block_new(memory, kind);
    if (block == NULL)
        return NULL;
    if (block->freed != NULL) {
        bytes = block->freed;
        block->freed = block->freed->next;
        memset(bytes, 0, sizeof(struct freed)); /* the rest was wiped */
    } else {
        bytes = (char *)block + block->fresh;
        block->fresh += block->length;
    }
    block->live++;
    if (block_is_full(block))
        block_unlink(block);
    return bytes;
}

void secret_memory_free(void *bytes)
{
    struct block *block;
    struct freed *freed = bytes;

    if (bytes == NULL)
        return;
    if (OBJECTS_ALONE) {
        alone_free(bytes);
        return;
    }
    block = (struct block *)((char *)bytes - (uintptr_t)bytes % BLOCK_BYTES);
    memory_wipe(bytes, block->length);
    if (block_is_full(block))
        block_link(block);
    freed->next = block->freed;
    block->freed = freed;
    block->live--;
    /* The last one stays, for who frees and makes the same again and again. */
    if (block->live == 0 && (block->previous != NULL || block->next != NULL))
        block_free(block);
}

bool secret_memory_locked(const struct secret_memory *memory)
{
    return !memory->unlocked;
}

size_t secret_memory_bytes(const struct secret_memory *memory)
{
    return memory->blocks * BLOCK_BYTES;
}
