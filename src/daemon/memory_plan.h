/* SPDX-License-Identifier: MIT
 *
 * How the memory that voled may use is divided (docs/memory.md). Without a limit every queue and table has
 * the bound that its own file says; with one (--memory-limit) they are sized so that all of them, filled at
 * the same time, fit.
 *
 * What is limited is what both processes can write: heap, buffers, stacks. Not in it: the pages of programs
 * and libraries, which many share and the kernel can drop, and what the kernel keeps on our behalf; of that,
 * the sockets' queues are sized here, too.
 * The kernel holds each process to its part (memory_plan_wall), so what is reckoned wrong here ends in a
 * refused allocation, never in more memory. One thread, at start.
 */
#ifndef DAEMON_MEMORY_PLAN_H
#define DAEMON_MEMORY_PLAN_H

#include "daemon/options.h"

struct memory_plan {
    uint64_t limit;           /* bytes of both processes; 0: none */
    uint64_t parent, engine;  /* their parts of it, without the stacks of main threads */
    unsigned workers;         /* how many there can be */
    unsigned receive_buffers; /* of a worker, of 64 KiB each; 0: the usual */
    size_t staged_bytes;      /* packets that wait for a session */
    size_t peer_bytes;        /* peers and allowed IPs; 0: no bound */
    size_t request_bytes;     /* configuration requests, all together */
    unsigned clients;         /* of the configuration socket */
    uint32_t sources;         /* remembered under load */
    int socket_bytes;         /* the kernel's queue, one way, of each UDP socket */
};

#define MEMORY_PLAN_TEXT_BYTES 24

/* Divides options->memory_limit among so many workers, or, if that is `any`, fewer. 0; -ENOMEM: it is too
 * little for that. */
VOLE_MUST_CHECK int memory_plan_make(struct memory_plan *plan, uint64_t limit, unsigned workers, bool fewer);
/* The least limit that so many workers can start with. */
uint64_t memory_plan_least(unsigned workers);
/* How many peers with one allowed IP each the plan has room for; 0: only their number is limited. */
size_t memory_plan_peers(const struct memory_plan *plan);
/* "32 MiB", for people; to the next lower tenth. */
const char *memory_plan_text(char text[static MEMORY_PLAN_TEXT_BYTES], uint64_t bytes);
/* From now on the kernel gives this process no more writable memory than that; 0: as before. */
VOLE_MUST_CHECK int memory_plan_wall(uint64_t bytes);

#endif
