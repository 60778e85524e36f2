/* SPDX-License-Identifier: MIT
 *
 * Names are collected in the order of reading, then sorted by key, and of each key the first stays: so the
 * interface's own file comes before the list.
 */
#include "cli/peer_names.h"

#include "cli/program.h"
#include "cli/tunnel_file.h"
#include "config/array.h"
#include "config/file_quote.h"
#include "config/file_value.h"
#include "config/key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX_BYTES (16u << 20)

/* ---- the table ---- */

/* Names are a help to people: what is asked for is shown without them, but not without a word. */
static void say_no_memory(void)
{
    static bool said;

    if (!said)
        fputs("Warning: out of memory: names of peers are left out\n", stderr);
    said = true;
}

static void names_add(struct peer_names *names, const uint8_t public_key[static KEY_BYTES], const char *name,
                      size_t length, unsigned line)
{
    struct peer_name *items = array_grow(names->items, &names->capacity, names->count, sizeof(*items));
    struct peer_name *item;

    if (items == NULL) {
        say_no_memory();
        return;
    }
    names->items = items;
    item = &items[names->count];
    memset(item, 0, sizeof(*item));
    memcpy(item->public_key, public_key, KEY_BYTES);
    memcpy(item->name, name, length);
    item->line = line;
    item->position = names->count++;
}

static int compare_keys(const void *left, const void *right)
{
    return memcmp(((const struct peer_name *)left)->public_key, ((const struct peer_name *)right)->public_key,
                  KEY_BYTES);
}

static int compare_names(const void *left, const void *right)
{
    size_t a = ((const struct peer_name *)left)->position;
    size_t b = ((const struct peer_name *)right)->position;
    int order = compare_keys(left, right);

    return order != 0 ? order : (a > b) - (a < b);
}

static void warn_of_second_name(const char *path, const struct peer_name *kept, const struct peer_name *other)
{
    if (kept->line != 0 && other->line != 0 && strcmp(kept->name, other->name) != 0)
        fprintf(stderr, "%s:%u: Warning: the name %s is ignored: line %u calls the same key %s\n", path,
                other->line, other->name, kept->line, kept->name);
}

/* Sorts, and leaves the first name of each key. path: of the list, NULL: nothing is to be said. */
static void names_settle(struct peer_names *names, const char *path)
{
    size_t kept = 0;

    if (names->count == 0)
        return;
    qsort(names->items, names->count, sizeof(names->items[0]), compare_names);
    for (size_t i = 1; i < names->count; i++) {
        if (compare_keys(&names->items[kept], &names->items[i]) != 0)
            names->items[++kept] = names->items[i];
        else if (path != NULL)
            warn_of_second_name(path, &names->items[kept], &names->items[i]);
    }
    names->count = kept + 1;
    for (size_t i = 0; i < names->count; i++)
        names->items[i].position = i;
}

void peer_names_free(struct peer_names *names)
{
    free(names->items);
    memset(names, 0, sizeof(*names));
}

/* ---- reading ---- */

void peer_names_add_file(struct peer_names *names, const struct file *file)
{
    for (size_t i = 0; i < file->peer_count; i++) {
        const struct file_peer *peer = &file->peers[i];

        if (peer->has_public_key && peer->name[0] != '\0')
            names_add(names, peer->public_key, peer->name, strlen(peer->name), 0);
    }
    names_settle(names, NULL);
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\f' ||
           character == '\v';
}

/* The next word of a line; length 0: there is none. */
static const char *next_word(const char **text, const char *end, size_t *length)
{
    const char *word;

    while (*text < end && is_blank(**text))
        (*text)++;
    word = *text;
    while (*text < end && !is_blank(**text))
        (*text)++;
    *length = (size_t)(*text - word);
    return word;
}

