/* SPDX-License-Identifier: MIT
 *
 * The control thread: see control.h.
 *
 * One round: wait; take what the descriptors bring; let the core do what is due; look at some routes; free
 * what workers have let go of. Sleep of the machine is seen as a jump between the boot clock and the
 * monotonic one (timers §7); a timer that the kernel cancels when clocks are set wakes us right after it.
 */
#include "daemon/control.h"

#include "daemon/background.h"
#include "daemon/courtesy.h"
#include "daemon/features.h"
#include "daemon/log.h"
#include "daemon/requests.h"
#include "daemon/uapi_apply.h"
#include "daemon/uapi_server.h"
#include "linux/clock.h"
#include "linux/processors.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_NS_PER_SECOND 1000000000ULL
#define CONTROL_SLEPT_NS      CONTROL_NS_PER_SECOND /* a jump of more than this was a sleep */
#define CONTROL_EVENTS        16
#define CONTROL_PAUSE_MS      1 /* under load, while fewer handshakes wait than one round takes */
#define CONTROL_FAR_AWAY_S    (100LL * 365 * 24 * 3600)

enum control_source {
    CONTROL_WAKE,    /* a worker has something */
    CONTROL_TIMER,   /* the next deadline */
    CONTROL_CLOCK,   /* clocks were set, or the machine woke up */
    CONTROL_CLIENTS, /* the configuration socket */
    CONTROL_LINK,    /* the interface */
    CONTROL_ROUTES,
    CONTROL_KEEPER, /* of the handshakes' clock */
    CONTROL_PARENT, /* only ever says that it is gone */
    CONTROL_SIGNALS
};

struct control {
    struct engine engine;
    struct uapi_server server;
    int epoll;
    int timer;
    int clock;
    uint64_t armed_ns;   /* what the timer is set to */
    uint64_t asleep_ns;  /* boot clock less monotonic clock, last seen */
    bool loaded;         /* the device is under load */
    unsigned processors; /* there were for us when that began */
    uint64_t denied;     /* so many were asked for cookies so far */
    unsigned rest_ms;    /* what the last round is a reason for */
    struct courtesy courtesy;
};

/* ---- what the configuration socket asks for ---- */

