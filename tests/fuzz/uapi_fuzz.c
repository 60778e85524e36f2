/* SPDX-License-Identifier: MIT
 *
 * The lines of a set request, applied to a real device (daemon/uapi_apply.h), and the way back: the reply to
 * get, as the client reads it, is a change that makes another device of the same looks; written in small
 * pieces it is the same text. A line that is refused, and what is behind it, changes nothing.
 *
 * A reply that goes on while another set comes in is still one that the client reads.
 *
 * Input: a byte for the pieces, then the lines, and behind a byte of 0xff those of the other set.
 */
#include "target.h"

#include "config/change.h"
#include "config/reply_reader.h"
#include "config/uapi_change.h"
#include "config/uapi_get.h"
#include "core/device.h"
#include "daemon/log.h"
#include "daemon/uapi_apply.h"
#include "linux/clock.h"

#include <errno.h>

#define DUMP_BYTES  ((size_t)1 << 20)
#define WHOLE_BYTES ((size_t)32 << 10)

/* Linked in the place of the clock. */
void __wrap_clock_now(struct vole_time *now);

void __wrap_clock_now(struct vole_time *now)
{
    *now = (struct vole_time){.monotonic_ns = 1000000000, .boot_ns = 100000000000, .real_s = 1};
}

/* ---- memory ---- */

/* A device's large blocks are kept for the next one: a sanitizer makes each new one costly. */
void *__wrap_malloc(size_t length);
void *__real_malloc(size_t length);
void __wrap_free(void *block);
void __real_free(void *block);

#define LARGE_BYTES ((size_t)100000)
#define LARGE_COUNT 8

static struct {
    void *block;
    size_t length;
    bool used;
} large[LARGE_COUNT];

void *__wrap_malloc(size_t length)
{
    if (length < LARGE_BYTES)
        return __real_malloc(length);
    for (size_t i = 0; i < LARGE_COUNT; i++) {
        if (large[i].used || (large[i].block != NULL && large[i].length != length))
            continue;
        if (large[i].block == NULL)
            large[i].block = __real_malloc(length);
        large[i].length = length;
        large[i].used = large[i].block != NULL;
        return large[i].block;
    }
    return __real_malloc(length);
}

void __wrap_free(void *block)
{
    for (size_t i = 0; i < LARGE_COUNT && block != NULL; i++) {
        if (large[i].block != block)
            continue;
        target_hold(large[i].used, "a block is freed once");
        large[i].used = false;
        return;
    }
    __real_free(block);
}

/* ---- a device ---- */

static int swallow(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                   const uint8_t *datagram, size_t length)
{
    (void)context;
    (void)to;
    (void)traffic_class;
    (void)datagram;
    (void)length;
    return 0;
}

static void note_removed(void *context, struct vole_peer *peer)
{
    uapi_dumps_forget(&((struct engine *)context)->dumps, peer);
}

static void count_up(void *context, uint8_t *bytes, size_t length)
{
    static uint64_t next;

    (void)context;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(++next * 0x9e3779b97f4a7c15ull >> 56);
}

static struct engine *engine_make(void)
{
    static const struct options_switches switches = {.no_tso = false};
    struct engine *engine = calloc(1, sizeof *engine);
    struct device_options options = {
        .hooks = {.context = engine, .send = swallow, .peer_removed = note_removed, .random = count_up}};
    struct vole_time now;

    target_hold(engine != NULL, "there is memory");
    clock_now(&now);
    engine->device = device_new(&options, &now);
    target_hold(engine->device != NULL, "there is memory");
    sockets_init(&engine->sockets, -1, engine->workers, 1, &switches);
    timestamps_init(&engine->timestamps, -1);
    return engine;
}

static void engine_unmake(struct engine *engine)
{
    vole_device_free(engine->device);
    free(engine);
}

/* ---- its dump ---- */

