/* SPDX-License-Identifier: MIT
 *
 * From the most certain guess to the least.
 */
#include "config/file_unrecognized.h"

#include "config/file_nearest.h"
#include "config/file_quote.h"

#include <stdio.h>
#include <string.h>

#define GUESS_BYTES 200
#define QUOTE_BYTES (FILE_QUOTE_BYTES + sizeof(hidden))

static const char hidden[] = "(hidden)";
static const char byte_order_mark[] = "\xef\xbb\xbf";

/* How much of a line may be shown: if it speaks of a key, or means one, what follows that word or, better,
 * its
 * "=", may not. */
static size_t shown_length(const struct file_lines *lines, const struct file_key *nearest)
{
    static const char *const words[] = {"key", "psk", "secret"};
    const char *equals = strchr(lines->text, '=');

    if (nearest != NULL && equals != NULL && strstr(nearest->name, "Key") != NULL)
        return (size_t)(equals - lines->text) + 1;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *word = strcasestr(lines->text, words[i]);

        if (word != NULL)
            return (size_t)(word - lines->text) + strlen(words[i]) + (word[strlen(words[i])] == '=');
    }
    return lines->length;
}

static void line_quote(char quote[static QUOTE_BYTES], const struct file_lines *lines,
                       const struct file_key *nearest)
{
    size_t shown = shown_length(lines, nearest);

    file_quote(quote, lines->text, shown);
    if (shown < lines->length)
        memcpy(quote + strlen(quote), hidden, sizeof(hidden));
}

static void guess_section(char guess[static GUESS_BYTES], const struct file_lines *lines)
{
    for (size_t i = FILE_INTERFACE; i <= FILE_PEER; i++) {
        const char *name = file_section_names[i];

        if (file_nearest_distance(lines->text, lines->length, name) != SIZE_MAX) {
            snprintf(guess, GUESS_BYTES, "there is no such section; did you mean `%s', alone on its line?",
                     name);
            return;
        }
    }
    snprintf(guess, GUESS_BYTES, "there is no such section; the two are [Interface] and [Peer]");
}

/* A known key at the wrong place, or without value. */
static void guess_place(char guess[static GUESS_BYTES], const struct file_reading *reading,
                        const struct file_key *key)
{
    const char *section = file_section_names[key->section];

    if (key->quick && reading->kind != FILE_QUICK)
        snprintf(guess, GUESS_BYTES,
                 "%s is for `vole up' and wg-quick only; leave it out, or use what `vole strip' prints",
                 key->name);
    else if (key->section != reading->section)
        snprintf(guess, GUESS_BYTES, "%s belongs below %s", key->name, section);
    else
        snprintf(guess, GUESS_BYTES, "the value is missing; write `%s = %s', or leave the line out",
                 key->name, key->example);
}

static void guess_key(char guess[static GUESS_BYTES], const struct file_reading *reading,
                      const struct file_key *nearest)
{
    if (nearest != NULL)
        snprintf(guess, GUESS_BYTES, "there is no such key; did you mean `%s'?", nearest->name);
    else if (reading->section == FILE_NO_SECTION)
        snprintf(guess, GUESS_BYTES, "it stands before the first section, [Interface] or [Peer]");
    else
        snprintf(guess, GUESS_BYTES, "there is no such key in %s", file_section_names[reading->section]);
}

void file_refuse_line(struct file_reading *reading, const struct file_key *key)
{
    const struct file_lines *lines = &reading->lines;
    struct file_place place = {.line = lines->number, .column = lines->columns[0]};
    const char *equals = strchr(lines->text, '=');
    char quote[QUOTE_BYTES];
    char guess[GUESS_BYTES];
    const struct file_key *nearest = file_key_nearest(lines->text, strcspn(lines->text, "="), reading->kind);

    if (strncmp(lines->text, byte_order_mark, strlen(byte_order_mark)) == 0)
        snprintf(guess, sizeof(guess),
                 "it starts with a byte order mark; save the file as UTF-8 without one");
    else if (lines->text[0] == '[')
        guess_section(guess, lines);
    else if (key != NULL && equals != NULL)
        guess_place(guess, reading, key);
    else if (equals == NULL || equals == lines->text)
        snprintf(guess, sizeof(guess), "a line is `[Interface]', `[Peer]' or `Key = value'");
    else
        guess_key(guess, reading, nearest);
    line_quote(quote, lines, nearest);
    file_refuse(reading, place, "Line unrecognized: `%s': %s", quote, guess);
}
