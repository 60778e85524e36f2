/* SPDX-License-Identifier: MIT
 *
 * Whole lines inside a piece are handed on where they lie; only a line that a piece cuts apart is copied.
 */
#include "config/reply_reader.h"

#include "config/key.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const char error_key[] = "errno=";

void reply_reader_init(struct reply_reader *reader, reply_line_handler handler, void *state)
{
    reader->handler = handler;
    reader->state = state;
    reader->seen_error_line = false;
    reader->finished = false;
    reader->left_bytes = REPLY_BYTES;
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

    if (length > reader->left_bytes)
        return -EFBIG;
    reader->left_bytes -= length;
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

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int reply_reader_receive(struct reply_reader *reader, int descriptor, int64_t limit_ms)
{
    char bytes[16384];
    bool anything = false;
    int64_t end_ms = now_ms() + limit_ms;
    int error = 0;

    while (error == 0 && !reader->finished) {
        if (now_ms() >= end_ms) {
            error = -ETIMEDOUT;
            break;
        }
        ssize_t length = recv(descriptor, bytes, sizeof(bytes), 0);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            error = errno == EAGAIN ? -ETIMEDOUT : -errno;
        else if (length == 0)
            error = anything ? -EPROTO : -ECONNRESET;
        else
            error = reply_reader_feed(reader, bytes, (size_t)length);
        anything = true;
    }
    key_wipe(bytes, sizeof(bytes));
    return error;
}

void reply_reader_wipe(struct reply_reader *reader)
{
    key_wipe(reader, sizeof(*reader));
}
