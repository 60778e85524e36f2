/* SPDX-License-Identifier: MIT
 *
 * A change as the text of a `set=1` request, in the order in which the wg tool writes one.
 *
 * The text streams through one small buffer, which is wiped in the end: a change of any size needs no memory
 * of its own, and no copy of its keys stays behind. Whoever gets the pieces must not keep them either.
 * Any thread may call; there is no state. Errors: negative errno. Spec: uapi §2, §3.
 */
#ifndef CONFIG_UAPI_CHANGE_H
#define CONFIG_UAPI_CHANGE_H

#include "config/change.h"
#include "vole.h"

#include <stddef.h>

#define UAPI_CHANGE_PIECE_BYTES 8192 /* no piece is longer */

/* Takes the next piece, which holds whole lines and is wiped after the call. 0, or a negative errno that ends
 * the writing. */
typedef int (*uapi_change_taker)(void *state, const char *bytes, size_t length);

/* The whole request, "set=1" and the blank line included. 0, or the taker's error. */
VOLE_MUST_CHECK int uapi_change_write(const struct change *change, uapi_change_taker take, void *state);

#endif
