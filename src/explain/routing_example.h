/* SPDX-License-Identifier: MIT
 *
 * The built-in table: the server of the story with eight peers, chosen so that each rule shows itself once.
 * Prefixes nest three deep, one peer stands for a whole LAN, one for everything else in IPv4 (there is no
 * such peer in IPv6), and one was given what another had before.
 */
#ifndef EXPLAIN_ROUTING_EXAMPLE_H
#define EXPLAIN_ROUTING_EXAMPLE_H

#include "explain/routing_table.h"
#include "vole.h"

/* An address worth asking about. */
struct routing_question {
    const char *name, *address, *why; /* NULL: the end of the list */
};
extern const struct routing_question routing_example_destinations[];
extern const struct routing_question routing_example_sources[];

/* An empty table becomes the example. Out of memory ends the program. */
void routing_example_fill(struct routing_table *table);
/* What kind of peer it is. */
const char *routing_example_about(size_t peer);
/* The same table with a prefix given to, or taken from, a peer at last. */
void routing_example_change(struct routing_table *table, const char *peer, const char *prefix, bool remove);

#endif
