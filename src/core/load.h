/* SPDX-License-Identifier: MIT
 *
 * When the host is under load, and who may still shake hands then (cookies §1, §5). One struct load may
 * serve all devices of a process, as the kernel's serves all of the host. Control only.
 *
 * The limiter is a token bucket per source: IPv4 address or IPv6 /64. Time is credit in nanoseconds; a
 * handshake costs 50 ms, 250 ms can be saved. Sources idle for more than a second are forgotten; when the
 * table is full, new sources are refused.
 */
#ifndef CORE_LOAD_H
#define CORE_LOAD_H

#include "vole.h"

#define LOAD_BUCKETS     1024u  /* chains, a power of two */
#define LOAD_MAX_SOURCES 65536u /* unless load_limit() says fewer */

struct load_source;

struct load {
    uint64_t last_loaded_ns; /* boot clock, 0: not under load */
    uint8_t hash_key[16];
    struct load_source **chains; /* allocated by the first source */
    uint32_t source_count, most_sources;
    uint64_t last_sweep_ns;
};

void load_init(struct load *load, const uint8_t hash_key[static 16]);
/* So many sources are remembered at most. */
void load_limit(struct load *load, uint32_t sources);
void load_fini(struct load *load);
/* What one takes at most, the allocator's share counted. */
size_t load_source_bytes(void);
/* queued: handshake messages waiting, including the one at hand. True for 1 s after it last was 512. */
bool load_is_high(struct load *load, uint32_t queued, uint64_t boot_ns);
/* Whether it still is, without a message at hand. */
bool load_lasts(const struct load *load, uint64_t boot_ns);
/* Takes a token of this source; false: none left, or no room for a new source. */
bool load_allow(struct load *load, const struct vole_address *from, uint64_t boot_ns);
/* Forgets idle sources; cheap, at most once a second. */
void load_sweep(struct load *load, uint64_t boot_ns);

#endif
