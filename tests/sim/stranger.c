/* SPDX-License-Identifier: MIT
 *
 * What a stranger may try.
 */
#include "stranger.h"

#include "memory.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define FLOOD_MESSAGES 600u /* load begins at 512 waiting */

static void act(struct world *world, void *subject);

static void plan_next(struct world *world)
{
    uint64_t pause_ns = random_between(&world->stranger.random, 50, 8000) * MS_NS;

    schedule_add(&world->schedule, world->now_ns + pause_ns, act, NULL);
}

void stranger_init(struct world *world)
{
    struct stranger *stranger = &world->stranger;
    static const uint8_t no_key[VOLE_KEY_BYTES];
    struct host *host = &world->hosts[world->host_count];

    stranger->present = true;
    random_init(&stranger->random, world->order.seed, 2);
    stranger->records = memory_grow(NULL, STRANGER_RECORDS, sizeof *stranger->records);
    for (unsigned i = 0; i < STRANGER_RECORDS; i++)
        stranger->records[i].length = 0;
    host_init(host, world, world->host_count);
    host_up(host);
    for (unsigned other = 0; other < world->host_count; other++)
        host_meet(host, &world->hosts[other], true, 60, no_key);
    plan_next(world);
}

void stranger_fini(struct world *world)
{
    struct stranger *stranger = &world->stranger;

    free(stranger->records);
    for (unsigned i = 0; i < WORLD_HOSTS; i++)
        free(stranger->initiations[i]);
    *stranger = (struct stranger){0};
}

void stranger_record(struct world *world, const struct host *receiver, const struct datagram *datagram)
{
    struct stranger *stranger = &world->stranger;

    if (!stranger->present || receiver->number >= world->host_count)
        return;
    stranger->records[stranger->recorded++ % STRANGER_RECORDS] = *datagram;
    if (exchanges_type(datagram->bytes, datagram->length) == MESSAGE_INITIATION) {
        if (stranger->initiations[receiver->number] == NULL)
            stranger->initiations[receiver->number] = memory_grow(NULL, 1, sizeof *datagram);
        *stranger->initiations[receiver->number] = *datagram;
    }
}

void stranger_forget(struct world *world, const struct host *receiver)
{
    struct stranger *stranger = &world->stranger;

    if (!stranger->present)
        return;
    for (unsigned i = 0; i < STRANGER_RECORDS; i++)
        if (stranger->records[i].length > 0 && network_host_of(&stranger->records[i].to) == receiver->number)
            stranger->records[i].length = 0;
    free(stranger->initiations[receiver->number]);
    stranger->initiations[receiver->number] = NULL;
}

/* Its own address, or that of any host. */
static struct vole_endpoint pretended_address(struct world *world)
{
    struct random_source *random = &world->stranger.random;
    uint64_t host = random_below(random, UINT64_C(2) * world->host_count);

    return world->hosts[host < world->host_count ? host : world->host_count].address;
}

static void make_garbage(struct world *world, struct datagram *datagram)
{
    static const size_t sizes[] = {INITIATION_BYTES, RESPONSE_BYTES, COOKIE_REPLY_BYTES, DATA_LEAST_BYTES};
    struct random_source *random = &world->stranger.random;

    datagram->length =
        random_chance(random, 500000) ? sizes[random_below(random, 4)] : (size_t)random_below(random, 1500);
    random_fill(random, datagram->bytes, datagram->length);
    if (datagram->length >= 4 && random_chance(random, 800000))
        memcpy(datagram->bytes, (uint8_t[4]){(uint8_t)random_between(random, 1, 4)}, 4);
    datagram->number = NETWORK_NO_NUMBER;
    datagram->sender = world->host_count;
    datagram->damaged = true;
}

static void act(struct world *world, void *subject)
{
    struct stranger *stranger = &world->stranger;
    struct datagram datagram = stranger->records[random_below(&stranger->random, STRANGER_RECORDS)];

    (void)subject;
    if (datagram.length == 0 || random_chance(&stranger->random, 300000))
        make_garbage(world, &datagram);
    else if (random_chance(&stranger->random, 300000))
        network_damage(&stranger->random, &datagram);
    datagram.from = pretended_address(world);
    datagram.to = world
                      ->hosts[random_chance(&stranger->random, 800000) && !datagram.damaged
                                  ? network_host_of(&datagram.to)
                                  : random_below(&stranger->random, world->host_count)]
                      .address;
    world->statistics.count[STATISTIC_DATAGRAMS_INJECTED]++;
    world_note(world, "injects", &world->hosts[world->host_count],
               &world->hosts[network_host_of(&datagram.to)], datagram.number, NULL);
    network_arrive(world, &datagram);
    plan_next(world);
}

bool stranger_flood(struct world *world, struct host *victim)
{
    const struct datagram *initiation = world->stranger.initiations[victim->number];
    struct datagram datagram;

    if (initiation == NULL)
        return false;
    datagram = *initiation;
    datagram.to = victim->address;
    victim->flooded_ns = world->now_ns;
    for (unsigned i = 0; i < FLOOD_MESSAGES; i++) {
        datagram.from = world->hosts[world->host_count].address;
        (void)host_queue(victim, &datagram);
    }
    world_note(world, "floods", &world->hosts[world->host_count], victim, FLOOD_MESSAGES, NULL);
    host_settle(victim);
    return true;
}
