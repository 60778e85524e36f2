/* SPDX-License-Identifier: MIT
 *
 * A configuration file on its way from text to struct file: what the readers of single keys share.
 *
 * file.c goes through the lines; file_keys.c says which reader a key has; the readers (file_interface.c,
 * file_peer.c, file_quick.c) fill the struct; file_names.c looks at comments. What is wrong becomes a problem
 * at its place, and reading goes on, so that all of it is said at once. Only memory that is used up ends it:
 * then out_of_memory is set and stays.
 * Used by one thread at a time. Spec: config §1, §6.1.
 */
#ifndef CONFIG_FILE_READING_H
#define CONFIG_FILE_READING_H

#include "config/file.h"
#include "config/file_lines.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum file_section { FILE_NO_SECTION, FILE_INTERFACE, FILE_PEER };

/* A name in a comment of its own line belongs to a [Peer] right below it, so it waits for the next line. */
struct file_held_name {
    char name[FILE_NAME_BYTES]; /* "": none is held */
    struct file_place place;
    bool stood_in_peer;       /* in the section of some peer */
    bool above_stood_in_peer; /* the latest peer's name from above stood in the section of another peer */
};

struct file_reading {
    struct file *file;
    struct file_problems *problems;
    enum file_kind kind;
    enum file_section section;
    struct file_lines lines;
    struct file_held_name held_name;
    bool out_of_memory;
};

/* One "key = value". */
struct file_entry {
    const char *key;         /* as it is spelt in the manual */
    char *value;             /* without white space, terminated; the reader may cut it */
    const uint32_t *columns; /* of the value's bytes */
    const char *written;     /* the value as written, without white space at its ends; not terminated */
    size_t written_length;
    struct file_place place; /* of the value */
};

/* Adds a problem by printf's rules, which must contain no secret. */
__attribute__((format(printf, 3, 4))) void file_refuse(struct file_reading *reading, struct file_place place,
                                                       const char *format, ...);
__attribute__((format(printf, 3, 4))) void file_warn(struct file_reading *reading, struct file_place place,
                                                     const char *format, ...);
/* Takes note of where a key of which only the last counts is given, and warns if it was given before. */
void file_take_last(struct file_reading *reading, const struct file_entry *entry, struct file_place *place);
/* A copy of text at its place; what was there is freed. */
void file_keep_text(struct file_reading *reading, struct file_text *kept, const char *text, size_t length,
                    struct file_place place);
void file_add_text(struct file_reading *reading, struct file_texts *texts, const char *text, size_t length,
                   struct file_place place);
/* Wipes and frees: a text may be anything, also a key at the wrong place. May be NULL. */
void file_string_free(char *string);
/* Where a byte of the current line stands, given as it was written. */
VOLE_MUST_CHECK struct file_place file_place_of(const struct file_reading *reading, const char *written);
/* The peer whose section this is. */
VOLE_MUST_CHECK struct file_peer *file_current_peer(const struct file_reading *reading);
/* A base64 key. Of a secret one nothing is shown. */
VOLE_MUST_CHECK bool file_read_key(struct file_reading *reading, const struct file_entry *entry,
                                   uint8_t key[static VOLE_KEY_BYTES], bool secret);

/* ---- readers: one per key, found by file_keys.h ---- */

typedef void (*file_reader)(struct file_reading *reading, const struct file_entry *entry);

void file_read_private_key(struct file_reading *reading, const struct file_entry *entry);
void file_read_private_key_file(struct file_reading *reading, const struct file_entry *entry);
void file_read_listen_port(struct file_reading *reading, const struct file_entry *entry);
void file_read_fwmark(struct file_reading *reading, const struct file_entry *entry);

void file_read_public_key(struct file_reading *reading, const struct file_entry *entry);
void file_read_preshared_key(struct file_reading *reading, const struct file_entry *entry);
void file_read_preshared_key_file(struct file_reading *reading, const struct file_entry *entry);
void file_read_allowed_ips(struct file_reading *reading, const struct file_entry *entry);
void file_read_endpoint(struct file_reading *reading, const struct file_entry *entry);
void file_read_keepalive(struct file_reading *reading, const struct file_entry *entry);
/* A further place to try, from a comment: text is terminated and without white space. */
void file_add_candidate(struct file_reading *reading, const char *text, struct file_place place);

void file_read_address(struct file_reading *reading, const struct file_entry *entry);
void file_read_dns(struct file_reading *reading, const struct file_entry *entry);
void file_read_mtu(struct file_reading *reading, const struct file_entry *entry);
void file_read_table(struct file_reading *reading, const struct file_entry *entry);
void file_read_save_config(struct file_reading *reading, const struct file_entry *entry);
/* PreUp, PostUp, PreDown and PostDown. */
void file_read_hook(struct file_reading *reading, const struct file_entry *entry);

#endif
