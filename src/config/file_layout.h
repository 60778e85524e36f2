/* SPDX-License-Identifier: MIT
 *
 * A configuration file as lines that can be written back: which section each belongs to, which key it gives,
 * and where its value stands. Made for those who change a file and must lose nothing of it.
 *
 * Sections are numbered in the order of their headers, from 1; 0 is what comes before the first. Comments
 * right above a header, without an empty line in between, belong to the header's section, as names do. The
 * text is borrowed. Made by file_layout_read(), ended by file_layout_free(). Spec: config §1.1.
 */
#ifndef CONFIG_FILE_LAYOUT_H
#define CONFIG_FILE_LAYOUT_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

/* The keys that somebody asks for; FILE_KEY_OTHER are all others. */
enum file_key {
    FILE_KEY_NONE, /* a comment, an empty line, a header */
    FILE_KEY_OTHER,
    FILE_KEY_QUICK, /* one of wg-quick's but these: DNS, Table, SaveConfig */
    FILE_KEY_HOOK,  /* PreUp, PostUp, PreDown, PostDown */
    FILE_KEY_ADDRESS,
    FILE_KEY_MTU,
    FILE_KEY_PRIVATE_KEY,
    FILE_KEY_PRIVATE_KEY_FILE,
    FILE_KEY_LISTEN_PORT,
    FILE_KEY_FWMARK,
    FILE_KEY_PUBLIC_KEY,
    FILE_KEY_PRESHARED_KEY,
    FILE_KEY_PRESHARED_KEY_FILE,
    FILE_KEY_ALLOWED_IPS,
    FILE_KEY_ENDPOINT,
    FILE_KEY_PERSISTENT_KEEPALIVE
};

struct file_line {
    const char *text;
    size_t length; /* without LF */
    size_t section;
    enum file_key key;
    bool is_header;
    bool is_comment;    /* nothing but a comment */
    size_t value_start; /* of an entry: its value without white space around it and without comment */
    size_t value_end;
};

struct file_section {
    enum { FILE_SECTION_NONE, FILE_SECTION_INTERFACE, FILE_SECTION_PEER } kind;
    size_t peer;      /* of FILE_SECTION_PEER: which one, from 0, as in struct file */
    size_t last_line; /* its last entry, or its header: where something can be added behind */
};

struct file_layout {
    struct file_line *lines; /* lines[i] is line i + 1 */
    size_t line_count;
    size_t line_capacity;
    struct file_section *sections;
    size_t section_count; /* with section 0 */
    size_t section_capacity;
};

/* layout is to be freed whatever the result. -ENOMEM. */
VOLE_MUST_CHECK int file_layout_read(struct file_layout *layout, const char *bytes, size_t length);
void file_layout_free(struct file_layout *layout);

#endif
