/* SPDX-License-Identifier: MIT
 *
 * How many ICMP errors may be sent: one per second to each destination, and 1000 per second with bursts
 * of 50 in all (routing §4), as the kernel's own defaults have it.
 *
 * A small table remembers the destinations of the last second; a crowded table forgets the oldest of
 * four, so a flood over many addresses is held by the common limit alone.
 *
 * Threads: any worker may ask at any time. Who finds the table busy is refused: an error not sent is no
 * harm, a worker that waits is. Units: nanoseconds of one monotonic clock. Nothing here fails.
 */
#ifndef DAEMON_ICMP_LIMIT_H
#define DAEMON_ICMP_LIMIT_H

#include "vole.h"

#include <stdatomic.h>

#define ICMP_LIMIT_SETS  64
#define ICMP_LIMIT_WAYS  4
#define ICMP_LIMIT_BURST 50

struct icmp_limit_entry {
    struct vole_address address; /* family 0: empty */
    uint64_t sent_ns;            /* when it last got an error */
};

struct icmp_limit {
    atomic_flag busy;
    uint64_t credit_ns; /* common credit; one error costs a millisecond */
    uint64_t counted_ns;
    uint32_t seed; /* so that nobody outside can aim at one set of the table */
    struct icmp_limit_entry entries[ICMP_LIMIT_SETS][ICMP_LIMIT_WAYS];
};

/* Starts with a full burst and no destination known. seed: any random number. */
void icmp_limit_init(struct icmp_limit *limit, uint64_t now_ns, uint32_t seed);

/* True if an error may be sent to this address now; it is then counted as sent. */
bool icmp_limit_allow(struct icmp_limit *limit, const struct vole_address *to, uint64_t now_ns);

#endif
