/* SPDX-License-Identifier: MIT
 *
 * Cutting a byte stream into requests: see uapi_request.h.
 */
#include "daemon/uapi_request.h"

#include "config/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UAPI_FIRST_BYTES 4096u

void uapi_request_init(struct uapi_request *request, size_t *budget)
{
    memset(request, 0, sizeof *request);
    request->budget = budget;
}

/* ---- the buffer ---- */

static void uapi_request_release(struct uapi_request *request)
{
    if (request->bytes == NULL)
        return;
    key_wipe(request->bytes, request->capacity);
    free(request->bytes);
    *request->budget += request->capacity;
    request->bytes = NULL;
    request->capacity = 0;
}

void uapi_request_fini(struct uapi_request *request)
{
    uapi_request_release(request);
    request->length = 0;
}

/* Makes room for count bytes more. Old and new buffer exist for a moment, so both must be in the budget. */
static int uapi_request_reserve(struct uapi_request *request, size_t count)
{
    size_t capacity = request->capacity == 0 ? UAPI_FIRST_BYTES : request->capacity;
    size_t length = request->length;
    char *bytes;

    if (length + count > UAPI_REQUEST_BYTES)
        return -E2BIG;
    while (capacity < length + count)
        capacity *= 2;
    if (capacity == request->capacity)
        return 0;
    bytes = capacity <= *request->budget ? malloc(capacity) : NULL;
    if (bytes == NULL)
        return -ENOMEM;
    if (length > 0)
        memcpy(bytes, request->bytes, length);
    uapi_request_release(request);
    *request->budget -= capacity;
    request->bytes = bytes;
    request->capacity = capacity;
    return 0;
}

static int uapi_request_append(struct uapi_request *request, const char *bytes, size_t count)
{
    int error = count > 0 ? uapi_request_reserve(request, count) : 0;

    if (error < 0 || count == 0)
        return error;
    memcpy(request->bytes + request->length, bytes, count);
    request->length += count;
    return 0;
}

/* Cuts bytes[from..to) out and wipes what becomes free at the end. */
static void uapi_request_remove(struct uapi_request *request, size_t from, size_t to)
{
    size_t removed = to - from;

    if (removed == 0)
        return;
    memmove(request->bytes + from, request->bytes + to, request->length - to);
    request->length -= removed;
    key_wipe(request->bytes + request->length, removed);
}

/* ---- skipping what is not kept ---- */

/* From here on nothing is kept; the lines before keep still count. */
static void uapi_request_skip_from(struct uapi_request *request, size_t keep, bool in_line, int error)
{
    request->error = error;
    request->skipping = true;
    request->in_line = in_line;
    request->body_end = keep;
}

/* Looks through skipped bytes for the blank line. True: found, *used bytes belong to it and what is before.
 */
static bool uapi_request_skim(struct uapi_request *request, const char *bytes, size_t count, size_t *used)
{
    size_t start = 0;

    while (start < count) {
        const char *feed = memchr(bytes + start, '\n', count - start);
        size_t end = feed == NULL ? count : (size_t)(feed - bytes);

        if (feed == NULL)
            break;
        if (end == start && !request->in_line) {
            *used = end + 1;
            return true;
        }
        request->in_line = false;
        start = end + 1;
    }
    if (start < count)
        request->in_line = true;
    *used = count;
    return false;
}

/* Skipping began in the middle of the buffer: what it holds from the present line on is skipped first. */
static enum uapi_progress uapi_request_skim_buffer(struct uapi_request *request)
{
    size_t used;
    bool found =
        uapi_request_skim(request, request->bytes + request->line, request->length - request->line, &used);

    uapi_request_remove(request, request->body_end, request->line + used);
    request->line = request->body_end;
    request->next = request->body_end;
    return found ? UAPI_COMPLETE : UAPI_PARTIAL;
}

static enum uapi_progress uapi_request_skim_chunk(struct uapi_request *request, const char *bytes,
                                                  size_t count)
{
    size_t used;

    if (!uapi_request_skim(request, bytes, count, &used))
        return UAPI_PARTIAL;
    request->next = request->length;
    return uapi_request_append(request, bytes + used, count - used) < 0 ? UAPI_REFUSED : UAPI_COMPLETE;
}

/* ---- lines ---- */

static bool uapi_request_line_is(const struct uapi_request *request, size_t start, size_t length,
                                 const char *text)
{
    return length == strlen(text) && memcmp(request->bytes + start, text, length) == 0;
}

