/* SPDX-License-Identifier: MIT
 *
 * Small files that must survive a crash, in a directory of ours: each is either as it was or as it was last
 * written, never half of both.
 *
 * A directory is opened, which locks it against everybody who uses these functions; closing the descriptor
 * unlocks it. Files are 0600, a directory that is made 0700. Only regular files are read or replaced.
 * All of this may wait for the disk, and for whoever has the lock. Any thread. Errors: negative errno.
 */
#ifndef VOLE_LINUX_STATE_FILE_H
#define VOLE_LINUX_STATE_FILE_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define STATE_FILE_NAME_BYTES 128 /* with terminator */

/* A descriptor, close-on-exec, to be closed. make: the directory is made if it is missing, but not those
 * above it. */
VOLE_MUST_CHECK int state_directory_open(const char *path, bool make);
/* Calls for each file, in no order, until the function returns an error, which is returned. */
VOLE_MUST_CHECK int state_directory_each(int directory, int (*function)(void *context, const char *name),
                                         void *context);

/* The length of what is in the file. -ENOENT; -EFBIG: more than room; -EINVAL: not a regular file. */
VOLE_MUST_CHECK ssize_t state_file_read(int directory, const char *name, char *bytes, size_t room);
/* Makes or replaces it. On return it is on the disk, or it is as it was. */
VOLE_MUST_CHECK int state_file_write(int directory, const char *name, const char *bytes, size_t length);
/* -ENOENT: there was none. */
VOLE_MUST_CHECK int state_file_remove(int directory, const char *name);

#endif
