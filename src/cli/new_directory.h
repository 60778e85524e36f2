/* SPDX-License-Identifier: MIT
 *
 * A directory that appears with all of its files or not at all, and never in the place of anything.
 *
 * The files are written into a directory beside it, which has a name that nobody else has and mode 0700, and
 * which is given its name when all is on the disk. Files have mode 0600.
 * new_directory_begin() makes it, then files are added, then new_directory_finish() or
 * new_directory_abandon() ends it. Results: 0 or a negative errno. One thread.
 */
#ifndef CLI_NEW_DIRECTORY_H
#define CLI_NEW_DIRECTORY_H

#include "vole.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>

struct new_directory {
    char path[PATH_MAX];       /* as it is to be */
    char unfinished[PATH_MAX]; /* as it is now; "": there is none */
    char buffer[4096];         /* of the file that is being written; it may hold secrets */
};

/* -EEXIST: there is something of this name; -ENOENT: the directory that it is to be in is not there. */
VOLE_MUST_CHECK int new_directory_begin(struct new_directory *directory, const char *path);
/* Opens a new file in a new directory in it, to be closed by new_directory_close(). NULL: errno tells why. */
VOLE_MUST_CHECK FILE *new_directory_open(struct new_directory *directory, const char *folder,
                                         const char *name);
/* Closes the file when all is on the disk. */
VOLE_MUST_CHECK int new_directory_close(struct new_directory *directory, FILE *stream);
/* Gives it its name. Otherwise nothing is left. */
VOLE_MUST_CHECK int new_directory_finish(struct new_directory *directory);
/* Leaves nothing. */
void new_directory_abandon(struct new_directory *directory);

#endif
