/* SPDX-License-Identifier: MIT
 *
 * Whole lines inside a piece are handed on where they lie; only a line that a piece cuts apart is copied.
 */
#include "config/reply_reader.h"

#include "config/key.h"

#include <errno.h>
#include <string.h>

static const char error_key[] = "errno=";

void reply_reader_init(struct reply_reader *reader, reply_line_handler handler, void *state)
{
    reader->handler = handler;
    reader->state = state;
    reader->seen_error_line = false;
    reader->finished = false;
    reader->length = 0;
}

static int reply_reader_line(struct reply_reader *reader, const char *line, size_t length)
{
    if (length == 0) {
        reader->finished = reader->seen_error_line;
        return reader->finished ? 0 : -EPROTO;
    }
    if (length >= sizeof(error_key) - 1 && memcmp(line, error_key, sizeof(error_key) - 1) == 0)
        reader->seen_error_line = true;
    return reader->handler(reader->state, line, length);
}

static int reply_reader_keep(struct reply_reader *reader, const char *bytes, size_t length)
{
    if (length > sizeof(reader->line) - reader->length)
        return -EPROTO;
    memcpy(reader->line + reader->length, bytes, length);
    reader->length += length;
    return 0;
}

int reply_reader_feed(struct reply_reader *reader, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    int error = 0;

    while (error == 0 && bytes < end && !reader->finished) {
        const char *line_feed = memchr(bytes, '\n', (size_t)(end - bytes));

        if (line_feed == NULL)
            return reply_reader_keep(reader, bytes, (size_t)(end - bytes));
        if (reader->length == 0) {
            error = reply_reader_line(reader, bytes, (size_t)(line_feed - bytes));
        } else {
            error = reply_reader_keep(reader, bytes, (size_t)(line_feed - bytes));
            if (error == 0)
                error = reply_reader_line(reader, reader->line, reader->length);
            key_wipe(reader->line, reader->length);
            reader->length = 0;
        }
        bytes = line_feed + 1;
    }
    return error;
}

void reply_reader_wipe(struct reply_reader *reader)
{
    key_wipe(reader, sizeof(*reader));
}
