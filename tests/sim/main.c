/* SPDX-License-Identifier: MIT
 *
 * sim: whole networks of vole devices in virtual time.
 *
 *     sim [--scenario NAME] [--seed NUMBER] [--hours HOURS] [--hosts NUMBER] [--verbose] [--list]
 *
 * Without a scenario all of them are lived; without a seed it is drawn, and printed. Exits 0 if all rules
 * held, 1 with a message and the command that replays it if one was broken, 2 if it cannot run.
 */
#include "scenario.h"
#include "world.h"

#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct order {
    const char *scenario; /* NULL: all */
    bool seeded;
    struct world_order life; /* hours 0: the scenario's own */
};

static void print_scenarios(void)
{
    const struct scenario *scenario;

    for (size_t i = 0; (scenario = scenario_at(i)) != NULL; i++)
        printf("%-12s %s\n", scenario->name, scenario->words);
}

static void print_statistics(const struct statistics *statistics)
{
    for (enum statistic i = 0; i < STATISTIC_COUNT; i++)
        if (statistics->count[i] > 0)
            printf("%12" PRIu64 "  %s\n", statistics->count[i], statistics_words(i));
}

/* What the process has allocated: small and large pieces. */
static size_t allocated(void)
{
    (void)mallopt(M_MXFAST, 0); /* small freed pieces, too, go back at once */

    struct mallinfo2 information = mallinfo2();

    return information.uordblks + information.hblkhd;
}

static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* glibc's cache per thread counts as allocated; without it, what a life leaves behind was forgotten. */
static void count_all_memory(char **argv)
{
    if (getenv("GLIBC_TUNABLES") == NULL && setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1) == 0)
        (void)execv("/proc/self/exe", argv); /* where it fails, a healthy run is reported as leaking */
}

static bool live(const struct scenario *scenario, const struct world_order *ordered)
{
    static struct world world;
    struct world_order order = *ordered;
    double started = processor_seconds();
    size_t before, after;

    if (order.hours <= 0)
        order.hours = scenario->hours;
    printf("%s: %s\n    seed %" PRIu64 ", %g hours\n", scenario->name, scenario->words, order.seed,
           order.hours);
    fflush(stdout);
    before = allocated();
    world_live(&world, scenario, &order);
    after = allocated();
    if (after > before) {
        fprintf(stderr, "sim: the rule \"memory\" is broken: %zu bytes are left when all is freed\n",
                after - before);
        world_print_command(&order, scenario);
        return false;
    }
    print_statistics(&world.statistics);
    printf("    all rules held; %.1f s of processor time\n", processor_seconds() - started);
    return true;
}

/* Has the libraries allocate what they keep. */
static void warm_up(void)
{
    static struct world world;
    static const struct world_order order = {.hours = 0.01};
    static const struct scenario nothing = {.name = "warm-up",
                                            .hosts = 2,
                                            .patterns = PATTERN_BOTH,
                                            .recovery_s = 25,
                                            .recovery_alone_s = 25,
                                            .patience_ms = 1000};

    world_live(&world, &nothing, &order);
}

static bool live_all(const struct world_order *order)
{
    const struct scenario *scenario;

    for (size_t i = 0; (scenario = scenario_at(i)) != NULL; i++)
        if (!live(scenario, order))
            return false;
    return true;
}

static bool parse(int argc, char **argv, struct order *order)
{
    static const struct option options[] = {{"scenario", required_argument, NULL, 's'},
                                            {"seed", required_argument, NULL, 'n'},
                                            {"hosts", required_argument, NULL, 'o'},
                                            {"hours", required_argument, NULL, 'h'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {"list", no_argument, NULL, 'l'},
                                            {NULL, 0, NULL, 0}};
    char *rest = "";
    bool bad = false;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (option) {
        case 's':
            order->scenario = optarg;
            break;
        case 'n':
            order->life.seed = strtoull(optarg, &rest, 10);
            order->seeded = true;
            break;
        case 'h':
            order->life.hours = strtod(optarg, &rest);
            break;
        case 'o':
            order->life.hosts = (unsigned)strtoul(optarg, &rest, 10);
            bad = bad || order->life.hosts < 2 || order->life.hosts >= WORLD_HOSTS;
            break;
        case 'v':
            order->life.verbose = true;
            break;
        case 'l':
            print_scenarios();
            exit(0);
        default:
            return false;
        }
    return optind == argc && *rest == '\0' && !bad && order->life.hours >= 0 && order->life.hours < 1e6;
}

int main(int argc, char **argv)
{
    struct order order = {.life.program = argv[0]};
    const struct scenario *scenario = NULL;

    if (!parse(argc, argv, &order)) {
        fprintf(stderr,
                "usage: %s [--scenario NAME] [--seed NUMBER] [--hours HOURS] [--hosts 2..%u] [--verbose] "
                "[--list]\n",
                argv[0], WORLD_HOSTS - 1);
        return 2;
    }
    if (order.scenario != NULL && (scenario = scenario_find(order.scenario)) == NULL) {
        fprintf(stderr, "sim: there is no scenario '%s'; --list shows them\n", order.scenario);
        return 2;
    }
    count_all_memory(argv);
    if (!order.seeded && getrandom(&order.life.seed, sizeof order.life.seed, 0) != sizeof order.life.seed) {
        perror("sim: no random seed; give one with --seed");
        return 2;
    }
    warm_up();
    return (scenario != NULL ? live(scenario, &order.life) : live_all(&order.life)) ? 0 : 1;
}
