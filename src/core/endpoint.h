/* SPDX-License-Identifier: MIT
 *
 * Where a peer is: read by every sender on every run, written by whoever last received from the peer
 * (routing §9). A sequence lock over relaxed atomic words: readers never wait, writers take turns by
 * making the sequence odd.
 */
#ifndef CORE_ENDPOINT_H
#define CORE_ENDPOINT_H

#include "vole.h"

#include <stdatomic.h>

#define ENDPOINT_WORDS 6

struct endpoint_cell {
    _Atomic uint32_t sequence; /* odd while being written; 0: never set */
    _Atomic uint64_t words[ENDPOINT_WORDS];
};

/* Copies the endpoint out; false if none was ever set. Any thread. */
bool endpoint_read(const struct endpoint_cell *cell, struct vole_endpoint *out);
/* Replaces destination and source. Any thread. */
void endpoint_write(struct endpoint_cell *cell, const struct vole_endpoint *endpoint);
/* As endpoint_write if anything differs; true if the destination changed. Any thread. */
bool endpoint_learn(struct endpoint_cell *cell, const struct vole_endpoint *from);
/* Forgets the source, keeps the destination. Any thread. */
void endpoint_clear_source(struct endpoint_cell *cell);

#endif
