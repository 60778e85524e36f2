/* SPDX-License-Identifier: MIT */
#include "explain/handshake_run.h"

#include "core/device.h"
#include "crypto/memory.h"
#include "explain/compose.h"

#include <string.h>

size_t handshake_run_packet(uint8_t packet[static HANDSHAKE_RUN_PACKET_MOST])
{
    static const uint8_t payload[] = "hello through the tunnel";
    static const struct compose_way way = {.from = {4, {10, 0, 0, 2}},
                                           .to = {4, {10, 0, 0, 5}},
                                           .from_port = 40000,
                                           .to_port = 7,
                                           .identification = 1};

    _Static_assert(COMPOSE_MOST_BYTES + sizeof payload <= HANDSHAKE_RUN_PACKET_MOST, "room");
    return compose_udp(packet, &way, payload, sizeof payload - 1);
}

struct vole_peer *handshake_run_peer(const struct cast_member *member)
{
    return vole_peer_next(member->device, NULL);
}

static void copy_session(struct handshake_run_session *session, const struct keypair *keypair)
{
    session->present = keypair != NULL;
    if (keypair == NULL)
        return;
    memcpy(session->sending, keypair->sending_key, 32);
    memcpy(session->receiving, keypair->receiving_key, 32);
    session->own_index = atomic_load_explicit(&keypair->entry.index, memory_order_relaxed);
    session->remote_index = keypair->remote_index;
}

static const struct keypair *current_of(const struct cast_member *member)
{
    return atomic_load_explicit(&handshake_run_peer(member)->keypairs.current, memory_order_relaxed);
}

static bool is_wiped(const struct cast_member *member)
{
    const struct handshake *handshake = &handshake_run_peer(member)->handshake;

    return memory_is_zero((const uint8_t *)handshake, sizeof *handshake);
}

static void initiate(struct handshake_run *run)
{
    struct handshake_record record;

    run->packet_length = handshake_run_packet(run->packet);
    handshake_record_begin(&record);
    run->sent = cast_send(run->laptop, run->packet, run->packet_length);
    handshake_record_end();
    handshake_moves_read(run->laptop_moves, &record, HANDSHAKE_MOVE_START);
    memory_wipe(&record, sizeof record);
}

static void hand(struct cast_member *to, size_t number, struct handshake_move *moves,
                 enum handshake_move_name first)
{
    struct handshake_record record;

    cast_pass(to->cast, HANDSHAKE_RUN_WAY_NS);
    cast_must(to->cast->wire_count == number + 1);
    handshake_record_begin(&record);
    (void)cast_hand_datagram(to, number);
    handshake_record_end();
    handshake_moves_read(moves, &record, first);
    memory_wipe(&record, sizeof record);
}

void handshake_run_play(struct handshake_run *run, const uint8_t seed[static CHANCE_SEED_BYTES])
{
    memset(run, 0, sizeof *run);
    cast_init(&run->cast, seed);
    cast_preshared_key(run->preshared, seed);
    cast_add_two(&run->cast, &run->laptop, &run->server);
    initiate(run);
    hand(run->server, HANDSHAKE_RUN_INITIATION, run->server_moves, HANDSHAKE_MOVE_START);
    copy_session(&run->server_next, handshake_run_peer(run->server)->keypairs.next);
    run->server_could_send = current_of(run->server) != NULL;
    run->server_wiped = is_wiped(run->server);
    hand(run->laptop, HANDSHAKE_RUN_RESPONSE, run->laptop_moves, HANDSHAKE_MOVE_RESPONSE_E);
    copy_session(&run->laptop_current, current_of(run->laptop));
    run->laptop_wiped = is_wiped(run->laptop);
    cast_pass(&run->cast, HANDSHAKE_RUN_WAY_NS);
    run->confirmed = cast_hand_datagram(run->server, HANDSHAKE_RUN_DATA);
    copy_session(&run->server_current, current_of(run->server));
}

void handshake_run_fini(struct handshake_run *run)
{
    cast_fini(&run->cast);
    memory_wipe(run, sizeof *run);
}
