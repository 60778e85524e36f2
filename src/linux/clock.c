/* SPDX-License-Identifier: MIT
 *
 * Reading the host's clocks.
 */
#include "linux/clock.h"

#include <time.h>

#define NANOSECONDS_PER_SECOND 1000000000u

static uint64_t clock_nanoseconds(clockid_t clock)
{
    struct timespec time = {0};

    /* These clocks exist since Linux 2.6.39 and the pointer is good: it cannot fail. */
    (void)clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * NANOSECONDS_PER_SECOND + (uint64_t)time.tv_nsec;
}

void clock_now(struct vole_time *now)
{
    struct timespec real = {0};

    now->monotonic_ns = clock_nanoseconds(CLOCK_MONOTONIC);
    now->boot_ns = clock_nanoseconds(CLOCK_BOOTTIME);
    (void)clock_gettime(CLOCK_REALTIME, &real);
    now->real_s = (uint64_t)real.tv_sec;
    now->real_ns = (uint32_t)real.tv_nsec;
}
