/* SPDX-License-Identifier: MIT
 *
 * The names of an interface's peers. They come from the comments of the configuration file that belongs to
 * the interface (tunnel_file.h, config/file_names.h) and, for keys that have none there, from
 * PEER_NAMES_FILE: one "KEY NAME" per line, "#" begins a comment.
 *
 * A key has one name at most. A name may belong to several keys; whoever wants to use it is told.
 * Names are for people: never in what scripts read, and there are none when the program is called as wg.
 * Files that cannot be read hold no names, and nothing is said of that: they are root's, and whoever may look
 * at an interface need not be. Used by one thread at a time.
 */
#ifndef CLI_PEER_NAMES_H
#define CLI_PEER_NAMES_H

#include "config/file.h"
#include "vole.h"

#include <stddef.h>
#include <stdint.h>

#define PEER_NAMES_FILE "/etc/vole/names"

struct peer_name {
    uint8_t public_key[VOLE_KEY_BYTES];
    char name[FILE_NAME_BYTES];
    unsigned line;   /* in PEER_NAMES_FILE, 0: of the interface's own file */
    size_t position; /* in the order of reading */
};

/* All zero is an empty table. Sorted by key. */
struct peer_names {
    struct peer_name *items;
    size_t count;
    size_t capacity;
};

/* Fills an empty table, to be freed, with what can be read; out of memory, with a part of it. What is wrong
 * with PEER_NAMES_FILE is a warning on stderr, said once in the life of the program. */
void peer_names_load(struct peer_names *names, const char *interface);
/* The two sources alone, for whoever has a file read already, or a text. Keys that have a name keep it. */
void peer_names_add_file(struct peer_names *names, const struct file *file);
void peer_names_add_list(struct peer_names *names, const char *path, const char *text, size_t length,
                         bool warn);
void peer_names_free(struct peer_names *names);

/* NULL: it has none. Valid until the table changes. */
const char *peer_names_of(const struct peer_names *names, const uint8_t public_key[static VOLE_KEY_BYTES]);
/* The next key of that name, from the one behind *position on, which must be 0 at first; NULL: no more. */
const uint8_t *peer_names_next_key(const struct peer_names *names, const char *name, size_t *position);

/* A peer for people: "laptop (KEY)", or KEY alone. */
#define PEER_NAMES_LABEL_BYTES (FILE_NAME_BYTES + 48)
void peer_names_label(char label[static PEER_NAMES_LABEL_BYTES], const struct peer_names *names,
                      const uint8_t public_key[static VOLE_KEY_BYTES]);

#endif
