/* SPDX-License-Identifier: MIT
 *
 * The keys of a configuration file: where each may stand, who reads it, and what a value looks like.
 *
 * Any thread may call; there is no state. Spec: config §1.2, §6.1.
 */
#ifndef CONFIG_FILE_KEYS_H
#define CONFIG_FILE_KEYS_H

#include "config/file_reading.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

struct file_key {
    const char *name;
    enum file_section section;
    bool quick;          /* of wg-quick: known in FILE_QUICK only, its value is taken as it was written */
    bool hook;           /* the value goes to the line's end: "#" starts no comment */
    const char *example; /* of a value */
    file_reader read;
};

/* How a section is written. */
extern const char *const file_section_names[3];

/* The key of this name, in any case and wherever it belongs; NULL: there is none. */
VOLE_MUST_CHECK const struct file_key *file_key_find(const char *name, size_t length);
/* The key that somebody may have meant with a name that is none; NULL: nothing is near. */
VOLE_MUST_CHECK const struct file_key *file_key_nearest(const char *name, size_t length, enum file_kind kind);

#endif
