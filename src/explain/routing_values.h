/* SPDX-License-Identifier: MIT
 *
 * Act 2's answers as JSON: what routing_act.h calls TABLE, WALK and CLAIM. Out of memory ends the program
 * (explain/value.h).
 */
#ifndef EXPLAIN_ROUTING_VALUES_H
#define EXPLAIN_ROUTING_VALUES_H

#include "explain/routing_example.h"
#include "explain/routing_trie.h"
#include "explain/routing_world.h"

#include <jansson.h>

/* More prefixes than that are not put into a page. */
#define ROUTING_VALUES_PREFIXES 20000

/* A world with its tries: what values are made of. */
struct routing_view {
    struct routing_world *world;
    struct routing_trie tries[2]; /* IPv4, IPv6 */
};

void routing_view_init(struct routing_view *view, struct routing_world *world);
void routing_view_fini(struct routing_view *view);

/* Each is the caller's. The example's members must have met; those of other tables meet between walks and
 * claims, so that whose endpoint is not known is seen. */
json_t *routing_values_table(struct routing_view *view, const struct routing_question *destinations,
                             const struct routing_question *sources);
json_t *routing_values_walk(struct routing_view *view, const struct routing_question *destination);
json_t *routing_values_claim(struct routing_view *view, size_t sender, const char *source);

#endif
