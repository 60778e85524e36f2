/* SPDX-License-Identifier: MIT
 *
 * A translator of addresses in front of a host: what the host sends seems to come from outside addresses, one
 * for each receiver, and only that receiver can answer there. What was not used for TRANSLATOR_FORGETS_NS is
 * forgotten, and everything at once when the translator begins anew; the host's next datagram then has
 * another port, and sometimes another address.
 */
#ifndef SIM_TRANSLATOR_H
#define SIM_TRANSLATOR_H

#include "host.h"

/* Only what is sent keeps it, not what comes in. A persistent keepalive of 25 s does for 35 s: it begins anew
 * with what is received as well (timers §7), and that may be the other side's keepalive, 10 s after our last
 * data. */
#define TRANSLATOR_FORGETS_NS UINT64_C(36000000000)

struct translator {
    bool present;
    unsigned host;     /* who is behind it */
    uint32_t mappings; /* made so far; part of the next one's address and port */
    struct {
        struct vole_endpoint outside, receiver;
        uint64_t used_ns; /* when the host last sent there; 0: there is none */
    } table[WORLD_HOSTS]; /* by the receiver's number */
};

/* Where a datagram of this host seems to come from, on its way there. */
struct vole_endpoint translator_out(struct world *world, const struct host *sender,
                                    const struct vole_endpoint *to);
/* Brings a datagram that is for an outside address to the host behind it; false: nobody is there any more, or
 * it comes from somebody who was not spoken to. */
bool translator_in(struct world *world, struct datagram *datagram);
void translator_forget(struct world *world);

#endif
