/* SPDX-License-Identifier: MIT
 *
 * Grace periods: how the control thread frees what a worker may still be reading.
 *
 * Workers read published tables and keypairs without locks. Control unpublishes a thing, hands it to
 * grace_retire(), and it is freed only after every worker has been offline once, as it is around each look
 * for packets (grace_offline). Built on liburcu's QSBR flavour, where that costs a worker two stores per
 * round. Nothing else in the program sees liburcu.
 *
 * Threads: grace_thread_*, grace_offline and grace_online belong to workers;
 * a struct grace and everything that takes one belongs to control, which is never a reader itself.
 * ThreadSanitizer cannot see into liburcu, so the order it guarantees is told to it here.
 */
#ifndef DAEMON_GRACE_H
#define DAEMON_GRACE_H

#include <stddef.h>

#define GRACE_BATCH 256 /* so many retired things wait at most; the next one waits for a grace period */

struct grace_entry {
    void *pointer;
    void (*release)(void *pointer);
};

struct grace {
    struct grace_entry retired[GRACE_BATCH];
    size_t count;
};

/* A worker thread starts reading (it is online then) and ends reading for good. */
void grace_thread_enter(void);
void grace_thread_leave(void);

/* Around a wait: from offline to online the worker holds no published pointer and need not report. */
void grace_offline(void);
void grace_online(void);

/* Starts with an empty list. */
void grace_init(struct grace *grace);

/* Calls release(pointer) once no worker can still be reading it: at a later grace_collect, or, when the
 * list is full, before this returns. Never fails. */
void grace_retire(struct grace *grace, void *pointer, void (*release)(void *pointer));

/* Waits until every worker has been offline (microseconds: workers never block while
 * online), then releases everything retired so far. Nothing retired: returns at once. */
void grace_collect(struct grace *grace);

/* Waits for every worker as grace_collect does, for things that are not on a list. */
void grace_wait(void);

#endif
