/* SPDX-License-Identifier: MIT
 *
 * The way through a file: its bytes, its lines, and what is only known at its end.
 */
#include "config/file.h"

#include "config/array.h"
#include "config/file_keys.h"
#include "config/file_lines.h"
#include "config/file_names.h"
#include "config/file_reading.h"
#include "config/file_unrecognized.h"
#include "config/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 4096

/* ---- one line ---- */

static void peer_add(struct file_reading *reading)
{
    struct file *file = reading->file;
    struct file_peer *peers = array_grow(file->peers, &file->peer_capacity, file->peer_count, sizeof(*peers));

    if (peers == NULL) {
        reading->out_of_memory = true;
        return;
    }
    file->peers = peers;
    memset(&peers[file->peer_count], 0, sizeof(*peers));
    peers[file->peer_count++].place =
        (struct file_place){.line = reading->lines.number, .column = reading->lines.columns[0]};
    reading->section = FILE_PEER;
}

/* The value as it was written: from behind "=" to the comment or, for a hook, to the line's end. */
static void entry_find_written(struct file_entry *entry, const struct file_reading *reading, bool hook)
{
    const struct file_lines *lines = &reading->lines;
    const char *equals = memchr(lines->raw, '=', lines->code_length);

    entry->written = equals + 1;
    entry->written_length =
        (hook ? lines->raw_length : lines->code_length) - (size_t)(entry->written - lines->raw);
    file_trim(&entry->written, &entry->written_length);
}

/* True if the line is one whose "#" starts no comment. */
static bool entry_read(struct file_reading *reading)
{
    struct file_lines *lines = &reading->lines;
    char *equals = strchr(lines->text, '=');
    size_t length = equals != NULL ? (size_t)(equals - lines->text) : lines->length;
    const struct file_key *key = file_key_find(lines->text, length);
    struct file_entry entry;

    if (equals == NULL || key == NULL || key->section != reading->section ||
        (key->quick && reading->kind != FILE_QUICK) || (!key->quick && equals[1] == '\0')) {
        file_refuse_line(reading, key);
        return false;
    }
    entry.key = key->name;
    entry.value = equals + 1;
    entry.columns = lines->columns + length + 1;
    entry.place = (struct file_place){.line = lines->number, .column = entry.columns[0]};
    entry_find_written(&entry, reading, key->hook);
    if (key->hook)
        entry.place = file_place_of(reading, entry.written);
    key->read(reading, &entry);
    return key->hook;
}

static void line_read(struct file_reading *reading)
{
    const struct file_lines *lines = &reading->lines;
    bool is_peer = strcasecmp(lines->text, file_section_names[FILE_PEER]) == 0;
    bool is_interface = strcasecmp(lines->text, file_section_names[FILE_INTERFACE]) == 0;
    bool is_hook = false;

    if (!is_peer)
        file_names_settle(reading, false);
    if (is_peer)
        peer_add(reading);
    else if (is_interface)
        reading->section = FILE_INTERFACE;
    else if (lines->length != 0)
        is_hook = entry_read(reading);
    if (reading->out_of_memory)
        return;
    if (is_peer)
        file_names_settle(reading, true);
    if (!is_hook)
        file_names_read_comment(reading);
    if (lines->cut)
        file_warn(reading, file_place_of(reading, lines->raw + lines->raw_length),
                  "There is a byte 0 in this line: the rest of the line is ignored");
}

/* ---- the whole text ---- */

static int compare_peers(const void *a, const void *b)
{
    const struct file_peer *left = *(const struct file_peer *const *)a;
    const struct file_peer *right = *(const struct file_peer *const *)b;
    int order = memcmp(left->public_key, right->public_key, VOLE_KEY_BYTES);

    if (order != 0)
        return order;
    return left->place.line < right->place.line ? -1 : left->place.line > right->place.line;
}

/* wg sends both, and the later one's values win; that is hardly what anybody wants. */
static void warn_of_repeated_peers(struct file_reading *reading)
{
    struct file *file = reading->file;
    struct file_peer **sorted = calloc(file->peer_count + 1, sizeof(struct file_peer *));
    size_t count = 0;

    if (sorted == NULL) {
        reading->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < file->peer_count; i++)
        if (file->peers[i].has_public_key)
            sorted[count++] = &file->peers[i];
    qsort(sorted, count, sizeof(struct file_peer *), compare_peers);
    for (size_t i = 1; i < count; i++)
        if (memcmp(sorted[i - 1]->public_key, sorted[i]->public_key, VOLE_KEY_BYTES) == 0)
            file_warn(
                reading, sorted[i]->public_key_place,
                "The peer of line %u has the same public key: what is given here replaces what is given "
                "there; make one of the two",
                sorted[i - 1]->place.line);
    free(sorted);
}

