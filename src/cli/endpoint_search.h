/* SPDX-License-Identifier: MIT
 *
 * One peer of `watch`: from what an interface says of it time and again, whether somebody wants to reach it
 * and cannot, and at which of its endpoints to try it then. Nothing is asked and nothing is set here: the
 * caller does, and every time comes as an argument.
 *
 * Whatever authenticated bytes or handshake arrive prove that all is well, wherever they came from; then
 * nothing is touched. A peer is unreachable if
 *   - it has no endpoint, or
 *   - more was sent than keepalives, without any answer, and sending goes on: for 18 s within a session
 * (after 15 s the interface asks for a handshake itself, timers §1), else, where only handshakes are sent, 8
 * s, or
 *   - it has a persistent keepalive, but no packet leaves (nothing was counted for two intervals), or there
 * is no handshake 15 s after the latest time at which even the side that answers would have begun one. A peer
 * that is merely idle is none of these.
 *
 * Then its names are looked up, and all endpoints found are tried in order, the one that just failed last,
 * each for long enough that a handshake initiation (one each 5 s) surely leaves and may be answered. If none
 * answers, the same begins again after a pause, which grows. What was learnt from the peer itself and is in
 * none of its names is tried, too, in the first round.
 * Times are monotonic milliseconds that do not advance in suspend. One thread.
 */
#ifndef CLI_ENDPOINT_SEARCH_H
#define CLI_ENDPOINT_SEARCH_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENDPOINT_SEARCH_MAX 32 /* endpoints of one peer that are tried; further ones are not */

/* What the interface says of the peer now. */
struct endpoint_sample {
    struct vole_endpoint endpoint; /* address.family 0: none */
    int64_t latest_handshake_s;    /* 0: never */
    uint32_t latest_handshake_ns;
    int64_t handshake_age_s; /* by the wall clock, which is believed once only; never negative */
    uint64_t received_bytes;
    uint64_t sent_bytes;
    uint16_t keepalive_s; /* 0: off */
};

enum endpoint_search_state {
    ENDPOINT_SEARCH_QUIET,   /* all is well, or nobody wants anything */
    ENDPOINT_SEARCH_LOOKING, /* its names are being looked up */
    ENDPOINT_SEARCH_TRYING,  /* list[tried] is set */
    ENDPOINT_SEARCH_PAUSED   /* none of them answered, or there are none */
};

enum endpoint_search_step {
    ENDPOINT_SEARCH_NOTHING,
    ENDPOINT_SEARCH_LOOK_UP, /* then call endpoint_search_found() */
    ENDPOINT_SEARCH_SET,     /* list[tried] is to be the peer's endpoint */
    ENDPOINT_SEARCH_ANSWERED /* for people: it is reached again */
};

/* All zero is one that has seen nothing yet. */
struct endpoint_search {
    enum endpoint_search_state state;
    bool has_seen;
    bool is_doubted;
    bool is_lost;    /* unreachable since some time, until it answers */
    bool is_wanted;  /* somebody wanted to reach it when this search began, or since */
    int64_t last_ms; /* of the latest sample */
    struct endpoint_sample last;
    int64_t first_ms;
    int64_t handshake_ms; /* of the latest handshake; may lie before the clock's beginning */
    int64_t sent_ms;      /* when sent_bytes was seen to grow */
    int64_t answer_ms;    /* the latest sign of life, and what was sent until then */
    uint64_t answer_sent_bytes;
    int64_t doubt_ms; /* since when there is more unanswered than keepalives, and what was sent until then */
    uint64_t doubt_sent_bytes;
    int64_t try_ms; /* when trying or the pause began */
    int64_t pause_ms;
    uint64_t try_sent_bytes;
    unsigned round; /* of one search, and what was sent until it began */
    uint64_t round_sent_bytes;
    struct vole_endpoint list[ENDPOINT_SEARCH_MAX];
    size_t count;
    size_t tried;
};

/* Takes the next sample and says what is to be done. */
VOLE_MUST_CHECK enum endpoint_search_step endpoint_search_look(struct endpoint_search *search, int64_t now_ms,
                                                               const struct endpoint_sample *sample);
/* What looking up found, in order of preference; 0: nothing now. SET or NOTHING. */
VOLE_MUST_CHECK enum endpoint_search_step endpoint_search_found(struct endpoint_search *search,
                                                                int64_t now_ms,
                                                                const struct vole_endpoint *endpoints,
                                                                size_t count);
/* After how many milliseconds the next sample should come. */
int endpoint_search_wait_ms(const struct endpoint_search *search);

/* The same place: address, port and zone. */
VOLE_MUST_CHECK bool endpoint_search_is_same(const struct vole_endpoint *one,
                                             const struct vole_endpoint *other);
/* Brings the addresses of one name into the order of trying: IPv4 and IPv6 in turn, beginning with the first
 * one's family, each family in its own order. */
void endpoint_search_alternate(struct vole_endpoint *endpoints, size_t count);

#endif
