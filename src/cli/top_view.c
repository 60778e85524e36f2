/* SPDX-License-Identifier: MIT
 *
 * A line is put together from cells; it knows how many columns are left. The lines that can be scrolled are
 * printed into memory first, and those that the screen has room for are taken from there.
 */
#include "cli/top_view.h"

#include "config/key.h"
#include "config/text_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTED_S 180 /* a session lives as long after its handshake (protocol §6) */

const char *const top_sort_names[TOP_SORT_COUNT] = {"traffic", "in", "out", "handshake", "drops", "peer"};

/* Widths of columns; the endpoint takes the rest. */
struct layout {
    unsigned peer;
    bool both; /* rates and amounts */
};

enum { AMOUNT_WIDTH = 10, HANDSHAKE_WIDTH = 10, DROPS_WIDTH = 7 };

static struct layout layout_of(const struct top_view *view)
{
    if (view->columns == 0)
        return (struct layout){46, true};
    if (view->columns < 60)
        return (struct layout){10, false};
    if (view->columns < 110)
        return (struct layout){17, false};
    return (struct layout){view->columns < 150 ? 24 : 46, true};
}

/* ---- lines and cells ---- */

struct line {
    FILE *stream;
    const struct terminal_styles *style;
    unsigned left;
};

static struct line line_begin(FILE *stream, const struct terminal_styles *style, const struct top_view *view)
{
    return (struct line){stream, style, view->columns != 0 ? view->columns : UINT_MAX};
}

static void line_end(struct line *line)
{
    putc('\n', line->stream);
}

static void line_fill(struct line *line, size_t count)
{
    for (; count > 0 && line->left > 0; count--, line->left--)
        putc(' ', line->stream);
}

