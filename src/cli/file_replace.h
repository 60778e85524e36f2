/* SPDX-License-Identifier: MIT
 *
 * Putting another text into a file, wholly or not at all: it is written beside the file, synchronised to the
 * disk, and renamed over it. Owner and mode stay as they are; a new file has mode 0600.
 */
#ifndef CLI_FILE_REPLACE_H
#define CLI_FILE_REPLACE_H

#include "vole.h"

#include <stddef.h>

/* path must have no symbolic link at its end. 0, or a negative errno: the file is as it was. */
VOLE_MUST_CHECK int file_replace(const char *path, const char *bytes, size_t length);

#endif
