/* SPDX-License-Identifier: MIT
 *
 * Serving metrics: /metrics, and nothing else. Each request asks the interfaces anew.
 */
#ifndef CLI_METRICS_SERVER_H
#define CLI_METRICS_SERVER_H

#include "vole.h"

/* Serves until the process is asked to end. The exit status; messages were printed. */
VOLE_MUST_CHECK int metrics_server_run(const struct vole_endpoint *listen);

#endif
