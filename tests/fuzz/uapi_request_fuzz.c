/* SPDX-License-Identifier: MIT
 *
 * Cutting a client's bytes into requests (daemon/uapi_request.h): the same bytes in other pieces are the same
 * requests; what is not lines of a set is refused, no line is longer than it may be, every byte that a
 * request borrowed from the budget of all clients comes back, and memory is wiped when it is given back.
 *
 * Input: a byte for the budget, one for the pieces, then the stream; a byte from 128 on stands for the one
 * behind it, 1024 times for each above 127, so that small inputs reach the limits.
 */
#include "target.h"

#include "daemon/uapi_request.h"

#include <errno.h>

#define STREAM_BYTES ((size_t)80 << 10)

/* ---- in the place of malloc() and free() ---- */

#define MOST_BLOCKS 8

static struct {
    uint8_t *bytes;
    size_t length;
} blocks[MOST_BLOCKS]; /* that requests have */

void *__wrap_malloc(size_t length);
void *__real_malloc(size_t length);
void __wrap_free(void *block);
void __real_free(void *block);

void *__wrap_malloc(size_t length)
{
    uint8_t *bytes = __real_malloc(length);

    for (size_t i = 0; i < MOST_BLOCKS && bytes != NULL; i++) {
        if (blocks[i].bytes != NULL)
            continue;
        blocks[i].bytes = bytes;
        blocks[i].length = length;
        return bytes;
    }
    target_hold(bytes == NULL, "a request has one buffer, or two for a moment");
    return NULL;
}

void __wrap_free(void *block)
{
    for (size_t i = 0; i < MOST_BLOCKS && block != NULL; i++) {
        if (blocks[i].bytes != block)
            continue;
        for (size_t j = 0; j < blocks[i].length; j++)
            target_hold(blocks[i].bytes[j] == 0, "a buffer is wiped before it is given back");
        blocks[i].bytes = NULL;
    }
    __real_free(block);
}

/* ---- the stream ---- */

static char stream[STREAM_BYTES];
static size_t stream_length;

static void read_stream(struct target_input *input)
{
    stream_length = 0;
    while (input->left > 0) {
        uint8_t byte = target_byte(input);
        size_t times = byte >= 128 ? (size_t)(byte - 127) << 10 : 1;

        if (byte >= 128)
            byte = target_byte(input) & 127;
        if (times > STREAM_BYTES - stream_length)
            return;
        memset(stream + stream_length, byte, times);
        stream_length += times;
    }
}

static void check_complete(const struct uapi_request *request)
{
    const char *line = request->bytes + request->body;
    const char *end = request->bytes + request->body_end;

    target_hold(request->operation != UAPI_UNKNOWN, "a request that is complete is known");
    target_hold(request->body <= request->body_end && request->body_end <= request->length,
                "lines are inside");
    if (request->operation == UAPI_GET || request->operation == UAPI_GET_VOLE)
        target_hold(line == end, "a get has no lines");
    while (line < end) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((feed != NULL ? feed : end) - line);

        target_hold(length <= UAPI_LINE_BYTES, "a line is not too long");
        target_hold(length > 0, "a blank line ends a request");
        line = feed != NULL ? feed + 1 : end;
    }
}

/* Notes every request that is complete, as what a server would answer comes from it. False: refused. */
static bool take(FILE *told, struct uapi_request *request, enum uapi_progress progress)
{
    while (progress == UAPI_COMPLETE) {
        check_complete(request);
        fprintf(told, "%d %d %zu\n", (int)request->operation, request->error,
                request->body_end - request->body);
        if (request->body_end > request->body)
            fwrite(request->bytes + request->body, 1, request->body_end - request->body, told);
        progress = uapi_request_next(request);
    }
    return progress != UAPI_REFUSED;
}

/* The whole stream in pieces of so many bytes; what was understood goes to *text. */
static void run(size_t piece, size_t budget, char **text, size_t *length)
{
    FILE *told = open_memstream(text, length);
    struct uapi_request request;
    size_t left = budget;
    bool open = true;

    target_hold(told != NULL, "there is memory");
    uapi_request_init(&request, &left);
    for (size_t at = 0; open && at < stream_length; at += piece) {
        size_t count = piece < stream_length - at ? piece : stream_length - at;
        uint8_t *copy = target_copy((const uint8_t *)stream + at, count);

        open = take(told, &request, uapi_request_feed(&request, (const char *)copy, count));
        free(copy);
        target_hold(left + request.capacity == budget, "what is borrowed is accounted for");
    }
    if (open)
        open = take(told, &request, uapi_request_end(&request));
    fprintf(told, open ? "open\n" : "refused\n");
    uapi_request_fini(&request);
    target_hold(left == budget, "what was borrowed comes back");
    fclose(told);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct target_input input = {bytes, length};
    size_t budget = (size_t)1024 << (target_byte(&input) % 10);
    uint8_t cuts = target_byte(&input);
    char *whole, *pieces, *poor;
    size_t whole_length, pieces_length, poor_length;

    read_stream(&input);
    run(STREAM_BYTES, UAPI_BUDGET_BYTES, &whole, &whole_length);
    run(stream_length < 4096 ? cuts % 16u + 1u : 100u + cuts * 64u, UAPI_BUDGET_BYTES, &pieces,
        &pieces_length);
    target_hold(whole_length == pieces_length && memcmp(whole, pieces, whole_length) == 0,
                "other pieces are the same requests");
    run(4096, budget, &poor, &poor_length);
    free(whole);
    free(pieces);
    free(poor);
    return 0;
}
