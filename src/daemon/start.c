/* SPDX-License-Identifier: MIT
 *
 * Start-up: see start.h.
 */
#include "daemon/start.h"

#include "config/address.h"
#include "config/device_socket.h"
#include "daemon/background.h"
#include "daemon/confinement.h"
#include "daemon/control.h"
#include "daemon/courtesy.h"
#include "daemon/log.h"
#include "daemon/log_relay.h"
#include "daemon/memory_plan.h"
#include "daemon/place.h"
#include "daemon/privileged.h"
#include "linux/descriptors.h"
#include "linux/link.h"
#include "linux/namespace.h"
#include "linux/privileges.h"
#include "linux/processors.h"
#include "linux/tun.h"
#include "linux/unix_socket.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct start {
    const struct options *options;
    struct tun queues[TUN_QUEUES];
    unsigned queue_count, queues_per_worker, workers;
    struct memory_plan plan;
    char path[UNIX_SOCKET_PATH_BYTES]; /* of the configuration socket */
    int listener;
    struct unix_socket_watch watch;
    uint32_t index;             /* of the interface, when it was made */
    struct place place;         /* where it was made; nothing open if it was handed over */
    struct sockets_found found; /* what UDP sockets can do */
    int keeper[2];              /* pair between the keeper of the clock and the engine, or -1 */
    int home;                   /* network namespace */
    int log[2];                 /* pair between the parent and the engine, for what is logged */
    int report;                 /* to the process that waits in the foreground; -1: there is none */
    int signals;
};

/* ---- the interface ---- */

static void start_say_tun(const char *name, int error)
{
    switch (error) {
    case -ENOENT:
    case -ENODEV:
    case -ENXIO:
        log_error("cannot make the interface %s: there is no /dev/net/tun; load it with 'modprobe tun', or "
                  "give the container that device",
                  name);
        break;
    case -EPERM:
    case -EACCES:
        log_error("cannot make the interface %s: no permission; run as root or with CAP_NET_ADMIN, and look "
                  "at the permissions of /dev/net/tun",
                  name);
        break;
    case -EBUSY:
    case -EEXIST:
        log_error("cannot make the interface %s: there is one of that name already; choose another name, or "
                  "remove it with 'ip link delete %s'",
                  name, name);
        break;
    case -EINVAL:
        log_error("cannot make the interface %s: the kernel refuses the name, or another kind of interface "
                  "has it; choose another name",
                  name);
        break;
    default:
        log_error("cannot make the interface %s: %s", name, strerror(-error));
        break;
    }
}

/* An interface that somebody made beforehand may have a single queue: it is taken as it is. */
static int start_create_tun(struct tun *tun, const char *name, struct tun_wishes wishes)
{
    int error = tun_create(tun, name, &wishes);

    if (error == -EBUSY && wishes.multi_queue) {
        wishes.multi_queue = false;
        error = tun_create(tun, name, &wishes);
    }
    if (error < 0)
        start_say_tun(name, error);
    return error;
}

static int start_make_tun(struct start *start, const struct tun_wishes *wishes)
{
    const struct options *options = start->options;
    int error;

    if (options->tun >= 0) {
        error = tun_adopt(&start->queues[0], options->tun, wishes);
        if (error < 0)
            log_error("cannot use descriptor %d from WG_TUN_FD: %s; it must be an open TUN without packet "
                      "information",
                      options->tun, strerror(-error));
    } else {
        error = start_create_tun(&start->queues[0], options->name, *wishes);
    }
    if (error == 0)
        start->queue_count = 1;
    return error;
}

/* How many queues suit each worker. Those of somebody else's TUN are not ours to multiply. */
static unsigned start_queues_per_worker(const struct start *start, unsigned workers)
{
    unsigned fitting = TUN_QUEUES / workers;

    if (start->options->switches.no_fair_queues || start->options->tun >= 0)
        return 1;
    return fitting < WORKER_QUEUES ? fitting : WORKER_QUEUES;
}

/* Queues for the workers, as far as there are any. Fewer workers than asked for are said; fewer than suited
 * are not. */
