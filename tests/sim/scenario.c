/* SPDX-License-Identifier: MIT
 *
 * The table of scenarios.
 *
 * Recovery: 25 s is derived in ledger.h. If the host whose address changed or is known to nobody (the first)
 * does not speak by itself, the others cannot reach it until its persistent keepalive (25 s) does; and if its
 * session is one the others no longer have, that takes until it is 180 s old: 180 + 25 + 25.
 * Under load a handshake may take three initiations more (cookie for the initiation, cookie for the response,
 * and the secret may change in between): 3 * 5.4 s.
 * Patience: an owed packet may find its session expired and wait for a new one, 3 trips of at most 20 ms.
 */
#include "scenario.h"

#include "director.h"
#include "traffic.h"

#include <string.h>

#define ALL_PATTERNS (PATTERN_BOTH | PATTERN_ONE | PATTERN_BURSTS | PATTERN_SPARSE | PATTERN_SILENCE)
#define MUST(name)   STATISTIC_##name

static const struct scenario scenarios[] = {
    {.name = "calm",
     .words = "nothing happens but traffic and pauses: rekeying, expiry, erased keys",
     .hosts = 2,
     .patterns = ALL_PATTERNS,
     .stranger = true,
     .recovery_s = 25,
     .recovery_alone_s = 25,
     .patience_ms = 1000,
     .hours = 24,
     .must = {MUST(PACKETS_OWED), MUST(KEYS_ERASED), MUST(RECOVERIES), MUST(DATAGRAMS_INJECTED)}},
    {.name = "lossy",
     .words = "a network that loses, delays, reorders, duplicates and damages",
     .hosts = 2,
     .disturbances = DISTURB_TROUBLE,
     .patterns = PATTERN_BOTH | PATTERN_ONE | PATTERN_BURSTS | PATTERN_SPARSE,
     .preshared = true,
     .stranger = true,
     .recovery_s = 25,
     .recovery_alone_s = 25,
     .patience_ms = 1000,
     .hours = 24,
     .must = {MUST(PACKETS_OWED), MUST(DATAGRAMS_LOST), MUST(DATAGRAMS_DUPLICATED), MUST(DATAGRAMS_CORRUPTED),
              MUST(REPLAYS_REJECTED), MUST(RECOVERIES)}},
    {.name = "outage",
     .words = "minutes in which nothing arrives, or nothing can be sent",
     .hosts = 2,
     .disturbances = DISTURB_OUTAGE | DISTURB_REFUSALS,
     .patterns = ALL_PATTERNS,
     .stranger = true,
     .recovery_s = 25,
     .recovery_alone_s = 25,
     .patience_ms = 1000,
     .hours = 24,
     .must = {MUST(PACKETS_OWED), MUST(DATAGRAMS_LOST), MUST(DATAGRAMS_REFUSED), MUST(GAVE_UP),
              MUST(PACKETS_STAGED), MUST(RECOVERIES)}},
    {.name = "roaming",
     .words = "a host behind an address that changes, with persistent keepalive, known by nobody's file",
     .hosts = 2,
     .disturbances = DISTURB_MOVES | DISTURB_TROUBLE,
     .patterns = ALL_PATTERNS,
     .one_knows = true,
     .preshared = true,
     .stranger = true,
     .keepalive_s = 25,
     .recovery_s = 25,
     .recovery_alone_s = 230,
     .patience_ms = 1000,
     .hours = 24,
     .must = {MUST(PACKETS_OWED), MUST(ENDPOINTS_MOVED), MUST(RECOVERIES)}},
    {.name = "operators",
     .words = "interfaces go down and up, keys and peers change, machines sleep and are cloned",
     .hosts = 2,
     .disturbances =
         DISTURB_DOWN | DISTURB_KEY | DISTURB_PRESHARED | DISTURB_FORGETS | DISTURB_SLEEP | DISTURB_CLONE,
     .patterns = ALL_PATTERNS,
     .preshared = true,
     .stranger = true,
     .recovery_s = 25,
     .recovery_alone_s = 25,
     .patience_ms = 1000,
     .hours = 24,
     .must = {MUST(PACKETS_OWED), MUST(PACKETS_STAGED), MUST(RECOVERIES)}},
    {.name = "clocks",
     .words = "wall clocks are set, back and forth, while processes end, crash, and begin anew",
     .hosts = 2,
     .disturbances = DISTURB_CLOCK,
     .patterns = ALL_PATTERNS,
     .stranger = true,
     .recovery_s = 25,
     .recovery_alone_s = 25,
     .patience_ms = 1000,
     .hours = 24,
     .must = {MUST(PACKETS_OWED), MUST(PACKETS_STAGED), MUST(RECOVERIES), MUST(RESERVATIONS)}},
    {.name = "load",
     .words = "a flood of handshakes while sessions are needed: cookies",
     .hosts = 2,
     .disturbances = DISTURB_FLOOD,
     .patterns = PATTERN_BOTH | PATTERN_BURSTS,
     .stranger = true,
     .recovery_s = 42,
     .recovery_alone_s = 42,
     .patience_ms = 18000,
     .hours = 1,
     .must = {MUST(PACKETS_OWED), MUST(COOKIES_SENT), MUST(COOKIES_TAKEN), MUST(WITH_COOKIE),
              MUST(RECOVERIES)}},
    {.name = "three",
     .words = "three hosts, some packets with another's source, on a bad network",
     .hosts = 3,
     .disturbances = DISTURB_TROUBLE | DISTURB_OUTAGE | DISTURB_DOWN,
     .patterns = ALL_PATTERNS,
     .preshared = true,
     .stranger = true,
     .recovery_s = 25,
     .recovery_alone_s = 25,
     .patience_ms = 1000,
     .hours = 24,
     .must = {MUST(PACKETS_OWED), MUST(PACKETS_SPOOFED), MUST(REPLAYS_REJECTED), MUST(RECOVERIES)}},
    {.name = "translated",
     .words = "a host behind a translator of addresses that forgets, and paths that are too narrow",
     .hosts = 3,
     .disturbances = DISTURB_REBIND | DISTURB_TROUBLE | DISTURB_NARROW,
     .patterns = ALL_PATTERNS,
     .one_knows = true,
     .translated = true,
     .preshared = true,
     .stranger = true,
     .keepalive_s = 25,
     .recovery_s = 25,
     .recovery_alone_s = 230,
     .patience_ms = 1000,
     .hours = 24,
     .must = {MUST(PACKETS_OWED), MUST(ENDPOINTS_MOVED), MUST(MAPPINGS), MUST(RECOVERIES)}},
    {.name = "apart",
     .words = "five hosts whose network falls apart, whose paths are narrow, and whose settings change",
     .hosts = 5,
     .disturbances = DISTURB_PARTITION | DISTURB_NARROW | DISTURB_SETTINGS | DISTURB_DOWN,
     .patterns = ALL_PATTERNS,
     .preshared = true,
     .stranger = true,
     .recovery_s = 25,
     .recovery_alone_s = 25,
     .patience_ms = 1000,
     .hours = 12,
     .must = {MUST(PACKETS_OWED), MUST(DATAGRAMS_LOST), MUST(PACKETS_SPOOFED), MUST(RECOVERIES)}},
    {.name = "scarce",
     .words = "allocations fail at random, while processes and peers begin anew",
     .hosts = 3,
     .disturbances = DISTURB_SCARCITY,
     .patterns = ALL_PATTERNS,
     .queued = true,
     .preshared = true,
     .stranger = true,
     .recovery_s = 25,
     .recovery_alone_s = 25,
     .patience_ms = 1000,
     .hours = 24,
     .must = {MUST(PACKETS_OWED), MUST(REFUSED_MEMORY), MUST(RECOVERIES)}},
    {.name = "everything",
     .words = "all of it at once, with three hosts, one of them mobile",
     .hosts = 3,
     .disturbances = DISTURB_ALL & ~(DISTURB_FLOOD | DISTURB_REBIND),
     .patterns = ALL_PATTERNS,
     .one_knows = false,
     .preshared = true,
     .stranger = true,
     .keepalive_s = 25,
     .recovery_s = 25,
     .recovery_alone_s = 230,
     .patience_ms = 1000,
     .hours = 24,
     .must = {MUST(PACKETS_OWED), MUST(PACKETS_SPOOFED), MUST(REPLAYS_REJECTED), MUST(RECOVERIES),
              MUST(ENDPOINTS_MOVED), MUST(GAVE_UP)}},
};

const struct scenario *scenario_at(size_t position)
{
    return position < sizeof scenarios / sizeof scenarios[0] ? &scenarios[position] : NULL;
}

const struct scenario *scenario_find(const char *name)
{
    const struct scenario *scenario;

    for (size_t i = 0; (scenario = scenario_at(i)) != NULL; i++)
        if (strcmp(scenario->name, name) == 0)
            return scenario;
    return NULL;
}
