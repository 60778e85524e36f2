/* SPDX-License-Identifier: MIT
 *
 * Links, and datagrams under way on them.
 */
#include "network.h"

#include "memory.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { MILLION = 1000000, HALF = MILLION / 2, PORT = 51820, MAC2_BYTES = 16 };

void network_init(struct world *world)
{
    random_init(&world->network.random, world->order.seed, 1);
    network_calm(world);
}

void network_fini(struct world *world)
{
    struct datagram *next;

    for (struct datagram *datagram = world->network.under_way; datagram != NULL; datagram = next) {
        next = datagram->next;
        free(datagram);
    }
    free(world->network.accepted);
    world->network = (struct network){0};
}

/* ---- quality ---- */

static void set_quality(struct link *link, struct link quality)
{
    quality.latest_arrival_ns = link->latest_arrival_ns;
    *link = quality;
}

void network_calm(struct world *world)
{
    for (unsigned from = 0; from < WORLD_HOSTS; from++)
        for (unsigned to = 0; to < WORLD_HOSTS; to++)
            set_quality(&world->network.links[from][to],
                        (struct link){.delay_least_ns = 1 * MS_NS, .delay_most_ns = 20 * MS_NS});
}

void network_trouble(struct world *world, unsigned a, unsigned b)
{
    struct random_source *random = &world->choices;

    for (unsigned i = 0; i < 2; i++) {
        struct link quality = {.loss = (uint32_t)random_below(random, 600001),
                               .duplicates = (uint32_t)random_below(random, 300001),
                               .damage = (uint32_t)random_below(random, 100001),
                               .delay_least_ns = random_between(random, 1, 300) * MS_NS};

        quality.delay_most_ns = quality.delay_least_ns + random_between(random, 1, 3000) * MS_NS;
        set_quality(i == 0 ? &world->network.links[a][b] : &world->network.links[b][a], quality);
    }
}

void network_cut(struct world *world, unsigned from, unsigned to)
{
    set_quality(&world->network.links[from][to], (struct link){.loss = MILLION});
}

void network_narrow(struct world *world, unsigned a, unsigned b, size_t most_bytes)
{
    world->network.links[a][b].most_bytes = world->network.links[b][a].most_bytes = most_bytes;
}

/* ---- addresses ---- */

struct vole_endpoint network_address(unsigned host, unsigned moves, bool version6)
{
    struct vole_endpoint endpoint = {.address = {.family = 4}, .port = (uint16_t)(PORT + moves % 3)};
    uint8_t *bytes = endpoint.address.bytes;

    bytes[0] = 10;
    bytes[1] = (uint8_t)(host + 1);
    bytes[2] = (uint8_t)(moves >> 8);
    bytes[3] = (uint8_t)moves;
    if (version6) {
        endpoint.address.family = 6;
        bytes[0] = 0xfd; /* the rest, too, is read by network_host_of */
        bytes[15] = 1;
    }
    return endpoint;
}

unsigned network_host_of(const struct vole_endpoint *endpoint)
{
    return endpoint->address.bytes[1] - 1u;
}

bool network_same_place(const struct vole_endpoint *a, const struct vole_endpoint *b)
{
    return a->address.family == b->address.family && a->port == b->port &&
           memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes) == 0;
}

/* ---- under way ---- */

static void arrive(struct world *world, void *subject)
{
    struct datagram *datagram = subject;

    if (datagram->previous != NULL)
        datagram->previous->next = datagram->next;
    else
        world->network.under_way = datagram->next;
    if (datagram->next != NULL)
        datagram->next->previous = datagram->previous;
    network_arrive(world, datagram);
    free(datagram);
}

