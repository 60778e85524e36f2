/* SPDX-License-Identifier: MIT
 *
 * The moves of a handshake told as JSON: what stood before and after, what was mixed in, with whose keys each
 * side came to it, and whether both came to the same. The form is in handshake_act.h.
 */
#ifndef EXPLAIN_HANDSHAKE_TELL_H
#define EXPLAIN_HANDSHAKE_TELL_H

#include "explain/handshake_run.h"

#include <jansson.h>

json_t *handshake_tell_moves(const struct handshake_run *run);
/* One move alone, as its maker made it; "agrees" if other has come to the same C and H. */
json_t *handshake_tell_move(const struct handshake_move *move, const struct handshake_move *other);

#endif
