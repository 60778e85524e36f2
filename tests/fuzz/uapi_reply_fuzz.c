/* SPDX-License-Identifier: MIT
 *
 * What vole reads and shows of a daemon that may be anybody's: replies to get=1 and get=vole.1, cut anywhere,
 * mean the same however they are cut; and whatever they say, nothing but plain lines reaches a terminal or
 * Prometheus.
 *
 * Input: a byte for the pieces, then both replies with a byte of 0xff between them, and after one more the
 * list of names (PEER_NAMES_FILE).
 */
#include "target.h"

#include "cli/device.h"
#include "cli/metrics_text.h"
#include "cli/show_view.h"
#include "config/device_socket.h"
#include "config/reply_reader.h"
#include "config/uapi_get.h"
#include "prometheus_text.h"

#include <errno.h>
#include <jansson.h>
#include <time.h>

/* ---- the replies ---- */

struct part {
    const char *bytes;
    size_t length;
};

static struct part get_reply, vole_reply, names_list;
static size_t piece;

static struct part take_part(struct target_input *input)
{
    const uint8_t *end = input->left > 0 ? memchr(input->next, 0xff, input->left) : NULL;
    struct part part = {.length = end == NULL ? input->left : (size_t)(end - input->next)};
    size_t skipped;

    part.bytes = (const char *)target_take(input, part.length, &part.length);
    (void)target_take(input, 1, &skipped);
    return part;
}

/* In pieces of step bytes and of one, by turns. 0: a whole reply was read. */
static int feed(struct part part, size_t step, reply_line_handler handler, void *state)
{
    struct reply_reader *reader = malloc(sizeof *reader);
    bool finished;
    int error = 0;

    target_hold(reader != NULL, "there is memory");
    reply_reader_init(reader, handler, state);
    for (size_t at = 0, count, turn = 0; at < part.length && error == 0 && !reader->finished; at += count) {
        uint8_t *copy;

        count = turn++ % 2 == 0 ? step : 1;
        if (count > part.length - at)
            count = part.length - at;
        copy = target_copy((const uint8_t *)part.bytes + at, count);
        error = reply_reader_feed(reader, (const char *)copy, count);
        free(copy);
    }
    finished = reader->finished;
    reply_reader_wipe(reader);
    free(reader);
    target_hold(error <= 0, "an error is a negative errno");
    return error != 0 || finished ? error : -EPROTO;
}

static int read_get(struct model_device *device, size_t step)
{
    struct uapi_get get = {.device = device};
    int error = feed(get_reply, step, uapi_get_read_line, &get);

    target_hold(get.error >= 0, "an errno line is a number");
    return error;
}

/* ---- in the place of what asks ---- */

time_t __wrap_time(time_t *into);
int __wrap_device_list(struct device_names *names);
int __wrap_device_get(const char *name, struct model_device *device);
int __wrap_device_socket_get_vole(const char *name, struct uapi_vole *reply);
void __wrap_peer_names_load(struct peer_names *names, const char *interface);

time_t __wrap_time(time_t *into)
{
    target_hold(into == NULL, "time is asked for plainly");
    return 1700000100;
}

int __wrap_device_list(struct device_names *names)
{
    memset(names, 0, sizeof *names);
    names->names = calloc(1, sizeof *names->names);
    target_hold(names->names != NULL, "there is memory");
    memcpy(names->names[0], "wg0", 4);
    names->count = names->capacity = 1;
    return 0;
}

int __wrap_device_get(const char *name, struct model_device *device)
{
    (void)name;
    return read_get(device, piece);
}

int __wrap_device_socket_get_vole(const char *name, struct uapi_vole *reply)
{
    (void)name;
    return feed(vole_reply, piece, uapi_vole_read_line, reply);
}

void __wrap_peer_names_load(struct peer_names *names, const char *interface)
{
    (void)interface;
    peer_names_add_list(names, "names", names_list.bytes, names_list.length, false);
}

/* ---- properties ---- */

static void check_device(const struct model_device *device)
{
    for (size_t i = 0; i < device->peer_count; i++) {
        const struct model_peer *peer = &device->peers[i];

        target_hold(peer->latest_handshake_s >= 0, "a time is not negative");
        target_hold(memchr(peer->zone, '\0', sizeof peer->zone) != NULL, "a zone ends");
        for (size_t j = 0; j < peer->allowed_ip_count; j++) {
            const struct vole_prefix *prefix = &peer->allowed_ips[j];

            target_hold(prefix->length <= (prefix->address.family == 4 ? 32 : 128),
                        "a prefix is as long as can be");
        }
    }
}

