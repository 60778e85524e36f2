/* SPDX-License-Identifier: MIT
 *
 * Disturbances: how each begins, goes on, and ends.
 */
#include "director.h"

#include "packet.h"
#include "scarcity.h"
#include "scenario.h"
#include "world.h"

#include <string.h>

/* Whom it concerns: a and b; a and everybody; who is apart and who is not; all. */
enum extent { EXTENT_TWO, EXTENT_ONE, EXTENT_APART, EXTENT_ALL };

struct disturbance {
    enum disturbance_kind kind;
    const char *words;
    uint64_t least_s, most_s; /* how long it lasts */
    enum extent extent;
    uint64_t again_ms; /* half of that to all of it until it goes on; 0: it does not */
    void (*begin)(struct world *world, struct director *director);
    void (*again)(struct world *world, struct director *director);
    void (*end)(struct world *world, struct director *director);
};

static struct host *first(struct world *world)
{
    return &world->hosts[world->director.a];
}

static struct host *second(struct world *world)
{
    return &world->hosts[world->director.b];
}

static bool coin(struct world *world)
{
    return random_chance(&world->choices, 500000);
}

/* ---- the ways to disturb ---- */

static void nothing(struct world *world, struct director *director)
{
    (void)world;
    (void)director;
}

static void trouble(struct world *world, struct director *director)
{
    network_trouble(world, director->a, director->b);
}

static void outage(struct world *world, struct director *director)
{
    bool both = coin(world);

    network_cut(world, director->a, director->b);
    if (both)
        network_cut(world, director->b, director->a);
}

static void cut_apart(struct world *world, struct director *director)
{
    for (unsigned from = 0; from < world->host_count; from++)
        for (unsigned to = 0; to < world->host_count; to++)
            if (director->apart[from] != director->apart[to])
                network_cut(world, from, to);
}

/* Handshakes fit; whatever is longer may not. */
static void narrow(struct world *world, struct director *director)
{
    network_narrow(world, director->a, director->b,
                   (size_t)random_between(&world->choices, INITIATION_BYTES, PACKET_MOST_BYTES));
}

static void calm_network(struct world *world, struct director *director)
{
    (void)director;
    network_calm(world);
}

/* Only the first host is mobile: two that move at once would lose each other for good. */
static void move(struct world *world, struct director *director)
{
    (void)director;
    host_move(&world->hosts[0]);
}

static void rebind(struct world *world, struct director *director)
{
    (void)director;
    translator_forget(world);
}

static void down(struct world *world, struct director *director)
{
    (void)director;
    if (first(world)->up)
        host_down(first(world));
    else
        host_up(first(world));
}

static void up(struct world *world, struct director *director)
{
    (void)director;
    if (!first(world)->up)
        host_up(first(world));
}

static void new_key(struct world *world, struct director *director)
{
    uint8_t key[VOLE_KEY_BYTES];

    memcpy(director->key, first(world)->private_key, sizeof director->key);
    director->flag = coin(world);
    random_fill(&world->choices, key, sizeof key);
    host_set_key(first(world), key);
}

static void new_key_known(struct world *world, struct director *director)
{
    if (director->flag) {
        host_set_key(first(world), director->key);
        return;
    }
    for (unsigned other = 0; other < world->host_count; other++)
        if (other != director->a)
            host_meet_again(&world->hosts[other], first(world));
}

static void preshared_one_side(struct world *world, struct director *director)
{
    random_fill(&world->choices, director->key, sizeof director->key);
    host_set_preshared_key(first(world), second(world), director->key);
}

static void preshared_other_side(struct world *world, struct director *director)
{
    host_set_preshared_key(second(world), first(world), director->key);
}

static void forget(struct world *world, struct director *director)
{
    (void)director;
    host_part(first(world), second(world));
}

static void remember(struct world *world, struct director *director)
{
    (void)director;
    host_meet_again(first(world), second(world));
}

static void change_settings(struct world *world, struct director *director)
{
    director->flag = coin(world);
    if (director->flag)
        host_deny(first(world), second(world));
    else
        host_set_keepalive(first(world), second(world), (uint16_t)random_between(&world->choices, 1, 60));
}

static void restore_settings(struct world *world, struct director *director)
{
    if (director->flag)
        host_allow(first(world), second(world));
    else
        host_set_keepalive(
            first(world), second(world),
            director->a == 0 && director->a < director->b ? (uint16_t)world->scenario->keepalive_s : 0);
}

static void refusals(struct world *world, struct director *director)
{
    (void)director;
    first(world)->network_fails = true;
}

static void no_refusals(struct world *world, struct director *director)
{
    (void)director;
    first(world)->network_fails = false;
}

static void fall_asleep(struct world *world, struct director *director)
{
    (void)director;
    host_sleep(first(world), coin(world));
}

static void wake_up(struct world *world, struct director *director)
{
    (void)director;
    host_wake(first(world));
}

