/* SPDX-License-Identifier: MIT
 *
 * A text that grows: see text_stream.h. A write that fails is remembered by the stream (ferror).
 */
#include "config/text_stream.h"

#include "config/key.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define FIRST_BYTES 256

struct text_stream {
    char **text_out;
    size_t *length_out;
    char *text; /* capacity bytes, of which length and a NUL are used */
    size_t length, capacity;
};

static bool make_room(struct text_stream *growing, size_t count)
{
    size_t capacity = growing->capacity;
    char *larger;

    while (capacity - growing->length <= count) {
        if (capacity > SIZE_MAX / 4)
            return false;
        capacity *= 2;
    }
    if (capacity == growing->capacity)
        return true;
    larger = malloc(capacity);
    if (larger == NULL)
        return false;
    memcpy(larger, growing->text, growing->length);
    key_wipe(growing->text, growing->length);
    free(growing->text);
    growing->text = larger;
    growing->capacity = capacity;
    return true;
}

static ssize_t write_text(void *cookie, const char *bytes, size_t count)
{
    struct text_stream *growing = cookie;

    if (count > SIZE_MAX / 4 || !make_room(growing, count))
        return 0; /* which is an error */
    memcpy(growing->text + growing->length, bytes, count);
    growing->length += count;
    return (ssize_t)count;
}

/* For ftell(): tells where the end is, and goes nowhere. */
static int tell_text(void *cookie, off64_t *position, int whence)
{
    struct text_stream *growing = cookie;

    if (*position != 0 || whence == SEEK_SET)
        return -1;
    *position = (off64_t)growing->length;
    return 0;
}

static int close_text(void *cookie)
{
    struct text_stream *growing = cookie;

    growing->text[growing->length] = '\0';
    *growing->text_out = growing->text;
    *growing->length_out = growing->length;
    free(growing);
    return 0;
}

FILE *text_stream_open(char **text, size_t *length)
{
    struct text_stream *growing = calloc(1, sizeof *growing);
    FILE *stream = NULL;

    *text = NULL;
    *length = 0;
    if (growing == NULL)
        return NULL;
    *growing = (struct text_stream){
        .text_out = text, .length_out = length, .text = malloc(FIRST_BYTES), .capacity = FIRST_BYTES};
    if (growing->text != NULL)
        stream =
            fopencookie(growing, "w",
                        (cookie_io_functions_t){.write = write_text, .seek = tell_text, .close = close_text});
    if (stream == NULL) {
        free(growing->text);
        free(growing);
    }
    return stream;
}

bool text_stream_close(FILE *stream, char **text)
{
    bool whole = fflush(stream) == 0 && ferror(stream) == 0;

    whole = fclose(stream) == 0 && whole;
    if (!whole && *text != NULL) {
        key_wipe(*text, strlen(*text));
        free(*text);
        *text = NULL;
    }
    return whole;
}
