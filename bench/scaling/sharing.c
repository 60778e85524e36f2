/* SPDX-License-Identifier: MIT
 *
 * What it costs the workers of one peer to share it: everything that the core does for a run besides
 * cryptography (counters, window, marks, statistics), by one thread alone, by two threads on two peers, and
 * by two on the same peer, in the same direction and in opposite ones.
 *
 * usage: sharing [MILLISECONDS]    per case, default 500
 *
 * Prints, per case, nanoseconds and time-stamp counter ticks per run and thread. On a machine whose
 * processors share their caches (hyper-threads of one core), sharing looks cheaper than it is between cores,
 * and two threads slow each other down even if they share nothing: compare the last two rows with the second.
 */
#include "core/device.h"
#include "core/inbound.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#define PEERS        2
#define RUN_PACKETS_ 43 /* a superpacket's */

enum direction { OUT, IN };

struct thread {
    pthread_t thread;
    struct vole_peer *peer;
    enum direction direction;
    uint64_t runs, ns, ticks;
};

static _Atomic bool go, halt;
static struct vole_device *device;
static struct vole_peer *peers[PEERS];

static uint64_t now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t now_ticks(void)
{
#if defined(__x86_64__)
    return __rdtsc();
#else
    return now_ns();
#endif
}

/* ---- a device with sessions ---- */

static int send_nowhere(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                        const uint8_t *datagram, size_t length)
{
    (void)context, (void)to, (void)traffic_class, (void)datagram, (void)length;
    return 0;
}

static void draw(void *context, uint8_t *bytes, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)rand();
}

static void give_session(struct vole_peer *peer, const struct vole_time *now)
{
    struct keypair *keypair = keypair_new(device);

    if (keypair == NULL)
        abort();
    keypair->entry = (struct index_entry){.peer = peer, .kind = INDEX_KEYPAIR};
    keypair->initiator = true;
    keypair->birth_ns = now->boot_ns;
    atomic_init(&keypair->can_send, true);
    atomic_init(&keypair->can_receive, true);
    if (index_insert(&device->indices, &keypair->entry, draw, NULL) != 0)
        abort();
    keypair_install(device, &peer->keypairs, keypair);
}

static void make_device(const struct vole_time *now)
{
    struct device_options options = {.hooks = {.send = send_nowhere, .random = draw}};
    struct vole_endpoint endpoint = {.address = {.family = 4, .bytes = {192, 0, 2, 1}}, .port = 51820};

    device = device_new(&options, now);
    if (device == NULL)
        abort();
    for (uint8_t i = 0; i < PEERS; i++) {
        uint8_t key[VOLE_KEY_BYTES] = {[0] = (uint8_t)(9 + i)};

        peers[i] = vole_peer_add(device, key, now, NULL);
        if (peers[i] == NULL)
            abort();
        vole_peer_set_endpoint(peers[i], &endpoint);
        give_session(peers[i], now);
    }
    vole_device_up(device, now);
}

/* ---- a run, without what depends on its bytes ---- */

/* As outbound.c does it: prepare, (seal, send), report. */
static void run_out(struct vole_peer *peer, const struct vole_time *now)
{
    struct keypair *keypair = atomic_load_explicit(&peer->keypairs.current, memory_order_acquire);
    volatile uint8_t key_read;
    struct vole_endpoint to;
    uint64_t counter;

    if (!keypair_can_send(keypair, now->boot_ns) ||
        atomic_load_explicit(&peer->staged.count, memory_order_relaxed) > 0 ||
        !keypair_reserve(keypair, RUN_PACKETS_, &counter))
        abort();
    for (size_t i = 0; i < sizeof keypair->sending_key; i += 8)
        key_read = keypair->sending_key[i];
    (void)key_read;
    (void)endpoint_read(&peer->endpoint, &to);
    timers_packet_sent(peer, now);
    atomic_fetch_add_explicit(&peer->sent_bytes, 60000, memory_order_relaxed);
    timers_data_sent(peer, now);
}

