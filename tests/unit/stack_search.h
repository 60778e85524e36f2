/* SPDX-License-Identifier: MIT
 *
 * Looking for what a function left on the stack: it runs in a thread of its own, on a stack of our own, which
 * is searched for pieces of a secret afterwards. A test that uses it also shows that it can find something.
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

/* Makes the compiler believe that these bytes are used. */
static inline void keep(void *bytes)
{
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

/* Runs one primitive so deep in the stack that the thread's own end does not write over what it left. */
static inline void *thread_run(void *primitive)
{
    uint8_t depth[65536];

    keep(depth);
    (*(void (**)(void))primitive)();
    keep(depth);
    return NULL;
}

/* The stack of a thread that has run primitive and ended; the caller unmaps it. */
static inline uint8_t *stack_after(void (*primitive)(void))
{
    uint8_t *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attributes;
    pthread_t thread;

    assert_ptr_not_equal(stack, MAP_FAILED);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attributes, thread_run, &primitive), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    return stack;
}

static inline bool stack_contains(const uint8_t *stack, const uint8_t secret[static 32])
{
    for (size_t i = 0; i + WINDOW_BYTES <= 32; i++) {
        if (memmem(stack, STACK_BYTES, secret + i, WINDOW_BYTES))
            return true;
    }
    return false;
}

/* The same for a secret that vector code had in several lanes, all alike and beside each other: then each of
 * its words stands twice in a row. */
static inline bool stack_contains_lanes(const uint8_t *stack, const uint8_t secret[static 32])
{
    for (size_t word = 0; word < 8; word++) {
        uint8_t twice[8];

        memcpy(twice, secret + 4 * word, 4);
        memcpy(twice + 4, secret + 4 * word, 4);
        if (memmem(stack, STACK_BYTES, twice, sizeof twice))
            return true;
    }
    return false;
}

#endif
