/* SPDX-License-Identifier: MIT
 *
 * A table of allowed IPs to be explained, as it was told: whose names, and which prefix was given to whom, in
 * order. It has no place for keys, so that none can get from a reader's interface into a story.
 *
 * Who owns a prefix in the end is not said here: that is for the real table to tell (routing_world.h), which
 * gives a prefix to the latest who is given it. A table that is read from a running interface holds first
 * what its file gives, so that what was taken from somebody is seen again.
 *
 * Zeros, but for name and kind, are an empty table. Whoever fills it frees it. Errors: -ENOMEM. One thread.
 */
#ifndef EXPLAIN_ROUTING_TABLE_H
#define EXPLAIN_ROUTING_TABLE_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

#define ROUTING_TABLE_NAME_BYTES 64

enum routing_table_kind { ROUTING_TABLE_EXAMPLE, ROUTING_TABLE_FILE, ROUTING_TABLE_INTERFACE };

struct routing_table_peer {
    char name[ROUTING_TABLE_NAME_BYTES]; /* unique in the table */
    bool has_endpoint;
};

/* A prefix is given to a peer, or taken from it if it has it. */
struct routing_table_gift {
    size_t peer; /* in peers */
    struct vole_prefix prefix;
    bool remove;
};

struct routing_table {
    char name[ROUTING_TABLE_NAME_BYTES]; /* "wg0" */
    enum routing_table_kind kind;
    struct routing_table_peer *peers;
    size_t peer_count, peer_capacity;
    struct routing_table_gift *gifts;
    size_t gift_count, gift_capacity;
};

void routing_table_init(struct routing_table *table, enum routing_table_kind kind, const char *name);
void routing_table_fini(struct routing_table *table);
/* name NULL or "": it is called by its number, "peer 3"; one that another has already gets its number behind
 * it. Its position is peer_count - 1 then. */
VOLE_MUST_CHECK int routing_table_add_peer(struct routing_table *table, const char *name, bool has_endpoint);
/* To the peer at that position. */
VOLE_MUST_CHECK int routing_table_give(struct routing_table *table, size_t peer,
                                       const struct vole_prefix *prefix, bool remove);
/* Position of the peer called so; peer_count: nobody is. */
size_t routing_table_find(const struct routing_table *table, const char *name);

#endif
