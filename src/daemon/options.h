/* SPDX-License-Identifier: MIT
 *
 * What voled was asked to do: its command line and its environment, read once before anything else happens.
 *
 * Every switch exists twice, as a long option and as an environment variable of the same name
 * (--no-tso, VOLE_NO_TSO=1): wg-quick starts voled by name alone. An option given wins over a variable.
 * WG_TUN_FD, WG_UAPI_FD, WG_PROCESS_FOREGROUND and LOG_LEVEL are those of other userspace implementations
 * (uapi §6).
 *
 * Nothing here prints or exits: the caller shows the text. One thread, at start.
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include "daemon/log.h"
#include "vole.h"

#include <stddef.h>

#define OPTIONS_NAME_BYTES    16 /* an interface name with its terminator */
#define OPTIONS_MESSAGE_BYTES 256
#define OPTIONS_MAX_WORKERS   64

/* Switches turned on; all false unless asked for. */
struct options_switches {
    bool no_vnet_hdr;
    bool no_tso;
    bool no_uso;
    bool no_udp_segment;
    bool no_udp_gro;
    bool no_udp_steering;
    bool no_fair_queues;
    bool no_tun_tcp_merge;
    bool no_tun_udp_merge;
    bool no_avx2; /* and so no AVX-512 */
    bool no_avx512;
    bool no_sandbox;
};

struct options {
    char name[OPTIONS_NAME_BYTES]; /* as given; may be a pattern such as wg%d */
    bool foreground;
    bool log_level_given; /* LOG_LEVEL is set */
    enum log_level log_level;
    int tun;                     /* descriptor from WG_TUN_FD, or -1 */
    int uapi;                    /* descriptor from WG_UAPI_FD, or -1 */
    unsigned workers;            /* 0: as many as suit the processors */
    uint64_t memory_limit;       /* bytes of both processes; 0: none */
    const char *user;            /* whom the engine becomes; empty: nobody else */
    bool user_given;             /* so that it has to exist */
    const char *state_directory; /* where the time of handshakes is remembered; empty: nowhere */
    struct options_switches switches;
    char message[OPTIONS_MESSAGE_BYTES]; /* what is wrong, if something is */
};

enum options_outcome {
    OPTIONS_RUN,     /* start */
    OPTIONS_HELP,    /* show the usage, succeed */
    OPTIONS_VERSION, /* show the version, succeed */
    OPTIONS_WRONG    /* show message and usage, fail */
};

/* Reads arguments (as main gets them) and the process's environment. */
VOLE_MUST_CHECK enum options_outcome options_read(struct options *options, int count, char **arguments);

/* The text for --help and for wrong usage. */
const char *options_usage(void);

/* How many workers suit so many processors, where nobody said otherwise: all but a quarter, which is for who
 * uses the tunnel (docs/scaling.md), but one where there are only two; at most 8, which bounds the memory
 * under load. */
unsigned options_workers_for(unsigned processors);

/* True if an interface can have this name (or this pattern with one %d): what the kernel accepts, and
 * nothing that would leave the socket directory. */
VOLE_MUST_CHECK bool options_name_valid(const char *name);

#endif