static int control_watch(const struct control *control, int fd, enum control_source source)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = (uint32_t)source}};

    return epoll_ctl(control->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* Link messages that wait; a closed monitor has left epoll by itself. */
static void control_follow(struct control *control)
{
    struct engine *engine = &control->engine;

    if (follow_read(engine) && engine->follow.place.monitor >= 0 &&
        control_watch(control, engine->follow.place.monitor, CONTROL_LINK) < 0)
        engine_end(engine, 1);
}

/* So that after "ip link set up" the very next get shows the port. */
static void control_prepare(void *context)
{
    control_follow(context);
}

static int control_set(void *context, const char *lines, size_t length)
{
    struct control *control = context;
    bool was_open = control->engine.sockets.open;
    int error = uapi_apply(&control->engine, lines, length);

    /* Asked for, or lost with another port that could not be had. */
    if (error == 0 || was_open)
        engine_retry_sockets(&control->engine);
    return error;
}

static int control_set_vole(void *context, const char *lines, size_t length)
{
    struct control *control = context;

    return uapi_apply_vole(&control->engine, lines, length);
}

static void control_dump_begin(void *context, struct uapi_dump *dump, bool vole)
{
    struct control *control = context;

    uapi_dump_begin(&control->engine, dump, vole);
}

static int control_serve_clients(struct control *control)
{
    const struct uapi_operations operations = {
        .context = control,
        .prepare = control_prepare,
        .set = control_set,
        .set_vole = control_set_vole,
        .dump_begin = control_dump_begin,
        .dump_more = uapi_dump_more,
        .dump_end = uapi_dump_end,
    };

    const struct memory_plan *plan = control->engine.parts->plan;
    int error = uapi_server_init(&control->server, control->engine.parts->listener, &operations);

    if (error == 0)
        uapi_server_limit(&control->server, plan->clients, plan->request_bytes);
    return error;
}

/* ---- time ---- */

/* Sets the timer for the next thing that is due. */
static int control_arm(struct control *control)
{
    const struct engine *engine = &control->engine;
    uint64_t deadline = vole_device_deadline(engine->device);
    uint64_t routes = stale_routes_deadline(&engine->stale_routes);
    uint64_t keeper = timestamps_deadline(&engine->timestamps);
    struct itimerspec when = {.it_value = {0}};

    if (routes < deadline)
        deadline = routes;
    if (keeper < deadline)
        deadline = keeper;
    if (engine->sockets_due_ns != 0 && engine->sockets_due_ns < deadline)
        deadline = engine->sockets_due_ns;
    if (deadline == control->armed_ns && deadline == VOLE_NEVER)
        return 0;
    control->armed_ns = deadline;
    if (deadline == 0)
        deadline = 1; /* zero would switch the timer off */
    if (deadline != VOLE_NEVER) {
        when.it_value.tv_sec = (time_t)(deadline / CONTROL_NS_PER_SECOND);
        when.it_value.tv_nsec = (long)(deadline % CONTROL_NS_PER_SECOND);
    }
    return timerfd_settime(control->timer, TFD_TIMER_ABSTIME, &when, NULL) < 0 ? -errno : 0;
}

/* A timer that never comes, but is cancelled, and so readable, when the machine wakes up. */
static int control_arm_clock(struct control *control)
{
    struct itimerspec when = {.it_value = {.tv_sec = CONTROL_FAR_AWAY_S}};

    return timerfd_settime(control->clock, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL) < 0
               ? -errno
               : 0;
}

static void control_notice_sleep(struct control *control, const struct vole_time *now)
{
    uint64_t asleep = now->boot_ns > now->monotonic_ns ? now->boot_ns - now->monotonic_ns : 0;
    uint64_t slept = asleep > control->asleep_ns ? asleep - control->asleep_ns : 0;

    control->asleep_ns = asleep;
    if (slept <= CONTROL_SLEPT_NS)
        return;
    log_notice("the machine slept for %llu s: sessions start anew",
               (unsigned long long)(slept / CONTROL_NS_PER_SECOND));
    vole_device_suspend(control->engine.device);
}

/* ---- the loop ---- */

static void control_empty(int fd)
{
    uint64_t number;

    /* Counters and expirations say nothing we need; an error means it was empty already. */
    if (read(fd, &number, sizeof number) < 0)
        return;
}

static void control_take_signal(struct control *control)
{
    struct signalfd_siginfo info;

    if (read(control->engine.parts->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    log_verbose("signal %u: ending", info.ssi_signo);
    engine_end(&control->engine, 0);
}

static int control_take(struct control *control, enum control_source source)
{
    struct engine *engine = &control->engine;
    int error = 0;

    switch (source) {
    case CONTROL_WAKE:
        control_empty(engine->wake);
        break;
    case CONTROL_TIMER:
        control_empty(control->timer);
        control->armed_ns = 0;
        break;
    case CONTROL_CLOCK:
        control_empty(control->clock);
        error = control_arm_clock(control);
        break;
    case CONTROL_CLIENTS:
        error = uapi_server_serve(&control->server);
        break;
    case CONTROL_LINK:
        control_follow(control);
        break;
    case CONTROL_ROUTES:
        stale_routes_read(engine);
        break;
    case CONTROL_KEEPER:
        if (!timestamps_read(engine) &&
            epoll_ctl(control->epoll, EPOLL_CTL_DEL, engine->parts->keeper, NULL) < 0)
            error = -errno;
        break;
    case CONTROL_PARENT:
        engine_end(engine, 0);
        break;
    case CONTROL_SIGNALS:
        control_take_signal(control);
        break;
    }
    return error;
}

/* The workers say that the device under the TUN is gone. The link messages know better whether it is. */
static void control_check_tun(struct control *control)
{
    struct engine *engine = &control->engine;

    if (!atomic_load(&engine->tun_gone))
        return;
    control_follow(control);
    if (!engine->ending)
        log_notice("the interface is gone: ending");
    engine_end(engine, 0);
}

/* How many there are for us: the parent can see how much of them the control group may use. */
static unsigned control_processors(const struct control *control)
{
    unsigned usable = 0;

    return request_processors(control->engine.parts->parent, &usable) == 0 ? usable : processors_allowed();
}

/* What the flood of handshakes, if there is one, may cost the workers: neither processors nor wake-ups. */
static void control_mind_load(struct control *control, const struct vole_time *now)
{
    struct vole_device *device = control->engine.device;
    uint64_t denied = vole_device_drops(device, VOLE_DROP_COOKIE_REQUIRED);
    bool loaded = load_lasts(device->load, now->boot_ns);

    courtesy_look(&control->courtesy, handshake_queue_taken(&device->queue), now->monotonic_ns);
    if (loaded && !control->loaded)
        control->processors = control_processors(control);
    control->rest_ms = loaded ? courtesy_rest_ms(denied - control->denied, control->processors) : 0;
    control->denied = denied;
    control->loaded = loaded;
    handshake_queue_poll(&device->queue, control->loaded);
}

/* Sets *timeout_ms for epoll: -1 until something happens, which the timer, then set, may be. */
static int control_prepare_wait(struct control *control, int *timeout_ms)
{
    const struct vole_device *device = control->engine.device;

    *timeout_ms = (int)control->rest_ms;
    if (control->rest_ms > 0)
        return 0;
    *timeout_ms = CONTROL_PAUSE_MS;
    if (control->loaded && handshake_queue_count(&device->queue) < DEVICE_HANDSHAKES_PER_TICK)
        return 0;
    *timeout_ms = 0;
    if (vole_device_deadline(device) == 0)
        return 0;
    *timeout_ms = -1;
    return control_arm(control);
}

static int control_round(struct control *control)
{
    struct epoll_event events[CONTROL_EVENTS];
    struct engine *engine = &control->engine;
    struct vole_time now;
    int timeout_ms, error = control_prepare_wait(control, &timeout_ms);
    int count = error < 0 ? 0 : epoll_wait(control->epoll, events, CONTROL_EVENTS, timeout_ms);

    if (count < 0 && errno != EINTR)
        error = -errno;
    for (int i = 0; i < count && error == 0; i++)
        error = control_take(control, (enum control_source)events[i].data.u32);
    if (error < 0)
        return error;
    control_check_tun(control);
    clock_now(&now);
    control_notice_sleep(control, &now);
    vole_device_tick(engine->device, &now);
    control_mind_load(control, &now);
    stale_routes_look(engine, &now);
    timestamps_look(engine, &now);
    if (engine->sockets_due_ns != 0 && engine->sockets_due_ns <= now.monotonic_ns)
        engine_retry_sockets(engine);
    grace_collect(&engine->grace);
    return 0;
}

/* ---- start and end ---- */

static int control_open(struct control *control)
{
    struct engine *engine = &control->engine;
    const struct engine_parts *parts = engine->parts;
    int error;

    control->epoll = epoll_create1(EPOLL_CLOEXEC);
    control->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    control->clock = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (control->epoll < 0 || control->timer < 0 || control->clock < 0)
        return -errno;
    error = control_serve_clients(control);
    if (error == 0)
        error = control_arm_clock(control);
    if (error == 0)
        error = control_watch(control, engine->wake, CONTROL_WAKE);
    if (error == 0)
        error = control_watch(control, control->timer, CONTROL_TIMER);
    if (error == 0)
        error = control_watch(control, control->clock, CONTROL_CLOCK);
    if (error == 0)
        error = control_watch(control, control->server.epoll, CONTROL_CLIENTS);
    if (error == 0)
        error = control_watch(control, parts->parent, CONTROL_PARENT);
    if (error == 0)
        error = control_watch(control, parts->signals, CONTROL_SIGNALS);
    if (error == 0 && parts->keeper >= 0)
        error = control_watch(control, parts->keeper, CONTROL_KEEPER);
    if (error == 0 && engine->stale_routes.monitor >= 0)
        error = control_watch(control, engine->stale_routes.monitor, CONTROL_ROUTES);
    if (error == 0 && engine->follow.place.monitor >= 0)
        error = control_watch(control, engine->follow.place.monitor, CONTROL_LINK);
    return error;
}

/* Everything is there. In the background, whoever started us has been told already (start.c). */
static int control_say_ready(const struct control *control)
{
    const struct engine *engine = &control->engine;
    int error = request_ready(engine->parts->parent);

    if (engine->parts->background)
        background_release_engine(engine->parts->options, engine->parts->log);
    if (error == 0)
        features_log(engine);
    return error;
}

static int control_start(struct control *control)
{
    struct engine *engine = &control->engine;
    struct vole_time now;
    int error = follow_start(engine);

    if (error < 0) {
        log_error("cannot watch the interface: %s", strerror(-error));
        return error;
    }
    clock_now(&now);
    control_notice_sleep(control, &now);
    courtesy_init(&control->courtesy, now.monotonic_ns);
    error = control_open(control);
    if (error == 0)
        error = control_say_ready(control);
    if (error < 0)
        log_error("cannot start: %s", strerror(-error));
    return error;
}

static void control_close(struct control *control)
{
    uapi_server_fini(&control->server);
    if (control->timer >= 0)
        close(control->timer);
    if (control->clock >= 0)
        close(control->clock);
    if (control->epoll >= 0)
        close(control->epoll);
    engine_fini(&control->engine);
}

int control_run(const struct engine_parts *parts)
{
    static struct control control; /* workers point into it, and it is large */
    int error;

    control.epoll = -1;
    control.timer = -1;
    control.clock = -1;
    control.armed_ns = VOLE_NEVER;
    control.server.epoll = -1;
    error = engine_init(&control.engine, parts);
    if (error == 0)
        error = control_start(&control);
    while (error == 0 && !control.engine.ending) {
        error = control_round(&control);
        if (error < 0)
            log_error("cannot go on: %s", strerror(-error));
    }
    control_close(&control);
    return error < 0 ? 1 : control.engine.exit_code;
}
