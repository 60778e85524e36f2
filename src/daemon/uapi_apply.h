/* SPDX-License-Identifier: MIT
 *
 * Applying the lines of a set request to the device and its sockets, in order and without rollback
 * (uapi §3, §4). A finished peer section is activated at the next public_key and at the end: what waits for
 * the peer is sent, and a keepalive if its interval was switched on. Control only.
 */
#ifndef DAEMON_UAPI_APPLY_H
#define DAEMON_UAPI_APPLY_H

#include "daemon/engine.h"

/* Applies length bytes of lines. 0, or the negative errno of the first bad line: what is before it stays.
 * -EINVAL, -EPROTO: not understood; -EADDRINUSE: port or mark could not be set; -ENOMEM. */
VOLE_MUST_CHECK int uapi_apply(struct engine *engine, const char *lines, size_t length);

/* The same for our own set=vole.1, whose one line is reset_clock=true. -EINVAL: it is not that. */
VOLE_MUST_CHECK int uapi_apply_vole(struct engine *engine, const char *lines, size_t length);

#endif
