/* SPDX-License-Identifier: MIT
 *
 * What belongs to the network namespace the interface is in: a link monitor, a descriptor for requests about
 * links, raw ICMP sockets. Whoever opens them must have the rights and be in that namespace: the process that
 * makes the interface, and the privileged parent when the interface has moved (requests.h). Whoever has
 * opened or received them closes them.
 */
#ifndef DAEMON_PLACE_H
#define DAEMON_PLACE_H

#include "linux/icmp.h"
#include "vole.h"

#include <net/if.h>
#include <stdint.h>

struct place {
    int monitor; /* of link_monitor_open(), interfaces only; -1: none */
    int link;    /* of link_open(); -1: none */
    struct icmp_sockets icmp;
    uint32_t index; /* of the interface in there; these two are for the caller to fill in */
    char name[IFNAMSIZ];
};

/* Nothing open. */
void place_init(struct place *place);
/* Opens all in the calling thread's namespace, the monitor first, so that nothing that happens from here on
 * is missed. Without the right to raw sockets there is no ICMP, and no error. 0, or a negative errno with
 * nothing open. */
VOLE_MUST_CHECK int place_open(struct place *place);
void place_close(struct place *place);

#endif