static void clone(struct world *world, struct director *director)
{
    (void)director;
    host_clone(first(world));
}

/* Sessions must come up under load as well, if later: so somebody needs a new one, and only that disturbs. */
static void flood_begins(struct world *world, struct director *director)
{
    first(world)->busy = stranger_flood(world, first(world));
    if (first(world)->busy) {
        host_down(second(world));
        host_up(second(world));
    }
    ledger_calm(world, director->a, director->b, false);
}

static void flood_goes_on(struct world *world, struct director *director)
{
    (void)director;
    if (first(world)->busy)
        (void)stranger_flood(world, first(world));
}

static void flood_ends(struct world *world, struct director *director)
{
    ledger_disturb(world, director->a, director->b, false);
    first(world)->busy = false;
}

/* Forgets all it knew of its clock. */
static void begin_anew(struct world *world, struct host *host)
{
    if (coin(world))
        host_begin_anew(host, coin(world));
    else
        host_set_key_again(host);
}

/* By seconds or by weeks, to either side; right in the end. What a life before did not remember, the others
 * do. */
static void clock_is_set(struct world *world, struct director *director)
{
    int64_t most = coin(world) ? 200 : 4000000;

    (void)director;
    first(world)->clock_wrong_s = (int64_t)random_below(&world->choices, (uint64_t)(2 * most)) - most;
    if (coin(world))
        begin_anew(world, first(world));
}

static void clock_is_right(struct world *world, struct director *director)
{
    (void)director;
    first(world)->clock_wrong_s = 0;
    if (coin(world))
        begin_anew(world, first(world));
}

/* Everybody goes on or is refused cleanly, and its owner tries again. */
static void memory_is_scarce(struct world *world, struct director *director)
{
    static const uint32_t chances[] = {10000, 100000, 500000, 1000000};

    (void)director;
    world->scarce = true;
    scarcity_set(chances[random_below(&world->choices, 4)]);
    if (coin(world))
        host_meet_again(first(world), second(world));
    scarcity_set(chances[random_below(&world->choices, 3)]); /* a device comes to be some time */
    if (random_chance(&world->choices, 250000))
        begin_anew(world, first(world));
}

static void memory_is_back(struct world *world, struct director *director)
{
    (void)director;
    scarcity_set(0);
    world->scarce = false;
    for (unsigned a = 0; a < world->host_count; a++)
        for (unsigned b = 0; b < world->host_count; b++) {
            world->hosts[a].acquaintances[b].unanswered_ns = 0; /* it may not have been able to initiate */
            if (a != b && world->hosts[a].acquaintances[b].peer == NULL)
                host_meet_again(&world->hosts[a], &world->hosts[b]);
        }
}

static const struct disturbance disturbances[] = {
    {DISTURB_TROUBLE, "trouble on the network", 5, 400, EXTENT_TWO, 0, trouble, nothing, calm_network},
    {DISTURB_OUTAGE, "outage", 1, 600, EXTENT_TWO, 0, outage, nothing, calm_network},
    {DISTURB_MOVES, "the first host moves", 0, 60, EXTENT_ONE, 20000, move, move, nothing},
    {DISTURB_DOWN, "a host is down", 0, 200, EXTENT_ONE, 60000, down, down, up},
    {DISTURB_KEY, "new private key", 0, 60, EXTENT_ONE, 0, new_key, nothing, new_key_known},
    {DISTURB_PRESHARED, "new preshared key", 0, 200, EXTENT_TWO, 0, preshared_one_side, nothing,
     preshared_other_side},
    {DISTURB_FORGETS, "a peer is removed", 0, 200, EXTENT_TWO, 0, forget, nothing, remember},
    {DISTURB_REFUSALS, "sending fails", 1, 200, EXTENT_ONE, 0, refusals, nothing, no_refusals},
    {DISTURB_SLEEP, "a host sleeps", 1, 700, EXTENT_ONE, 0, fall_asleep, nothing, wake_up},
    {DISTURB_CLONE, "a host is cloned", 0, 0, EXTENT_ONE, 0, clone, nothing, nothing},
    {DISTURB_CLOCK, "a wrong clock", 0, 300, EXTENT_ONE, 60000, clock_is_set, clock_is_set, clock_is_right},
    {DISTURB_PARTITION, "the network falls apart", 1, 600, EXTENT_APART, 0, cut_apart, nothing, calm_network},
    {DISTURB_NARROW, "long datagrams are lost", 5, 400, EXTENT_TWO, 60000, narrow, narrow, calm_network},
    {DISTURB_REBIND, "the translator forgets", 0, 60, EXTENT_ONE, 20000, rebind, rebind, nothing},
    {DISTURB_SETTINGS, "other settings", 0, 200, EXTENT_TWO, 0, change_settings, nothing, restore_settings},
    {DISTURB_SCARCITY, "memory is scarce", 1, 300, EXTENT_ALL, 20000, memory_is_scarce, memory_is_scarce,
     memory_is_back},
    {DISTURB_FLOOD, "flood of handshakes", 60, 240, EXTENT_TWO, 950, flood_begins, flood_goes_on, flood_ends},
};

