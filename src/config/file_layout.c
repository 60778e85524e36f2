/* SPDX-License-Identifier: MIT
 *
 * Lines, sections and keys. A text that file_parse() accepted is understood; in any other, lines may be taken
 * for what they are not, but none is lost.
 */
#include "config/file_layout.h"

#include "config/array.h"
#include "config/file_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum file_key key;
} file_key_names[] = {
    {"Address", FILE_KEY_ADDRESS},
    {"MTU", FILE_KEY_MTU},
    {"DNS", FILE_KEY_QUICK},
    {"Table", FILE_KEY_QUICK},
    {"PreUp", FILE_KEY_HOOK},
    {"PostUp", FILE_KEY_HOOK},
    {"PreDown", FILE_KEY_HOOK},
    {"PostDown", FILE_KEY_HOOK},
    {"SaveConfig", FILE_KEY_QUICK},
    {"PrivateKey", FILE_KEY_PRIVATE_KEY},
    {"PrivateKeyFile", FILE_KEY_PRIVATE_KEY_FILE},
    {"ListenPort", FILE_KEY_LISTEN_PORT},
    {"FwMark", FILE_KEY_FWMARK},
    {"PublicKey", FILE_KEY_PUBLIC_KEY},
    {"PresharedKey", FILE_KEY_PRESHARED_KEY},
    {"PresharedKeyFile", FILE_KEY_PRESHARED_KEY_FILE},
    {"AllowedIPs", FILE_KEY_ALLOWED_IPS},
    {"Endpoint", FILE_KEY_ENDPOINT},
    {"PersistentKeepalive", FILE_KEY_PERSISTENT_KEEPALIVE},
};

static enum file_key file_key_of(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(file_key_names) / sizeof(file_key_names[0]); i++) {
        if (strlen(file_key_names[i].name) == length &&
            strncasecmp(file_key_names[i].name, name, length) == 0)
            return file_key_names[i].key;
    }
    return FILE_KEY_OTHER;
}

static int layout_add_section(struct file_layout *layout, const struct file_section *section)
{
    struct file_section *grown =
        array_grow(layout->sections, &layout->section_capacity, layout->section_count, sizeof(*grown));

    if (grown == NULL)
        return -ENOMEM;
    layout->sections = grown;
    layout->sections[layout->section_count++] = *section;
    return 0;
}

/* Comments right above a header go to its section. */
static void layout_claim_comments(struct file_layout *layout, size_t header)
{
    for (size_t i = header; i > 0 && layout->lines[i - 1].is_comment; i--)
        layout->lines[i - 1].section = layout->lines[header].section;
}

static int layout_begin_section(struct file_layout *layout, struct file_line *line, const char *text,
                                size_t *peers)
{
    struct file_section section = {.last_line = layout->line_count};

    line->is_header = true;
    line->section = layout->section_count;
    if (strcasecmp(text, "[Interface]") == 0) {
        section.kind = FILE_SECTION_INTERFACE;
    } else if (strcasecmp(text, "[Peer]") == 0) {
        section.kind = FILE_SECTION_PEER;
        section.peer = (*peers)++;
    }
    return layout_add_section(layout, &section);
}

static void layout_read_entry(struct file_layout *layout, struct file_line *line,
                              const struct file_lines *lines)
{
    const char *equals = memchr(lines->text, '=', lines->length);
    const char *raw_equals = memchr(lines->raw, '=', lines->code_length);

    line->key = FILE_KEY_OTHER;
    layout->sections[line->section].last_line = layout->line_count;
    if (equals == NULL || raw_equals == NULL)
        return;
    const char *value = raw_equals + 1;
    size_t length = lines->code_length - (size_t)(value - lines->raw);

    file_trim(&value, &length);
    line->key = file_key_of(lines->text, (size_t)(equals - lines->text));
    line->value_start = (size_t)(value - lines->raw);
    line->value_end = line->value_start + length;
}

static int layout_add_line(struct file_layout *layout, const struct file_lines *lines, size_t *peers)
{
    struct file_line line = {
        .text = lines->raw, .length = lines->raw_length, .section = layout->section_count - 1};
    struct file_line *grown =
        array_grow(layout->lines, &layout->line_capacity, layout->line_count, sizeof(*grown));
    int error = 0;

    if (grown == NULL)
        return -ENOMEM;
    layout->lines = grown;
    if (lines->length == 0)
        line.is_comment = lines->code_length < lines->raw_length;
    else if (lines->text[0] == '[')
        error = layout_begin_section(layout, &line, lines->text, peers);
    else
        layout_read_entry(layout, &line, lines);
    layout->lines[layout->line_count] = line;
    if (line.is_header)
        layout_claim_comments(layout, layout->line_count);
    layout->line_count++;
    return error;
}

int file_layout_read(struct file_layout *layout, const char *bytes, size_t length)
{
    const struct file_section before = {.kind = FILE_SECTION_NONE};
    struct file_lines lines;
    size_t peers = 0;
    int result;

    memset(layout, 0, sizeof(*layout));
    result = layout_add_section(layout, &before);
    if (result != 0)
        return result;
    file_lines_init(&lines, bytes, length);
    while ((result = file_lines_next(&lines)) == 1) {
        result = layout_add_line(layout, &lines, &peers);
        if (result != 0)
            break;
    }
    file_lines_free(&lines);
    return result;
}

void file_layout_free(struct file_layout *layout)
{
    free(layout->lines);
    free(layout->sections);
    memset(layout, 0, sizeof(*layout));
}
