/* SPDX-License-Identifier: MIT
 *
 * vole apply [--confirm SECONDS] NAME|FILE: makes a running tunnel what its file says, touching only what
 * differs, so that sessions go on. Everything is found out before anything is done; when a step fails, or a
 * signal comes, what was done is taken back by the same means, from what then runs to what ran before. With
 * --confirm it is taken back as well unless `vole confirm NAME` follows in time (apply_guard.h).
 */
#include "cli/command.h"

#include "cli/allowed_ip_theft.h"
#include "cli/apply_guard.h"
#include "cli/root.h"
#include "cli/tunnel_lock.h"
#include "cli/tunnel_plan.h"
#include "linux/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 86400u

static void print_usage(FILE *stream)
{
    fputs("Usage: vole apply [--confirm SECONDS] NAME|FILE\n"
          "\n"
          "Makes the running tunnel what its file says; `vole plan' tells beforehand what that is.\n"
          "  --confirm SECONDS  take it back unless `vole confirm NAME' follows within so many seconds\n",
          stream);
}

/* Nothing that could only be done half. */
static bool may_begin(const struct tunnel_plan *plan, const struct tunnel *tunnel)
{
    for (size_t i = 0; i < plan->restart_count; i++)
        (void)tunnel_fail(tunnel, "%s", plan->restart[i]);
    return plan->restart_count == 0 ||
           tunnel_fail(
               tunnel,
               "this cannot be done while it runs: use `vole down' and `vole up'; nothing was changed");
}

static bool take_back(const struct tunnel_goal *back, struct tunnel *tunnel)
{
    if (process_signal() != 0)
        (void)tunnel_fail(tunnel, "%s: what was done is taken back", strsignal(process_signal()));
    else
        (void)tunnel_fail(tunnel, "what was done is taken back");
    process_ignore_signals();
    if (!tunnel_goal_reach(back, tunnel, true))
        (void)tunnel_fail(tunnel, "not everything could be taken back: what is said above is left");
    return false;
}

/* seconds: 0: nobody has to confirm. */
static bool make_it_so(const struct tunnel_plan *plan, struct tunnel *tunnel, struct apply_guard *guard,
                       unsigned seconds)
{
    struct tunnel_goal back;
    bool success = tunnel_goal_of_state(&back, &plan->running, &plan->goal) == 0 ||
                   tunnel_fail(tunnel, "out of memory: nothing was changed");

    if (success && seconds > 0)
        success = apply_guard_start(guard, tunnel, &back, seconds);
    if (success)
        success = tunnel_goal_reach(&plan->goal, tunnel, false) || take_back(&back, tunnel);
    if (success && seconds > 0) {
        apply_guard_hand_over(guard);
        (void)tunnel_fail(tunnel, "applied, and taken back in %u s unless `vole confirm %s' is said", seconds,
                          tunnel->name);
    }
    tunnel_goal_free(&back);
    return success;
}

static bool apply(struct tunnel *tunnel, struct apply_guard *guard, unsigned seconds)
{
    struct tunnel_plan plan;
    bool success = tunnel_plan_make(&plan, tunnel) && may_begin(&plan, tunnel);

    if (success)
        allowed_ip_theft_warn_anew(tunnel->name, &plan.goal.change, &plan.owners);
    tunnel->mark = plan.running.device.fwmark;
    if (success && !tunnel_plan_differs(&plan))
        (void)tunnel_fail(tunnel, "nothing differs");
    else if (success)
        success = process_signal() == 0 && make_it_so(&plan, tunnel, guard, seconds);
    tunnel_plan_free(&plan);
    return success;
}

static bool read_arguments(int count, char **arguments, unsigned *seconds)
{
    const char *text = arguments[2];
    char *end = NULL;
    unsigned long number;

    *seconds = 0;
    if (count == 2)
        return arguments[1][0] != '-';
    if (strcmp(arguments[1], "--confirm") != 0 || (count == 4 && arguments[3][0] == '-') || count > 4)
        return false;
    number = count == 4 && *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
    if (number == 0 || *end != '\0' || number > SECONDS_MAX) {
        fprintf(stderr, "vole: --confirm takes a number of seconds, 1 to %u\n", SECONDS_MAX);
        return false;
    }
    *seconds = (unsigned)number;
    return true;
}

int command_apply(int count, char **arguments)
{
    struct apply_guard guard;
    struct tunnel tunnel;
    unsigned seconds;
    bool success;

    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    if (count < 2 || !read_arguments(count, arguments, &seconds)) {
        print_usage(stderr);
        return 1;
    }
    if (!root_is_given(count, arguments))
        return 1;
    if (setenv("LC_ALL", "C", 1) != 0) {
        fprintf(stderr, "vole: %s\n", strerror(errno));
        return 1;
    }
    success = tunnel_open(&tunnel, arguments[count - 1], TUNNEL_SYSTEM) && tunnel_plan_can_begin(&tunnel);
    if (success) {
        process_catch_signals();
        success =
            apply_guard_open(&guard, &tunnel) && tunnel_lock_take(&tunnel) && apply(&tunnel, &guard, seconds);
        apply_guard_close(&guard);
    }
    tunnel_close(&tunnel);
    return success ? 0 : 1;
}
