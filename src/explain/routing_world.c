/* SPDX-License-Identifier: MIT
 *
 * Building the device and asking it. The other ends let everything through to the server: what they may claim
 * is decided at the server, which is the point.
 */
#include "explain/routing_world.h"

#include "config/address.h"
#include "config/array.h"
#include "core/device.h"
#include "crypto/memory.h"
#include "explain/compose.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION_PORT 40000
#define ECHO_PORT        7

static const struct vole_address inside_v4 = {4, {10, 0, 0, 5}};
static const struct vole_address inside_v6 = {6, {0xfd, [15] = 5}};

static void *had(void *pointer)
{
    if (pointer == NULL) {
        fputs("vole explain: not enough memory\n", stderr);
        exit(1);
    }
    return pointer;
}

static const struct vole_address *inside(uint8_t family)
{
    return family == 4 ? &inside_v4 : &inside_v6;
}

/* ---- building ---- */

static struct vole_endpoint place_of(size_t position)
{
    return (struct vole_endpoint){.address = {4, {198, 51, 100, (uint8_t)(20 + position % 200)}},
                                  .port = 51820};
}

/* A peer with a device of its own. In the example it is who bears that name in all acts. */
static struct vole_peer *add_member(struct routing_world *world, size_t position)
{
    const struct routing_table_peer *peer = &world->table->peers[position];
    struct vole_endpoint place = place_of(position);
    uint8_t preshared[VOLE_KEY_BYTES];
    size_t number = world->member_count++;
    struct cast_member *member;
    struct vole_peer *made;

    if (world->table->kind == ROUTING_TABLE_EXAMPLE)
        (void)snprintf(world->member_names[number], sizeof world->member_names[number], "%s", peer->name);
    else
        (void)snprintf(world->member_names[number], sizeof world->member_names[number], "own %zu", position);
    if (strcmp(world->member_names[number], "laptop") == 0)
        place = cast_laptop_address;
    member = cast_add(&world->cast, world->member_names[number], &place);
    world->members[number] = member;
    cast_preshared_key(preshared, world->cast.seed);
    (void)cast_introduce(member, world->server, "0.0.0.0/0, ::/0", preshared, true);
    made = cast_introduce(world->server, member, "", preshared, peer->has_endpoint);
    memory_wipe(preshared, sizeof preshared);
    return made;
}

/* One of whom there is nothing but a public key, to which nobody has the private one. */
static struct vole_peer *add_stranger(struct routing_world *world, size_t position, struct chance *chance)
{
    struct vole_endpoint place = place_of(position);
    uint8_t public_key[VOLE_KEY_BYTES];
    struct vole_peer *made;
    struct vole_time now;

    chance_bytes(chance, public_key, sizeof public_key);
    cast_time(world->server, &now);
    made = had(vole_peer_add(world->server->device, public_key, &now, NULL));
    if (world->table->peers[position].has_endpoint)
        vole_peer_set_endpoint(made, &place);
    return made;
}

static void add_peers(struct routing_world *world)
{
    struct chance chance;

    chance_init(&chance, world->cast.seed, "public keys of a table's peers");
    for (size_t i = 0; i < world->table->peer_count; i++) {
        if (i >= world->first_member && world->member_count < ROUTING_WORLD_MEMBERS)
            world->peers[i] = add_member(world, i);
        else
            world->peers[i] = add_stranger(world, i, &chance);
        vole_peer_set_context(world->peers[i], &world->table->peers[i]);
    }
    memory_wipe(&chance, sizeof chance);
}

static void note_loss(struct routing_world *world, const struct walk_record *record)
{
    world->losses =
        had(array_grow(world->losses, &world->loss_capacity, world->loss_count, sizeof *world->losses));
    world->losses[world->loss_count++] =
        (struct routing_loss){.prefix = record->given,
                              .from = routing_world_position(world, record->before),
                              .to = routing_world_position(world, record->after)};
}

static void give_all(struct routing_world *world)
{
    struct walk_record record;

    for (size_t i = 0; i < world->table->gift_count; i++) {
        const struct routing_table_gift *gift = &world->table->gifts[i];
        struct vole_peer *peer = world->peers[gift->peer];

        walk_record_start(&record);
        if ((gift->remove ? vole_peer_disallow : vole_peer_allow)(peer, &gift->prefix) != 0)
            (void)had(NULL);
        walk_record_stop();
        if (record.gifts > 0 && record.before != NULL && record.before != record.after)
            note_loss(world, &record);
    }
}

static bool same_prefix(const struct vole_prefix *a, const struct vole_prefix *b)
{
    return a->length == b->length && a->address.family == b->address.family &&
           memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes) == 0;
}

