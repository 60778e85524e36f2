/* SPDX-License-Identifier: MIT
 *
 * How many peers and allowed IPs a device may have: a number of each that is never exceeded, and, if the
 * embedder has set one (vole_options.peer_bytes), a bound on the memory that all of them take together.
 *
 * A peer is admitted with all that it may ever need: three sessions, a handshake on its way, its share of the
 * tables. So whoever was admitted can always renew its session, and a refusal is only ever a refusal to
 * configure more. What a prefix may need is two nodes of the trie. Control only.
 */
#ifndef CORE_ROOM_H
#define CORE_ROOM_H

#include "vole.h"

/* Of secret memory, a block of each kind of object is there before there are any peers, and not theirs. */
#define ROOM_SPARE_BYTES ((size_t)4 * 64 * 1024)

/* What one costs at most, the allocator's share counted. */
size_t room_peer_bytes(void);
size_t room_prefix_bytes(void);
/* Whether one more peer may be made. */
bool room_for_peer(const struct vole_device *device);
/* How many prefixes there may be now, with those that there are. */
size_t room_for_prefixes(const struct vole_device *device);

#endif