void network_damage(struct random_source *random, struct datagram *datagram)
{
    uint8_t before[sizeof datagram->bytes];
    size_t length = datagram->length, matters = length;

    memcpy(before, datagram->bytes, length);
    if (length == INITIATION_BYTES || length == RESPONSE_BYTES)
        matters -= MAC2_BYTES;
    if (random_chance(random, 200000))
        datagram->length = (size_t)random_below(random, length);
    else
        for (uint64_t flips = random_between(random, 1, 3); flips > 0; flips--) {
            uint64_t bit = random_below(random, length * 8);

            datagram->bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    datagram->damaged =
        datagram->damaged || datagram->length != length || memcmp(before, datagram->bytes, matters) != 0;
}

static void dispatch(struct world *world, const struct datagram *original, struct link *link)
{
    struct network *network = &world->network;
    struct datagram *datagram;
    uint64_t arrival_ns;

    if (random_chance(&network->random, link->loss) ||
        (link->most_bytes > 0 && original->length > link->most_bytes)) {
        world->statistics.count[STATISTIC_DATAGRAMS_LOST]++;
        return;
    }
    datagram = memory_grow(NULL, 1, sizeof *datagram);
    *datagram = *original;
    if (random_chance(&network->random, link->damage)) {
        network_damage(&network->random, datagram);
        world->statistics.count[STATISTIC_DATAGRAMS_CORRUPTED]++;
    }
    datagram->previous = NULL;
    datagram->next = network->under_way;
    if (network->under_way != NULL)
        network->under_way->previous = datagram;
    network->under_way = datagram;
    arrival_ns = world->now_ns + random_between(&network->random, link->delay_least_ns, link->delay_most_ns);
    if (arrival_ns > link->latest_arrival_ns)
        link->latest_arrival_ns = arrival_ns;
    schedule_add(&world->schedule, arrival_ns, arrive, datagram);
}

void network_send(struct world *world, struct host *sender, const struct vole_endpoint *to,
                  uint8_t traffic_class, const uint8_t *bytes, size_t length)
{
    struct network *network = &world->network;
    struct link *link = &network->links[sender->number][network_host_of(to)];
    struct datagram datagram = {.number = network->next_number++,
                                .from = translator_out(world, sender, to),
                                .to = *to,
                                .traffic_class = traffic_class,
                                .sender = sender->number,
                                .length = length};

    if (datagram.number >= network->accepted_capacity) {
        size_t old = network->accepted_capacity;

        network->accepted_capacity = old * 2 + 1024;
        network->accepted = memory_grow(network->accepted, network->accepted_capacity, sizeof(bool));
        memset(network->accepted + old, 0, (network->accepted_capacity - old) * sizeof(bool));
    }
    memcpy(datagram.bytes, bytes, length);
    world->statistics.count[STATISTIC_DATAGRAMS_SENT]++;
    dispatch(world, &datagram, link);
    if (random_chance(&network->random, link->duplicates)) {
        world->statistics.count[STATISTIC_DATAGRAMS_DUPLICATED]++;
        dispatch(world, &datagram, link);
    }
}

bool network_initiation_under_way(const struct world *world, unsigned from, unsigned to)
{
    for (const struct datagram *datagram = world->network.under_way; datagram != NULL;
         datagram = datagram->next)
        if (datagram->sender == from && network_host_of(&datagram->to) == to &&
            exchanges_type(datagram->bytes, datagram->length) == MESSAGE_INITIATION)
            return true;
    return false;
}

/* ---- arriving ---- */

static void accept(struct world *world, const struct host *receiver, const struct datagram *datagram,
                   enum message type)
{
    struct network *network = &world->network;

    if (datagram->damaged || datagram->number == NETWORK_NO_NUMBER)
        world_fail(world, "authentic", "%s accepts a damaged or forged datagram of %zu bytes", receiver->name,
                   datagram->length);
    /* An initiation may pass again if the peer was made anew; exchanges.h sees to the rest. */
    if (network->accepted[datagram->number] && type != MESSAGE_INITIATION)
        world_fail(world, "replay", "%s accepts the same datagram of %zu bytes twice", receiver->name,
                   datagram->length);
    if (!receiver->up)
        world_fail(world, "down", "%s accepts a datagram while it is down", receiver->name);
    network->accepted[datagram->number] = true;
}

static void work_on(struct world *world, struct host *receiver, struct datagram *datagram, enum message type)
{
    struct datagram original = *datagram;
    enum vole_outcome outcome = host_receive(receiver, datagram);

    world_note(world,
               type == MESSAGE_DATA         ? "receives data"
               : type == MESSAGE_INITIATION ? "receives initiation"
               : type == MESSAGE_RESPONSE   ? "receives response"
                                            : "receives something",
               receiver, &world->hosts[original.sender], original.number,
               outcome == VOLE_DROPPED ? vole_drop_name(vole_device_last_drop(receiver->device)) : NULL);
    if (outcome == VOLE_DROPPED) {
        world->statistics.count[STATISTIC_REPLAYS_REJECTED] +=
            vole_device_last_drop(receiver->device) == VOLE_DROP_REPLAYED;
        return;
    }
    world->statistics.count[STATISTIC_KEEPALIVES] += outcome == VOLE_KEEPALIVE;
    world->statistics.count[STATISTIC_COOKIES_TAKEN] += outcome == VOLE_COOKIE;
    accept(world, receiver, &original, type);
    stranger_record(world, receiver, &original);
}

static void queue_up(struct world *world, struct host *receiver, const struct datagram *datagram,
                     enum message type)
{
    bool queued = host_queue(receiver, datagram);

    world_note(world, queued ? "queues handshake" : "does not queue handshake", receiver,
               &world->hosts[datagram->sender], datagram->number, NULL);
    if (queued && datagram->damaged && type != MESSAGE_COOKIE_REPLY)
        world_fail(world, "authentic", "%s queues a damaged handshake message", receiver->name);
}

void network_arrive(struct world *world, struct datagram *datagram)
{
    struct host *receiver = &world->hosts[network_host_of(&datagram->to)];
    enum message type = exchanges_type(datagram->bytes, datagram->length);

    if (receiver->device == NULL || !receiver->awake ||
        (!network_same_place(&receiver->address, &datagram->to) && !translator_in(world, datagram))) {
        world->statistics.count[STATISTIC_DATAGRAMS_LOST]++;
        return;
    }
    if (receiver->busy && type != MESSAGE_DATA && type != MESSAGE_NONE)
        queue_up(world, receiver, datagram, type);
    else
        work_on(world, receiver, datagram, type);
    host_settle(receiver);
}