/* The text as far as there is room. */
static void line_text(struct line *line, const char *colour, const char *text, size_t length)
{
    fputs(colour, line->stream);
    for (size_t i = 0; i < length && line->left > 0; i++, line->left--)
        putc(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?', line->stream);
    if (colour[0] != '\0')
        fputs(line->style->reset, line->stream);
}

static void line_put(struct line *line, const char *colour, const char *text)
{
    line_text(line, colour, text, strlen(text));
}

/* In a column, which ends with a space; what is too long ends with "~". */
static void cell_left(struct line *line, const char *colour, const char *text, unsigned width)
{
    size_t length = strlen(text);
    size_t room = width - 1;

    if (length <= room) {
        line_text(line, colour, text, length);
        line_fill(line, room - length);
    } else {
        line_text(line, colour, text, room - 1);
        line_put(line, colour, "~");
    }
    line_fill(line, 1);
}

static void cell_right(struct line *line, const char *colour, const char *text, unsigned width)
{
    size_t length = strlen(text);

    line_fill(line, length < width ? width - length : 1);
    line_put(line, colour, text);
}

/* ---- numbers ---- */

#define NUMBER_BYTES 32

/* At most 8 characters: "1023 B", "1.21 MiB". */
static void write_bytes(char text[static NUMBER_BYTES], double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;

    while (bytes >= 1023.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= 1024;
        unit++;
    }
    (void)snprintf(text, NUMBER_BYTES, "%.*f %s",
                   unit == 0 || bytes >= 99.95 ? 0
                   : bytes >= 9.995            ? 1
                                               : 2,
                   bytes, units[unit]);
}

static void write_rate(char text[static NUMBER_BYTES], double rate)
{
    if (rate < 0)
        (void)snprintf(text, NUMBER_BYTES, "-");
    else
        write_bytes(text, rate);
}

/* At most 5 characters. */
static void write_count(char text[static NUMBER_BYTES], uint64_t count)
{
    static const char units[] = " kMGTPE";
    size_t unit = 0;

    for (; count >= 10000; count /= 1000)
        unit++;
    (void)snprintf(text, NUMBER_BYTES, "%" PRIu64 "%.*s", count, unit > 0 ? 1 : 0, &units[unit]);
}

/* The two largest units of the time since then. */
static void write_age(char text[static NUMBER_BYTES], int64_t then, int64_t now)
{
    int64_t age = now - then;

    if (then == 0)
        (void)snprintf(text, NUMBER_BYTES, "never");
    else if (age < 0)
        (void)snprintf(text, NUMBER_BYTES, "future");
    else if (age < 60)
        (void)snprintf(text, NUMBER_BYTES, "%" PRId64 "s", age);
    else if (age < 3600)
        (void)snprintf(text, NUMBER_BYTES, "%" PRId64 "m%02" PRId64 "s", age / 60, age % 60);
    else if (age < 86400)
        (void)snprintf(text, NUMBER_BYTES, "%" PRId64 "h%02" PRId64 "m", age / 3600, age / 60 % 60);
    else
        (void)snprintf(text, NUMBER_BYTES, "%" PRId64 "d%02" PRId64 "h", age / 86400, age / 3600 % 24);
}

/* ---- order ---- */

struct ranked_peer {
    const struct top_peer *peer;
    const struct top_view *view;
};

static double measure(const struct top_amount *amount, const struct top_view *view)
{
    return view->amounts ? (double)amount->total : amount->rate;
}

/* What is larger comes first. */
static double rank_of(const struct top_peer *peer, const struct top_view *view)
{
    switch (view->sort) {
    case TOP_SORT_IN:
        return measure(&peer->received, view);
    case TOP_SORT_OUT:
        return measure(&peer->sent, view);
    case TOP_SORT_HANDSHAKE:
        return (double)peer->latest_handshake_s;
    case TOP_SORT_DROPS:
        return (double)peer->dropped.total;
    default:
        return measure(&peer->received, view) + measure(&peer->sent, view);
    }
}

static void write_label(char label[static KEY_BASE64_BYTES + FILE_NAME_BYTES], const struct top_peer *peer)
{
    key_to_base64(label, peer->public_key);
    if (peer->name[0] != '\0')
        (void)snprintf(label, FILE_NAME_BYTES, "%s", peer->name);
}

static int compare_labels(const struct top_peer *left, const struct top_peer *right)
{
    char one[KEY_BASE64_BYTES + FILE_NAME_BYTES];
    char other[KEY_BASE64_BYTES + FILE_NAME_BYTES];

    if ((left->name[0] == '\0') != (right->name[0] == '\0'))
        return left->name[0] == '\0' ? 1 : -1;
    write_label(one, left);
    write_label(other, right);
    return strcmp(one, other);
}

/* Peers that are equal stay in the order of configuration. */
static int compare_ranks(const void *left, const void *right)
{
    const struct ranked_peer *a = left;
    const struct ranked_peer *b = right;
    double one = rank_of(a->peer, a->view);
    double other = rank_of(b->peer, b->view);
    int order = one > other ? -1 : one < other;

    if (a->view->sort == TOP_SORT_PEER)
        order = compare_labels(a->peer, b->peer);
    if (a->view->reverse)
        order = -order;
    return order != 0 ? order
                      : (a->peer->position > b->peer->position) - (a->peer->position < b->peer->position);
}

/* ---- rows ---- */

static void put_amount(struct line *line, double number)
{
    char text[NUMBER_BYTES];

    write_rate(text, number);
    cell_right(line, "", text, AMOUNT_WIDTH);
}

static void put_amounts(struct line *line, const struct top_view *view, const struct top_amount *received,
                        const struct top_amount *sent)
{
    if (layout_of(view).both || !view->amounts) {
        put_amount(line, received->rate);
        put_amount(line, sent->rate);
    }
    if (layout_of(view).both || view->amounts) {
        put_amount(line, (double)received->total);
        put_amount(line, (double)sent->total);
    }
}

static void put_age(struct line *line, int64_t then, int64_t now)
{
    char text[NUMBER_BYTES];

    write_age(text, then, now);
    cell_right(line, then > now ? line->style->red : "", text, HANDSHAKE_WIDTH);
}

/* Red while it grows. */
static void put_dropped(struct line *line, const struct top_amount *dropped, bool counted)
{
    char text[NUMBER_BYTES] = "-";

    if (counted)
        write_count(text, dropped->total);
    cell_right(line, dropped->rate > 0 ? line->style->red : "", text, DROPS_WIDTH);
    line_fill(line, 1);
}

static void print_heading(FILE *stream, const struct top_view *view, const struct terminal_styles *style)
{
    struct line line = line_begin(stream, style, view);
    bool both = layout_of(view).both;

    cell_left(&line, style->bold, "PEER", layout_of(view).peer);
    if (both || !view->amounts) {
        cell_right(&line, style->bold, "IN/s", AMOUNT_WIDTH);
        cell_right(&line, style->bold, "OUT/s", AMOUNT_WIDTH);
    }
    if (both || view->amounts) {
        cell_right(&line, style->bold, "IN", AMOUNT_WIDTH);
        cell_right(&line, style->bold, "OUT", AMOUNT_WIDTH);
    }
    cell_right(&line, style->bold, "HANDSHAKE", HANDSHAKE_WIDTH);
    cell_right(&line, style->bold, "DROPS", DROPS_WIDTH);
    line_fill(&line, 1);
    line_put(&line, style->bold, "ENDPOINT");
    line_end(&line);
}

static void print_peer(struct line line, const struct top_peer *peer, const struct top_view *view,
                       bool counts_drops, int64_t now_s)
{
    char label[KEY_BASE64_BYTES + FILE_NAME_BYTES];

    write_label(label, peer);
    line_fill(&line, 1);
    cell_left(&line, line.style->yellow, label, layout_of(view).peer - 1);
    put_amounts(&line, view, &peer->received, &peer->sent);
    put_age(&line, peer->latest_handshake_s, now_s);
    put_dropped(&line, &peer->dropped, counts_drops);
    line_put(&line, "", peer->endpoint);
    line_end(&line);
}

static int print_peers(FILE *stream, const struct top_interface *interface, const struct top_view *view,
                       const struct terminal_styles *style, int64_t now_s)
{
    struct ranked_peer *ranked = calloc(interface->peer_count + 1, sizeof(*ranked));

    if (ranked == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < interface->peer_count; i++)
        ranked[i] = (struct ranked_peer){&interface->peers[i], view};
    qsort(ranked, interface->peer_count, sizeof(*ranked), compare_ranks);
    for (size_t i = 0; i < interface->peer_count; i++)
        print_peer(line_begin(stream, style, view), ranked[i].peer, view, interface->counts_drops, now_s);
    free(ranked);
    return 0;
}

static void write_drop(char *text, size_t size, const struct top_drop *drop)
{
    if (drop->count.rate > 0)
        (void)snprintf(text, size, "%" PRIu64 " (%.0f/s)", drop->count.total, drop->count.rate);
    else
        (void)snprintf(text, size, "%" PRIu64, drop->count.total);
}

static void print_explained_drops(FILE *stream, const struct top_interface *interface,
                                  const struct top_view *view, const struct terminal_styles *style)
{
    for (size_t i = 0; i < interface->drop_count; i++) {
        const struct show_drop_words *words = show_drop_words_find(interface->drops[i].name);
        struct line line = line_begin(stream, style, view);
        char text[2 * NUMBER_BYTES];

        write_drop(text, sizeof(text), &interface->drops[i]);
        line_fill(&line, 2);
        cell_left(&line, interface->drops[i].count.rate > 0 ? style->red : "", text, 20);
        line_put(&line, "", words != NULL ? words->text : interface->drops[i].name);
        line_end(&line);
    }
}

static void print_drops(FILE *stream, const struct top_interface *interface, const struct top_view *view,
                        const struct terminal_styles *style)
{
    struct line line = line_begin(stream, style, view);

    if (view->explain || interface->drop_count == 0) {
        print_explained_drops(stream, interface, view, style);
        return;
    }
    line_put(&line, "", "  drops: ");
    for (size_t i = 0; i < interface->drop_count; i++) {
        char text[2 * NUMBER_BYTES];

        write_drop(text, sizeof(text), &interface->drops[i]);
        line_put(&line, "", i > 0 ? ", " : "");
        line_put(&line, "", interface->drops[i].name);
        line_fill(&line, 1);
        line_put(&line, interface->drops[i].count.rate > 0 ? style->red : "", text);
    }
    line_end(&line);
}

static int64_t latest_handshake_of(const struct top_interface *interface)
{
    int64_t latest = 0;

    for (size_t i = 0; i < interface->peer_count; i++) {
        if (interface->peers[i].latest_handshake_s > latest)
            latest = interface->peers[i].latest_handshake_s;
    }
    return latest;
}

static int print_interface(FILE *stream, const struct top_interface *interface, const struct top_view *view,
                           const struct terminal_styles *style, int64_t now_s)
{
    struct line line = line_begin(stream, style, view);
    char text[80];

    cell_left(&line, style->green, interface->name, layout_of(view).peer);
    if (interface->error != 0) {
        line_put(&line, style->red, strerror(-interface->error));
        line_end(&line);
        return 0;
    }
    put_amounts(&line, view, &interface->received, &interface->sent);
    put_age(&line, latest_handshake_of(interface), now_s);
    put_dropped(&line, &interface->dropped, interface->counts_drops);
    (void)snprintf(text, sizeof(text), "port %u, %zu peer%s", interface->listen_port, interface->peer_count,
                   interface->peer_count == 1 ? "" : "s");
    line_put(&line, "", text);
    line_end(&line);
    print_drops(stream, interface, view, style);
    return print_peers(stream, interface, view, style, now_s);
}

static int print_interfaces(FILE *stream, const struct top_view *view, const struct top_sample *sample,
                            const struct terminal_styles *style)
{
    struct line line = line_begin(stream, style, view);
    int error = 0;

    if (sample->error != 0)
        line_put(&line, style->red, strerror(-sample->error));
    else if (sample->count == 0)
        line_put(&line, "", "there is no WireGuard interface");
    if (sample->error != 0 || sample->count == 0)
        line_end(&line);
    for (size_t i = 0; i < sample->count && error == 0; i++)
        error = print_interface(stream, &sample->interfaces[i], view, style, sample->now_s);
    return error;
}

/* ---- the screen ---- */

static void add_rate(double *sum, double rate)
{
    if (rate >= 0)
        *sum = *sum < 0 ? rate : *sum + rate;
}

static void print_title(FILE *stream, const struct top_view *view, const struct top_sample *sample,
                        const struct terminal_styles *style)
{
    struct line line = line_begin(stream, style, view);
    double received = TOP_RATE_UNKNOWN;
    double sent = TOP_RATE_UNKNOWN;
    size_t peers = 0;
    size_t connected = 0;
    char in[NUMBER_BYTES];
    char out[NUMBER_BYTES];
    char text[200];

    for (size_t i = 0; i < sample->count; i++) {
        const struct top_interface *interface = &sample->interfaces[i];

        peers += interface->peer_count;
        add_rate(&received, interface->received.rate);
        add_rate(&sent, interface->sent.rate);
        for (size_t j = 0; j < interface->peer_count; j++)
            connected += interface->peers[j].latest_handshake_s > sample->now_s - CONNECTED_S;
    }
    write_rate(in, received);
    write_rate(out, sent);
    (void)snprintf(text, sizeof(text), "%zu peer%s, %zu connected   in %s/s   out %s/s   by %s%s", peers,
                   peers == 1 ? "" : "s", connected, in, out, top_sort_names[view->sort],
                   view->reverse ? ", reversed" : "");
    line_put(&line, "", text);
    line_end(&line);
}

static void print_keys(FILE *stream, const struct top_view *view, const struct terminal_styles *style)
{
    static const char *const keys[] = {"q", "uit  sort: ", "b", "oth ",      "i", "n ",    "o", "ut ",
                                       "h", "andshake ",   "d", "rops ",     "p", "eer  ", "r", "everse  ",
                                       "t", "otals  ",     "w", "hy dropped"};
    struct line line = line_begin(stream, style, view);

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        line_put(&line, i % 2 == 0 ? style->bold : style->cyan, keys[i]);
    line_end(&line);
}

static size_t count_lines(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += text[i] == '\n';
    return count;
}

/* `room` lines of the text from line view->first on; less text leaves empty ones. */
static void print_window(FILE *stream, struct top_view *view, const char *text, size_t length, size_t room)
{
    size_t count = count_lines(text, length);
    size_t number = 0;

    if (view->first + room > count)
        view->first = count > room ? count - room : 0;
    for (size_t i = 0; i < length && number < view->first + room; i++) {
        if (number >= view->first)
            putc(text[i], stream);
        number += text[i] == '\n';
    }
    for (size_t i = count; i < room; i++)
        putc('\n', stream);
}

int top_view_print(FILE *stream, struct top_view *view, const struct top_sample *sample,
                   const struct terminal_styles *style)
{
    size_t room = view->rows > 3 ? view->rows - 3 : 0;
    size_t length = 0;
    char *text = NULL;
    FILE *body;
    int error;

    if (view->rows == 0) {
        print_heading(stream, view, style);
        return print_interfaces(stream, view, sample, style);
    }
    body = text_stream_open(&text, &length);
    if (body == NULL)
        return -ENOMEM;
    error = print_interfaces(body, view, sample, style);
    if (!text_stream_close(body, &text) && error == 0)
        error = -ENOMEM;
    if (error == 0) {
        print_title(stream, view, sample, style);
        if (view->rows > 1)
            print_heading(stream, view, style);
        print_window(stream, view, text, length, room);
        if (view->rows > 2)
            print_keys(stream, view, style);
    }
    free(text);
    return error;
}
