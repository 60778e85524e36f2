/* SPDX-License-Identifier: MIT */
#include "explain/journey_run.h"

#include "core/peer.h"
#include "explain/compose.h"

#include <assert.h>
#include <string.h>

#define PING_BYTES      56
#define PING_IDENTIFIER 7

/* Where the two would be if the internet between them were IPv6. */
static const struct vole_address laptop_six = {6, {0x20, 0x01, 0x0d, 0xb8, 0, 7, [15] = 7}};
static const struct vole_address server_six = {6, {0x20, 0x01, 0x0d, 0xb8, 0, 5, [15] = 5}};

/* ---- life cycle ---- */

void journey_run_init(struct journey_run *run, const uint8_t seed[static CHANCE_SEED_BYTES])
{
    *run = (struct journey_run){0};
    cast_init(&run->cast, seed);
    cast_add_two(&run->cast, &run->laptop, &run->server);
    run->server_at_laptop = vole_peer_find(run->laptop->device, run->server->public_key);
    run->laptop_at_server = vole_peer_find(run->server->device, run->laptop->public_key);
    journey_do_ping(run, 1);
    cast_pass_until(&run->cast, JOURNEY_ASKED_NS);
}

void journey_run_fini(struct journey_run *run)
{
    cast_fini(&run->cast);
    memset(run->ephemerals, 0, sizeof run->ephemerals);
}

/* ---- the network ---- */

/* While an initiation waits for its answer, its ephemeral key is in the peer. */
static void note_ephemeral(struct journey_run *run)
{
    const struct handshake *handshake = &run->server_at_laptop->handshake;
    size_t count = run->ephemeral_count;

    if (handshake->state != HANDSHAKE_CREATED_INITIATION ||
        (count > 0 && memcmp(run->ephemerals[count - 1], handshake->ephemeral_private, VOLE_KEY_BYTES) == 0))
        return;
    assert(count < JOURNEY_MOST_HANDSHAKES);
    memcpy(run->ephemerals[run->ephemeral_count++], handshake->ephemeral_private, VOLE_KEY_BYTES);
}

void journey_carry(struct journey_run *run)
{
    struct cast *cast = &run->cast;

    for (; run->carried < cast->wire_count; run->carried++) {
        struct vole_endpoint to = cast->wire[run->carried].to;
        struct cast_member *member;

        note_ephemeral(run);
        cast_pass_until(cast, cast->wire[run->carried].at_ns + JOURNEY_TRAVEL_NS);
        member = cast_at(cast, &to);
        if (member != NULL)
            (void)cast_hand_datagram(member, run->carried);
    }
}

void journey_wait(struct journey_run *run, uint64_t ns)
{
    uint64_t until_ns = run->cast.now_ns + ns, next;

    while ((next = cast_next_deadline(&run->cast)) <= until_ns) {
        cast_pass_until(&run->cast, next);
        journey_carry(run);
    }
    cast_pass_until(&run->cast, until_ns);
}

size_t journey_outer(uint8_t *outer, const struct cast_datagram *datagram, size_t number, bool as_ipv6)
{
    struct compose_way way = {.from = datagram->from.address,
                              .to = datagram->to.address,
                              .from_port = datagram->from.port,
                              .to_port = datagram->to.port,
                              .identification = (uint16_t)(number + 1),
                              .traffic_class = datagram->traffic_class};
    bool from_laptop = datagram->from.port == cast_laptop_address.port;

    if (as_ipv6) {
        way.from = from_laptop ? laptop_six : server_six;
        way.to = from_laptop ? server_six : laptop_six;
    }
    return compose_udp(outer, &way, datagram->bytes, datagram->length);
}

/* ---- the apps ---- */

static const struct compose_way there = {.from = {4, {10, 0, 0, 2}},
                                         .to = {4, {10, 0, 0, 5}},
                                         .from_port = JOURNEY_LAPTOP_PORT,
                                         .to_port = JOURNEY_SERVER_PORT,
                                         .identification = 1};
static const struct compose_way home = {.from = {4, {10, 0, 0, 5}},
                                        .to = {4, {10, 0, 0, 2}},
                                        .from_port = JOURNEY_SERVER_PORT,
                                        .to_port = JOURNEY_LAPTOP_PORT,
                                        .identification = 1};

size_t journey_question(uint8_t packet[static JOURNEY_MOST_INNER_BYTES])
{
    return compose_udp(packet, &there, (const uint8_t *)JOURNEY_QUESTION, strlen(JOURNEY_QUESTION));
}

size_t journey_answer(uint8_t packet[static JOURNEY_MOST_INNER_BYTES])
{
    return compose_udp(packet, &home, (const uint8_t *)JOURNEY_ANSWER, strlen(JOURNEY_ANSWER));
}

size_t journey_ping(uint8_t packet[static JOURNEY_MOST_INNER_BYTES], bool reply, uint16_t sequence)
{
    uint8_t data[PING_BYTES];

    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(0x20 + i); /* " !"#..." */
    return compose_echo(packet, reply ? &home : &there, reply, PING_IDENTIFIER, sequence, data, sizeof data);
}

void journey_packet_of(uint8_t packet[static JOURNEY_MOST_INNER_BYTES], size_t length)
{
    uint8_t letters[JOURNEY_MOST_INNER_BYTES];

    assert(length >= COMPOSE_IPV4_BYTES + COMPOSE_UDP_BYTES && length <= JOURNEY_MOST_INNER_BYTES);
    for (unsigned i = 0; i < sizeof letters; i++)
        letters[i] = (uint8_t)('a' + i % 26);
    (void)compose_udp(packet, &there, letters, length - COMPOSE_IPV4_BYTES - COMPOSE_UDP_BYTES);
}

void journey_do_ping(struct journey_run *run, uint16_t sequence)
{
    uint8_t packet[JOURNEY_MOST_INNER_BYTES];

    (void)cast_send(run->laptop, packet, journey_ping(packet, false, sequence));
    journey_carry(run);
    (void)cast_send(run->server, packet, journey_ping(packet, true, sequence));
    journey_carry(run);
}
