/* SPDX-License-Identifier: MIT
 *
 * The allowed-IPs table: routing table and access list in one (routing §1). One path-compressed binary
 * trie per family, shared by all peers: a node stands for a prefix; one without a peer only branches.
 *
 * Control writes, workers look up without a lock inside a read section: a changed part is built aside and
 * published by one pointer; what was unlinked is retired.
 */
#ifndef CORE_ALLOWED_IPS_H
#define CORE_ALLOWED_IPS_H

#include "core/retire.h"
#include "vole.h"

#include <stdatomic.h>

struct allowed_ip; /* a node */

struct allowed_ips {
    _Atomic(struct allowed_ip *) roots[2]; /* IPv4, IPv6 */
    struct retirer retirer;
    size_t count; /* of prefixes, so that there are at most twice as many nodes */
};

/* A peer's prefixes in order of insertion; embedded in the peer. */
struct allowed_ips_list {
    struct allowed_ip *first, *last;
};

void allowed_ips_init(struct allowed_ips *table, struct retirer retirer);
/* Frees all nodes. No reader may be left. */
void allowed_ips_fini(struct allowed_ips *table);
/* Gives the prefix (host bits ignored) to the peer, silently taking it from any other; the same peer's own
 * prefix moves to the end of its list. -EINVAL: family or length; -ENOMEM: nothing changed, there are `most`
 * already or there is no memory. */
VOLE_MUST_CHECK int allowed_ips_insert(struct allowed_ips *table, const struct vole_prefix *prefix,
                                       struct vole_peer *peer, size_t most);
/* What a node takes at most, the allocator's share counted. */
size_t allowed_ips_node_bytes(void);
/* Takes exactly this prefix from the peer, if it has it. -EINVAL as above. */
VOLE_MUST_CHECK int allowed_ips_remove(struct allowed_ips *table, const struct vole_prefix *prefix,
                                       struct vole_peer *peer);
void allowed_ips_remove_peer(struct allowed_ips *table, struct vole_peer *peer);
/* Longest matching prefix's peer or NULL; address has 4 or 16 bytes by family (4 or 6). Any thread. */
struct vole_peer *allowed_ips_lookup(const struct allowed_ips *table, uint8_t family, const uint8_t *address);
/* Walks a peer's list: NULL starts, NULL ends. The prefix is written masked. Control only. */
struct allowed_ip *allowed_ips_next(const struct vole_peer *peer, struct allowed_ip *previous,
                                    struct vole_prefix *prefix);

#endif
