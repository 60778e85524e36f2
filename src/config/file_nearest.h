/* SPDX-License-Identifier: MIT
 *
 * How many typing errors lie between two words: a letter too many, one missing, one wrong, two swapped. Case
 * does not count, nor do "_" and "-", which other tools write within words.
 *
 * Any thread may call; there is no state.
 */
#ifndef CONFIG_FILE_NEAREST_H
#define CONFIG_FILE_NEAREST_H

#include "vole.h"

#include <stddef.h>

/* The number of errors; SIZE_MAX if they are too many to believe that known was meant: more than one, and
 * more than a third of its letters, unless one word is a part of the other. known has at most 31 letters. */
VOLE_MUST_CHECK size_t file_nearest_distance(const char *text, size_t length, const char *known);

#endif
