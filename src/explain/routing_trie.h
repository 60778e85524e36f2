/* SPDX-License-Identifier: MIT
 *
 * One family's trie of a device's allowed IPs, node by node, as real lookups see it: for every prefix of
 * every peer its first address is looked up, and what is compared on the way is a node, below the one before
 * it. Every node of the trie lies on such a way, because a branch is only there for prefixes below it.
 *
 * Nodes are in the order of their addresses, those that contain others first: nodes[0] is the root. Freed by
 * routing_trie_fini(). Out of memory ends the program (explain/value.h). Spec: cryptokey-routing §1.
 */
#ifndef EXPLAIN_ROUTING_TRIE_H
#define EXPLAIN_ROUTING_TRIE_H

#include "explain/routing_world.h"

#include <stddef.h>

#define ROUTING_TRIE_NONE SIZE_MAX /* no such node */

struct routing_trie_node {
    struct vole_prefix prefix; /* masked */
    size_t parent;
    size_t children[2]; /* by the bit after the prefix */
    size_t peer;        /* position in the table, ROUTING_NOBODY: only a branch */
};

struct routing_trie {
    struct routing_trie_node *nodes;
    size_t count, capacity;
};

void routing_trie_gather(struct routing_trie *trie, const struct routing_world *world, uint8_t family);
void routing_trie_fini(struct routing_trie *trie);
/* The node of exactly this prefix, or ROUTING_TRIE_NONE. */
size_t routing_trie_find(const struct routing_trie *trie, const struct vole_prefix *prefix);
/* Whose an address is by walking these nodes, as the page does; ROUTING_NOBODY: nobody's. */
size_t routing_trie_walk(const struct routing_trie *trie, const struct vole_address *address);

/* How many leading bits two addresses share, at most limit. */
unsigned routing_trie_common_bits(const struct vole_address *a, const struct vole_address *b, unsigned limit);
/* Bit number position of an address, counted from 0. */
unsigned routing_trie_bit(const struct vole_address *address, unsigned position);

#endif
