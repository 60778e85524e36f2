/* SPDX-License-Identifier: MIT
 *
 * Control steps back behind the workers while it has many handshakes to work on: then its thread gets a
 * higher nice value, so that it uses what processors the packets of established sessions leave, and about a
 * thirtieth of one where they leave nothing. A flood of initiations thus costs its sender's processor, not
 * our throughput.
 *
 * And processors share much with their neighbours, so who floods may not have all that nobody else wants:
 * after a round of asking for cookies, about half a millisecond, control rests. It uses about a tenth of all
 * processors for that, as long as there are no more than four. Who has a cookie is not kept waiting by it:
 * the queue has places for him (core/handshake_filter.h), and rounds that are about more than denying follow
 * each other at once.
 *
 * Otherwise only the rate of handshake messages counts, above all what a few thousand peers can cause, not
 * whether they are good: nobody can tell before the work is done. Coming forward again needs a resource limit
 * (RLIMIT_NICE) that only a privileged start can set; without it control stays behind once it went there.
 * Control only: the priority is the calling thread's.
 */
#ifndef DAEMON_COURTESY_H
#define DAEMON_COURTESY_H

#include <stdbool.h>
#include <stdint.h>

struct courtesy {
    int nice;          /* as we were started */
    bool behind;       /* stepped back */
    uint32_t counted;  /* messages when the present period began */
    uint64_t since_ns; /* its begin, monotonic */
};

/* Raises the limit that coming forward needs. Before the process gives up privileges. */
void courtesy_allow_return(void);
void courtesy_init(struct courtesy *courtesy, uint64_t now_ns);
/* messages: how many handshake messages there have been so far; a counter that may wrap. */
void courtesy_look(struct courtesy *courtesy, uint32_t messages, uint64_t now_ns);

/* How long to rest after a round under load in which so many were asked for a cookie, in ms; 0: not at all.
 * processors: how many there are for us. Any thread. */
unsigned courtesy_rest_ms(uint64_t asked, unsigned processors);

#endif
