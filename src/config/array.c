/* SPDX-License-Identifier: MIT
 *
 * Doubling from a single element: most peers have one allowed IP, and none of them should pay for eight.
 */
#include "config/array.h"

#include "config/key.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *array_grow(void *array, size_t *capacity, size_t count, size_t element_bytes)
{
    size_t larger = *capacity == 0 ? 1 : *capacity * 2;
    void *grown;

    if (count < *capacity)
        return array;
    if (larger > SIZE_MAX / 2 / element_bytes)
        return NULL;
    grown = malloc(larger * element_bytes);
    if (grown == NULL)
        return NULL;
    if (array != NULL) {
        memcpy(grown, array, count * element_bytes);
        key_wipe(array, count * element_bytes);
        free(array);
    }
    *capacity = larger;
    return grown;
}
