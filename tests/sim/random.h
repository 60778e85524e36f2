/* SPDX-License-Identifier: MIT
 *
 * The only source of chance in a simulated world: numbers that follow from a seed alone, so that the same
 * seed yields the same life, datagram by datagram. Every part of the world draws from a stream of its own; a
 * part that draws once more does not reshuffle the others.
 * The generator is xoshiro256** seeded by splitmix64. It is no cryptographic generator: the keys made with it
 * are worth nothing outside of the simulator.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random_source {
    uint64_t state[4];
};

void random_init(struct random_source *source, uint64_t seed, uint64_t stream);
uint64_t random_next(struct random_source *source);
/* 0 .. bound-1; bound is at least 1. */
uint64_t random_below(struct random_source *source, uint64_t bound);
/* least .. most, both included. */
uint64_t random_between(struct random_source *source, uint64_t least, uint64_t most);
/* True in so many cases out of a million. */
bool random_chance(struct random_source *source, uint32_t per_million);
void random_fill(struct random_source *source, uint8_t *bytes, size_t length);

#endif
