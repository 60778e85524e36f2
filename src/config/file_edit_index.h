/* SPDX-License-Identifier: MIT
 *
 * Finding things while a file is compared with what runs (file_edit.h), which may be a hundred thousand peers
 * on both sides: peers by their keys, and the lines of a section. Nothing but pointers into the file and the
 * device, which must stay. Made by file_edit_index_init(), ended by file_edit_index_fini(). One thread.
 */
#ifndef CONFIG_FILE_EDIT_INDEX_H
#define CONFIG_FILE_EDIT_INDEX_H

#include "config/file.h"
#include "config/file_layout.h"
#include "config/model.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The lines first to behind - 1. */
struct file_edit_lines {
    size_t first;
    size_t behind;
};

/* A key and the peer that it is of. */
struct file_edit_key {
    const uint8_t *bytes;
    const void *peer;
};

struct file_edit_index {
    struct file_edit_key *running; /* the device's, by key, those with the same key in their order */
    size_t running_count;
    struct file_edit_key *written; /* the file's */
    size_t written_count;
    struct file_edit_lines *sections; /* as many as the layout's */
};

/* -ENOMEM. To be ended whatever the result. */
VOLE_MUST_CHECK int file_edit_index_init(struct file_edit_index *index, const struct file *file,
                                         const struct model_device *device, const struct file_layout *layout);
void file_edit_index_fini(struct file_edit_index *index);

/* The first peer with this key; NULL: there is none. */
VOLE_MUST_CHECK const struct model_peer *file_edit_index_running(
    const struct file_edit_index *index, const uint8_t public_key[static VOLE_KEY_BYTES]);
VOLE_MUST_CHECK const struct file_peer *file_edit_index_written(
    const struct file_edit_index *index, const uint8_t public_key[static VOLE_KEY_BYTES]);

/* Sorts prefixes, for file_edit_index_has(). */
void file_edit_index_sort(struct vole_prefix *prefixes, size_t count);
VOLE_MUST_CHECK bool file_edit_index_has(const struct vole_prefix *sorted, size_t count,
                                         const struct vole_prefix *prefix);

#endif
