/* SPDX-License-Identifier: MIT
 *
 * One pass per line; the buffer for the cleaned text grows to the longest line only.
 */
#include "config/file_lines.h"

#include "config/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void file_lines_init(struct file_lines *lines, const char *bytes, size_t length)
{
    memset(lines, 0, sizeof(*lines));
    lines->rest = length != 0 ? bytes : NULL;
    lines->end = bytes + length;
}

void file_lines_free(struct file_lines *lines)
{
    if (lines->text != NULL)
        key_wipe(lines->text, lines->capacity);
    free(lines->text);
    free(lines->columns);
    memset(lines, 0, sizeof(*lines));
}

bool file_is_space(char character)
{
    return character == ' ' || (character >= '\t' && character <= '\r');
}

void file_trim(const char **text, size_t *length)
{
    while (*length != 0 && file_is_space((*text)[0])) {
        (*text)++;
        (*length)--;
    }
    while (*length != 0 && file_is_space((*text)[*length - 1]))
        (*length)--;
}

/* Room for a cleaned line of capacity - 1 bytes. Nothing is kept of the last one. */
static int lines_make_room(struct file_lines *lines, size_t capacity)
{
    size_t larger = 2 * capacity;

    if (capacity <= lines->capacity)
        return 0;
    if (lines->text != NULL)
        key_wipe(lines->text, lines->capacity);
    free(lines->text);
    free(lines->columns);
    lines->text = malloc(larger);
    lines->columns = calloc(larger, sizeof(*lines->columns));
    lines->capacity = lines->text != NULL ? larger : 0;
    return lines->text == NULL || lines->columns == NULL ? -ENOMEM : 0;
}

static void line_clean(struct file_lines *lines)
{
    size_t length = 0;
    size_t behind = 0;

    for (size_t i = 0; i < lines->code_length; i++) {
        if (file_is_space(lines->raw[i]))
            continue;
        lines->text[length] = lines->raw[i];
        lines->columns[length++] = (uint32_t)i + 1;
        behind = i + 1;
    }
    lines->text[length] = '\0';
    lines->columns[length] = (uint32_t)behind + 1;
    lines->length = length;
}

int file_lines_next(struct file_lines *lines)
{
    size_t left, length;
    const char *found;

    if (lines->rest == NULL)
        return 0;
    lines->raw = lines->rest;
    left = (size_t)(lines->end - lines->rest);
    found = memchr(lines->rest, '\n', left);
    length = found != NULL ? (size_t)(found - lines->rest) : left;
    lines->rest = found != NULL && found + 1 < lines->end ? found + 1 : NULL;
    lines->number++;

    found = memchr(lines->raw, '\0', length);
    lines->cut = found != NULL;
    lines->raw_length = found != NULL ? (size_t)(found - lines->raw) : length;
    found = memchr(lines->raw, '#', lines->raw_length);
    lines->code_length = found != NULL ? (size_t)(found - lines->raw) : lines->raw_length;
    if (lines_make_room(lines, lines->code_length + 1) != 0)
        return -ENOMEM;
    line_clean(lines);
    return 1;
}
