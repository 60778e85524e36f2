/* SPDX-License-Identifier: MIT
 *
 * Grace periods over liburcu-qsbr: see grace.h.
 */
#include "daemon/grace.h"

#include <urcu-qsbr.h>

#if defined(__SANITIZE_THREAD__)
#define GRACE_TELL_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GRACE_TELL_SANITIZER 1
#endif
#endif

#ifdef GRACE_TELL_SANITIZER
#include <sanitizer/tsan_interface.h>

/* Every worker's last reads are released here; control acquires them before it frees. */
static char grace_order;

static void grace_reads_done(void)
{
    __tsan_release(&grace_order);
}

static void grace_reads_seen(void)
{
    __tsan_acquire(&grace_order);
}
#else
static void grace_reads_done(void)
{
}

static void grace_reads_seen(void)
{
}
#endif

void grace_thread_enter(void)
{
    urcu_qsbr_register_thread();
}

void grace_thread_leave(void)
{
    grace_reads_done();
    urcu_qsbr_unregister_thread();
}

void grace_offline(void)
{
    grace_reads_done();
    urcu_qsbr_thread_offline();
}

void grace_online(void)
{
    urcu_qsbr_thread_online();
}

void grace_init(struct grace *grace)
{
    grace->count = 0;
}

void grace_wait(void)
{
    urcu_qsbr_synchronize_rcu();
    grace_reads_seen();
}

void grace_collect(struct grace *grace)
{
    /* A release function may retire more: that waits for the next round. */
    struct grace_entry due[GRACE_BATCH];
    size_t count = grace->count;

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        due[i] = grace->retired[i];
    grace->count = 0;
    grace_wait();
    for (size_t i = 0; i < count; i++)
        due[i].release(due[i].pointer);
}

void grace_retire(struct grace *grace, void *pointer, void (*release)(void *pointer))
{
    if (grace->count == GRACE_BATCH)
        grace_collect(grace);
    grace->retired[grace->count].pointer = pointer;
    grace->retired[grace->count].release = release;
    grace->count++;
}