static enum uapi_operation uapi_request_operation(const struct uapi_request *request, size_t start,
                                                  size_t length)
{
    if (uapi_request_line_is(request, start, length, "get=1"))
        return UAPI_GET;
    if (uapi_request_line_is(request, start, length, "set=1"))
        return UAPI_SET;
    if (uapi_request_line_is(request, start, length, "get=vole.1"))
        return UAPI_GET_VOLE;
    if (uapi_request_line_is(request, start, length, "set=vole.1"))
        return UAPI_SET_VOLE;
    return UAPI_UNKNOWN;
}

/* A whole line; request->line is already behind its LF. */
static enum uapi_progress uapi_request_take_line(struct uapi_request *request, size_t start, size_t length)
{
    if (request->operation == UAPI_UNKNOWN) {
        request->operation = uapi_request_operation(request, start, length);
        request->body = request->line;
        return request->operation == UAPI_UNKNOWN ? UAPI_REFUSED : UAPI_PARTIAL;
    }
    if (length == 0) {
        request->body_end = start;
        request->next = request->line;
        return UAPI_COMPLETE;
    }
    if (length > UAPI_LINE_BYTES)
        uapi_request_skip_from(request, start, false, -EIO);
    return UAPI_PARTIAL;
}

/* A get has no lines: their first byte is enough to answer. */
static bool uapi_request_is_bad_get(const struct uapi_request *request)
{
    return (request->operation == UAPI_GET || request->operation == UAPI_GET_VOLE) &&
           request->length > request->body && request->bytes[request->body] != '\n';
}

static enum uapi_progress uapi_request_scan(struct uapi_request *request)
{
    while (request->scanned < request->length) {
        char *feed = memchr(request->bytes + request->scanned, '\n', request->length - request->scanned);
        size_t start = request->line;
        size_t end = feed == NULL ? request->length : (size_t)(feed - request->bytes);
        enum uapi_progress progress;

        request->scanned = end;
        if (feed == NULL)
            break;
        request->line = end + 1;
        request->scanned = end + 1;
        progress = uapi_request_take_line(request, start, end - start);
        if (progress != UAPI_PARTIAL)
            return progress;
        if (request->skipping)
            return uapi_request_skim_buffer(request);
        if (uapi_request_is_bad_get(request))
            break;
    }
    if (uapi_request_is_bad_get(request)) {
        request->error = -EINVAL;
        request->body_end = request->body;
        request->next = request->body;
        return UAPI_COMPLETE;
    }
    if (request->length - request->line <= UAPI_LINE_BYTES)
        return UAPI_PARTIAL;
    if (request->operation == UAPI_UNKNOWN)
        return UAPI_REFUSED;
    uapi_request_skip_from(request, request->line, false, -EIO);
    return uapi_request_skim_buffer(request);
}

enum uapi_progress uapi_request_feed(struct uapi_request *request, const char *bytes, size_t count)
{
    size_t used;
    int error;

    if (request->skipping)
        return uapi_request_skim_chunk(request, bytes, count);
    if (request->draining) {
        request->draining = !uapi_request_skim(request, bytes, count, &used);
        bytes += used;
        count -= used;
    }
    error = uapi_request_append(request, bytes, count);
    if (error == 0)
        return uapi_request_scan(request);
    if (request->operation == UAPI_UNKNOWN)
        return UAPI_REFUSED;
    uapi_request_skip_from(request, request->body, request->length > request->line, error);
    uapi_request_remove(request, request->body, request->length);
    return uapi_request_skim_chunk(request, bytes, count);
}

enum uapi_progress uapi_request_end(struct uapi_request *request)
{
    bool set = request->operation == UAPI_SET || request->operation == UAPI_SET_VOLE;

    if (request->operation == UAPI_UNKNOWN || (!set && !request->skipping))
        return UAPI_REFUSED;
    if (!request->skipping)
        request->body_end = request->length;
    request->next = request->length;
    return UAPI_COMPLETE;
}

enum uapi_progress uapi_request_next(struct uapi_request *request)
{
    bool bad_get = uapi_request_is_bad_get(request);
    size_t used = 0;

    uapi_request_remove(request, 0, request->next);
    request->operation = UAPI_UNKNOWN;
    request->error = 0;
    request->body = 0;
    request->body_end = 0;
    request->next = 0;
    request->line = 0;
    request->scanned = 0;
    request->skipping = false;
    request->in_line = false;
    if (bad_get) {
        request->draining = !uapi_request_skim(request, request->bytes, request->length, &used);
        uapi_request_remove(request, 0, used);
    }
    if (request->length == 0)
        uapi_request_release(request);
    return uapi_request_scan(request);
}