static int start_add_queues(struct start *start, unsigned workers)
{
    bool asked = start->options->workers > 0;
    unsigned wanted = workers * start_queues_per_worker(start, workers);
    int error = 0;

    if (workers > 1 && !start->queues[0].multi_queue && asked)
        log_notice("the interface has a single queue: one worker instead of %u", workers);
    while (start->queues[0].multi_queue && start->queue_count < wanted && error == 0) {
        error = tun_add_queue(&start->queues[start->queue_count], &start->queues[0]);
        if (error == 0)
            start->queue_count++;
    }
    assert(workers > 0 && start->queue_count > 0);
    start->workers = workers < start->queue_count ? workers : start->queue_count;
    start->queues_per_worker = start->queue_count / start->workers;
    if (error == 0 || start->workers == workers || !asked)
        return 0;
    log_error("cannot open queue %u of the interface: %s; try fewer --workers", start->queue_count + 1,
              strerror(-error));
    return error;
}

static int start_look(struct start *start)
{
    struct link_state state;
    int netlink = link_open();
    int error = netlink < 0 ? netlink : link_find(netlink, start->queues[0].name, &state);

    if (error == 0)
        error = link_make_like_wireguard(netlink, state.index, start->options->tun < 0);
    if (error == 0)
        start->index = state.index;
    else
        log_error("cannot set the properties of the interface %s: %s", start->queues[0].name,
                  strerror(-error));
    if (netlink >= 0)
        close(netlink);
    return error;
}

/* How many workers there are to be, unless asked for otherwise. */
static unsigned start_workers(const struct options *options)
{
    if (options->workers > 0)
        return options->workers;
    if (options_workers_for(processors_allowed()) == 1)
        return 1; /* a share of the processors' time could only make it fewer */
    return options_workers_for(processors_usable());
}

/* How the memory is divided; workers that were not asked for are left out if it is little. */
static int start_plan(struct start *start)
{
    const struct options *options = start->options;
    unsigned workers = start_workers(options);

    if (memory_plan_make(&start->plan, options->memory_limit, workers, options->workers == 0) == 0)
        return 0;
    if (options->workers == 0)
        workers = 1;
    log_error("a memory limit of %llu bytes is too little: %u worker%s and the least of buffers need "
              "--memory-limit %lluK",
              (unsigned long long)options->memory_limit, workers, workers == 1 ? "" : "s",
              (unsigned long long)(memory_plan_least(workers) + 1023) / 1024);
    return -ENOMEM;
}

static int start_interface(struct start *start)
{
    const struct options_switches *switches = &start->options->switches;
    unsigned workers = start->plan.workers;
    struct tun_wishes wishes = {
        .vnet_header = !switches->no_vnet_hdr,
        .tso = !switches->no_tso,
        .uso = !switches->no_uso,
        .multi_queue = workers > 1 || !switches->no_fair_queues,
    };
    int error = start_make_tun(start, &wishes);

    if (error < 0)
        return error;
    log_start(start->queues[0].name, start->options->log_level);
    /* Properties first: the length of the queues is changed for each that there is. */
    error = start_look(start);
    return error < 0 ? error : start_add_queues(start, workers);
}

static int start_probe(struct start *start)
{
    int error = sockets_probe(&start->found, start->workers, &start->options->switches);

    if (error < 0)
        log_error("cannot open UDP sockets: %s", strerror(-error));
    return error;
}

/* ---- the configuration socket ---- */

static void start_say_socket(const struct start *start, int error)
{
    if (error == -EADDRINUSE)
        log_error("cannot make the socket %s: another process serves it; end that one, or choose another "
                  "name (names are shared by all network namespaces)",
                  start->path);
    else if (error == -EACCES || error == -EPERM || error == -EROFS)
        log_error("cannot make the socket %s: %s; the directory must be writable: run as root, or make it "
                  "writable for this user",
                  start->path, strerror(-error));
    else
        log_error("cannot make the socket %s: %s", start->path, strerror(-error));
}

