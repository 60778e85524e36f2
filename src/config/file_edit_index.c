/* SPDX-License-Identifier: MIT
 *
 * Sorted arrays and binary search: simple, and a hundred thousand keys take some ten milliseconds.
 */
#include "config/file_edit_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- peers ---- */

static int compare_keys(const void *one, const void *other)
{
    const struct file_edit_key *first = one;
    const struct file_edit_key *second = other;
    int order = memcmp(first->bytes, second->bytes, VOLE_KEY_BYTES);

    return order != 0 ? order : (first->peer > second->peer) - (first->peer < second->peer);
}

/* The first peer with this key. */
static const void *find_key(const struct file_edit_key *keys, size_t count,
                            const uint8_t key[static VOLE_KEY_BYTES])
{
    const struct file_edit_key *end = keys + count;

    while (count > 0) {
        size_t half = count / 2;
        bool before = memcmp(keys[half].bytes, key, VOLE_KEY_BYTES) < 0;

        keys += before ? half + 1 : 0;
        count = before ? count - half - 1 : half;
    }
    return keys < end && memcmp(keys->bytes, key, VOLE_KEY_BYTES) == 0 ? keys->peer : NULL;
}

const struct model_peer *file_edit_index_running(const struct file_edit_index *index,
                                                 const uint8_t public_key[static VOLE_KEY_BYTES])
{
    return find_key(index->running, index->running_count, public_key);
}

const struct file_peer *file_edit_index_written(const struct file_edit_index *index,
                                                const uint8_t public_key[static VOLE_KEY_BYTES])
{
    return find_key(index->written, index->written_count, public_key);
}

/* ---- prefixes ---- */

static int compare_prefixes(const void *one, const void *other)
{
    const struct vole_prefix *first = one;
    const struct vole_prefix *second = other;

    if (first->address.family != second->address.family)
        return (int)first->address.family - (int)second->address.family;
    if (first->length != second->length)
        return (int)first->length - (int)second->length;
    return memcmp(first->address.bytes, second->address.bytes, sizeof(first->address.bytes));
}

void file_edit_index_sort(struct vole_prefix *prefixes, size_t count)
{
    qsort(prefixes, count, sizeof(*prefixes), compare_prefixes);
}

bool file_edit_index_has(const struct vole_prefix *sorted, size_t count, const struct vole_prefix *prefix)
{
    return count > 0 && bsearch(prefix, sorted, count, sizeof(*sorted), compare_prefixes) != NULL;
}

/* ---- all of it ---- */

/* A section's lines stand together. */
static void find_lines(struct file_edit_index *index, const struct file_layout *layout)
{
    for (size_t i = 0; i < layout->line_count; i++) {
        struct file_edit_lines *lines = &index->sections[layout->lines[i].section];

        if (lines->behind == 0)
            lines->first = i;
        lines->behind = i + 1;
    }
}

int file_edit_index_init(struct file_edit_index *index, const struct file *file,
                         const struct model_device *device, const struct file_layout *layout)
{
    memset(index, 0, sizeof(*index));
    index->running = calloc(device->peer_count + 1, sizeof(*index->running));
    index->written = calloc(file->peer_count + 1, sizeof(*index->written));
    index->sections = calloc(layout->section_count + 1, sizeof(*index->sections));
    if (index->running == NULL || index->written == NULL || index->sections == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < device->peer_count; i++)
        index->running[index->running_count++] =
            (struct file_edit_key){device->peers[i].public_key, &device->peers[i]};
    for (size_t i = 0; i < file->peer_count; i++)
        index->written[index->written_count++] =
            (struct file_edit_key){file->peers[i].public_key, &file->peers[i]};
    qsort(index->running, index->running_count, sizeof(*index->running), compare_keys);
    qsort(index->written, index->written_count, sizeof(*index->written), compare_keys);
    find_lines(index, layout);
    return 0;
}

void file_edit_index_fini(struct file_edit_index *index)
{
    free(index->running);
    free(index->written);
    free(index->sections);
    memset(index, 0, sizeof(*index));
}
