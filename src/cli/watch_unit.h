/* SPDX-License-Identifier: MIT
 *
 * The service vole-watch@NAME that `up` starts and `down` stops, where systemd runs, the service is
 * installed, and the tunnel has endpoints that may move. Elsewhere `vole watch` is started by whoever wants
 * it.
 */
#ifndef CLI_WATCH_UNIT_H
#define CLI_WATCH_UNIT_H

#include "cli/tunnel.h"

#include <stdbool.h>

/* Neither can fail: a tunnel works without it. names_wait: host names were left to it, so where it is not
 * started, it is said how to. */
void watch_unit_start(const struct tunnel *tunnel, bool names_wait);
void watch_unit_stop(const struct tunnel *tunnel);

#endif
