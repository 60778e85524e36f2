/* SPDX-License-Identifier: MIT
 *
 * Growing an array that may hold secrets: what realloc() does, except that the old memory is wiped before it
 * is given back.
 */
#ifndef CONFIG_ARRAY_H
#define CONFIG_ARRAY_H

#include "vole.h"

#include <stddef.h>

/* Makes room for one element behind count and returns the array, which may have moved; *capacity is in
 * elements. An array that has the room already is returned as it is; NULL with capacity 0 is an empty one.
 * NULL: out of memory, the old array stays valid. Freed by the caller with free(). */
VOLE_MUST_CHECK void *array_grow(void *array, size_t *capacity, size_t count, size_t element_bytes);

#endif