static void check_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        target_hold((text[i] >= ' ' && text[i] <= '~') || text[i] == '\n' || text[i] == '\t',
                    "nothing but plain lines is printed");
}

/* Everything show has for people, on a stdout that is kept; to be freed. */
static char *show(const struct model_device *device, const struct uapi_vole *vole,
                  const struct peer_names *names)
{
    FILE *before = stdout;
    char *text;
    size_t length;

    stdout = open_memstream(&text, &length);
    target_hold(stdout != NULL, "there is memory");
    show_human(device, "wg0", names);
    for (const struct show_field *field = show_fields; field->name != NULL; field++)
        field->print(device, "wg0");
    show_drops(vole, "wg0", names);
    show_features(vole, "wg0");
    fclose(stdout);
    stdout = before;
    check_plain(text, length);
    return text;
}

static void check_json(const struct model_device *device, const struct uapi_vole *vole,
                       const struct peer_names *names)
{
    struct json_output output;
    FILE *before = stdout;
    char *text;
    size_t length;
    json_t *read;

    if (!json_output_is_possible())
        return;
    stdout = open_memstream(&text, &length);
    target_hold(stdout != NULL, "there is memory");
    json_output_begin(&output);
    json_output_list(&output, "interfaces");
    show_json(&output, device, "wg0", names, SHOW_EVERYTHING | SHOW_NAMES | SHOW_SECRETS);
    show_json_drops(&output, vole, "wg0", names);
    show_json_features(&output, vole, "wg0");
    json_output_end(&output);
    target_hold(json_output_finish(&output, 0) == 0, "JSON can be made of anything");
    fclose(stdout);
    stdout = before;
    check_plain(text, length);
    read = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    target_hold(json_array_size(json_object_get(read, "interfaces")) == 3, "JSON is read as what it is");
    json_decref(read);
    free(text);
}

/* The same replies, cut otherwise. */
static void check_same_again(const struct peer_names *names)
{
    char *shown[2];
    int errors[2][2];

    for (size_t i = 0; i < 2; i++) {
        size_t step = i == 0 ? SIZE_MAX : piece;
        struct model_device device;
        struct uapi_vole vole;

        model_init(&device);
        target_hold(uapi_vole_init(&vole) == 0, "there is memory");
        errors[i][0] = read_get(&device, step);
        errors[i][1] = feed(vole_reply, step, uapi_vole_read_line, &vole);
        check_device(&device);
        shown[i] = show(&device, &vole, names);
        if (i == 0)
            check_json(&device, &vole, names);
        uapi_vole_free(&vole);
        model_free(&device);
    }
    target_hold(memcmp(errors[0], errors[1], sizeof errors[0]) == 0 && strcmp(shown[0], shown[1]) == 0,
                "other pieces are the same reply");
    free(shown[0]);
    free(shown[1]);
}

static void check_metrics(bool readable)
{
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    bool success;

    target_hold(stream != NULL, "there is memory");
    success = metrics_text_print(stream);
    fclose(stream);
    target_hold(success == readable, "metrics are there if the interface is");
    if (success)
        prometheus_text_check(text, length);
    check_plain(text, length);
    free(text);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    return setenv("WG_COLOR_MODE", "never", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct target_input input = {bytes, length};
    struct model_device device;
    struct peer_names names = {0};
    char *messages;
    size_t messages_length;
    FILE *before = stderr;
    int error;

    piece = (size_t)target_byte(&input) + 1;
    get_reply = take_part(&input);
    vole_reply = take_part(&input);
    names_list = take_part(&input);
    peer_names_add_list(&names, "names", names_list.bytes, names_list.length, false);
    check_same_again(&names);
    peer_names_free(&names);
    model_init(&device);
    error = read_get(&device, piece);
    model_free(&device);
    stderr = open_memstream(&messages, &messages_length);
    target_hold(stderr != NULL, "there is memory");
    check_metrics(error == 0);
    fclose(stderr);
    stderr = before;
    check_plain(messages, messages_length);
    free(messages);
    return 0;
}
