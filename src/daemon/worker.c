/* SPDX-License-Identifier: MIT
 *
 * The worker's life: made, fed, woken and stopped by control; and its loop, which waits for packets on
 * either side and hands them to worker_out.c and worker_in.c.
 */
#include "daemon/worker.h"

#include "daemon/grace.h"
#include "daemon/worker_state.h"
#include "linux/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/* What an event is about; from SOURCE_QUEUE on, the worker's queues of the TUN. */
enum source { SOURCE_WAKE, SOURCE_V4, SOURCE_V6, SOURCE_QUEUE };

#define SOURCES (SOURCE_QUEUE + WORKER_QUEUES)

static void clear_wake(struct worker *worker)
{
    uint64_t ignored;

    if (read(worker->wake, &ignored, sizeof ignored) < 0) {
        /* nothing was there: then there is nothing to clear */
    }
}

static void serve_socket(struct worker *worker, uint32_t source, const struct vole_time *now)
{
    const struct worker_sockets *sockets = atomic_load_explicit(&worker->sockets, memory_order_acquire);

    if (sockets != NULL)
        worker_in(worker, source == SOURCE_V4 ? sockets->udp.v4 : sockets->udp.v6, now);
}

static void serve_queues(struct worker *worker, const struct vole_time *now)
{
    if (worker->readable == 0 || worker_out(worker, now))
        return;
    for (unsigned i = 0; i < worker->settings.queue_count; i++)
        (void)epoll_ctl(worker->epoll, EPOLL_CTL_DEL, worker->settings.queues[i].fd, NULL);
    worker->settings.tun_gone(worker->settings.context);
}

/* First what came from the network: the host's answers to it may then be read in the same round. */
static void serve(struct worker *worker, const struct epoll_event *events, int count)
{
    struct vole_time now;

    clock_now(&now);
    worker->readable = 0;
    for (int i = 0; i < count; i++) {
        uint32_t source = events[i].data.u32;

        if (source == SOURCE_WAKE)
            clear_wake(worker);
        else if (source < SOURCE_QUEUE)
            serve_socket(worker, source, &now);
        else
            worker->readable |= UINT32_C(1) << (source - SOURCE_QUEUE);
    }
    serve_queues(worker, &now);
    worker_out_drain(worker, &now); /* packets staged behind a key that just came */
}

static void *run_worker(void *argument)
{
    struct worker *worker = argument;
    struct epoll_event events[SOURCES];

    grace_thread_enter();
    while (!atomic_load_explicit(&worker->stop, memory_order_acquire)) {
        int count;

        grace_offline();
        count = epoll_wait(worker->epoll, events, SOURCES, -1);
        grace_online();
        if (count > 0)
            serve(worker, events, count);
    }
    grace_thread_leave();
    return NULL;
}

static int watch(struct worker *worker, int descriptor, uint32_t source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = source};

    if (descriptor < 0)
        return 0;
    return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

static void unwatch(struct worker *worker, int descriptor)
{
    if (descriptor >= 0)
        (void)epoll_ctl(worker->epoll, EPOLL_CTL_DEL, descriptor, NULL);
}

static void release(struct worker *worker)
{
    if (worker->epoll >= 0)
        close(worker->epoll);
    if (worker->wake >= 0)
        close(worker->wake);
    munmap(worker, sizeof *worker);
}

/* Signals are control's. */
static int start_thread(struct worker *worker)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int error;

    sigfillset(&all);
    sigdelset(&all, SIGSYS); /* of a forbidden call, whose handler must run */
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&worker->thread, &attributes, run_worker, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return -error;
}