static int start_open_socket(struct start *start)
{
    if (start->options->uapi >= 0) {
        start->listener = start->options->uapi;
        if (unix_socket_path(start->listener, start->path) < 0 ||
            fcntl(start->listener, F_SETFL, O_NONBLOCK) < 0 ||
            fcntl(start->listener, F_SETFD, FD_CLOEXEC) < 0) {
            log_error("cannot use descriptor %d from WG_UAPI_FD: it must be a listening UNIX socket with a "
                      "path",
                      start->listener);
            return -EINVAL;
        }
        return 0;
    }
    (void)snprintf(start->path, sizeof start->path, "%s/%s.sock", DEVICE_SOCKET_DIRECTORY,
                   start->queues[0].name);
    start->listener = unix_socket_listen(start->path);
    if (start->listener < 0)
        start_say_socket(start, start->listener);
    return start->listener < 0 ? start->listener : 0;
}

static int start_socket(struct start *start)
{
    int error = start_open_socket(start);

    if (error < 0)
        return error;
    error = unix_socket_watch(&start->watch, start->path);
    if (error < 0)
        log_error("cannot watch the socket %s: %s", start->path, strerror(-error));
    return error;
}

/* ---- processes ---- */

/* Opens what the engine follows the interface with, unless it was handed over: then it may be in another
 * namespace, and the engine asks where. In the process that stays, after whose number netlink sockets are
 * named. */
static int start_place(struct start *start)
{
    int error;

    if (start->options->tun >= 0)
        return 0;
    error = place_open(&start->place);
    if (error < 0) {
        log_error("cannot watch the interface: %s", strerror(-error));
        return error;
    }
    start->place.index = start->index;
    memcpy(start->place.name, start->queues[0].name, sizeof start->place.name);
    return 0;
}

/* Blocks the signals we take from a descriptor and opens it; for the engine without SIGCHLD. */
static int start_signals(bool parent)
{
    sigset_t set;
    int signals;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    if (parent)
        (void)sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return signals < 0 ? -errno : signals;
}

/* Without it, the memory is divided all the same. */
static void start_wall(uint64_t bytes)
{
    int error = memory_plan_wall(bytes);

    if (error < 0)
        log_error("the kernel does not hold this process to its memory limit: %s", strerror(-error));
}

/* In the engine's process: lets go of what is the parent's and serves. */
static int start_engine(struct start *start, int parent, pid_t parent_pid)
{
    struct stale_routes stale_routes;
    struct confinement confinement;
    struct engine_parts parts = {
        .options = start->options,
        .plan = &start->plan,
        .queues = start->queues,
        .queues_per_worker = start->queues_per_worker,
        .workers = start->workers,
        .place = start->place.monitor >= 0 ? &start->place : NULL,
        .found = start->found,
        .parent = parent,
        .log = start->log[1],
        .keeper = start->keeper[1],
        .stale_routes = &stale_routes,
        .confinement = &confinement,
        .listener = start->listener,
        .background = !start->options->foreground,
    };

    (void)prctl(PR_SET_NAME, "voled-engine");
    if (start->report >= 0)
        close(start->report);
    if (start->keeper[0] >= 0)
        close(start->keeper[0]);
    close(start->home);
    close(start->watch.fd);
    close(start->signals);
    close(start->log[0]);
    parts.signals = start_signals(false);
    if (parts.signals < 0)
        return 1;
    start_wall(start->plan.engine);
    courtesy_allow_return();
    stale_routes_start(&stale_routes);
    address_ask_over(stale_routes.netlink);
    confinement_of_engine(&confinement, start->options, start->log[1], parent_pid);
    return control_run(&parts);
}

/* In the parent: lets go of what is the engine's and serves its requests. */
static int start_parent(struct start *start, int engine, pid_t engine_pid)
{
    static struct clock_keeper keeper; /* its thread may outlive this function */
    struct privileged parent = {
        .engine = engine,
        .engine_pid = engine_pid,
        .tun = start->queues[0].fd,
        .home = start->home,
        .background = !start->options->foreground,
        .log = start->log[0],
        .signals = start->signals,
        .options = start->options,
        .socket_bytes = start->plan.socket_bytes,
        .socket_watch = &start->watch,
        .keeper = start->keeper[0] >= 0 ? &keeper : NULL,
        .placed = start->place.monitor >= 0,
    };

    keeper.directory = start->options->state_directory;
    keeper.interface = start->queues[0].name;
    keeper.engine = start->keeper[0];
    close(start->listener);
    close(start->log[1]);
    place_close(&start->place);
    if (start->keeper[1] >= 0)
        close(start->keeper[1]);
    for (unsigned i = 1; i < start->queue_count; i++)
        tun_close(&start->queues[i]);
    start_wall(start->plan.parent);
    confinement_of_parent(start->options, engine_pid);
    return privileged_run(&parent);
}

