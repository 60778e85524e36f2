/* SPDX-License-Identifier: MIT
 *
 * Who knows what when. The handshake is told in steps, each of which one side takes; a side knows a value
 * from the first step on in which it is in that side's own record, or from the beginning if it was
 * configured; everybody knows it from the step on in which it went over the wire in clear. What belongs to
 * the handshake alone is forgotten when its memory is zero. Nothing of this is written down anywhere: it is
 * looked up in what the devices did.
 */
#ifndef EXPLAIN_HANDSHAKE_KNOWLEDGE_H
#define EXPLAIN_HANDSHAKE_KNOWLEDGE_H

#include "explain/handshake_run.h"

#include <jansson.h>

/* A step of the act, as its page names them. */
struct handshake_step {
    const char *name;
    const char *by;      /* "laptop", "server", or NULL: nobody */
    const char *message; /* "initiation", "response", "data", or NULL: nothing is written */
    size_t from, filled; /* the step writes the message's bytes from here; so many stand then */
    int first, last;     /* its moves, -1: none */
    int arrived;         /* the number of the latest datagram that has been on the wire by then, -1: none */
};

/* In order; ends with a NULL name. */
extern const struct handshake_step handshake_steps[];

/* [{"name", "by", "message", "from", "filled", "laptop": [KNOWN...], "server": [KNOWN...], "wire":
 * [KNOWN...]}] with KNOWN = {"value": name, "label": words, "secret": truth, "new": first known in this
 * step}. */
json_t *handshake_knowledge_new(const struct handshake_run *run);

#endif
