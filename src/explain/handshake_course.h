/* SPDX-License-Identifier: MIT
 *
 * Lets a world run on by itself, every datagram arriving 20 ms after it was sent, and tells what happened:
 * what a spoilt message leads to. Nobody takes part but the devices; nothing is retried but by their own
 * timers.
 */
#ifndef EXPLAIN_HANDSHAKE_COURSE_H
#define EXPLAIN_HANDSHAKE_COURSE_H

#include "explain/handshake_verdict.h"

/* One datagram that is watched, and perhaps does not arrive as it was sent. */
struct handshake_spoil {
    size_t number; /* on the wire; SIZE_MAX: none */
    size_t byte;   /* this byte ... */
    uint8_t mask;  /* ... has these bits flipped; 0: it arrives as it is, but its verdict is wanted */
    bool repaired; /* and mac1 is made right again */
};

struct handshake_course {
    json_t *happened;                 /* the list, the caller's */
    struct handshake_verdict verdict; /* about the watched datagram */
    uint64_t works_at_ns;             /* when data or a keepalive first got through; VOLE_NEVER: it did not */
    unsigned answers; /* datagrams that the receiver of the watched one sent at the moment when it got it */
};

/* Runs until something got through the tunnel and nothing is on its way, but at most until that moment. What
 * lies on the wire before number `from` has arrived already. */
void handshake_course_run(struct handshake_course *course, struct cast *cast, size_t from,
                          const struct handshake_spoil *spoil, uint64_t until_ns);
/* Puts what became of a datagram at the end of the list: {"what", "at", "at_text": "5.22 s", "by", "to",
 * "length", "spoilt", "arrives", "arrives_text", "outcome" and "reason": words or null}; "what" is
 * "initiation", "response", "cookie_reply", "data" or "keepalive". Events are {"what", "at", "at_text", "by"}
 * with "complete" or "gave_up". */
void handshake_course_put(json_t *list, struct cast *cast, const struct cast_datagram *datagram,
                          uint64_t arrives_ns, const char *outcome, enum vole_drop reason, bool spoilt);

#endif
