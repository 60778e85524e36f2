/* SPDX-License-Identifier: MIT
 *
 * Serving metrics over HTTP: GET and HEAD of /metrics, and nothing else. One thread, a bounded number of
 * connections, of which one client may have half, and which end if they are idle. Each request asks the
 * interfaces anew.
 *
 * Only metrics_server.c knows the library for it; where vole is built without libmicrohttpd,
 * metrics_server_missing.c stands here.
 */
#ifndef CLI_METRICS_SERVER_H
#define CLI_METRICS_SERVER_H

#include "vole.h"

/* Serves until a signal asks to end. The exit status; messages were printed. */
VOLE_MUST_CHECK int metrics_server_run(const struct vole_endpoint *listen);

#endif