int worker_start(struct worker **out, const struct worker_settings *settings)
{
    struct worker *worker =
        mmap(NULL, sizeof *worker, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int error;

    if (worker == MAP_FAILED)
        return -ENOMEM;
    worker->settings = *settings;
    atomic_init(&worker->merge_tcp, settings->merge_tcp && settings->queues[0].vnet_header);
    atomic_init(&worker->merge_udp, settings->merge_udp && settings->queues[0].uso);
    atomic_init(&worker->segment, true);
    worker->wanted = WORKER_BUFFERS_FEW;
    worker->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    error = worker->wake < 0 || worker->epoll < 0 ? -errno : 0;
    if (error == 0)
        error = watch(worker, worker->wake, SOURCE_WAKE);
    for (unsigned i = 0; i < settings->queue_count && error == 0; i++)
        error = watch(worker, settings->queues[i].fd, SOURCE_QUEUE + i);
    if (error == 0)
        error = start_thread(worker);
    if (error != 0) {
        release(worker);
        return error;
    }
    *out = worker;
    return 0;
}

void worker_wake(struct worker *worker)
{
    uint64_t one = 1;

    if (write(worker->wake, &one, sizeof one) < 0) {
        /* the counter is full: it is awake anyway */
    }
}

static void free_sockets(struct worker_sockets *sockets)
{
    if (sockets != NULL)
        udp_batch_fini(&sockets->batch);
    free(sockets);
}

void worker_stop(struct worker *worker)
{
    if (worker == NULL)
        return;
    atomic_store_explicit(&worker->stop, true, memory_order_release);
    worker_wake(worker);
    pthread_join(worker->thread, NULL);
    free_sockets(atomic_load_explicit(&worker->sockets, memory_order_relaxed));
    free(atomic_load_explicit(&worker->icmp, memory_order_relaxed));
    release(worker);
}

/* Few where memory is limited: then one call takes less, and more calls are made. */
static size_t receive_buffers(const struct worker *worker, const struct udp_sockets *udp)
{
    size_t wanted = udp->receive_offload ? WORKER_BUFFERS_MERGED : WORKER_BUFFERS_SINGLE;
    size_t most = worker->settings.receive_buffers;

    return most == 0 || wanted < most ? wanted : most;
}

static struct worker_sockets *copy_sockets(const struct worker *worker, const struct udp_sockets *udp)
{
    struct worker_sockets *sockets = calloc(1, sizeof *sockets);

    if (sockets == NULL)
        return NULL;
    sockets->udp = *udp;
    if (udp_batch_init(&sockets->batch, receive_buffers(worker, udp), UDP_BUFFER_BYTES) != 0) {
        free(sockets);
        return NULL;
    }
    return sockets;
}

static void unwatch_sockets(struct worker *worker, const struct worker_sockets *sockets)
{
    if (sockets == NULL)
        return;
    unwatch(worker, sockets->udp.v4);
    unwatch(worker, sockets->udp.v6);
}

static int watch_sockets(struct worker *worker, const struct worker_sockets *sockets)
{
    int error = sockets != NULL ? watch(worker, sockets->udp.v4, SOURCE_V4) : 0;

    return error == 0 && sockets != NULL ? watch(worker, sockets->udp.v6, SOURCE_V6) : error;
}

int worker_set_sockets(struct worker *worker, const struct udp_sockets *udp)
{
    struct worker_sockets *sockets = NULL, *old;
    int error;

    if (udp != NULL && (sockets = copy_sockets(worker, udp)) == NULL)
        return -ENOMEM;
    atomic_store_explicit(&worker->segment, true, memory_order_relaxed); /* until one refuses again */
    old = atomic_exchange_explicit(&worker->sockets, sockets, memory_order_acq_rel);
    unwatch_sockets(worker, old);
    error = watch_sockets(worker, sockets);
    if (error < 0) { /* as it was: what was watched just now can be watched again */
        unwatch_sockets(worker, sockets);
        atomic_store_explicit(&worker->sockets, old, memory_order_release);
        (void)!watch_sockets(worker, old);
        old = sockets;
    }
    grace_wait();
    free_sockets(old);
    return error;
}

int worker_set_icmp(struct worker *worker, const struct icmp_sockets *icmp)
{
    struct icmp_sockets *copy = NULL, *old;

    if (icmp != NULL) {
        copy = malloc(sizeof *copy);
        if (copy == NULL)
            return -ENOMEM;
        *copy = *icmp;
    }
    old = atomic_exchange_explicit(&worker->icmp, copy, memory_order_acq_rel);
    grace_wait();
    free(old);
    return 0;
}

struct worker_features worker_features(const struct worker *worker)
{
    return (struct worker_features){
        .merge_tcp = atomic_load_explicit(&worker->merge_tcp, memory_order_relaxed),
        .merge_udp = atomic_load_explicit(&worker->merge_udp, memory_order_relaxed),
        .udp_segment = atomic_load_explicit(&worker->segment, memory_order_relaxed)};
}
