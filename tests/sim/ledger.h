/* SPDX-License-Identifier: MIT
 *
 * The rules about inner packets.
 *
 *   unique      a packet is delivered at most once
 *   unchanged   and as it was sent, byte for byte
 *   right host  and only at the host it was sent to
 *   right peer  and as coming from the host that sent it; never with somebody else's source address
 *   owed        on a calm network with known ways, every packet arrives; see below
 *   waiting     what waits for a session when the network becomes calm is sent soon, if it is not too old
 *   give-up     no packet that waits is given up before 19 retransmissions, 5 s apart
 *
 * When is a packet owed? Two hosts are disturbed while anything out of the ordinary happens to either or to
 * the network between them, and until all datagrams of that time have arrived. After the last disturbance, a
 * direction with traffic must have recovered within scenario.recovery_s; from then on, until the next
 * disturbance, every packet is owed, however long the pauses between them. An owed packet must have arrived
 * scenario.patience_ms after it was sent.
 *
 * Why 25 s are enough if both speak (timers §1-§4): the worst case is a session that only one side still
 * has. Its data goes nowhere; with nothing coming back the new-handshake timer fires 15.333 s after the
 * first packet, which comes at most a pause (2 s) after the calm began. If an initiation was sent less than
 * 5 s before, the request is refused, but then that initiation's retransmission is at most 5.333 s away
 * (and if a response was, the initiation it answered had stopped the timer). Adds up to 22.7 s and a round
 * trip. If initiations of both sides cross, both are void; that is a new disturbance, but no more than
 * LEDGER_CROSSINGS may happen in a row, or the two would never come together.
 * Waiting packets need no more traffic: retransmissions go on for 95 s at least after the last of them was
 * sent, and one comes within 5.333 s of the calm. But an own response refuses the next retransmission and
 * ends the chain (timers §3), so nothing is said about a host that answered since its last initiation.
 * Two exceptions, where a packet is lost by design: one sent in the last moments of a session may arrive
 * after its 180 s (exchanges.h checks that the session was really that old); and one may be under way on a
 * session whose place a never confirmed one takes (exchanges.c, derived_as_initiator).
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "host.h"

#define LEDGER_BUSY_GAP_NS UINT64_C(2000000000) /* a direction with longer pauses has no traffic */
#define LEDGER_CROSSINGS   8u

struct packet_plan;

struct ledger_packet {
    uint64_t sent_ns;
    uint16_t length;
    uint8_t sender, source, destination;
    bool owed, delivered;
};

struct direction {
    uint64_t last_sent_ns, busy_since_ns;
    uint64_t waiting_ns; /* when the last packet was sent that waits; 0: none waits */
    uint64_t expired_ns; /* what was sent until then may have met the end of its session */
    bool recovered;
};

struct relation {
    unsigned disturbances; /* going on */
    unsigned crossings;    /* since the last real disturbance */
    uint64_t calm_since_ns;
};

struct ledger {
    struct ledger_packet *packets; /* by number */
    size_t count, capacity;
    size_t judged; /* all before this one have arrived or need not */
    struct direction directions[WORLD_HOSTS][WORLD_HOSTS];
    struct relation relations[WORLD_HOSTS][WORLD_HOSTS]; /* [smaller][greater] */
};

/* Writes the packet down as about to be sent, and gives it its number. */
void ledger_send(struct world *world, struct packet_plan *plan, unsigned sender);
/* The last packet written down waits for a session. */
void ledger_waits(struct world *world, unsigned from, unsigned to);
/* What waited was sent, or its peer was given up. */
void ledger_flushed(struct world *world, unsigned from, unsigned to);
/* There is a session: nothing may wait any more. */
void ledger_flush_due(struct world *world, unsigned from, unsigned to);
void ledger_gave_up(struct world *world, unsigned from, unsigned to);
/* A host's device delivered this. */
void ledger_deliver(struct world *world, unsigned host, unsigned from, const uint8_t *bytes, size_t length);
/* Datagrams sent until then may meet the end of their session. */
void ledger_expired(struct world *world, unsigned from, unsigned to, uint64_t until_ns);
/* Initiations of these two crossed. */
void ledger_crossed(struct world *world, unsigned a, unsigned b);
/* Looks for owed packets that did not arrive in time. */
void ledger_judge(struct world *world);
/* Since when these two are undisturbed; UINT64_MAX: they are not. */
uint64_t ledger_calm_since(const struct world *world, unsigned a, unsigned b);
/* Something happens to these two: begins, ends. Nests. If it is not the network's doing, what waits may get
 * lost. */
void ledger_disturb(struct world *world, unsigned a, unsigned b, bool by_network);
void ledger_calm(struct world *world, unsigned a, unsigned b, bool by_network);
void ledger_fini(struct ledger *ledger);

#endif