/* ---- the course of things ---- */

static bool concerns(const struct director *director, unsigned one, unsigned other)
{
    bool has_a = one == director->a || other == director->a,
         has_b = one == director->b || other == director->b;

    switch (director->current->extent) {
    case EXTENT_TWO:
        return has_a && has_b;
    case EXTENT_ONE:
        return has_a;
    case EXTENT_APART:
        return director->apart[one] != director->apart[other];
    case EXTENT_ALL:
        break;
    }
    return true;
}

static void mark(struct world *world, bool begins)
{
    const struct director *director = &world->director;
    bool by_network =
        director->current->kind & (DISTURB_TROUBLE | DISTURB_OUTAGE | DISTURB_PARTITION | DISTURB_NARROW);

    for (unsigned one = 0; one < world->host_count; one++)
        for (unsigned other = one + 1; other < world->host_count; other++)
            if (concerns(director, one, other))
                begins ? ledger_disturb(world, one, other, by_network)
                       : ledger_calm(world, one, other, by_network);
}

static void direct(struct world *world, void *subject);

static void direct_at(struct world *world, uint64_t at_ns)
{
    schedule_add(&world->schedule, at_ns, direct, NULL);
}

static void begin(struct world *world)
{
    const size_t kinds = sizeof disturbances / sizeof disturbances[0];
    struct director *director = &world->director;
    const struct disturbance *disturbance;

    do
        disturbance = &disturbances[random_below(&world->choices, kinds)];
    while (!(disturbance->kind & world->scenario->disturbances));
    director->current = disturbance;
    director->a = disturbance->kind == DISTURB_MOVES || disturbance->kind == DISTURB_REBIND
                      ? 0
                      : (unsigned)random_below(&world->choices, world->host_count);
    director->b = (director->a + 1 + (unsigned)random_below(&world->choices, world->host_count - 1)) %
                  world->host_count;
    for (unsigned i = 0; disturbance->extent == EXTENT_APART && i < world->host_count; i++)
        director->apart[i] = i == director->a || (i != director->b && coin(world));
    director->until_ns = world->now_ns + world_seconds(world, disturbance->least_s, disturbance->most_s);
    world->statistics.count[STATISTIC_DISTURBANCES]++;
    world_note(world, disturbance->words, first(world), second(world), 0, "begins");
    mark(world, true);
    disturbance->begin(world, director);
}

static void end(struct world *world)
{
    struct director *director = &world->director;

    director->current->end(world, director);
    world_note(world, director->current->words, first(world), second(world), 0, "ends");
    mark(world, false);
    director->current = NULL;
}

/* Sometimes too short to recover, mostly long enough, sometimes so long that keys expire and are erased. */
static uint64_t calm_time(struct world *world)
{
    switch (random_below(&world->choices, 4)) {
    case 0:
        return world_seconds(world, 0, 30);
    case 1:
        return world_seconds(world, 200, 800);
    default:
        return world_seconds(world, 40, 200);
    }
}

static void change_mtu(struct world *world)
{
    struct host *host = &world->hosts[random_below(&world->choices, world->host_count)];

    host->mtu =
        coin(world) ? PACKET_MOST_BYTES : (uint32_t)random_between(&world->choices, 1280, PACKET_MOST_BYTES);
    vole_device_set_mtu(host->device, host->mtu);
}

static void direct(struct world *world, void *subject)
{
    struct director *director = &world->director;
    uint64_t again_ns;

    (void)subject;
    if (director->current != NULL && world->now_ns < director->until_ns) {
        director->current->again(world, director);
    } else if (director->current != NULL) {
        end(world);
        director->until_ns = world->now_ns + calm_time(world);
        traffic_change(world, world->scenario->patterns);
        change_mtu(world);
    } else if (world->scenario->disturbances == 0) {
        traffic_change(world, world->scenario->patterns);
        director->until_ns = world->now_ns + calm_time(world);
    } else {
        begin(world);
        if (coin(world))
            traffic_change(world, world->scenario->patterns);
    }
    again_ns = director->until_ns;
    if (director->current != NULL && director->current->again_ms > 0)
        again_ns = world->now_ns + random_between(&world->choices, director->current->again_ms / 2,
                                                  director->current->again_ms) *
                                       MS_NS;
    direct_at(world, again_ns < director->until_ns ? again_ns : director->until_ns);
}

void director_init(struct world *world)
{
    world->director = (struct director){.until_ns = world->now_ns + 60 * SECOND_NS};
    traffic_change(world, world->scenario->patterns);
    direct_at(world, world->director.until_ns);
}
