/* SPDX-License-Identifier: MIT
 *
 * The engine put together, and the device's hooks: see engine.h.
 */
#include "daemon/engine.h"

#include "config/key.h"
#include "daemon/log.h"
#include "daemon/transmit.h"
#include "linux/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

/* Above this an inner packet would not fit into a datagram (uapi §8). */
#define ENGINE_MAX_MTU (65535u - 32u)

#define ENGINE_AGAIN_NS UINT64_C(1000000000) /* until sockets are tried again */

/* ---- the device's hooks ---- */

static int engine_send(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                       const uint8_t *datagram, size_t length)
{
    const struct engine *engine = context;
    const struct udp_sockets *sockets = sockets_first(&engine->sockets);

    return sockets == NULL ? -ENETDOWN : transmit_one(sockets, to, traffic_class, datagram, length);
}

static void engine_event(void *context, const struct vole_event *event)
{
    char name[KEY_SHORT_BYTES];

    (void)context;
    key_to_short(name, event->peer->remote.public_key);
    switch (event->kind) {
    case VOLE_EVENT_HANDSHAKE_COMPLETE:
        log_notice("peer %s: handshake complete", name);
        break;
    case VOLE_EVENT_GAVE_UP:
        log_notice("peer %s: no answer to 20 handshake initiations, gave up until there is something to send",
                   name);
        break;
    case VOLE_EVENT_ENDPOINT_MOVED:
        log_verbose("peer %s: heard from another address", name);
        break;
    case VOLE_EVENT_KEYS_ERASED:
        log_verbose("peer %s: no new session for 540 s, keys erased", name);
        break;
    }
}

static void engine_peer_removed(void *context, struct vole_peer *peer)
{
    struct engine *engine = context;

    uapi_dumps_forget(&engine->dumps, peer);
    stale_routes_forget(&engine->stale_routes, peer);
}

/* Going on without randomness would give away keys, so there is no going on. */
static void engine_random(void *context, uint8_t *bytes, size_t length)
{
    (void)context;
    while (length > 0) {
        ssize_t drawn = getrandom(bytes, length, 0);

        if (drawn < 0 && errno == EINTR)
            continue;
        if (drawn < 0)
            abort();
        bytes += drawn;
        length -= (size_t)drawn;
    }
}

static void engine_reserve(void *context, const uint8_t public_key[VOLE_KEY_BYTES], uint64_t until_s)
{
    struct engine *engine = context;

    timestamps_ask(engine, public_key, until_s);
}

static void engine_retire(void *context, void *pointer, void (*function)(void *pointer))
{
    struct engine *engine = context;

    grace_retire(&engine->grace, pointer, function);
}

static void engine_wake_control(void *context)
{
    const struct engine *engine = context;
    uint64_t one = 1;

    /* Fails only when the counter is full, and then control is awake. */
    if (write(engine->wake, &one, sizeof one) < 0)
        return;
}

/* Any worker may drain what became ready, and each looks after its own work; one must be awake. */
static void engine_wake_worker(void *context)
{
    const struct engine *engine = context;

    if (engine->workers[0] != NULL)
        worker_wake(engine->workers[0]);
}

static void engine_tun_gone(void *context)
{
    struct engine *engine = context;

    atomic_store(&engine->tun_gone, true);
    engine_wake_control(engine);
}

/* ---- life ---- */

static int engine_make_device(struct engine *engine)
{
    struct device_options options = {
        .hooks = {.context = engine,
                  .send = engine_send,
                  .event = engine_event,
                  .peer_removed = engine_peer_removed,
                  .random = engine_random,
                  .reserve = engine->timestamps.keeper >= 0 ? engine_reserve : NULL,
                  .retirer = {.context = engine, .retire = engine_retire},
                  .wake_control = engine_wake_control,
                  .wake_worker = engine_wake_worker},
        .staged_bytes = engine->parts->plan->staged_bytes,
        .peer_bytes = engine->parts->plan->peer_bytes,
        .sources = engine->parts->plan->sources,
    };
    struct vole_time now;

    clock_now(&now);
    engine->device = device_new(&options, &now);
    if (engine->device == NULL)
        return -ENOMEM;
    index_table_spread(&engine->device->indices, engine->parts->workers);
    vole_device_set_mtu(engine->device, VOLE_DEFAULT_MTU);
    return 0;
}

static int engine_start_workers(struct engine *engine)
{
    const struct options *options = engine->parts->options;
    struct worker_settings settings = {
        .device = engine->device,
        .queue_count = engine->parts->queues_per_worker,
        .all_queues = &engine->flow_queues,
        .icmp_limit = &engine->icmp_limit,
        .receive_buffers = engine->parts->plan->receive_buffers,
        .merge_tcp = !options->switches.no_tun_tcp_merge,
        .merge_udp = !options->switches.no_tun_udp_merge,
        .tun_gone = engine_tun_gone,
        .context = engine,
    };
    int error = 0;

    for (unsigned i = 0; i < engine->parts->workers && error == 0; i++) {
        settings.queues = &engine->parts->queues[(size_t)i * engine->parts->queues_per_worker];
        error = worker_start(&engine->workers[i], &settings);
    }
    return error;
}

