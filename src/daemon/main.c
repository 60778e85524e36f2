/* SPDX-License-Identifier: MIT
 *
 * voled: makes a WireGuard network interface and serves it.
 *
 * options.h reads what is wanted, start.h sets it up; then there are two processes: privileged.h (small, with
 * rights) and control.h (everything else), whose workers carry the packets (worker.h).
 */
#include "daemon/options.h"
#include "daemon/start.h"

#include <stdio.h>

int main(int count, char **arguments)
{
    struct options options;

    switch (options_read(&options, count, arguments)) {
    case OPTIONS_HELP:
        return fputs(options_usage(), stdout) < 0 || fflush(stdout) != 0;
    case OPTIONS_VERSION:
        return printf("voled %s\n", vole_version()) < 0 || fflush(stdout) != 0;
    case OPTIONS_WRONG:
        (void)fprintf(stderr,
                      "voled: %s\nusage: voled [-f | --foreground] [SWITCH...] NAME\n"
                      "'voled --help' says more.\n",
                      options.message);
        return 1;
    case OPTIONS_RUN:
        break;
    }
    return start_run(&options);
}
