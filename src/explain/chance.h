/* SPDX-License-Identifier: MIT
 *
 * All chance of the explainer: a stream of bytes that follows from a seed and a purpose. Whoever has the seed
 * sees the same story, so the public seed's keys are as public as it is. Streams of different purposes know
 * nothing of each other: an act that draws more changes no other act.
 *
 * Block i of a stream is BLAKE2s of the purpose and i, keyed with the seed.
 */
#ifndef EXPLAIN_CHANCE_H
#define EXPLAIN_CHANCE_H

#include <stddef.h>
#include <stdint.h>

#define CHANCE_SEED_BYTES 32

struct chance {
    uint8_t seed[CHANCE_SEED_BYTES];
    const char *purpose; /* borrowed, lives as long as the stream */
    uint64_t block;      /* the next one */
    uint8_t left[32];    /* of the latest block */
    size_t used;         /* bytes of it that were drawn */
};

/* "vole explain", then zeros: the seed that everybody sees. */
extern const uint8_t chance_public_seed[CHANCE_SEED_BYTES];

void chance_init(struct chance *chance, const uint8_t seed[static CHANCE_SEED_BYTES], const char *purpose);
/* The next length bytes. */
void chance_bytes(struct chance *chance, uint8_t *bytes, size_t length);

#endif
