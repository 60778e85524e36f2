/* SPDX-License-Identifier: MIT
 *
 * One batch for tests of coalescing: packets are built into numbered slots, added, flushed, and every group
 * is taken apart again.
 *
 *     batch_start(true, true);
 *     batch_add(&plan);                 slot 0
 *     batch_add(&other_plan);           slot 1
 *     batch_expect("0 1");              one group of both; "0|1" would be two groups
 *
 * Each flush fails the test unless every packet was written exactly once, its bytes untouched; single packets
 * come with a zero vnet header; a merged group, split again, gives its packets back (IPv4 identification
 * aside).
 */
#ifndef COALESCE_BATCH_H
#define COALESCE_BATCH_H

#include "packet/coalesce.h"

#include "packets.h"

enum { BATCH_MOST = COALESCE_MAX_PACKETS, BATCH_SLOT_BYTES = 2048, BATCH_FAMILIES = 4 };

struct batch_group {
    size_t count;
    size_t slots[BATCH_MOST];
    bool merged;
    uint8_t kind; /* enum vnet_kind */
    uint16_t segment_bytes;
    size_t bytes;
    uint8_t flags; /* of the merged TCP header */
};

struct batch_family {
    uint8_t version, protocol, kind;
};

extern struct coalesce batch;
extern uint8_t batch_slots[BATCH_MOST][BATCH_SLOT_BYTES];
extern size_t batch_slot_lengths[BATCH_MOST];
extern size_t batch_slot_count;
extern struct batch_group batch_groups[BATCH_MOST]; /* what the last flush wrote */
extern size_t batch_group_count;
extern int batch_results[BATCH_MOST]; /* what the writer is to return for each group */
extern const struct batch_family batch_families[BATCH_FAMILIES];

void batch_start(bool tcp, bool udp);
void batch_add(const struct packet_plan *plan);
/* The same with one bit changed at the position, after the checksums were made. */
void batch_add_damaged(const struct packet_plan *plan, size_t position);
/* What coalesce_flush() returned. */
int batch_flush(void);
/* Flushes and compares the groups' slots with the text. */
void batch_expect(const char *wanted);

#endif
