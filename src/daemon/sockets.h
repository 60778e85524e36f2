/* SPDX-License-Identifier: MIT
 *
 * The device's UDP sockets over their life: opened when the interface comes up, closed when it goes down,
 * exchanged when the port changes (routing §8, timers §7).
 *
 * Each worker has its own pair of sockets, all on one port; which of them a datagram reaches is for
 * linux/udp_steering.h, and that goes by the order of the workers. New sockets are opened before the old ones
 * are closed, so a port that cannot be had leaves everything as it was; old ones are closed only after the
 * workers have let go of them. The port in use is remembered over down and up.
 *
 * Control only. The privileged parent opens the sockets, in the namespace where the interface was made.
 */
#ifndef DAEMON_SOCKETS_H
#define DAEMON_SOCKETS_H

#include "daemon/options.h"
#include "daemon/worker.h"
#include "linux/udp.h"

/* What the kernel could at an opening. */
struct sockets_found {
    bool v6, segment, receive_offload, steering;
};

struct sockets {
    int parent;              /* where to ask, borrowed */
    struct worker **workers; /* borrowed; NULL entries are skipped */
    unsigned count;          /* of workers, and of pairs when open */
    struct udp_wishes wishes;
    uint16_t port; /* in use, or to be used at the next up; 0: any */
    uint32_t mark; /* 0: none */
    bool open;
    bool steer; /* several pairs are to be steered by receiver index */
    bool said_no_v6;
    struct sockets_found found; /* at the last opening */
    struct udp_sockets pairs[OPTIONS_MAX_WORKERS];
};

/* Closed, any port, no mark. */
void sockets_init(struct sockets *sockets, int parent, struct worker **workers, unsigned count,
                  const struct options_switches *switches);

/* Before there is an engine, where the rights are: opens a pair for each of so many workers, but two at most,
 * on a random port and closes them again, to find out what the kernel can. 0, or why not. */
VOLE_MUST_CHECK int sockets_probe(struct sockets_found *found, unsigned workers,
                                  const struct options_switches *switches);
/* Remembers what was found, and says once if there is no IPv6. */
void sockets_note_found(struct sockets *sockets, const struct sockets_found *found);

/* Opens on the stored port; a random one is stored. Already open: nothing happens. 0, or why not. */
VOLE_MUST_CHECK int sockets_open(struct sockets *sockets);
void sockets_close(struct sockets *sockets);

/* Stores another port (0: a new random one) and, if open or wanted open, moves there. The port in use
 * already: nothing happens. On an error everything is as before. */
VOLE_MUST_CHECK int sockets_set_port(struct sockets *sockets, uint16_t port, bool up);
/* Stores another mark and sets it on open sockets. On an error the old mark is put back. */
VOLE_MUST_CHECK int sockets_set_mark(struct sockets *sockets, uint32_t mark);

/* The pair control itself sends on; NULL while closed. Valid until the next call of the above. */
const struct udp_sockets *sockets_first(const struct sockets *sockets);

#endif
