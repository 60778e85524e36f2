/* SPDX-License-Identifier: MIT
 *
 * Inner packets and what must become of them.
 */
#include "ledger.h"

#include "memory.h"
#include "packet.h"
#include "scenario.h"
#include "world.h"

#include <inttypes.h>
#include <string.h>

/* ledger.h: how much of recovery_s what waits does not need, and when it may be given up. */
#define WAITING_LESS_S 18u
#define GIVE_UP_NS     (94 * SECOND_NS)

static struct relation *relation_of(struct world *world, unsigned a, unsigned b)
{
    return a < b ? &world->ledger.relations[a][b] : &world->ledger.relations[b][a];
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Whether a direction that has traffic since some time has had it long enough. */
static bool has_recovered(struct world *world, unsigned from, unsigned to)
{
    const struct relation *relation = relation_of(world, from, to);
    const struct direction *there = &world->ledger.directions[from][to],
                           *back = &world->ledger.directions[to][from];
    uint64_t since = later(relation->calm_since_ns, there->busy_since_ns);
    bool answered = back->busy_since_ns <= since + LEDGER_BUSY_GAP_NS &&
                    back->last_sent_ns + LEDGER_BUSY_GAP_NS >= world->now_ns && back->last_sent_ns != 0;
    unsigned recovery_s = answered ? world->scenario->recovery_s : world->scenario->recovery_alone_s;

    return relation->disturbances == 0 && world->now_ns >= since + recovery_s * SECOND_NS;
}

static void note_traffic(struct world *world, unsigned from, unsigned to)
{
    struct direction *direction = &world->ledger.directions[from][to];

    if (direction->last_sent_ns + LEDGER_BUSY_GAP_NS < world->now_ns)
        direction->busy_since_ns = world->now_ns;
    direction->last_sent_ns = world->now_ns;
    if (!direction->recovered && has_recovered(world, from, to)) {
        direction->recovered = true;
        world->statistics.count[STATISTIC_RECOVERIES]++;
    }
}

void ledger_send(struct world *world, struct packet_plan *plan, unsigned sender)
{
    struct ledger *ledger = &world->ledger;
    struct ledger_packet *packet;

    if (ledger->count == ledger->capacity) {
        ledger->capacity = ledger->capacity * 2 + 1024;
        ledger->packets = memory_grow(ledger->packets, ledger->capacity, sizeof *ledger->packets);
    }
    plan->number = ledger->count++;
    packet = &ledger->packets[plan->number];
    *packet = (struct ledger_packet){.sent_ns = world->now_ns,
                                     .length = plan->length,
                                     .sender = (uint8_t)sender,
                                     .source = (uint8_t)plan->source,
                                     .destination = (uint8_t)plan->destination};
    world->statistics.count[STATISTIC_PACKETS_SENT]++;
    if (plan->source != sender)
        world->statistics.count[STATISTIC_PACKETS_SPOOFED]++;
    if (sender >= world->host_count)
        return; /* a stranger is owed nothing */
    note_traffic(world, sender, plan->destination);
    packet->owed = plan->source == sender && world->ledger.directions[sender][plan->destination].recovered;
    world->statistics.count[STATISTIC_PACKETS_OWED] += packet->owed;
}

void ledger_waits(struct world *world, unsigned from, unsigned to)
{
    if (from < world->host_count)
        world->ledger.directions[from][to].waiting_ns = world->now_ns;
}

void ledger_flushed(struct world *world, unsigned from, unsigned to)
{
    world->ledger.directions[from][to].waiting_ns = 0;
}

void ledger_flush_due(struct world *world, unsigned from, unsigned to)
{
    if (world->ledger.directions[from][to].waiting_ns != 0)
        world_fail(world, "waiting", "what %s has for %s still waits though there is a session",
                   world->hosts[from].name, world->hosts[to].name);
}

void ledger_gave_up(struct world *world, unsigned from, unsigned to)
{
    struct direction *direction = &world->ledger.directions[from][to];

    if (direction->waiting_ns != 0 && direction->waiting_ns + GIVE_UP_NS > world->now_ns)
        world_fail(world, "give-up", "%s gives up %s only %.6f s after a packet was sent",
                   world->hosts[from].name, world->hosts[to].name,
                   (double)(world->now_ns - direction->waiting_ns) / 1e9);
    direction->waiting_ns = 0;
}

void ledger_deliver(struct world *world, unsigned host, unsigned from, const uint8_t *bytes, size_t length)
{
    struct ledger *ledger = &world->ledger;
    struct packet_plan plan;
    struct ledger_packet *packet;
    uint8_t expected[PACKET_MOST_BYTES];

    if (!packet_number(bytes, length, &plan.number) || plan.number >= ledger->count)
        world_fail(world, "unchanged", "%s was delivered %zu bytes that nobody sent", world->hosts[host].name,
                   length);
    packet = &ledger->packets[plan.number];
    plan = (struct packet_plan){plan.number, packet->source, packet->destination, packet->length};
    packet_build(&plan, expected);
    if (length != packet->length || memcmp(bytes, expected, length) != 0)
        world_fail(world, "unchanged", "packet %" PRIu64 " was altered on its way to %s", plan.number,
                   world->hosts[host].name);
    if (packet->delivered)
        world_fail(world, "unique", "packet %" PRIu64 " was delivered twice at %s", plan.number,
                   world->hosts[host].name);
    if (packet->destination != host)
        world_fail(world, "right host", "packet %" PRIu64 " for %s was delivered at %s", plan.number,
                   world->hosts[packet->destination].name, world->hosts[host].name);
    if (packet->source != packet->sender || packet->sender != from || from >= world->host_count)
        world_fail(world, "right peer", "packet %" PRIu64 ", sent by %s as %s, was delivered as from %s",
                   plan.number, world->hosts[packet->sender].name, world->hosts[packet->source].name,
                   world->hosts[from].name);
    packet->delivered = true;
    world->statistics.count[STATISTIC_PACKETS_DELIVERED]++;
}

void ledger_expired(struct world *world, unsigned from, unsigned to, uint64_t until_ns)
{
    struct direction *direction = &world->ledger.directions[from][to];

    direction->expired_ns = later(direction->expired_ns, until_ns);
}

static void judge_one(struct world *world, const struct ledger_packet *packet, uint64_t number)
{
    const struct relation *relation = relation_of(world, packet->sender, packet->destination);
    const struct direction *direction = &world->ledger.directions[packet->sender][packet->destination];

    if (!packet->owed || packet->delivered || relation->disturbances > 0 ||
        relation->calm_since_ns >= packet->sent_ns)
        return;
    if (direction->expired_ns >= packet->sent_ns) {
        world->statistics.count[STATISTIC_PACKETS_TOO_LATE]++;
        return;
    }
    world_fail(world, "owed",
               "packet %" PRIu64
               " from %s to %s, sent at %.6f s on a network calm since %.6f s, did not arrive",
               number, world->hosts[packet->sender].name, world->hosts[packet->destination].name,
               (double)packet->sent_ns / 1e9, (double)relation->calm_since_ns / 1e9);
}

static void judge_waiting(struct world *world, unsigned from, unsigned to)
{
    uint64_t waiting_ns = world->ledger.directions[from][to].waiting_ns,
             calm_since_ns = ledger_calm_since(world, from, to);
    uint64_t most_ns = (world->scenario->recovery_s - WAITING_LESS_S) * SECOND_NS;

    if (waiting_ns == 0 || calm_since_ns == UINT64_MAX || world->now_ns > waiting_ns + GIVE_UP_NS ||
        world->exchanges.last_initiation_ns[from][to] <= world->exchanges.last_response_ns[from][to])
        return;
    if (world->now_ns > later(waiting_ns, calm_since_ns) + most_ns)
        world_fail(world, "waiting", "what %s has for %s waits since %.6f s on a network calm since %.6f s",
                   world->hosts[from].name, world->hosts[to].name, (double)waiting_ns / 1e9,
                   (double)calm_since_ns / 1e9);
}

void ledger_judge(struct world *world)
{
    struct ledger *ledger = &world->ledger;
    uint64_t patience_ns = world->scenario->patience_ms * MS_NS;

    for (; ledger->judged < ledger->count &&
           ledger->packets[ledger->judged].sent_ns + patience_ns < world->now_ns;
         ledger->judged++)
        judge_one(world, &ledger->packets[ledger->judged], ledger->judged);
    for (unsigned from = 0; from < world->host_count; from++)
        for (unsigned to = 0; to < world->host_count; to++)
            judge_waiting(world, from, to);
}

static void start_over(struct world *world, unsigned a, unsigned b, uint64_t calm_since_ns)
{
    struct relation *relation = relation_of(world, a, b);

    relation->calm_since_ns = later(relation->calm_since_ns, calm_since_ns);
    world->ledger.directions[a][b].recovered = world->ledger.directions[b][a].recovered = false;
}

void ledger_crossed(struct world *world, unsigned a, unsigned b)
{
    struct relation *relation = relation_of(world, a, b);

    if (relation->disturbances > 0)
        return;
    world->statistics.count[STATISTIC_CROSSINGS]++;
    start_over(world, a, b, world->now_ns);
    if (++relation->crossings > LEDGER_CROSSINGS)
        world_fail(world, "owed", "initiations of %s and %s have crossed %u times", world->hosts[a].name,
                   world->hosts[b].name, relation->crossings);
}

uint64_t ledger_calm_since(const struct world *world, unsigned a, unsigned b)
{
    const struct relation *relation = a < b ? &world->ledger.relations[a][b] : &world->ledger.relations[b][a];

    return relation->disturbances == 0 ? relation->calm_since_ns : UINT64_MAX;
}

void ledger_disturb(struct world *world, unsigned a, unsigned b, bool by_network)
{
    struct relation *relation = relation_of(world, a, b);

    if (!by_network) {
        ledger_flushed(world, a, b);
        ledger_flushed(world, b, a);
    }
    relation->disturbances++;
    relation->crossings = 0;
    start_over(world, a, b, world->now_ns);
}

void ledger_calm(struct world *world, unsigned a, unsigned b, bool by_network)
{
    uint64_t last =
        later(world->network.links[a][b].latest_arrival_ns, world->network.links[b][a].latest_arrival_ns);

    if (!by_network) {
        ledger_flushed(world, a, b);
        ledger_flushed(world, b, a);
    }
    relation_of(world, a, b)->disturbances--;
    start_over(world, a, b, later(world->now_ns, last));
}

void ledger_fini(struct ledger *ledger)
{
    free(ledger->packets);
    *ledger = (struct ledger){0};
}