/* Leaves each loss once, to who has it in the end; what came back was not lost. */
static void settle_losses(struct routing_world *world)
{
    size_t kept = 0;

    for (size_t i = 0; i < world->loss_count; i++) {
        struct routing_loss loss = world->losses[i];
        bool known = false;

        loss.to = routing_world_owner(world, &loss.prefix);
        for (size_t j = 0; j < kept && !known; j++)
            known = world->losses[j].from == loss.from && same_prefix(&world->losses[j].prefix, &loss.prefix);
        if (!known && loss.to != loss.from && loss.to != ROUTING_NOBODY)
            world->losses[kept++] = loss;
    }
    world->loss_count = kept;
}

void routing_world_init(struct routing_world *world, const struct routing_table *table,
                        const uint8_t seed[static CHANCE_SEED_BYTES], size_t first_member)
{
    *world = (struct routing_world){.table = table, .first_member = first_member};
    cast_init(&world->cast, seed);
    world->server = cast_add(&world->cast, "server", &cast_server_address);
    world->peers = had(calloc(table->peer_count + 1, sizeof(struct vole_peer *)));
    add_peers(world);
    give_all(world);
    settle_losses(world);
}

void routing_world_fini(struct routing_world *world)
{
    cast_fini(&world->cast);
    free(world->peers);
    free(world->losses);
    world->peers = NULL;
    world->losses = NULL;
}

void routing_world_meet(struct routing_world *world)
{
    size_t sent = world->cast.wire_count;
    struct vole_time now;

    for (size_t i = 0; i < world->member_count; i++) {
        cast_time(world->members[i], &now);
        vole_peer_handshake(vole_peer_next(world->members[i]->device, NULL), &now);
    }
    (void)cast_hand_all(&world->cast, sent);
}

/* ---- asking ---- */

size_t routing_world_position(const struct routing_world *world, const struct vole_peer *peer)
{
    if (peer == NULL)
        return ROUTING_NOBODY;
    return (size_t)((const struct routing_table_peer *)vole_peer_context(peer) - world->table->peers);
}

size_t routing_world_owner(const struct routing_world *world, const struct vole_prefix *prefix)
{
    struct walk_record record;
    size_t found = ROUTING_NOBODY;

    walk_record_start(&record);
    (void)allowed_ips_lookup(&world->server->device->allowed_ips, prefix->address.family,
                             prefix->address.bytes);
    walk_record_stop();
    for (size_t i = 0; i < record.step_count; i++)
        if (same_prefix(&record.steps[i].prefix, prefix))
            found = routing_world_position(world, record.steps[i].peer);
    return found;
}

static void compose(struct routing_answer *answer, const struct vole_address *from,
                    const struct vole_address *to)
{
    static const uint8_t payload[] = {'h', 'e', 'l', 'l', 'o'};
    struct compose_way way = {
        .from = *from, .to = *to, .from_port = APPLICATION_PORT, .to_port = ECHO_PORT, .identification = 1};

    static_assert(COMPOSE_MOST_BYTES + sizeof payload <= ROUTING_PACKET_BYTES, "the packet has room");
    answer->packet_length = compose_udp(answer->packet, &way, payload, sizeof payload);
}

void routing_world_send(struct routing_world *world, const struct vole_address *to,
                        struct routing_answer *answer)
{
    size_t sent = world->cast.wire_count;

    *answer = (struct routing_answer){.datagram = SIZE_MAX};
    compose(answer, inside(to->family), to);
    walk_record_start(&answer->walk);
    answer->outcome = cast_send(world->server, answer->packet, answer->packet_length);
    walk_record_stop();
    answer->winner = routing_world_position(world, walk_record_winner(&answer->walk));
    if (answer->outcome == VOLE_SENT)
        answer->datagram = sent;
    if (answer->outcome != VOLE_DROPPED)
        return;
    answer->reason = vole_device_last_drop(world->server->device);
    if (answer->reason == VOLE_DROP_NO_PEER || answer->reason == VOLE_DROP_NO_ENDPOINT)
        answer->icmp_length =
            icmp_unreachable(answer->icmp, sizeof answer->icmp, answer->packet, answer->packet_length);
}

void routing_world_receive(struct routing_world *world, size_t peer, const struct vole_address *claimed,
                           struct routing_answer *answer)
{
    size_t member = peer - world->first_member;

    assert(peer >= world->first_member && member < world->member_count);
    *answer = (struct routing_answer){.datagram = world->cast.wire_count};
    compose(answer, claimed, inside(claimed->family));
    if (cast_send(world->members[member], answer->packet, answer->packet_length) != VOLE_SENT)
        abort(); /* they have met */
    walk_record_start(&answer->walk);
    answer->outcome = cast_hand_datagram(world->server, answer->datagram);
    walk_record_stop();
    answer->winner = routing_world_position(world, walk_record_winner(&answer->walk));
    if (answer->outcome == VOLE_DROPPED)
        answer->reason = vole_device_last_drop(world->server->device);
}