static int compare_problems(const void *a, const void *b)
{
    const struct file_place *left = &((const struct file_problem *)a)->place;
    const struct file_place *right = &((const struct file_problem *)b)->place;

    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    return left->column < right->column ? -1 : left->column > right->column;
}

static void finish(struct file_reading *reading)
{
    const struct file *file = reading->file;

    file_names_settle(reading, false);
    for (size_t i = 0; i < file->peer_count; i++)
        if (!file->peers[i].has_public_key && file->peers[i].public_key_place.line == 0)
            file_refuse(reading, file->peers[i].place,
                        "A peer is missing a public key: this [Peer] needs a line `PublicKey = ' and 44 "
                        "characters of base64");
    warn_of_repeated_peers(reading);
    if (reading->problems->count > 1)
        qsort(reading->problems->items, reading->problems->count, sizeof(*reading->problems->items),
              compare_problems);
}

static int bytes_parse(struct file *file, enum file_kind kind, struct file_problems *problems)
{
    struct file_reading reading = {.file = file, .problems = problems, .kind = kind};
    int more;

    file_lines_init(&reading.lines, file->bytes, file->length);
    while ((more = file_lines_next(&reading.lines)) == 1 && !reading.out_of_memory)
        line_read(&reading);
    if (more == 0 && !reading.out_of_memory)
        finish(&reading);
    file_lines_free(&reading.lines);
    if (more < 0 || reading.out_of_memory)
        return -ENOMEM;
    return problems->error_count != 0 ? -EINVAL : 0;
}

/* ---- where the bytes come from ---- */

static int file_start(struct file *file, const char *path, struct file_problems *problems)
{
    memset(file, 0, sizeof(*file));
    memset(problems, 0, sizeof(*problems));
    file->path = strdup(path);
    return file->path != NULL ? 0 : -ENOMEM;
}

/* All there is, with a terminator behind it. */
static int bytes_read(struct file *file, int descriptor)
{
    size_t blocks = 0;
    ssize_t got;

    do {
        char *grown = array_grow(file->bytes, &blocks, (file->length + 1) / READ_BYTES, READ_BYTES);

        if (grown == NULL)
            return -ENOMEM;
        file->bytes = grown;
        got = read(descriptor, file->bytes + file->length, blocks * READ_BYTES - file->length - 1);
        if (got > 0)
            file->length += (size_t)got;
        if (file->length > FILE_MAX_BYTES)
            return -EFBIG;
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0)
        return -errno;
    file->bytes[file->length] = '\0';
    return 0;
}

int file_read(struct file *file, const char *path, enum file_kind kind, struct file_problems *problems)
{
    int error = file_start(file, path, problems);
    int descriptor;

    if (error != 0)
        return error;
    descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return -errno;
    error = bytes_read(file, descriptor);
    close(descriptor);
    return error != 0 ? error : bytes_parse(file, kind, problems);
}

int file_parse(struct file *file, const char *path, const char *bytes, size_t length, enum file_kind kind,
               struct file_problems *problems)
{
    int error = file_start(file, path, problems);

    if (error != 0)
        return error;
    if (length > FILE_MAX_BYTES)
        return -EFBIG;
    file->bytes = malloc(length + 1);
    if (file->bytes == NULL)
        return -ENOMEM;
    memcpy(file->bytes, bytes, length);
    file->bytes[length] = '\0';
    file->length = length;
    return bytes_parse(file, kind, problems);
}

/* ---- the end ---- */

static void texts_free(struct file_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        file_string_free(texts->items[i].text);
    free(texts->items);
}

static void peer_free(struct file_peer *peer)
{
    for (size_t i = 0; i < peer->endpoint_count; i++) {
        file_string_free(peer->endpoints[i].host);
        file_string_free(peer->endpoints[i].port);
    }
    free(peer->endpoints);
    free(peer->allowed_ips);
    file_string_free(peer->preshared_key_file.text);
}

void file_free(struct file *file)
{
    for (size_t i = 0; i < file->peer_count; i++)
        peer_free(&file->peers[i]);
    if (file->peers != NULL)
        key_wipe(file->peers, file->peer_capacity * sizeof(*file->peers));
    free(file->peers);
    for (size_t i = 0; i < FILE_HOOK_COUNT; i++)
        texts_free(&file->hooks[i]);
    texts_free(&file->dns_servers);
    texts_free(&file->dns_domains);
    file_string_free(file->table.text);
    file_string_free(file->private_key_file.text);
    free(file->addresses);
    if (file->bytes != NULL)
        key_wipe(file->bytes, file->length);
    free(file->bytes);
    free(file->path);
    key_wipe(file, sizeof(*file));
}

void file_problems_free(struct file_problems *problems)
{
    free(problems->items);
    memset(problems, 0, sizeof(*problems));
}
