/* SPDX-License-Identifier: MIT
 *
 * All that is wrong with the text is said at once; a key file or a name that fails ends the loading.
 */
#include "cli/file_load.h"

#include "cli/key_file.h"
#include "cli/resolve.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PREFIX_BYTES (PATH_MAX + 32)

/* "FILE:LINE:COLUMN: ", or "FILE: " for what has no place. */
static void prefix_write(char prefix[static PREFIX_BYTES], const struct file *file,
                         const struct file_place *place)
{
    if (place->line == 0)
        (void)snprintf(prefix, PREFIX_BYTES, "%s: ", file->path);
    else
        (void)snprintf(prefix, PREFIX_BYTES, "%s:%u:%u: ", file->path, place->line, place->column);
}

static void print_problems(const struct file *file, const struct file_problems *problems)
{
    char prefix[PREFIX_BYTES];

    for (size_t i = 0; i < problems->count; i++) {
        const struct file_problem *problem = &problems->items[i];

        prefix_write(prefix, file, &problem->place);
        fprintf(stderr, "%s%s%s\n", prefix, problem->warning ? "Warning: " : "", problem->what);
    }
}

/* ---- key files ---- */

static bool load_key(uint8_t key[static VOLE_KEY_BYTES], const struct file *file,
                     const struct file_text *from)
{
    char prefix[PREFIX_BYTES];
    char path[PATH_MAX];
    char problem[FILE_PROBLEM_BYTES];

    if (key_file_locate(path, from->text, file->path, problem) && key_file_try(key, path, problem))
        return true;
    prefix_write(prefix, file, &from->place);
    fprintf(stderr, "%s%s\n", prefix, problem);
    return false;
}

static bool load_keys(struct file *file)
{
    if (file->private_key_file.text != NULL) {
        if (!load_key(file->private_key, file, &file->private_key_file))
            return false;
        file->has_private_key = true;
    }
    for (size_t i = 0; i < file->peer_count; i++) {
        struct file_peer *peer = &file->peers[i];

        if (peer->preshared_key_file.text == NULL)
            continue;
        if (!load_key(peer->preshared_key, file, &peer->preshared_key_file))
            return false;
        peer->has_preshared_key = true;
    }
    return true;
}

bool file_load_text(struct file *file, const char *path, enum file_kind kind)
{
    struct file_problems problems;
    int error = file_read(file, path, kind, &problems);

    print_problems(file, &problems);
    file_problems_free(&problems);
    if (error != 0 && error != -EINVAL)
        fprintf(stderr, "%s: %s\n", path, strerror(-error));
    return error == 0;
}

bool file_load(struct file *file, const char *path, enum file_kind kind)
{
    return file_load_text(file, path, kind) && load_keys(file);
}

/* ---- endpoints ---- */

enum names { NAMES_LEFT_OUT, NAMES_ONCE, NAMES_AGAIN };

static bool load_endpoints(struct change *change, const struct file *file, enum names names)
{
    char prefix[PREFIX_BYTES];

    for (size_t i = 0; i < file->peer_count; i++) {
        const struct file_peer *peer = &file->peers[i];
        struct vole_endpoint *endpoint = &change->peers[i].endpoint;

        if (!peer->has_endpoint || (names == NAMES_LEFT_OUT && !resolve_is_numeric(&peer->endpoints[0])))
            continue;
        prefix_write(prefix, file, &peer->endpoints[0].place);
        if (!(names == NAMES_AGAIN ? resolve_endpoint(endpoint, &peer->endpoints[0], prefix)
                                   : resolve_endpoint_once(endpoint, &peer->endpoints[0], prefix)))
            return false;
        change->peers[i].has_endpoint = true;
    }
    return true;
}

static bool load_change(struct change *change, const struct file *file, enum names names)
{
    int error = file_change(file, change);

    if (error != 0) {
        fprintf(stderr, "%s: %s\n", file->path, strerror(-error));
        return false;
    }
    change->has_private_key = file->has_private_key;
    change->has_listen_port = file->has_listen_port;
    change->has_fwmark = file->has_fwmark;
    return load_endpoints(change, file, names);
}

bool file_load_change(struct change *change, const struct file *file)
{
    return load_change(change, file, NAMES_AGAIN);
}

bool file_load_change_once(struct change *change, const struct file *file)
{
    return load_change(change, file, NAMES_ONCE);
}

bool file_load_change_numeric(struct change *change, const struct file *file)
{
    return load_change(change, file, NAMES_LEFT_OUT);
}