/* NULL: the line is well formed. */
static const char *read_list_line(struct peer_names *names, const char *text, const char *end, unsigned line,
                                  const char **at)
{
    uint8_t public_key[KEY_BYTES];
    size_t key_length;
    size_t name_length;
    size_t rest_length;
    const char *key = next_word(&text, end, &key_length);
    const char *name = next_word(&text, end, &name_length);
    const char *rest = next_word(&text, end, &rest_length);

    *at = key;
    if (key_length == 0)
        return NULL;
    if (!key_from_base64(public_key, key, key_length))
        return "a line is `KEY NAME', and a public key is 44 characters of base64";
    *at = name;
    if (!file_value_name(name, name_length))
        return "behind the key comes a name, 1 to 63 of the characters A-Z a-z 0-9 . _ -";
    *at = rest;
    if (rest_length != 0)
        return "behind the name there may be a comment only, which begins with #";
    names_add(names, public_key, name, name_length, line);
    return NULL;
}

void peer_names_add_list(struct peer_names *names, const char *path, const char *text, size_t length,
                         bool warn)
{
    const char *end = text + length;
    unsigned line = 1;

    for (const char *start = text; start < end; line++) {
        const char *feed = memchr(start, '\n', (size_t)(end - start));
        const char *line_end = feed != NULL ? feed : end;
        const char *comment = memchr(start, '#', (size_t)(line_end - start));
        const char *at;
        const char *problem = read_list_line(names, start, comment != NULL ? comment : line_end, line, &at);

        if (problem != NULL && warn) {
            char quote[FILE_QUOTE_BYTES];

            file_quote(quote, start, (size_t)(line_end - start));
            fprintf(stderr, "%s:%u:%zu: Warning: `%s' is ignored: %s\n", path, line, (size_t)(at - start) + 1,
                    quote, problem);
        }
        start = line_end + 1;
    }
    names_settle(names, warn ? path : NULL);
}

static void load_file(struct peer_names *names, const char *interface)
{
    struct file_problems problems;
    char path[PATH_MAX];
    struct file file;

    if (!tunnel_file_find(path, interface))
        return;
    /* whatever is wrong with it, what could be read of it counts: `check` and `up` complain */
    if (file_read(&file, path, FILE_QUICK, &problems) == -ENOMEM)
        say_no_memory();
    peer_names_add_file(names, &file);
    file_problems_free(&problems);
    file_free(&file);
}

static void load_list(struct peer_names *names)
{
    static bool said;
    FILE *stream = fopen(PEER_NAMES_FILE, "re");
    char *text;
    size_t length;

    if (stream == NULL) {
        if (errno == ENOMEM)
            say_no_memory();
        return;
    }
    text = malloc(LIST_MAX_BYTES);
    if (text == NULL)
        say_no_memory();
    length = text != NULL ? fread(text, 1, LIST_MAX_BYTES, stream) : 0;
    peer_names_add_list(names, PEER_NAMES_FILE, text, length, !said);
    said = true;
    free(text);
    (void)fclose(stream);
}

void peer_names_load(struct peer_names *names, const char *interface)
{
    if (program_is_wg())
        return;
    load_file(names, interface);
    load_list(names);
}

/* ---- asking ---- */

const char *peer_names_of(const struct peer_names *names, const uint8_t public_key[static KEY_BYTES])
{
    struct peer_name wanted;
    const struct peer_name *found = NULL;

    memcpy(wanted.public_key, public_key, KEY_BYTES);
    if (names->count > 0)
        found = bsearch(&wanted, names->items, names->count, sizeof(wanted), compare_keys);
    return found != NULL ? found->name : NULL;
}

const uint8_t *peer_names_next_key(const struct peer_names *names, const char *name, size_t *position)
{
    while (*position < names->count) {
        const struct peer_name *item = &names->items[(*position)++];

        if (strcmp(item->name, name) == 0)
            return item->public_key;
    }
    return NULL;
}

void peer_names_label(char label[static PEER_NAMES_LABEL_BYTES], const struct peer_names *names,
                      const uint8_t public_key[static KEY_BYTES])
{
    const char *name = peer_names_of(names, public_key);
    char key[KEY_BASE64_BYTES];

    key_to_base64(key, public_key);
    if (name != NULL)
        (void)snprintf(label, PEER_NAMES_LABEL_BYTES, "%s (%s)", name, key);
    else
        (void)snprintf(label, PEER_NAMES_LABEL_BYTES, "%s", key);
}
