/* SPDX-License-Identifier: MIT
 *
 * The keys of [Interface] that wg knows, and the private key in a file of its own.
 * A private key and a file with one are the same thing given twice: the later one counts.
 */
#include "config/file_reading.h"
#include "config/file_value.h"
#include "config/key.h"

void file_read_private_key(struct file_reading *reading, const struct file_entry *entry)
{
    struct file *file = reading->file;

    if (!file_read_key(reading, entry, file->private_key, true))
        return;
    file_take_last(reading, entry, &file->private_key_place);
    file->has_private_key = true;
    file_string_free(file->private_key_file.text);
    file->private_key_file = (struct file_text){0};
}

void file_read_private_key_file(struct file_reading *reading, const struct file_entry *entry)
{
    struct file *file = reading->file;

    file_take_last(reading, entry, &file->private_key_place);
    file->has_private_key = false;
    key_wipe(file->private_key, sizeof(file->private_key));
    file_keep_text(reading, &file->private_key_file, entry->written, entry->written_length, entry->place);
}

void file_read_listen_port(struct file_reading *reading, const struct file_entry *entry)
{
    struct file *file = reading->file;
    char problem[FILE_PROBLEM_BYTES];
    uint16_t port;

    if (!file_value_port(&port, entry->value, problem)) {
        file_refuse(reading, entry->place, "%s", problem);
        return;
    }
    if (problem[0] != '\0')
        file_warn(reading, entry->place, "%s", problem);
    file_take_last(reading, entry, &file->listen_port_place);
    file->listen_port = port;
    file->has_listen_port = true;
}

void file_read_fwmark(struct file_reading *reading, const struct file_entry *entry)
{
    struct file *file = reading->file;
    char problem[FILE_PROBLEM_BYTES];
    uint32_t fwmark;

    if (!file_value_fwmark(&fwmark, entry->value, problem)) {
        file_refuse(reading, entry->place, "%s", problem);
        return;
    }
    file_take_last(reading, entry, &file->fwmark_place);
    file->fwmark = fwmark;
    file->has_fwmark = true;
}