static int start_processes(struct start *start)
{
    pid_t self = getpid();
    pid_t child;
    int pair[2];
    int error;

    start->home = namespace_current();
    start->signals = start_signals(true);
    error = descriptors_pair(pair);
    if (error == 0)
        error = log_relay_pair(start->log);
    if (error == 0 && start->options->state_directory[0] != '\0')
        error = descriptors_pair(start->keeper);
    if (start->home < 0 || start->signals < 0 || error < 0) {
        log_error("cannot start: %s", strerror(start->home < 0      ? -start->home
                                               : start->signals < 0 ? -start->signals
                                                                    : -error));
        unix_socket_remove(&start->watch);
        return 1;
    }
    child = fork();
    if (child < 0) {
        log_error("cannot start a second process: %s", strerror(errno));
        unix_socket_remove(&start->watch);
        return 1;
    }
    if (child == 0) {
        close(pair[0]);
        return start_engine(start, pair[1], self);
    }
    close(pair[1]);
    /* Interface and socket are there, and what only somebody else can mend has not failed: whoever waits may
     * go on and ask, and is answered by the engine, which needs no more than memory and threads now. */
    if (start->report >= 0 && !background_ready(start->report))
        (void)raise(SIGTERM); /* who waited was killed and will tell nobody: we end in order, too */
    return start_parent(start, pair[0], child);
}

/* Standard descriptors that are closed would be taken by the TUN or the socket. */
static void start_fill_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* What whoever started us left open has no business here, least of all in the engine. */
static void start_close_strange_descriptors(const struct options *options)
{
    int first = options->tun < options->uapi ? options->tun : options->uapi;
    int second = options->tun < options->uapi ? options->uapi : options->tun;
    int next = STDERR_FILENO + 1;

    for (int i = 0; i < 2; i++) {
        int kept = i == 0 ? first : second;

        if (kept < next)
            continue;
        if (kept > next)
            (void)!close_range((unsigned)next, (unsigned)kept - 1, 0);
        next = kept + 1;
    }
    (void)!close_range((unsigned)next, ~0u, 0);
}

/* A user that was asked for by name has to be there. */
static int start_check_user(const struct options *options)
{
    struct privileges_user user;

    if (!options->user_given || options->switches.no_sandbox ||
        privileges_find_user(options->user, &user) == 0)
        return 0;
    log_error(
        "there is no user %s in /etc/passwd: make one ('useradd --system %s'), or choose another --user",
        options->user, options->user);
    return -ENOENT;
}

int start_run(const struct options *options)
{
    static struct start start; /* large */

    start.options = options;
    start.listener = -1;
    start.report = -1;
    place_init(&start.place);
    start.keeper[0] = -1;
    start.keeper[1] = -1;
    start_close_strange_descriptors(options);
    start_fill_standard_descriptors();
    (void)signal(SIGPIPE, SIG_IGN); /* a log that nobody reads any more is no reason to die */
    log_start(options->name, options->log_level);
    if (start_check_user(options) < 0 || start_plan(&start) < 0 || start_interface(&start) < 0 ||
        start_probe(&start) < 0)
        return 1;
    if (start_socket(&start) < 0)
        return 1;
    if (!options->foreground) {
        start.report = background_fork();
        if (start.report < 0) {
            log_error("cannot go to the background: %s", strerror(-start.report));
            unix_socket_remove(&start.watch);
            return 1;
        }
    }
    if (start_place(&start) < 0) {
        unix_socket_remove(&start.watch);
        return 1;
    }
    return start_processes(&start);
}
