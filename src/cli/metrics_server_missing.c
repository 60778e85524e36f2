/* SPDX-License-Identifier: MIT
 *
 * In the place of metrics_server.c where vole is built without libmicrohttpd.
 */
#include "cli/metrics_server.h"

#include <stdio.h>

int metrics_server_run(const struct vole_endpoint *listen)
{
    (void)listen;
    fputs("vole metrics: this program was built without --listen, for which it needs libmicrohttpd; "
          "`vole metrics' prints\n",
          stderr);
    return 1;
}
