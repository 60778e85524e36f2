/* SPDX-License-Identifier: MIT
 *
 * Memory of the simulator itself. There is nothing to do without it, so running out of it ends the program.
 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include <stdio.h>
#include <stdlib.h>

/* realloc for count elements of size bytes; never NULL. */
static inline void *memory_grow(void *old, size_t count, size_t size)
{
    void *new = reallocarray(old, count, size);

    if (new == NULL) {
        fputs("sim: out of memory; run fewer --hours\n", stderr);
        exit(2);
    }
    return new;
}

#endif
