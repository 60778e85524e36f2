/* SPDX-License-Identifier: MIT
 *
 * Memory that is refused: while it is scarce, so many of a million allocations of the library fail, whichever
 * device they are for. The linker brings the library's malloc, calloc, realloc, aligned_alloc and mmap here
 * (meson.build); the simulator itself allocates by reallocarray (memory.h) and never goes short. There is one
 * for the process, as the functions it stands for have no context.
 */
#ifndef SIM_SCARCITY_H
#define SIM_SCARCITY_H

#include <stdint.h>

/* Plenty, and from now on everything follows from this seed. */
void scarcity_init(uint64_t seed);
/* 0: plenty again. */
void scarcity_set(uint32_t per_million);
/* How many allocations were refused since scarcity_init(). */
uint64_t scarcity_refused(void);

#endif
