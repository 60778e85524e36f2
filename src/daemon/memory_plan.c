/* SPDX-License-Identifier: MIT
 *
 * The division: see memory_plan.h. First what is needed whatever the limit, then what each worker needs, and
 * what is left goes half to peers, the rest to what waits or is remembered for a while.
 */
#include "daemon/memory_plan.h"

#include "core/constants.h"
#include "core/handshake_queue.h"
#include "core/load.h"
#include "core/room.h"
#include "daemon/grace.h"
#include "daemon/uapi_server.h"
#include "daemon/worker_state.h"
#include "linux/sanitizer.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)

/* With other C libraries than Debian 12's it may be more: that takes half of it. */
#define PROGRAM_BYTES  (1 * MIB)   /* of each process: its data, the C library's, small allocations */
#define STACK_BYTES    (256 * KIB) /* of each main thread */
#define KEEPER_BYTES   (384 * KIB) /* the parent's second thread: stack, and a heap of its own */
#define CLIENT_BYTES   (40 * KIB)  /* its state, and a piece of an answer */
#define FEW_CLIENTS    16u
#define FEW_BUFFERS    4u
#define LEAST_STAGED   (128 * KIB)
#define LEAST_REQUESTS (384 * KIB)
#define LEAST_SOURCES  (64 * KIB)
#define LEAST_PEERS    (512 * KIB)
#define SOCKET_BYTES   (7 * MIB)
#define LEAST_SOCKET   (208 * KIB)
#define MOST_BUFFERS   ((unsigned)WORKER_BUFFERS_MERGED)

static uint64_t at_least(uint64_t bytes, uint64_t least)
{
    return bytes > least ? bytes : least;
}

static uint64_t at_most(uint64_t bytes, uint64_t most)
{
    return bytes < most ? bytes : most;
}

/* Of one worker; while its sockets are exchanged, one worker at a time has two sets of buffers. */
static uint64_t buffer_bytes(unsigned buffers)
{
    return buffers * (UDP_BUFFER_BYTES + KIB) + 8 * KIB;
}

static uint64_t worker_bytes(unsigned workers, unsigned buffers)
{
    uint64_t each = sizeof(struct worker) + WORKER_STACK_BYTES + 16 * KIB + buffer_bytes(buffers);

    return workers * each + buffer_bytes(buffers);
}

static uint64_t parent_bytes(void)
{
    return PROGRAM_BYTES + KEEPER_BYTES;
}

/* Of the engine, whatever it has to do. */
static uint64_t fixed_bytes(void)
{
    return PROGRAM_BYTES + MAX_QUEUED_INCOMING_HANDSHAKES * sizeof(struct queued_handshake) +
           ROOM_SPARE_BYTES + FEW_CLIENTS * CLIENT_BYTES + LOAD_BUCKETS * sizeof(void *) +
           GRACE_BATCH * sizeof(struct keypair);
}

static uint64_t overhead(unsigned workers, unsigned buffers)
{
    return parent_bytes() + 2 * STACK_BYTES + fixed_bytes() + worker_bytes(workers, buffers);
}

static uint64_t least(unsigned workers, unsigned buffers)
{
    return overhead(workers, buffers) + LEAST_STAGED + LEAST_REQUESTS + LEAST_SOURCES + LEAST_PEERS;
}

uint64_t memory_plan_least(unsigned workers)
{
    return least(workers, FEW_BUFFERS);
}

static void plan_without_limit(struct memory_plan *plan, unsigned workers)
{
    *plan = (struct memory_plan){.workers = workers,
                                 .staged_bytes = STAGED_BYTES_DEFAULT,
                                 .request_bytes = UAPI_BUDGET_BYTES,
                                 .clients = UAPI_CLIENTS,
                                 .sources = LOAD_MAX_SOURCES,
                                 .socket_bytes = (int)SOCKET_BYTES};
}

/* As many as take no more than a quarter of it. */
static unsigned receive_buffers(uint64_t limit, unsigned workers)
{
    unsigned buffers = MOST_BUFFERS;

    while (buffers > FEW_BUFFERS &&
           (worker_bytes(workers, buffers) > limit / 4 || least(workers, buffers) > limit))
        buffers /= 2;
    return buffers;
}

/* What both directions of both families of all workers may keep in the kernel, an eighth of the limit: it
 * takes twice what it is told. */
static int socket_bytes(uint64_t limit, unsigned workers)
{
    return (int)at_least(at_most(limit / 16 / 4 / at_least(workers, 1), SOCKET_BYTES), LEAST_SOCKET);
}

int memory_plan_make(struct memory_plan *plan, uint64_t limit, unsigned workers, bool fewer)
{
    uint64_t rest, requests, sources;

    plan_without_limit(plan, workers);
    if (limit == 0)
        return 0;
    while (fewer && workers > 1 && memory_plan_least(workers) > limit / 2)
        workers--;
    if (memory_plan_least(workers) > limit)
        return -ENOMEM;
    plan->limit = limit;
    plan->workers = workers;
    plan->clients = FEW_CLIENTS;
    plan->receive_buffers = receive_buffers(limit, workers);
    plan->socket_bytes = socket_bytes(limit, workers);
    plan->parent = parent_bytes();
    plan->engine = limit - plan->parent - 2 * STACK_BYTES;
    rest = limit - overhead(workers, plan->receive_buffers);
    plan->staged_bytes = (size_t)at_most(at_least(rest / 8, LEAST_STAGED), STAGED_BYTES_DEFAULT);
    requests = at_most(at_least(rest / 4, LEAST_REQUESTS), UAPI_BUDGET_BYTES);
    sources = at_most(at_least(rest / 16, LEAST_SOURCES), LOAD_MAX_SOURCES * load_source_bytes());
    plan->request_bytes = (size_t)requests;
    plan->sources = (uint32_t)(sources / load_source_bytes());
    plan->peer_bytes =
        (size_t)at_most(rest - plan->staged_bytes - requests - sources, SIZE_MAX / 2); /* of 32 bits */
    return 0;
}

size_t memory_plan_peers(const struct memory_plan *plan)
{
    return plan->peer_bytes / (room_peer_bytes() + room_prefix_bytes());
}

const char *memory_plan_text(char text[static MEMORY_PLAN_TEXT_BYTES], uint64_t bytes)
{
    unsigned long long tenths = bytes * 10 / MIB;

    if (tenths % 10 == 0)
        (void)snprintf(text, MEMORY_PLAN_TEXT_BYTES, "%llu MiB", tenths / 10);
    else
        (void)snprintf(text, MEMORY_PLAN_TEXT_BYTES, "%llu.%llu MiB", tenths / 10, tenths % 10);
    return text;
}

int memory_plan_wall(uint64_t bytes)
{
    struct rlimit wall = {.rlim_cur = (rlim_t)bytes, .rlim_max = (rlim_t)bytes};

    if (bytes == 0 || sanitizer_built_in()) /* whose shadow is many times as large */
        return 0;
#ifdef M_MMAP_THRESHOLD
    /* Or what large requests leave behind would stay in the heap: the threshold grows with what is freed. */
    (void)mallopt(M_MMAP_THRESHOLD, (int)(128 * KIB));
#endif
    return setrlimit(RLIMIT_DATA, &wall) < 0 ? -errno : 0;
}
