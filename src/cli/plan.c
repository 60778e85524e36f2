/* SPDX-License-Identifier: MIT
 *
 * vole plan NAME|FILE [--json]: prints how the running tunnel differs from its file, and changes nothing. The
 * status is 0 if nothing differs, 2 if something does, 1 if it cannot be told.
 */
#include "cli/command.h"

#include "cli/allowed_ip_theft.h"
#include "cli/program.h"
#include "cli/root.h"
#include "cli/tunnel_plan.h"

#include <stdio.h>

#define STATUS_DIFFERS 2

static void print_usage(FILE *stream)
{
    fputs("Usage: vole plan NAME|FILE [--json]\n"
          "\n"
          "Prints how the running tunnel differs from its file: what `vole apply' would do.\n"
          "Status 0: nothing differs; 2: something does; 1: it cannot be told.\n",
          stream);
}

static int show_plan(struct tunnel *tunnel)
{
    struct tunnel_plan plan;
    int status = 1;

    if (!tunnel_plan_can_begin(tunnel))
        return 1;
    if (tunnel_plan_make(&plan, tunnel)) {
        allowed_ip_theft_warn_anew(tunnel->name, &plan.goal.change, &plan.owners);
        status = tunnel_plan_differs(&plan) ? STATUS_DIFFERS : 0;
        if (!program_wants_json())
            tunnel_plan_print(&plan, tunnel);
        else if (!tunnel_plan_print_json(&plan, tunnel))
            status = 1;
    }
    tunnel_plan_free(&plan);
    return status;
}

int command_plan(int count, char **arguments)
{
    struct tunnel tunnel;
    int status = 1;

    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    if (count != 2 || arguments[1][0] == '-') {
        print_usage(stderr);
        return 1;
    }
    if (!root_is_given(count, arguments))
        return 1;
    if (tunnel_open(&tunnel, arguments[1], TUNNEL_SYSTEM))
        status = show_plan(&tunnel);
    tunnel_close(&tunnel);
    return status;
}
