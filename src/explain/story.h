/* SPDX-License-Identifier: MIT
 *
 * The story: everything that the page shows, as one JSON document, computed by libvole when it is asked for.
 * Each act has its own file, NAME_act.h, which says what is in it.
 *
 *     {"vole": version, "mode": "public" or "fresh", "seed": hex, "served": whether a server gave this page,
 *      "cast": {...}, "handshake": {...}, "routing": {...}, "journey": {...}, "life": {...}}
 *
 * A story of the public seed is the same everywhere. One of fresh keys is not to be had again, unless one
 * knows its seed, which is in it: these keys protect nothing.
 */
#ifndef EXPLAIN_STORY_H
#define EXPLAIN_STORY_H

#include "explain/chance.h"

#include <jansson.h>
#include <stdbool.h>

struct routing_table;

struct story_options {
    uint8_t seed[CHANCE_SEED_BYTES];
    bool fresh;                      /* the seed is not the public one */
    bool served;                     /* a server stands behind the page */
    const struct routing_table *own; /* the reader's own table, or NULL; borrowed */
};

/* The caller's, by json_decref. Ends the program if there is not enough memory. */
json_t *story_new(const struct story_options *options);

#endif