/* As inbound.c does it: find, (open), window, note, count. */
static void run_in(struct vole_peer *peer, uint64_t first, const struct vole_time *now)
{
    struct keypair *keypair = atomic_load_explicit(&peer->keypairs.current, memory_order_acquire);
    uint32_t index = atomic_load_explicit(&keypair->entry.index, memory_order_relaxed);
    static const struct vole_endpoint from = {.address = {.family = 4, .bytes = {192, 0, 2, 1}},
                                              .port = 51820};
    volatile uint8_t key_read;

    if (index_find(&device->indices, index) != &keypair->entry || !keypair_can_receive(keypair, now->boot_ns))
        abort();
    for (size_t i = 0; i < sizeof keypair->receiving_key; i += 8)
        key_read = keypair->receiving_key[i];
    (void)key_read;
    while (atomic_flag_test_and_set_explicit(&keypair->guard, memory_order_acquire)) {
    }
    for (uint64_t i = 0; i < RUN_PACKETS_; i++)
        (void)!replay_accept(&keypair->replay, first + i);
    atomic_flag_clear_explicit(&keypair->guard, memory_order_release);
    (void)endpoint_learn(&peer->endpoint, &from);
    timers_packet_received(peer, now);
    timers_data_received(peer, RUN_PACKETS_, now);
    atomic_fetch_add_explicit(&peer->received_bytes, 60000, memory_order_relaxed);
}

static void *work(void *argument)
{
    struct thread *thread = argument;
    struct vole_time now = {.monotonic_ns = now_ns(), .boot_ns = now_ns(), .real_s = 1};
    uint64_t began_ns, began_ticks;

    while (!atomic_load_explicit(&go, memory_order_acquire)) {
    }
    began_ns = now_ns();
    began_ticks = now_ticks();
    while (!atomic_load_explicit(&halt, memory_order_relaxed)) {
        if (thread->direction == OUT)
            run_out(thread->peer, &now);
        else
            run_in(thread->peer, thread->runs * RUN_PACKETS_, &now);
        thread->runs++;
        now.monotonic_ns += 1000;
    }
    thread->ns = now_ns() - began_ns;
    thread->ticks = now_ticks() - began_ticks;
    return NULL;
}

static void measure(const char *name, struct thread *threads, unsigned count, unsigned milliseconds)
{
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};

    atomic_store(&go, false);
    atomic_store(&halt, false);
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i].thread, NULL, work, &threads[i]) != 0)
            abort();
    atomic_store(&go, true);
    nanosleep(&pause, NULL);
    atomic_store(&halt, true);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i].thread, NULL);
    printf("%-44s", name);
    for (unsigned i = 0; i < count; i++)
        printf("  %s %6.1f ns %6.1f ticks", threads[i].direction == OUT ? "out" : "in ",
               (double)threads[i].ns / (double)threads[i].runs,
               (double)threads[i].ticks / (double)threads[i].runs);
    printf("\n");
}

int main(int count, char **arguments)
{
    struct vole_time now = {.monotonic_ns = now_ns(), .boot_ns = now_ns(), .real_s = 1};
    unsigned milliseconds = count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : 500;

    make_device(&now);
#define CASE(name, ...)                                                                                      \
    measure(name, (struct thread[]){__VA_ARGS__},                                                            \
            sizeof((struct thread[]){__VA_ARGS__}) / sizeof(struct thread), milliseconds)
    CASE("one thread, out", {.peer = peers[0], .direction = OUT});
    CASE("one thread, in", {.peer = peers[0], .direction = IN});
    CASE("two threads, two peers, out and out", {.peer = peers[0], .direction = OUT},
         {.peer = peers[1], .direction = OUT});
    CASE("two threads, two peers, out and in", {.peer = peers[0], .direction = OUT},
         {.peer = peers[1], .direction = IN});
    CASE("two threads, the same peer, out and out", {.peer = peers[0], .direction = OUT},
         {.peer = peers[0], .direction = OUT});
    CASE("two threads, the same peer, out and in", {.peer = peers[0], .direction = OUT},
         {.peer = peers[0], .direction = IN});
    return 0;
}
