/* SPDX-License-Identifier: MIT
 *
 * How often what happened. A scenario names the ones that must not be zero, so that a scenario that no longer
 * reaches what it was written for fails.
 */
#ifndef SIM_STATISTICS_H
#define SIM_STATISTICS_H

#include <stdint.h>

/* X(NAME, words) */
#define STATISTICS(X)                                                                                        \
    X(PACKETS_SENT, "inner packets sent")                                                                    \
    X(PACKETS_DELIVERED, "inner packets delivered")                                                          \
    X(PACKETS_OWED, "inner packets that had to arrive")                                                      \
    X(PACKETS_STAGED, "inner packets that waited for a session")                                             \
    X(PACKETS_SPOOFED, "inner packets with a source of somebody else")                                       \
    X(PACKETS_TOO_LATE, "inner packets that met the end of their session")                                   \
    X(DATAGRAMS_SENT, "datagrams sent")                                                                      \
    X(DATAGRAMS_LOST, "datagrams lost")                                                                      \
    X(DATAGRAMS_DUPLICATED, "datagrams duplicated")                                                          \
    X(DATAGRAMS_CORRUPTED, "datagrams corrupted")                                                            \
    X(DATAGRAMS_REFUSED, "datagrams the host could not send")                                                \
    X(DATAGRAMS_INJECTED, "datagrams injected by the stranger")                                              \
    X(REPLAYS_REJECTED, "replayed data rejected")                                                            \
    X(INITIATIONS, "initiations")                                                                            \
    X(RESPONSES, "responses")                                                                                \
    X(COOKIES_SENT, "cookie replies sent")                                                                   \
    X(COOKIES_TAKEN, "cookie replies accepted")                                                              \
    X(WITH_COOKIE, "initiations that carried a cookie")                                                      \
    X(KEEPALIVES, "keepalives received")                                                                     \
    X(SESSIONS, "sessions confirmed")                                                                        \
    X(CROSSINGS, "initiations that crossed on a calm network")                                               \
    X(GAVE_UP, "peers given up")                                                                             \
    X(KEYS_ERASED, "keys erased after 540 s")                                                                \
    X(ENDPOINTS_MOVED, "endpoints that moved")                                                               \
    X(DISTURBANCES, "disturbances")                                                                          \
    X(RECOVERIES, "directions that recovered")                                                               \
    X(MAPPINGS, "addresses made by the translator")                                                          \
    X(REFUSED_MEMORY, "allocations refused")                                                                 \
    X(RESERVATIONS, "reservations of timestamps")                                                            \
    X(TICKS, "ticks")

enum statistic {
#define STATISTICS_ENUM(name, words) STATISTIC_##name,
    STATISTICS(STATISTICS_ENUM)
#undef STATISTICS_ENUM
        STATISTIC_COUNT
};

struct statistics {
    uint64_t count[STATISTIC_COUNT];
};

const char *statistics_words(enum statistic statistic);

#endif