static enum vole_vectors engine_vectors(const struct options_switches *switches)
{
    return vole_limit_vectors(switches->no_avx2     ? VOLE_VECTORS_NONE
                              : switches->no_avx512 ? VOLE_VECTORS_AVX2
                                                    : VOLE_VECTORS_AVX512);
}

int engine_init(struct engine *engine, const struct engine_parts *parts)
{
    struct vole_time now;
    uint32_t seed;
    int error;

    memset(engine, 0, sizeof *engine);
    engine->parts = parts;
    engine->vectors = engine_vectors(&parts->options->switches);
    engine->stale_routes = parts->stale_routes != NULL ? *parts->stale_routes
                                                       : (struct stale_routes){.monitor = -1, .netlink = -1};
    place_init(&engine->follow.place);
    timestamps_init(&engine->timestamps, parts->keeper);
    atomic_init(&engine->tun_gone, false);
    grace_init(&engine->grace);
    engine_random(engine, (uint8_t *)&seed, sizeof seed);
    clock_now(&now);
    icmp_limit_init(&engine->icmp_limit, now.monotonic_ns, seed);
    flow_queues_init(&engine->flow_queues, parts->queues, parts->workers * parts->queues_per_worker,
                     parts->workers);
    sockets_init(&engine->sockets, parts->parent, engine->workers, parts->workers, &parts->options->switches);
    sockets_note_found(&engine->sockets, &parts->found);
    engine->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    error = engine->wake < 0 ? -errno : engine_make_device(engine);
    if (error == 0)
        error = engine_start_workers(engine);
    if (error < 0)
        log_error("cannot start the engine: %s", strerror(-error));
    return error;
}

void engine_fini(struct engine *engine)
{
    timestamps_end(engine);
    sockets_close(&engine->sockets);
    for (unsigned i = 0; i < OPTIONS_MAX_WORKERS; i++) {
        worker_stop(engine->workers[i]);
        engine->workers[i] = NULL;
    }
    follow_stop(engine);
    stale_routes_stop(&engine->stale_routes);
    vole_device_free(engine->device);
    engine->device = NULL;
    grace_collect(&engine->grace);
    if (engine->wake >= 0)
        close(engine->wake);
    engine->wake = -1;
}

/* ---- up and down ---- */

/* Memory and descriptors come and go; a port that somebody else has, or a right that is missing, does not. */
static bool engine_may_get_over(int error)
{
    return error == -ENOMEM || error == -ENOBUFS || error == -EMFILE || error == -ENFILE;
}

static void engine_say_port(const struct engine *engine, int error)
{
    if (error == -EADDRINUSE)
        log_error("cannot listen on UDP port %u: another program has it, so this interface hears nobody; "
                  "choose another port ('wg set %s listen-port 0' picks a free one) or end that program",
                  engine->sockets.port, engine->follow.place.name);
    else
        log_error("cannot open UDP sockets on port %u: %s; this interface hears nobody until %s",
                  engine->sockets.port, strerror(-error),
                  engine_may_get_over(error) ? "that works, which is tried every second"
                                             : "it is set up again");
}

static uint64_t engine_again_ns(void)
{
    struct vole_time now;

    clock_now(&now);
    return now.monotonic_ns + ENGINE_AGAIN_NS;
}

void engine_retry_sockets(struct engine *engine)
{
    bool again;
    int error;

    if (!engine->up || engine->sockets.open) {
        engine->sockets_due_ns = 0;
        return;
    }
    again = engine->sockets_due_ns != 0;
    error = sockets_open(&engine->sockets);
    engine->sockets_due_ns = engine_may_get_over(error) ? engine_again_ns() : 0;
    if (error < 0 && !again)
        engine_say_port(engine, error);
    else if (error == 0)
        log_notice("listening on UDP port %u", engine->sockets.port);
}

static void engine_come_up(struct engine *engine)
{
    struct vole_time now;
    int error = request_redirects_off(engine->parts->parent);

    if (error < 0)
        log_verbose("cannot switch ICMP redirects off: %s", strerror(-error));
    engine_retry_sockets(engine);
    clock_now(&now);
    vole_device_up(engine->device, &now);
}

static void engine_go_down(struct engine *engine)
{
    struct vole_time now;

    clock_now(&now);
    vole_device_down(engine->device, &now);
    sockets_close(&engine->sockets);
    log_verbose("interface down");
}

void engine_set_up(struct engine *engine, bool up)
{
    if (engine->up == up)
        return;
    engine->up = up;
    if (up)
        engine_come_up(engine);
    else
        engine_go_down(engine);
}

void engine_set_mtu(struct engine *engine, uint32_t mtu)
{
    vole_device_set_mtu(engine->device, mtu > ENGINE_MAX_MTU ? ENGINE_MAX_MTU : mtu);
}

void engine_end(struct engine *engine, int exit_code)
{
    if (engine->ending)
        return;
    engine->ending = true;
    engine->exit_code = exit_code;
}
