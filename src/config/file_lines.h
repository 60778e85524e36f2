/* SPDX-License-Identifier: MIT
 *
 * Cuts a configuration file into lines as wg does: a comment goes from the first "#" to the line's end, and
 * what stands before it is taken without any white space, also without that inside. What is left keeps where
 * it stood, so that a problem can be shown in the text as it was written.
 *
 * A byte 0 ends its line, as it does for wg. The text is borrowed; the cleaned line is a copy, which may hold
 * a key and is wiped when it is replaced and by file_lines_free().
 * Used by one thread at a time. Spec: config §1.1.
 */
#ifndef CONFIG_FILE_LINES_H
#define CONFIG_FILE_LINES_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_lines {
    const char *rest; /* what was not looked at yet; NULL: all was */
    const char *end;
    size_t capacity; /* of text and columns below */

    /* The line that file_lines_next() found. */
    unsigned number;    /* from 1 */
    const char *raw;    /* as written, without LF */
    size_t raw_length;  /* comment included */
    size_t code_length; /* without the comment: raw[code_length] is its "#" if it is shorter */
    bool cut;           /* a byte 0 ended it */
    char *text;         /* cleaned, terminated */
    size_t length;
    uint32_t *columns; /* of each byte of text, and of the terminator: behind the last */
};

void file_lines_init(struct file_lines *lines, const char *bytes, size_t length);
/* 1: the next line is there; 0: there is none; -ENOMEM. */
VOLE_MUST_CHECK int file_lines_next(struct file_lines *lines);
void file_lines_free(struct file_lines *lines);

/* White space as wg understands it, whatever the locale. */
VOLE_MUST_CHECK bool file_is_space(char character);
/* Leaves out white space at both ends. */
void file_trim(const char **text, size_t *length);

#endif
