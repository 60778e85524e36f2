/* SPDX-License-Identifier: MIT
 *
 * Flows. A busy one pauses for at most LEDGER_BUSY_GAP_NS, or the ledger would not count it as busy.
 */
#include "packet.h"
#include "world.h"

/* One packet in so many claims to come from somebody else, where there is somebody else. */
#define SPOOFED_PER_MILLION 30000u
#define BURST_PACKETS       60u /* fewer than may wait for a session */

static void send_one(struct world *world, const struct flow *flow)
{
    struct host *from = &world->hosts[flow->from];
    struct packet_plan plan = {.source = flow->from, .destination = flow->to};
    uint8_t bytes[PACKET_MOST_BYTES];
    enum vole_outcome outcome;

    plan.length = (uint16_t)random_between(&world->choices, PACKET_LEAST_BYTES, from->mtu);
    if (world->host_count > 2 && random_chance(&world->choices, SPOOFED_PER_MILLION))
        do
            plan.source = (unsigned)random_below(&world->choices, world->host_count);
        while (plan.source == flow->to);
    ledger_send(world, &plan, flow->from);
    packet_build(&plan, bytes);
    outcome = host_send(from, bytes, plan.length);
    if (outcome == VOLE_STAGED)
        ledger_waits(world, flow->from, flow->to);
    world->statistics.count[STATISTIC_PACKETS_STAGED] += outcome == VOLE_STAGED;
    world_note(world, "sends packet", from, &world->hosts[flow->to], plan.number,
               outcome == VOLE_STAGED    ? "it waits"
               : outcome == VOLE_DROPPED ? vole_drop_name(vole_device_last_drop(from->device))
                                         : NULL);
    host_settle(from);
}

static uint64_t pause_ns(struct world *world, enum flow_habit habit)
{
    switch (habit) {
    case FLOW_STEADY:
        return random_between(&world->choices, 1 * MS_NS, 1000 * MS_NS);
    case FLOW_BURSTS:
        return random_between(&world->choices, 300 * MS_NS, 1900 * MS_NS);
    case FLOW_SPARSE:
        return world_seconds(world, 1, 300);
    case FLOW_SILENT:
        break;
    }
    return UINT64_MAX;
}

static void flow_act(struct world *world, void *subject);

static void plan_next(struct world *world, struct flow *flow)
{
    uint64_t pause = pause_ns(world, flow->habit);

    flow->next_ns = pause == UINT64_MAX ? UINT64_MAX : world->now_ns + pause;
    if (flow->next_ns != UINT64_MAX)
        schedule_add(&world->schedule, flow->next_ns, flow_act, flow);
}

static void flow_act(struct world *world, void *subject)
{
    struct flow *flow = subject;
    uint64_t packets = 1;

    if (flow->next_ns != world->now_ns)
        return; /* the habit changed meanwhile */
    if (world->hosts[flow->from].awake) {
        if (flow->habit == FLOW_BURSTS && random_chance(&world->choices, 100000))
            packets = random_between(&world->choices, 2, BURST_PACKETS);
        while (packets-- > 0)
            send_one(world, flow);
    }
    plan_next(world, flow);
}

static void set_habit(struct world *world, unsigned from, unsigned to, enum flow_habit habit)
{
    struct flow *flow = &world->traffic.flows[from][to];

    if (flow->habit == habit)
        return;
    flow->habit = habit;
    plan_next(world, flow);
}

void traffic_init(struct world *world)
{
    for (unsigned from = 0; from < WORLD_HOSTS; from++)
        for (unsigned to = 0; to < WORLD_HOSTS; to++)
            world->traffic.flows[from][to] = (struct flow){.from = from, .to = to, .next_ns = UINT64_MAX};
    /* The stranger knows everybody, and says something now and then. */
    for (unsigned to = 0; world->stranger.present && to < world->host_count; to++)
        set_habit(world, world->host_count, to, FLOW_SPARSE);
}

static enum pattern draw_pattern(struct world *world, unsigned patterns)
{
    unsigned pattern;

    do
        pattern = 1u << random_below(&world->choices, 5);
    while (!(patterns & pattern));
    return (enum pattern)pattern;
}

void traffic_change(struct world *world, unsigned patterns)
{
    for (unsigned a = 0; a < world->host_count; a++)
        for (unsigned b = a + 1; b < world->host_count; b++) {
            enum flow_habit there = FLOW_SILENT, back = FLOW_SILENT;

            switch (draw_pattern(world, patterns)) {
            case PATTERN_BOTH:
                there = back = FLOW_STEADY;
                break;
            case PATTERN_ONE:
                *(random_chance(&world->choices, 500000) ? &there : &back) = FLOW_STEADY;
                break;
            case PATTERN_BURSTS:
                there = back = FLOW_BURSTS;
                break;
            case PATTERN_SPARSE:
                there = back = FLOW_SPARSE;
                break;
            case PATTERN_SILENCE:
                break;
            }
            set_habit(world, a, b, there);
            set_habit(world, b, a, back);
        }
}
