/* SPDX-License-Identifier: MIT
 *
 * What goes wrong on the way is remembered here: problems, up to a number nobody reads to its end.
 */
#include "config/file_reading.h"

#include "config/array.h"
#include "config/file_quote.h"
#include "config/key.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PROBLEMS 1000

static void problem_add(struct file_reading *reading, struct file_place place, bool warning, const char *what)
{
    struct file_problems *problems = reading->problems;
    struct file_problem *items;

    if (!warning)
        problems->error_count++;
    if (problems->count > MOST_PROBLEMS)
        return;
    if (problems->count == MOST_PROBLEMS)
        what = "There are more problems, which are not listed: is this a configuration file?";
    items = array_grow(problems->items, &problems->capacity, problems->count, sizeof(*items));
    if (items == NULL) {
        reading->out_of_memory = true;
        return;
    }
    problems->items = items;
    items[problems->count] = (struct file_problem){.place = place, .warning = warning};
    snprintf(items[problems->count++].what, FILE_PROBLEM_BYTES, "%s", what);
}

void file_refuse(struct file_reading *reading, struct file_place place, const char *format, ...)
{
    char what[FILE_PROBLEM_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    problem_add(reading, place, false, what);
}

void file_warn(struct file_reading *reading, struct file_place place, const char *format, ...)
{
    char what[FILE_PROBLEM_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    problem_add(reading, place, true, what);
}

void file_take_last(struct file_reading *reading, const struct file_entry *entry, struct file_place *place)
{
    if (place->line != 0)
        file_warn(reading, entry->place,
                  "%s is given again: this one counts, and that of line %u does not; leave one of them out",
                  entry->key, place->line);
    *place = entry->place;
}

void file_keep_text(struct file_reading *reading, struct file_text *kept, const char *text, size_t length,
                    struct file_place place)
{
    file_string_free(kept->text);
    kept->text = strndup(text, length);
    kept->place = place;
    if (kept->text == NULL)
        reading->out_of_memory = true;
}

void file_add_text(struct file_reading *reading, struct file_texts *texts, const char *text, size_t length,
                   struct file_place place)
{
    struct file_text *items = array_grow(texts->items, &texts->capacity, texts->count, sizeof(*items));

    if (items == NULL) {
        reading->out_of_memory = true;
        return;
    }
    texts->items = items;
    items[texts->count] = (struct file_text){0};
    file_keep_text(reading, &items[texts->count++], text, length, place);
}

void file_string_free(char *string)
{
    if (string != NULL)
        key_wipe(string, strlen(string));
    free(string);
}

struct file_place file_place_of(const struct file_reading *reading, const char *written)
{
    return (struct file_place){.line = reading->lines.number,
                               .column = (unsigned)(written - reading->lines.raw) + 1};
}

struct file_peer *file_current_peer(const struct file_reading *reading)
{
    return &reading->file->peers[reading->file->peer_count - 1];
}

bool file_read_key(struct file_reading *reading, const struct file_entry *entry,
                   uint8_t key[static VOLE_KEY_BYTES], bool secret)
{
    size_t length = strlen(entry->value);
    uint8_t read[VOLE_KEY_BYTES];
    bool valid = key_from_base64(read, entry->value, length);
    char quote[FILE_QUOTE_BYTES] = "(hidden)";

    if (valid)
        memcpy(key, read, VOLE_KEY_BYTES);
    key_wipe(read, sizeof(read));
    if (valid)
        return true;
    if (!secret)
        file_quote_public(quote, entry->value, length);
    if (length != KEY_BASE64_LENGTH)
        file_refuse(reading, entry->place,
                    "Key is not the correct length or format: `%s': %s has %zu characters; a key is 44 "
                    "characters of base64, the last one `='",
                    quote, entry->key, length);
    else
        file_refuse(
            reading, entry->place,
            "Key is not the correct length or format: `%s': the 44 characters of %s are not those of a "
            "base64 key; copy it again",
            quote, entry->key);
    return false;
}
