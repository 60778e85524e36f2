/* SPDX-License-Identifier: MIT
 *
 * The world: hosts, the network between them, one time for all, and the rules that must hold in it.
 *
 * One world lives one scenario with one seed. It knows vole by include/vole.h only, as any embedder does.
 * Time is virtual: the world jumps from one thing that happens (schedule.h) or is due in a device to the
 * next. now_ns counts from the world's beginning; what a host's own clocks read is the host's (host.h).
 *
 *   schedule -> traffic  -> host -> vole_device_send    -> hooks.send    -> network   -> schedule
 *            -> network  -> host -> vole_device_receive -> hooks.deliver -> ledger      (rules, inner)
 *            -> stranger -> host                                         -> exchanges   (rules, outer)
 *            -> director -> disturbance: makes life hard, then calm
 *
 * A broken rule ends the program with a message, the last things that happened, and the command that lives
 * the same life again.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "director.h"
#include "exchanges.h"
#include "host.h"
#include "ledger.h"
#include "network.h"
#include "random.h"
#include "schedule.h"
#include "statistics.h"
#include "stranger.h"
#include "trace.h"
#include "traffic.h"
#include "translator.h"

#define SECOND_NS UINT64_C(1000000000)
#define MS_NS     UINT64_C(1000000)

struct scenario;

/* What makes a life, together with its scenario. */
struct world_order {
    uint64_t seed;
    double hours;
    unsigned hosts; /* 0: as many as the scenario says */
    bool verbose;
    const char *program; /* for the command that replays it */
};

struct world {
    const struct scenario *scenario;
    struct world_order order;
    uint64_t now_ns, end_ns;

    struct random_source choices; /* the director's and the traffic's */
    struct schedule schedule;
    struct network network;
    struct host hosts[WORLD_HOSTS]; /* the known ones; then, if there is one, the stranger */
    unsigned host_count;            /* without the stranger */
    struct traffic traffic;
    struct ledger ledger;
    struct exchanges exchanges;
    struct stranger stranger;
    struct director director;
    struct translator translator;
    bool scarce; /* allocations fail just now */
    struct statistics statistics;
    struct trace trace;
};

/* Lives the scenario to its end, or ends the program. The statistics are the caller's to look at. */
void world_live(struct world *world, const struct scenario *scenario, const struct world_order *order);
/* Prints the command that lives this life again. */
void world_print_command(const struct world_order *order, const struct scenario *scenario);

/* Somewhere from least to most seconds, in nanoseconds. */
uint64_t world_seconds(struct world *world, uint64_t least, uint64_t most);
/* Notes what happened; who and whom may be NULL, detail too. Texts are static. */
void world_note(struct world *world, const char *what, const struct host *who, const struct host *whom,
                uint64_t number, const char *detail);
/* A rule is broken: says so and ends the program with status 1. */
_Noreturn void world_fail(struct world *world, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
