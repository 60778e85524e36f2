/* SPDX-License-Identifier: MIT
 *
 * Receiver indices: the 32-bit number in a datagram -> the handshake or keypair it belongs to
 * (protocol §5.3). Indices are random and unique over the device.
 *
 * Open addressing on the index's own bits (they are random and ours, so no stranger can make them collide)
 * with at most three quarters in use, however many there are. The control thread writes; workers look up
 * without a lock while they are in a read section: arrays and entries are retired, never freed in place.
 */
#ifndef CORE_INDEX_H
#define CORE_INDEX_H

#include "core/retire.h"
#include "vole.h"

#include <stdatomic.h>

enum index_kind { INDEX_HANDSHAKE, INDEX_KEYPAIR };

/* Part of a handshake (one in every peer) or of a keypair. */
struct index_entry {
    struct vole_peer *peer;
    _Atomic uint32_t index;
    uint8_t kind;
    bool listed;  /* control's: is in the table */
    uint8_t home; /* control's: 1 + the remainder that its indices have, 0: none yet */
};

struct index_array; /* one generation of the table */

struct index_table {
    _Atomic(struct index_array *) array;
    struct retirer retirer;
    uint8_t homes, next_home; /* control's */
};

VOLE_MUST_CHECK int index_table_init(struct index_table *table, struct retirer retirer);
/* All entries must be gone. */
void index_table_fini(struct index_table *table);
/* From now on an index tells where its datagrams shall arrive, if several can receive them: an entry is given
 * one of so many homes (1 to 64) when it is first inserted, in turn, and (index >> 24) % homes is that home
 * whenever it is inserted again. So a peer's sessions all arrive at one place, and peers are spread evenly.
 * To begin with there is one home, and the index is all random. Control only. */
void index_table_spread(struct index_table *table, unsigned homes);
/* Gives the entry a fresh random index and lists it. random as in vole_hooks. -ENOMEM. Control only. */
VOLE_MUST_CHECK int index_insert(struct index_table *table, struct index_entry *entry,
                                 void (*random)(void *context, uint8_t *bytes, size_t length), void *context);
/* Puts entry in the place of old, which keeps no index: handshake to keypair (protocol §5.1). Control only.
 */
void index_replace(struct index_table *table, struct index_entry *old, struct index_entry *entry);
/* Unlists it; harmless if it is not listed. Control only. */
void index_remove(struct index_table *table, struct index_entry *entry);
/* The entry, or NULL. Valid until the caller's read section ends. Any thread. */
struct index_entry *index_find(const struct index_table *table, uint32_t index);
/* How many are listed. Control only. */
size_t index_count(const struct index_table *table);

#endif
