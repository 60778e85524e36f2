/* SPDX-License-Identifier: MIT
 *
 * The stranger: sees what the hosts receive, has a WireGuard of its own and everybody's public keys, but is
 * nobody's peer. It speaks to everybody as if it were, and injects replays, damaged copies and garbage, from
 * its own address or from another host's. Nothing of that may have any effect.
 *
 * It only replays what its target has already accepted. What was lost or refused it could bring to its target
 * like any router does, and would then be taken for the sender's new address: that is how WireGuard roams.
 */
#ifndef SIM_STRANGER_H
#define SIM_STRANGER_H

#include "network.h"

#define STRANGER_RECORDS 64u

struct stranger {
    bool present;
    struct random_source random;
    struct datagram *records; /* the latest ones, in a ring */
    uint64_t recorded;
    struct datagram *initiations[WORLD_HOSTS]; /* the latest one each host accepted, or NULL */
};

/* Before traffic_init(). */
void stranger_init(struct world *world);
void stranger_fini(struct world *world);
/* The receiver accepted this. */
void stranger_record(struct world *world, const struct host *receiver, const struct datagram *datagram);
/* This host forgot a peer, so it may take replays of before for new. */
void stranger_forget(struct world *world, const struct host *receiver);
/* Sends more handshakes at once than a host works off calmly; false: it has none to send yet. */
bool stranger_flood(struct world *world, struct host *victim);

#endif
