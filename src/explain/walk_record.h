/* SPDX-License-Identifier: MIT
 *
 * What the allowed-IPs table did, as it did it: the nodes that a lookup compared with the address, in order,
 * and from whom a prefix was taken. The table of the explainer's core writes here (observed/core).
 *
 *     walk_record_start(&record);
 *     outcome = vole_device_send(device, packet, length, &now);
 *     walk_record_stop();
 *
 * A record belongs to one thread and holds the latest lookup and the latest gift while it was started;
 * between walk_record_stop() and the next start nothing is written. Pointers to peers are borrowed and only
 * compared.
 */
#ifndef EXPLAIN_WALK_RECORD_H
#define EXPLAIN_WALK_RECORD_H

#include "vole.h"

/* One for each prefix length: every node's prefix is longer than that of the node above it. */
#define WALK_RECORD_STEPS 129

struct walk_step {
    struct vole_prefix prefix;    /* the node's, masked */
    bool contains;                /* the address; if not, the walk ends here */
    const struct vole_peer *peer; /* the owner, NULL: none, or not looked at because it does not contain it */
};

struct walk_record {
    unsigned lookups; /* how many there were; what follows is of the last */
    struct vole_address address;
    struct walk_step steps[WALK_RECORD_STEPS];
    size_t step_count;
    unsigned gifts; /* the same of prefixes given to peers */
    struct vole_prefix given;
    const struct vole_peer *before, *after; /* before: NULL if it was nobody's */
};

/* Empties the record, and from now on what this thread's tables do goes there. */
void walk_record_start(struct walk_record *record);
void walk_record_stop(void);
/* Whose the lookup found the address to be: the last owner on the way. NULL: nobody's. */
const struct vole_peer *walk_record_winner(const struct walk_record *record);

/* ---- for the table ---- */

void walk_record_begin(uint8_t family, const uint8_t *address);
void walk_record_compare(const uint8_t *bytes, uint8_t length, bool contained);
void walk_record_owner(const struct vole_peer *peer);
void walk_record_give(uint8_t family, const uint8_t *bytes, uint8_t length, const struct vole_peer *before,
                      const struct vole_peer *after);

#endif
