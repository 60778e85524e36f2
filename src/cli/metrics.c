/* SPDX-License-Identifier: MIT
 *
 * vole metrics: prints metrics of all interfaces for Prometheus. With --listen, serves them over HTTP, on
 * this machine only unless an address is given.
 */
#include "cli/command.h"

#include "cli/give_up.h"
#include "cli/http_place.h"
#include "cli/metrics_server.h"
#include "cli/metrics_text.h"

#include <stdio.h>
#include <string.h>

static void print_usage(FILE *stream)
{
    fputs("Usage: vole metrics [--listen [ADDRESS:]PORT]\n"
          "Prints metrics of all interfaces in the text format of Prometheus.\n"
          "  --listen  serves them at http://ADDRESS:PORT/metrics; ADDRESS is 127.0.0.1 if it is not given,\n"
          "            and whoever reaches it can see public keys and allowed IPs of peers\n",
          stream);
}

int command_metrics(int count, char **arguments)
{
    struct vole_endpoint listen;

    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    if (count == 1) {
        give_up(GIVE_UP_CHANGES);
        return metrics_text_print(stdout) ? 0 : 1;
    }
    if (count != 3 || strcmp(arguments[1], "--listen") != 0) {
        print_usage(stderr);
        return 1;
    }
    if (!http_place_read(&listen, arguments[2], "vole metrics"))
        return 1;
    return metrics_server_run(&listen);
}
