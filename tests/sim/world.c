/* SPDX-License-Identifier: MIT
 *
 * The course of a world: making it, jumping from moment to moment, ending it.
 */
#include "world.h"

#include "scarcity.h"
#include "scenario.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define AUDIT_EVERY_NS (10 * SECOND_NS)
/* Ten virtual seconds never take so many of the processor's, unless a call does not return. */
#define STUCK_AFTER_S 20

uint64_t world_seconds(struct world *world, uint64_t least, uint64_t most)
{
    return random_between(&world->choices, least * SECOND_NS, most * SECOND_NS);
}

void world_note(struct world *world, const char *what, const struct host *who, const struct host *whom,
                uint64_t number, const char *detail)
{
    struct trace_entry entry = {.at_ns = world->now_ns,
                                .what = what,
                                .who = who != NULL ? who->name : NULL,
                                .whom = whom != NULL ? whom->name : NULL,
                                .number = number,
                                .detail = detail};

    trace_add(&world->trace, &entry);
}

void world_print_command(const struct world_order *order, const struct scenario *scenario)
{
    fprintf(stderr, "The same life again: %s --scenario %s --seed %" PRIu64 " --hours %g", order->program,
            scenario->name, order->seed, order->hours);
    if (order->hosts > 0)
        fprintf(stderr, " --hosts %u", order->hosts);
    fputc('\n', stderr);
}

void world_fail(struct world *world, const char *rule, const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fputs("the last things that happened (second, who, what, whom, number):\n", stderr);
    trace_print(&world->trace);
    fprintf(stderr, "\nsim: at %.6f s the rule \"%s\" is broken: ", (double)world->now_ns / 1e9, rule);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    world_print_command(&world->order, world->scenario);
    exit(1);
}

/* ---- beginning ---- */

static void introduce(struct world *world)
{
    const struct scenario *scenario = world->scenario;
    uint8_t preshared_key[VOLE_KEY_BYTES] = {0};

    for (unsigned a = 0; a < world->host_count; a++)
        for (unsigned b = a + 1; b < world->host_count; b++) {
            struct host *first = &world->hosts[a], *second = &world->hosts[b];

            if (scenario->preshared)
                random_fill(&world->choices, preshared_key, sizeof preshared_key);
            host_meet(first, second, true, a == 0 ? (uint16_t)scenario->keepalive_s : 0, preshared_key);
            host_meet(second, first, !scenario->one_knows, 0, preshared_key);
        }
}

static void begin(struct world *world)
{
    world->host_count = world->order.hosts > 0 ? world->order.hosts : world->scenario->hosts;
    world->translator.present = world->scenario->translated;
    random_init(&world->choices, world->order.seed, 3);
    scarcity_init(world->order.seed);
    exchanges_init(&world->exchanges);
    network_init(world);
    for (unsigned number = 0; number < world->host_count; number++)
        host_init(&world->hosts[number], world, number);
    introduce(world);
    for (unsigned number = 0; number < world->host_count; number++)
        host_up(&world->hosts[number]);
    if (world->scenario->stranger)
        stranger_init(world);
    traffic_init(world);
    director_init(world);
}

/* ---- from moment to moment ---- */

static struct world *watched;

/* Whoever is stuck holds no lock that printing needs: the library does not print. */
static void stuck(int signal)
{
    (void)signal;
    world_fail(watched, "progress", "a call into the library has not returned for %d s of processor time",
               STUCK_AFTER_S);
}

/* Starts the watch again; NULL: stops it. */
static void watch(struct world *world)
{
    struct sigaction action = {.sa_handler = stuck};
    struct itimerval limit = {.it_value = {.tv_sec = world != NULL ? STUCK_AFTER_S : 0}};

    watched = world;
    sigaction(SIGPROF, &action, NULL);
    setitimer(ITIMER_PROF, &limit, NULL);
}

static void audit(struct world *world, void *subject)
{
    (void)subject;
    watch(world);
    for (unsigned number = 0; number < world->host_count; number++)
        host_audit(&world->hosts[number]);
    schedule_add(&world->schedule, world->now_ns + AUDIT_EVERY_NS, audit, NULL);
}

/* Does the next thing; false: it lies beyond the end. */
static bool step(struct world *world)
{
    uint64_t next_ns = schedule_next(&world->schedule);
    struct host *due = NULL;

    for (unsigned number = 0; number <= world->host_count && number < WORLD_HOSTS; number++)
        if (host_deadline(&world->hosts[number]) < next_ns) {
            due = &world->hosts[number];
            next_ns = host_deadline(due);
        }
    if (next_ns > world->end_ns)
        return false;
    world->now_ns = next_ns;
    if (due != NULL) {
        host_settle(due);
    } else {
        struct schedule_entry entry = schedule_take(&world->schedule);

        entry.action(world, entry.subject);
    }
    ledger_judge(world);
    return true;
}

/* ---- ending ---- */

static void check_musts(struct world *world)
{
    for (unsigned i = 0; i < SCENARIO_MUSTS; i++)
        if (world->statistics.count[world->scenario->must[i]] == 0)
            world_fail(world, "reached", "the scenario never came to: %s",
                       statistics_words(world->scenario->must[i]));
}

static void end(struct world *world)
{
    for (unsigned number = 0; number < WORLD_HOSTS; number++)
        host_fini(&world->hosts[number]);
    stranger_fini(world);
    network_fini(world);
    schedule_fini(&world->schedule);
    ledger_fini(&world->ledger);
    exchanges_fini(&world->exchanges);
}

void world_live(struct world *world, const struct scenario *scenario, const struct world_order *order)
{
    memset(world, 0, sizeof *world); /* too large for a literal */
    world->scenario = scenario;
    world->order = *order;
    world->now_ns = SECOND_NS; /* so that 0 can mean "never" */
    world->end_ns = SECOND_NS + (uint64_t)(order->hours * 3600e9);
    world->trace.verbose = order->verbose;
    begin(world);
    schedule_add(&world->schedule, world->now_ns + AUDIT_EVERY_NS, audit, NULL);
    watch(world);
    while (step(world))
        ;
    watch(NULL);
    scarcity_set(0);
    world->statistics.count[STATISTIC_REFUSED_MEMORY] = scarcity_refused();
    check_musts(world);
    end(world);
}
