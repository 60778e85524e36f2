/* SPDX-License-Identifier: MIT
 *
 * One whole handshake between laptop and server, played with real devices, and all that the act tells of it.
 * An application on the laptop sends a packet; there is no session, so it waits and the handshake begins.
 * Every datagram is on its way for 20 ms. At the end the packet is at the server, which is how the server
 * knows that the laptop has the keys (protocol §5.2).
 */
#ifndef EXPLAIN_HANDSHAKE_RUN_H
#define EXPLAIN_HANDSHAKE_RUN_H

#include "explain/cast.h"
#include "explain/handshake_moves.h"

#define HANDSHAKE_RUN_WAY_NS      UINT64_C(20000000)
#define HANDSHAKE_RUN_PACKET_MOST 128

/* Where the datagrams lie on the wire. */
enum { HANDSHAKE_RUN_INITIATION, HANDSHAKE_RUN_RESPONSE, HANDSHAKE_RUN_DATA };

/* A side's session keys, copied from its keypair. */
struct handshake_run_session {
    bool present;
    uint8_t sending[32], receiving[32];
    uint32_t own_index, remote_index;
};

struct handshake_run {
    struct cast cast;
    struct cast_member *laptop, *server;
    uint8_t preshared[32];
    uint8_t packet[HANDSHAKE_RUN_PACKET_MOST]; /* the application's */
    size_t packet_length;
    enum vole_outcome sent; /* what became of it at first */
    struct handshake_move laptop_moves[HANDSHAKE_MOVES], server_moves[HANDSHAKE_MOVES];
    struct handshake_run_session server_next; /* before the first data */
    struct handshake_run_session laptop_current, server_current;
    bool laptop_wiped, server_wiped; /* nothing is left of the handshake once the session is there */
    bool server_could_send;          /* before the first data */
    enum vole_outcome confirmed;
};

/* Plays it. handshake_run_fini() wipes all. */
void handshake_run_play(struct handshake_run *run, const uint8_t seed[static CHANCE_SEED_BYTES]);
void handshake_run_fini(struct handshake_run *run);
/* A packet of the laptop's application to 10.0.0.5; returns its length. */
size_t handshake_run_packet(uint8_t packet[static HANDSHAKE_RUN_PACKET_MOST]);
/* The member's only peer. */
struct vole_peer *handshake_run_peer(const struct cast_member *member);

#endif