static size_t dump(struct engine *engine, size_t piece, char *into)
{
    char *room = malloc(piece);
    struct uapi_text text = {.bytes = room, .capacity = piece};
    struct uapi_dump cursor;
    size_t length = 0;
    bool done = false;

    target_hold(room != NULL, "there is memory");
    uapi_dump_begin(engine, &cursor, false);
    while (!done) {
        done = uapi_dump_more(&cursor, &text);
        target_hold(done || text.length > 0, "a dump goes on");
        target_hold(text.length <= DUMP_BYTES - length, "a dump ends");
        memcpy(into + length, room, text.length);
        length += text.length;
        text.length = 0;
    }
    uapi_dump_end(&cursor);
    free(room);
    return length;
}

/* ---- the client's way ---- */

/* What set would be asked for to make a device like this one. */
static void change_of(struct change *change, const struct model_device *device)
{
    change_init(change);
    change->has_private_key = change->has_listen_port = change->has_fwmark = change->replace_peers = true;
    memcpy(change->private_key, device->private_key, sizeof change->private_key);
    change->listen_port = device->listen_port;
    change->fwmark = device->fwmark;
    for (size_t i = 0; i < device->peer_count; i++) {
        const struct model_peer *from = &device->peers[i];
        struct change_peer *peer = change_add_peer(change, from->public_key);

        target_hold(peer != NULL, "there is memory");
        peer->has_preshared_key = peer->has_persistent_keepalive = peer->replace_allowed_ips = true;
        memcpy(peer->preshared_key, from->preshared_key, sizeof peer->preshared_key);
        peer->persistent_keepalive_s = from->persistent_keepalive_s;
        peer->has_endpoint = from->endpoint.address.family != 0;
        peer->endpoint = from->endpoint;
        for (size_t j = 0; j < from->allowed_ip_count; j++)
            target_hold(change_allow(peer, &from->allowed_ips[j], false) == 0, "there is memory");
    }
}

struct set_request {
    char bytes[2 * DUMP_BYTES];
    size_t length;
};

static int take_piece(void *state, const char *bytes, size_t length)
{
    struct set_request *request = state;

    target_hold(length <= UAPI_CHANGE_PIECE_BYTES && length <= sizeof request->bytes - request->length,
                "a piece is not too long");
    memcpy(request->bytes + request->length, bytes, length);
    request->length += length;
    return 0;
}

/* The lines between "set=1" and the blank line, as a client writes them for this dump. */
static void lines_of(struct set_request *request, const char *text, size_t length, size_t peers)
{
    static const char first[] = "set=1\n";
    struct model_device device;
    struct uapi_get get = {.device = &device};
    struct reply_reader reader;
    struct change change;

    model_init(&device);
    reply_reader_init(&reader, uapi_get_read_line, &get);
    target_hold(reply_reader_feed(&reader, text, length) == 0 &&
                    reply_reader_feed(&reader, "errno=0\n\n", 9) == 0 && reader.finished,
                "the client reads what the daemon says");
    target_hold(device.peer_count == peers, "the client sees all peers");
    change_of(&change, &device);
    request->length = 0;
    target_hold(uapi_change_write(&change, take_piece, request) == 0, "a change can be written");
    target_hold(request->length >= sizeof first && memcmp(request->bytes, first, sizeof first - 1) == 0 &&
                    memcmp(request->bytes + request->length - 2, "\n\n", 2) == 0,
                "a change is a request");
    request->length -= sizeof first;
    memmove(request->bytes, request->bytes + sizeof first - 1, request->length);
    reply_reader_wipe(&reader);
    change_free(&change);
    model_free(&device);
}

/* ---- properties ---- */

static char one[DUMP_BYTES], other[DUMP_BYTES];

