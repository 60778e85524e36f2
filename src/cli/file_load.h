/* SPDX-License-Identifier: MIT
 *
 * A configuration file on its way to an interface: the text is read and what is wrong with it is said on
 * stderr, the keys that it keeps in files of their own are read, and its host names are resolved.
 *
 * Messages begin with "FILE:LINE:COLUMN: ". Nothing is applied here; whoever gets false applies nothing.
 * Paths in the file that are not absolute start at the file's own directory. One thread. Spec: config §1.
 */
#ifndef CLI_FILE_LOAD_H
#define CLI_FILE_LOAD_H

#include "config/change.h"
#include "config/file.h"
#include "vole.h"

#include <stdbool.h>

/* Reads the file ("/dev/stdin" and pipes, too) and its key files. file is to be freed with file_free()
 * whatever the result. False: messages were printed. */
VOLE_MUST_CHECK bool file_load(struct file *file, const char *path, enum file_kind kind);
/* The text alone: key files are left where they are. */
VOLE_MUST_CHECK bool file_load_text(struct file *file, const char *path, enum file_kind kind);
/* Everything that the loaded file describes, with the endpoints resolved, which may take long: replace_peers
 * is set, and what the file does not give of the interface is not given. change must be initialised and is to
 * be freed whatever the result. False: a message was printed. */
VOLE_MUST_CHECK bool file_load_change(struct change *change, const struct file *file);
/* The same, asking for each name once; the first that is not known now ends it. */
VOLE_MUST_CHECK bool file_load_change_once(struct change *change, const struct file *file);
/* The same at once, asking nobody: endpoints that are host names are not given. */
VOLE_MUST_CHECK bool file_load_change_numeric(struct change *change, const struct file *file);

#endif
