/* SPDX-License-Identifier: MIT
 *
 * Locks that are held for a few hundred nanoseconds. Who has to wait longer offers the processor to whoever
 * holds it, which on a machine with one processor is the only way on.
 */
#ifndef CORE_SPIN_H
#define CORE_SPIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <threads.h>

static inline void spin_wait(unsigned *turns)
{
    if (++*turns % 64 == 0)
        thrd_yield();
}

static inline bool spin_try_lock(atomic_flag *flag)
{
    return !atomic_flag_test_and_set_explicit(flag, memory_order_acquire);
}

static inline void spin_lock(atomic_flag *flag)
{
    unsigned turns = 0;

    while (!spin_try_lock(flag))
        spin_wait(&turns);
}

static inline void spin_unlock(atomic_flag *flag)
{
    atomic_flag_clear_explicit(flag, memory_order_release);
}

#endif