/* The shortest beginning, in whole lines, that is refused; the lines before it leave the same device. */
static void check_refused(const char *lines, size_t length, size_t dumped)
{
    size_t good = 0;
    struct engine *engine;

    for (size_t end = 0; end < length;) {
        const char *feed = memchr(lines + end, '\n', length - end);
        int error;

        end = feed == NULL ? length : (size_t)(feed - lines) + 1;
        engine = engine_make();
        error = uapi_apply(engine, lines, end);
        engine_unmake(engine);
        if (error < 0)
            break;
        good = end;
    }
    engine = engine_make();
    target_hold(uapi_apply(engine, lines, good) == 0, "what is before the refused line is fine");
    target_hold(dump(engine, WHOLE_BYTES, other) == dumped && memcmp(one, other, dumped) == 0,
                "a refused line changes nothing");
    engine_unmake(engine);
}

static void check_same_again(struct engine *engine, size_t dumped)
{
    static struct set_request request;
    struct engine *again = engine_make();

    lines_of(&request, one, dumped, engine->device->peer_count);
    target_hold(uapi_apply(again, request.bytes, request.length) == 0, "what was told can be set");
    target_hold(dump(again, WHOLE_BYTES, other) == dumped && memcmp(one, other, dumped) == 0,
                "what was set so looks the same");
    engine_unmake(again);
}

/* Pieces of a reply with another set between the first of them; returns how long it was, all in other. */
static size_t dump_meanwhile(struct engine *engine, const char *lines, size_t length)
{
    char room[UAPI_TEXT_STEP_BYTES];
    struct uapi_text text = {.bytes = room, .capacity = sizeof room};
    struct uapi_dump cursor;
    size_t dumped = 0;
    bool done = false;

    uapi_dump_begin(engine, &cursor, false);
    for (unsigned turn = 0; !done; turn++) {
        done = uapi_dump_more(&cursor, &text);
        target_hold(done || text.length > 0, "a dump goes on");
        target_hold(text.length <= DUMP_BYTES - dumped, "a dump ends");
        memcpy(other + dumped, room, text.length);
        dumped += text.length;
        text.length = 0;
        if (turn < 4)
            (void)!uapi_apply(engine, lines, length);
    }
    uapi_dump_end(&cursor);
    return dumped;
}

static void check_meanwhile(struct engine *engine, const char *lines, size_t length, size_t dumped)
{
    struct model_device device;
    struct uapi_get get = {.device = &device};
    struct reply_reader reader;
    size_t meanwhile = dump_meanwhile(engine, "", 0);

    target_hold(meanwhile == dumped && memcmp(one, other, dumped) == 0, "a set of nothing disturbs no dump");
    meanwhile = dump_meanwhile(engine, lines, length);
    model_init(&device);
    reply_reader_init(&reader, uapi_get_read_line, &get);
    target_hold(reply_reader_feed(&reader, other, meanwhile) == 0, "the client reads what the daemon says");
    reply_reader_wipe(&reader);
    model_free(&device);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    log_start("fuzz", LOG_LEVEL_SILENT);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct target_input input = {bytes, length};
    size_t piece = 4096 + (size_t)target_byte(&input) * 4;
    const uint8_t *mark = input.left > 0 ? memchr(input.next, 0xff, input.left) : NULL;
    size_t lines_length = mark == NULL ? input.left : (size_t)(mark - input.next);
    struct engine *engine = engine_make();
    const char *lines = (const char *)input.next;
    int error = uapi_apply(engine, lines, lines_length);
    size_t dumped = dump(engine, WHOLE_BYTES, one);

    target_hold(error == 0 || error == -EINVAL || error == -EPROTO,
                "a refusal is one of those that are promised");
    target_hold(dump(engine, piece, other) == dumped && memcmp(one, other, dumped) == 0,
                "a dump in pieces is the same");
    check_same_again(engine, dumped);
    if (error < 0 && lines_length < 700)
        check_refused(lines, lines_length, dumped);
    if (mark != NULL)
        check_meanwhile(engine, (const char *)mark + 1, input.left - lines_length - 1, dumped);
    engine_unmake(engine);
    return 0;
}
