/* SPDX-License-Identifier: MIT
 *
 * The privileged parent: see privileged.h.
 */
#include "daemon/privileged.h"

#include "daemon/background.h"
#include "daemon/log.h"
#include "daemon/log_relay.h"
#include "daemon/requests.h"
#include "linux/clock.h"
#include "linux/link.h"
#include "linux/namespace.h"
#include "linux/processors.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRIVILEGED_PATIENCE_MS 5000 /* how long the engine may take to end */
#define PRIVILEGED_PLACES      16   /* in which the interface is looked for, if it keeps moving */

/* One request being worked on: the engine's question with its descriptors, and our answer with ours. */
struct privileged_work {
    struct request request;
    int received[REQUEST_DESCRIPTORS];
    size_t received_count;
    struct request_answer answer;
    int opened[REQUEST_DESCRIPTORS];
    size_t opened_count;
};

static void privileged_close(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

/* ---- requests ---- */

/* Whoever has our user may join a port that is shared, so with our rights an engine could have its part of
 * what arrives for another program. It may only join the port that it opened last. */
static int privileged_sockets(struct privileged *parent, struct privileged_work *work)
{
    uint32_t flags = work->request.wishes;
    struct udp_wishes wishes = {
        .segment = (flags & REQUEST_WISH_SEGMENT) != 0,
        .receive_offload = (flags & REQUEST_WISH_RECEIVE_OFFLOAD) != 0,
        .reuse_port = (flags & REQUEST_WISH_REUSE_PORT) != 0,
        .join_port = (flags & REQUEST_WISH_JOIN_PORT) != 0,
        .steer_among = work->request.steer_among,
        .queue_bytes = parent->socket_bytes,
    };
    struct udp_sockets sockets;
    int error;

    if (wishes.join_port && (work->request.port == 0 || work->request.port != parent->port))
        return -EPERM;
    error = udp_open(&sockets, work->request.port, work->request.mark, &wishes);
    if (error < 0)
        return error;
    parent->port = sockets.port;
    work->answer.v4 = sockets.v4 >= 0;
    work->answer.v6 = sockets.v6 >= 0;
    work->answer.port = sockets.port;
    work->answer.segment = sockets.segment;
    work->answer.receive_offload = sockets.receive_offload;
    work->answer.steered = sockets.steered;
    if (sockets.v4 >= 0)
        work->opened[work->opened_count++] = sockets.v4;
    if (sockets.v6 >= 0)
        work->opened[work->opened_count++] = sockets.v6;
    return 0;
}

/* The engine could pass anything it holds: only UDP sockets are touched. */
static bool privileged_is_udp(int fd)
{
    int protocol = 0;
    socklen_t length = sizeof protocol;

    return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 && protocol == IPPROTO_UDP;
}

static int privileged_mark(const struct privileged_work *work)
{
    int error = 0;

    for (size_t i = 0; i < work->received_count && error == 0; i++) {
        if (!privileged_is_udp(work->received[i]))
            error = -EINVAL;
        else
            error = udp_set_mark(work->received[i], work->request.mark);
    }
    return error;
}

/* Runs inside the interface's namespace. */
static int privileged_open_place(void *argument)
{
    struct privileged_work *work = argument;
    struct place place;
    int error = place_open(&place);

    if (error < 0)
        return error;
    work->opened[work->opened_count++] = place.monitor;
    work->opened[work->opened_count++] = place.link;
    work->answer.v4 = place.icmp.v4 >= 0;
    work->answer.v6 = place.icmp.v6 >= 0;
    if (place.icmp.v4 >= 0)
        work->opened[work->opened_count++] = place.icmp.v4;
    if (place.icmp.v6 >= 0)
        work->opened[work->opened_count++] = place.icmp.v6;
    return 0;
}

/* Runs inside a namespace that is new to the interface, which is down there: what was prepared in the old
 * one did not move along. */
static int privileged_prepare(void *argument)
{
    const struct privileged_work *work = argument;

    return link_make_like_wireguard(work->opened[1], work->answer.index, false);
}

/* The namespace the interface is in. An old kernel cannot say: then it is believed to be at home. */
static int privileged_namespace(const struct privileged *parent)
{
    int network = namespace_of_tun(parent->tun);

    return network == -EBADFD || network >= 0 ? network : dup(parent->home);
}

/* True if the interface has moved to where it is now. Whoever asks for the place a second time says so: it
 * may have been elsewhere meanwhile and be back. */
static bool privileged_has_moved(struct privileged *parent, int network)
{
    bool moved = parent->placed || !namespace_same(network, parent->home);

    parent->placed = true;
    return moved;
}

/* Inside the interface's namespace if that is another one; at home without the rights that would take. */
static int privileged_there(const struct privileged *parent, int network, int (*function)(void *),
                            void *argument)
{
    return namespace_same(network, parent->home) ? function(argument)
                                                 : namespace_run(network, function, argument);
}

/* Opens what there is to open in network, and looks there for the interface. -ENODEV: it is elsewhere. */
static int privileged_look_in(struct privileged *parent, int network, struct privileged_work *work)
{
    int error = privileged_there(parent, network, privileged_open_place, work);
    int now;

    if (error == 0)
        error = namespace_tun_link(parent->tun, network, work->answer.name, &work->answer.index);
    if (error < 0)
        return error;
    now = privileged_namespace(parent);
    if (now < 0)
        return now;
    if (!namespace_same(now, network)) /* what has that name there is another one */
        error = -ENODEV;
    close(now);
    return error;
}

/* Where it was when everything had been opened; what happens to it from then on, the monitor tells. If it
 * moves meanwhile, it is looked for again, by the engine if it moves that often. */
static int privileged_place(struct privileged *parent, struct privileged_work *work)
{
    int error = -ENODEV;

    for (unsigned tries = 0; tries < PRIVILEGED_PLACES && error == -ENODEV; tries++) {
        int network = privileged_namespace(parent);

        if (network < 0)
            return network;
        privileged_close(work->opened, work->opened_count);
        work->opened_count = 0;
        error = privileged_look_in(parent, network, work);
        if (error == 0 && privileged_has_moved(parent, network)) {
            int unprepared = privileged_there(parent, network, privileged_prepare, work);

            if (unprepared < 0)
                log_error("cannot prepare the interface in its new network namespace: %s",
                          strerror(-unprepared));
        }
        close(network);
    }
    return error;
}

static int privileged_write_redirects(void *argument)
{
    link_redirects_off(argument);
    return 0;
}

static int privileged_redirects(const struct privileged *parent)
{
    char name[IFNAMSIZ];
    uint32_t index;
    int network = privileged_namespace(parent);
    int error;

    if (network < 0)
        return network;
    error = namespace_tun_link(parent->tun, network, name, &index);
    if (error == 0)
        error = privileged_there(parent, network, privileged_write_redirects, name);
    close(network);
    return error;
}

/* The keeper's thread comes last: it logs, and where the log goes is settled now. */
static int privileged_ready(struct privileged *parent)
{
    int error;

    if (parent->background) {
        parent->background = false;
        background_release_output(parent->options);
    }
    error = parent->keeper == NULL || parent->keeper->running ? 0 : clock_keeper_start(parent->keeper);
    if (error < 0)
        log_error("cannot start a thread: %s; the time of handshakes is not remembered", strerror(-error));
    return 0;
}

static int privileged_do(struct privileged *parent, struct privileged_work *work)
{
    switch (work->request.kind) {
    case REQUEST_SOCKETS:
        return privileged_sockets(parent, work);
    case REQUEST_MARK:
        return privileged_mark(work);
    case REQUEST_PLACE:
        return privileged_place(parent, work);
    case REQUEST_REDIRECTS:
        return privileged_redirects(parent);
    case REQUEST_READY:
        return privileged_ready(parent);
    case REQUEST_PROCESSORS:
        work->answer.processors = processors_usable();
        return 0;
    default:
        return -EPROTO;
    }
}

/* One request and its answer. 0, or a negative errno: the engine is gone or does not speak our language. */
static int privileged_serve(struct privileged *parent)
{
    struct privileged_work work;
    int error;

    memset(&work, 0, sizeof work);
    error = request_receive(parent->engine, &work.request, work.received, &work.received_count);
    if (error < 0)
        return error;
    work.answer.error = privileged_do(parent, &work);
    error = request_answer(parent->engine, &work.answer, work.opened,
                           work.answer.error == 0 ? work.opened_count : 0);
    if (error == -ETOOMANYREFS || error == -ENOMEM || error == -ENOBUFS) { /* of the descriptors */
        work.answer.error = error;
        error = request_answer(parent->engine, &work.answer, NULL, 0);
    }
    privileged_close(work.received, work.received_count);
    privileged_close(work.opened, work.opened_count);
    return error;
}

/* ---- life and death ---- */

/* Takes what signals came. True if one of them says to end. */
static bool privileged_told_to_end(const struct privileged *parent)
{
    struct signalfd_siginfo info;
    bool end = false;

    while (read(parent->signals, &info, sizeof info) == (ssize_t)sizeof info)
        end = end || info.ssi_signo != SIGCHLD;
    return end;
}

/* True if the engine has ended; its exit code is then in *code. */
static bool privileged_engine_ended(const struct privileged *parent, int *code)
{
    int status;

    if (waitpid(parent->engine_pid, &status, WNOHANG) != parent->engine_pid)
        return false;
    log_relay_take(parent->log); /* its last words */
    if (WIFEXITED(status)) {
        *code = WEXITSTATUS(status);
    } else {
        log_error("the engine was ended by signal %d (%s); the interface goes with it", WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
        *code = 1;
    }
    return true;
}

/* Logs what the engine tells; who has closed its end is not listened to any more. */
static void privileged_hear(struct pollfd *log)
{
    if (log->revents == 0)
        return;
    log_relay_take(log->fd);
    if ((log->revents & POLLIN) == 0)
        log->fd = -1;
}

/* The engine sees its end of the pair close and ends by itself; if not, it is killed. */
static int privileged_end_engine(struct privileged *parent)
{
    struct pollfd waiting[] = {
        {.fd = parent->signals, .events = POLLIN},
        {.fd = parent->log, .events = POLLIN},
    };
    struct vole_time start;
    struct vole_time now;
    int code = 1;

    close(parent->engine);
    parent->engine = -1;
    clock_now(&start);
    now = start;
    while (!privileged_engine_ended(parent, &code)) {
        uint64_t waited_ms = (now.monotonic_ns - start.monotonic_ns) / 1000000;

        if (waited_ms >= PRIVILEGED_PATIENCE_MS) {
            log_error("the engine does not end; it is killed");
            (void)kill(parent->engine_pid, SIGKILL);
            (void)waitpid(parent->engine_pid, NULL, 0);
            return 1;
        }
        (void)poll(waiting, 2, (int)(PRIVILEGED_PATIENCE_MS - waited_ms));
        (void)privileged_told_to_end(parent);
        privileged_hear(&waiting[1]);
        clock_now(&now);
    }
    return code;
}

/* Serves until something ends the engine or tells us to. */
static int privileged_loop(struct privileged *parent)
{
    struct pollfd waiting[] = {
        {.fd = parent->engine, .events = POLLIN},
        {.fd = parent->signals, .events = POLLIN},
        {.fd = parent->socket_watch->fd, .events = POLLIN},
        {.fd = parent->log, .events = POLLIN},
    };
    int code;

    for (;;) {
        if (poll(waiting, 4, -1) < 0 && errno != EINTR)
            return privileged_end_engine(parent);
        if ((waiting[1].revents & POLLIN) != 0 && privileged_told_to_end(parent))
            return privileged_end_engine(parent);
        if (privileged_engine_ended(parent, &code))
            return code;
        privileged_hear(&waiting[3]);
        if ((waiting[2].revents & POLLIN) != 0 && unix_socket_gone(parent->socket_watch)) {
            log_notice("the socket file %s was removed: ending", parent->socket_watch->path);
            return privileged_end_engine(parent);
        }
        if (waiting[0].revents != 0 && privileged_serve(parent) < 0)
            return privileged_end_engine(parent);
    }
}

int privileged_run(struct privileged *parent)
{
    int code = privileged_loop(parent);

    unix_socket_remove(parent->socket_watch);
    if (parent->engine >= 0)
        close(parent->engine);
    if (parent->keeper != NULL)
        clock_keeper_stop(parent->keeper);
    return code;
}
