/* SPDX-License-Identifier: MIT
 *
 * Looking for what a function left on the stack: it runs in a thread of its own, on a stack of our own, which
 * is searched afterwards: for pieces of a secret, or, without asking what may have become of it, for bytes
 * that are others when the secret is another. A test that uses it also shows that it can find something.
 */
#ifndef STACK_SEARCH_H
#define STACK_SEARCH_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define STACK_BYTES  ((size_t)512 * 1024)
#define WINDOW_BYTES 8
#define DEPTH_BYTES  ((size_t)65536)

/* Makes the compiler believe that these bytes are used. */
static inline void keep(void *bytes)
{
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

/* Runs one primitive so deep in the stack that the thread's own end does not write over what it left. */
static inline void *thread_run(void *primitive)
{
    uint8_t depth[DEPTH_BYTES];

    keep(depth);
    (*(void (**)(void))primitive)();
    keep(depth);
    return NULL;
}

static inline uint8_t *stack_new(void)
{
    uint8_t *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(stack, MAP_FAILED);
    return stack;
}

/* Lets a thread run primitive on this stack, and end. */
static inline void stack_use(uint8_t *stack, void (*primitive)(void))
{
    pthread_attr_t attributes;
    pthread_t thread;

    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attributes, thread_run, &primitive), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
}

/* The stack of a thread that has run primitive and ended; the caller unmaps it. */
static inline uint8_t *stack_after(void (*primitive)(void))
{
    uint8_t *stack = stack_new();

    stack_use(stack, primitive);
    return stack;
}

/* How many bytes primitive leaves that depend on a secret, of which choose() sets one or the other, and
 * nothing else, before each run. The first run is for what is done once. What is above primitive is the
 * thread's own. */
static inline size_t stack_dependence(void (*choose)(unsigned secret), void (*primitive)(void))
{
    uint8_t *stacks[2] = {stack_new(), stack_new()};
    size_t different = 0;

    for (unsigned run = 0; run < 3; run++) {
        memset(stacks[0], 0, STACK_BYTES);
        choose(run / 2);
        stack_use(stacks[0], primitive);
        if (run == 1)
            memcpy(stacks[1], stacks[0], STACK_BYTES);
    }
    for (size_t i = 0; i < STACK_BYTES - DEPTH_BYTES; i++)
        different += stacks[0][i] != stacks[1][i];
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(munmap(stacks[i], STACK_BYTES), 0);
    return different;
}

static inline bool stack_contains_bytes(const uint8_t *stack, const uint8_t secret[static 32])
{
    for (size_t i = 0; i + WINDOW_BYTES <= 32; i++) {
        if (memmem(stack, STACK_BYTES, secret + i, WINDOW_BYTES))
            return true;
    }
    return false;
}

/* The little-endian words of a secret as this machine keeps the numbers that they are. */
static inline void stack_words(uint8_t words[static 32], const uint8_t secret[static 32])
{
    for (size_t i = 0; i < 32; i += 4) {
        const uint32_t word = (uint32_t)secret[i] | (uint32_t)secret[i + 1] << 8 |
                              (uint32_t)secret[i + 2] << 16 | (uint32_t)secret[i + 3] << 24;

        memcpy(words + i, &word, 4);
    }
}

/* As bytes, or, which is another thing where the byte order is another, as words. */
static inline bool stack_contains(const uint8_t *stack, const uint8_t secret[static 32])
{
    uint8_t words[32];

    stack_words(words, secret);
    return stack_contains_bytes(stack, secret) || stack_contains_bytes(stack, words);
}

/* The same for a secret that vector code had in several lanes, all alike and beside each other: then each of
 * its words stands twice in a row. */
static inline bool stack_contains_lanes(const uint8_t *stack, const uint8_t secret[static 32])
{
    uint8_t words[32];

    stack_words(words, secret);
    for (size_t word = 0; word < 8; word++) {
        uint8_t twice[8];

        memcpy(twice, words + 4 * word, 4);
        memcpy(twice + 4, words + 4 * word, 4);
        if (memmem(stack, STACK_BYTES, twice, sizeof twice))
            return true;
    }
    return false;
}

#endif
