/* SPDX-License-Identifier: MIT
 *
 * The text that grows, and the file without wg-quick's keys, which is little more.
 */
#include "config/file_edit_text.h"

#include "config/array.h"
#include "config/file_layout.h"
#include "config/file_lines.h"
#include "config/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int file_edit_put(struct file_edit_text *text, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char *grown = array_grow(text->bytes, &text->capacity, text->length, 1);

        if (grown == NULL)
            return -ENOMEM;
        text->bytes = grown;
        text->bytes[text->length++] = bytes[i];
    }
    return 0;
}

int file_edit_put_text(struct file_edit_text *text, const char *terminated)
{
    return file_edit_put(text, terminated, strlen(terminated));
}

int file_edit_put_entry(struct file_edit_text *text, const char *name, const char *value)
{
    const char *parts[] = {name, " = ", value, "\n"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (file_edit_put_text(text, parts[i]) != 0)
            return -ENOMEM;
    }
    return 0;
}

int file_edit_put_key(struct file_edit_text *text, const char *name, const uint8_t key[static VOLE_KEY_BYTES])
{
    char base64[KEY_BASE64_BYTES];
    int error;

    key_to_base64(base64, key);
    error = file_edit_put_entry(text, name, base64);
    key_wipe(base64, sizeof(base64));
    return error;
}

int file_edit_end_line(struct file_edit_text *text)
{
    if (text->length == 0 || text->bytes[text->length - 1] == '\n')
        return 0;
    return file_edit_put(text, "\n", 1);
}

void file_edit_free(struct file_edit_text *text)
{
    if (text->bytes != NULL)
        key_wipe(text->bytes, text->capacity);
    free(text->bytes);
    memset(text, 0, sizeof(*text));
}

/* ---- without wg-quick's keys ---- */

/* What wg-quick takes away at both ends of a line; CR is not among it. */
static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

static bool is_hook(const struct file_layout *layout, const struct file_line *line)
{
    return layout->sections[line->section].kind == FILE_SECTION_INTERFACE && line->key == FILE_KEY_HOOK;
}

static bool is_left_out(const struct file_layout *layout, const struct file_line *line)
{
    return is_hook(layout, line) ||
           (layout->sections[line->section].kind == FILE_SECTION_INTERFACE &&
            (line->key == FILE_KEY_QUICK || line->key == FILE_KEY_ADDRESS || line->key == FILE_KEY_MTU));
}

/* A line that names a key's file, with the key itself. 0: it is none; 1: it was put. -ENOMEM. */
static int put_key_of_file(struct file_edit_text *text, const struct file *file,
                           const struct file_layout *layout, const struct file_line *line)
{
    size_t peer = layout->sections[line->section].peer;
    int error;

    if (line->key == FILE_KEY_PRIVATE_KEY_FILE && file->has_private_key)
        error = file_edit_put_key(text, "PrivateKey", file->private_key);
    else if (line->key == FILE_KEY_PRESHARED_KEY_FILE && peer < file->peer_count &&
             file->peers[peer].has_preshared_key)
        error = file_edit_put_key(text, "PresharedKey", file->peers[peer].preshared_key);
    else
        return 0;
    return error != 0 ? error : 1;
}

static int strip_line(struct file_edit_text *text, const struct file *file, const struct file_layout *layout,
                      const struct file_line *line)
{
    const char *trimmed = line->text;
    size_t length = line->length;
    int written;

    if (is_left_out(layout, line))
        return 0;
    written = put_key_of_file(text, file, layout, line);
    if (written != 0)
        return written < 0 ? written : 0;
    while (length > 0 && is_blank(trimmed[length - 1]))
        length--;
    for (; length > 0 && is_blank(*trimmed); length--)
        trimmed++;
    if (length == 0 && line->text + line->length == file->bytes + file->length)
        return 0; /* blanks behind the last LF are no line */
    if (file_edit_put(text, trimmed, length) != 0)
        return -ENOMEM;
    return file_edit_put(text, "\n", 1);
}

int file_edit_strip(struct file_edit_text *text, const struct file *file)
{
    struct file_layout layout;
    int error = file_layout_read(&layout, file->bytes, file->length);

    for (size_t i = 0; error == 0 && i < layout.line_count; i++)
        error = strip_line(text, file, &layout, &layout.lines[i]);
    if (error == 0)
        error = file_edit_put(text, "\n", 1);
    file_layout_free(&layout);
    return error;
}

/* ---- as short as it can be ---- */

/* What stands behind "#" is a comment, but part of a hook. */
static int bare_line(struct file_edit_text *text, const struct file *file, const struct file_layout *layout,
                     const struct file_line *line)
{
    const char *start = line->text;
    const char *comment = is_hook(layout, line) ? NULL : memchr(line->text, '#', line->length);
    size_t length = comment != NULL ? (size_t)(comment - line->text) : line->length;
    int written = put_key_of_file(text, file, layout, line);

    if (written != 0)
        return written < 0 ? written : 0;
    file_trim(&start, &length);
    if (length == 0)
        return 0;
    if (file_edit_put(text, start, length) != 0)
        return -ENOMEM;
    return file_edit_put(text, "\n", 1);
}

int file_edit_bare(struct file_edit_text *text, const struct file *file)
{
    struct file_layout layout;
    int error = file_layout_read(&layout, file->bytes, file->length);

    for (size_t i = 0; error == 0 && i < layout.line_count; i++)
        error = bare_line(text, file, &layout, &layout.lines[i]);
    file_layout_free(&layout);
    return error;
}
