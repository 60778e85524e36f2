/* SPDX-License-Identifier: MIT
 *
 * The run that act 3 tells of, as it is played: laptop and server of the cast, a first ping that makes them
 * shake hands, then what the act, or somebody who breaks it, does with the session.
 *
 * Datagrams travel JOURNEY_TRAVEL_NS; journey_carry() is the network. The apps on both sides are played here:
 * the laptop's asks over UDP, the server's answers; pings are answered by the server's kernel.
 * A run stays where it is while it lives. One thread; no memory ends the program (explain/value.h).
 */
#ifndef EXPLAIN_JOURNEY_RUN_H
#define EXPLAIN_JOURNEY_RUN_H

#include "explain/cast.h"

#define JOURNEY_TRAVEL_NS        UINT64_C(20000000)
#define JOURNEY_ASKED_NS         UINT64_C(1000000000) /* when the laptop's app asks */
#define JOURNEY_MOST_HANDSHAKES  8
#define JOURNEY_MOST_INNER_BYTES 1500
#define JOURNEY_QUESTION         "Is anybody home?"
#define JOURNEY_ANSWER           "Yes. Come in, the kettle is on."
#define JOURNEY_LAPTOP_PORT      40000
#define JOURNEY_SERVER_PORT      4242

struct journey_run {
    struct cast cast;
    struct cast_member *laptop, *server;
    struct vole_peer *server_at_laptop, *laptop_at_server; /* each as a peer of the other's device */
    size_t carried;                                        /* datagrams of the wire that have arrived */
    /* The laptop's ephemeral private keys, one for each initiation: they open a capture. */
    uint8_t ephemerals[JOURNEY_MOST_HANDSHAKES][VOLE_KEY_BYTES];
    size_t ephemeral_count;
};

/* A session made by a ping at 0 s, which was answered; it is JOURNEY_ASKED_NS now. seed: borrowed. */
void journey_run_init(struct journey_run *run, const uint8_t seed[static CHANCE_SEED_BYTES]);
void journey_run_fini(struct journey_run *run);

/* Lets everything on the wire that has not arrived yet travel, and what is sent meanwhile. */
void journey_carry(struct journey_run *run);
/* Lets time go on by ns, and what is sent meanwhile travel. */
void journey_wait(struct journey_run *run, uint64_t ns);
/* What the laptop's app sends, the server's answer: whole inner packets. Returns the length. */
size_t journey_question(uint8_t packet[static JOURNEY_MOST_INNER_BYTES]);
size_t journey_answer(uint8_t packet[static JOURNEY_MOST_INNER_BYTES]);
/* An echo request of `ping` with 56 bytes of data, or its reply: 84 bytes. */
size_t journey_ping(uint8_t packet[static JOURNEY_MOST_INNER_BYTES], bool reply, uint16_t sequence);
/* A UDP packet of this length from laptop to server, 28 bytes or more, with letters in it. */
void journey_packet_of(uint8_t packet[static JOURNEY_MOST_INNER_BYTES], size_t length);
/* The laptop pings, and is answered. */
void journey_do_ping(struct journey_run *run, uint16_t sequence);
/* The outer IP packet that this datagram travels in: IPv4 as in the story, or IPv6 instead. outer has room
 * for COMPOSE_MOST_BYTES more than the datagram. Returns the length. */
size_t journey_outer(uint8_t *outer, const struct cast_datagram *datagram, size_t number, bool as_ipv6);

#endif
