/* SPDX-License-Identifier: MIT
 *
 * The privileged parent: a small process that keeps the rights the engine will not have, answers its short
 * list of requests (requests.h), and sees to the end of both (architecture: two processes). It has one
 * thread, and a second one, the keeper of the clock (clock_keeper.h), which touches nothing of the first.
 *
 * It is the process users see and signal. SIGTERM, SIGINT and SIGHUP, and the removal of the socket file
 * (uapi §7), end the engine first, then itself, with exit code 0. The engine's own end is passed on: exit
 * code 0 if the interface was deleted, else 1. Whatever the way, the socket file is removed; the interface
 * goes with the last descriptor of the TUN.
 * An engine that does not end when told is killed after some seconds.
 */
#ifndef DAEMON_PRIVILEGED_H
#define DAEMON_PRIVILEGED_H

#include "daemon/clock_keeper.h"
#include "daemon/options.h"
#include "linux/unix_socket.h"

#include <sys/types.h>

struct privileged {
    int engine;       /* our end of the pair */
    pid_t engine_pid; /* our child */
    int tun;          /* a queue of the device, to find out where it is */
    int home;         /* the namespace the interface was made in: sockets belong there */
    bool background;  /* output is to be let go when the engine is ready */
    int log;          /* what the engine tells (log_relay.h) */
    int signals;      /* signalfd for SIGCHLD and the ending signals, which are blocked */
    const struct options *options;
    struct unix_socket_watch *socket_watch;
    struct clock_keeper *keeper; /* NULL: nothing is remembered; started when the engine is ready */
    int socket_bytes;            /* the kernel's queue of each UDP socket, one way */
    uint16_t port;               /* of the sockets that were opened last, 0: none yet */
    bool placed;                 /* the engine has been told where the interface is, or needed not to be */
};

/* Serves until the end of the engine; returns the exit code. Closes nothing but engine. */
VOLE_MUST_CHECK int privileged_run(struct privileged *parent);

#endif
