/* SPDX-License-Identifier: MIT
 *
 * vole top [INTERFACE]: rates, handshakes and drops of peers, again and again, on a terminal; elsewhere, or
 * with --once, one table for which the counters are read twice, or the same as JSON. Works on the kernel's
 * interfaces, too, which count no drops.
 *
 * An interface that goes away while it is looked at stays in the view with the reason, and is shown again
 * when it is back. The samples are top_sample.h, the lines top_view.h, JSON top_json.h, the terminal
 * screen.h.
 */
#include "cli/command.h"

#include "cli/access.h"
#include "cli/give_up.h"
#include "cli/program.h"
#include "cli/screen.h"
#include "cli/terminal.h"
#include "cli/top_json.h"
#include "cli/top_sample.h"
#include "cli/top_view.h"
#include "config/number.h"
#include "config/text_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LONGEST_INTERVAL_S 3600
#define FIRST_INTERVAL_MS  300 /* until there are rates at all */

struct top {
    const char *name; /* NULL: all interfaces */
    bool once;
    int interval_s;
    struct top_view view;
    struct top_sample sample;
};

static void print_usage(FILE *stream)
{
    fprintf(stream,
            "Usage: %s top [--once [--json]] [--interval SECONDS] [--sort KEY] [INTERFACE]\n"
            "Shows peers with their rates, handshakes and drops, again and again, until you press q.\n\n"
            "  --once              one table, and no more; so it is, too, if this is no terminal\n"
            "  --json              with --once: as JSON; peers are in their own order, not sorted\n"
            "  --interval SECONDS  how often to look, 1 if it is not given\n"
            "  --sort KEY         ",
            program_name());
    for (size_t i = 0; i < TOP_SORT_COUNT; i++)
        fprintf(stream, " %s", top_sort_names[i]);
    fputs("\n", stream);
}

/* ---- looking ---- */

static void look(struct top *top)
{
    struct top_sample sample = {0};

    top_sample_take(&sample, top->name, &top->sample);
    top_sample_free(&top->sample);
    top->sample = sample;
}

/* Says on stderr what could not be asked. False: nothing could. */
static bool report_errors(const struct top *top)
{
    size_t failed = 0;

    if (top->sample.error != 0) {
        fprintf(stderr, "Unable to list interfaces: %s\n", strerror(-top->sample.error));
        return false;
    }
    for (size_t i = 0; i < top->sample.count; i++) {
        if (top->sample.interfaces[i].error != 0) {
            access_report(top->sample.interfaces[i].name, top->sample.interfaces[i].error, top->name == NULL);
            failed++;
        }
    }
    return failed == 0 || failed < top->sample.count;
}

static int64_t milliseconds_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- one table ---- */

static int print_once(struct top *top)
{
    struct timespec pause = {.tv_sec = top->interval_s};
    bool success;

    if (!report_errors(top))
        return 1;
    while (nanosleep(&pause, &pause) != 0 && errno == EINTR) {
    }
    look(top);
    success = report_errors(top);
    if (program_wants_json())
        return success ? top_json_print(&top->sample) : 1;
    return success && top_view_print(stdout, &top->view, &top->sample, terminal_styles_of_output()) == 0 ? 0
                                                                                                         : 1;
}

/* ---- live ---- */

static int draw(struct top *top)
{
    size_t length = 0;
    char *text = NULL;
    FILE *stream = text_stream_open(&text, &length);
    int error;

    if (stream == NULL)
        return -ENOMEM;
    screen_size(&top->view.columns, &top->view.rows);
    error = top_view_print(stream, &top->view, &top->sample, terminal_styles_of_output());
    if (!text_stream_close(stream, &text) && error == 0)
        error = -ENOMEM;
    if (error == 0)
        error = screen_draw(text, length);
    free(text);
    return error;
}

static void scroll(struct top_view *view, int key)
{
    size_t page = view->rows > 4 ? view->rows - 4 : 1;
    size_t step = key == SCREEN_PAGE_UP || key == SCREEN_PAGE_DOWN ? page : 1;

    if (key == SCREEN_DOWN || key == SCREEN_PAGE_DOWN)
        view->first += step; /* drawing limits it */
    else
        view->first -= step < view->first ? step : view->first;
}

static void sort_by(struct top_view *view, enum top_sort sort)
{
    view->sort = sort;
    view->first = 0;
}

static void obey(struct top_view *view, int key)
{
    switch (key) {
    case 'b':
        return sort_by(view, TOP_SORT_TRAFFIC);
    case 'i':
        return sort_by(view, TOP_SORT_IN);
    case 'o':
        return sort_by(view, TOP_SORT_OUT);
    case 'h':
        return sort_by(view, TOP_SORT_HANDSHAKE);
    case 'd':
        return sort_by(view, TOP_SORT_DROPS);
    case 'p':
        return sort_by(view, TOP_SORT_PEER);
    case 'r':
        view->reverse = !view->reverse;
        return;
    case 't':
        view->amounts = !view->amounts;
        return;
    case 'w':
        view->explain = !view->explain;
        return;
    case SCREEN_UP:
    case SCREEN_DOWN:
    case SCREEN_PAGE_UP:
    case SCREEN_PAGE_DOWN:
        return scroll(view, key);
    default:
        return;
    }
}

/* Until q, or the terminal is gone. */
static int run(struct top *top)
{
    int64_t due = milliseconds_now() + FIRST_INTERVAL_MS;
    int error = draw(top);

    while (error == 0) {
        int64_t left = due - milliseconds_now();
        int key = left > 0 ? screen_wait((int)left) : SCREEN_NOTHING;

        if (key < 0)
            return key;
        if (key == 'q')
            return 0;
        if (key == SCREEN_NOTHING && milliseconds_now() >= due) {
            look(top);
            due = milliseconds_now() + INT64_C(1000) * top->interval_s;
        }
        obey(&top->view, key);
        error = draw(top);
    }
    return error;
}

static int run_on_screen(struct top *top)
{
    int error;

    if (!report_errors(top))
        return 1;
    error = screen_enter();
    if (error == 0)
        error = run(top);
    screen_leave();
    if (error != 0)
        fprintf(stderr, "%s top: %s\n", program_name(), strerror(-error));
    return error == 0 ? 0 : 1;
}

/* ---- arguments ---- */

static bool read_sort(struct top *top, const char *word)
{
    for (int i = 0; i < TOP_SORT_COUNT; i++) {
        if (strcmp(word, top_sort_names[i]) == 0) {
            top->view.sort = (enum top_sort)i;
            return true;
        }
    }
    fprintf(stderr, "%s top: peers cannot be sorted by '%s'\n", program_name(), word);
    return false;
}

static bool read_interval(struct top *top, const char *word)
{
    uint64_t number;

    if (!number_read(&number, word, strlen(word), LONGEST_INTERVAL_S) || number == 0) {
        fprintf(stderr, "%s top: '%s' is no number of seconds from 1 to %d\n", program_name(), word,
                LONGEST_INTERVAL_S);
        return false;
    }
    top->interval_s = (int)number;
    return true;
}

static bool read_arguments(struct top *top, int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        bool known = true;

        if (strcmp(arguments[i], "--once") == 0)
            top->once = true;
        else if (strcmp(arguments[i], "--interval") == 0 && i + 1 < count)
            known = read_interval(top, arguments[++i]);
        else if (strcmp(arguments[i], "--sort") == 0 && i + 1 < count)
            known = read_sort(top, arguments[++i]);
        else if (arguments[i][0] != '-' && arguments[i][0] != '\0' && top->name == NULL)
            top->name = arguments[i];
        else {
            fprintf(stderr, "%s top: '%s' is not understood here\n", program_name(), arguments[i]);
            known = false;
        }
        if (!known)
            return false;
    }
    return true;
}

int command_top(int count, char **arguments)
{
    struct top top = {.interval_s = 1};
    int status;

    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    if (!read_arguments(&top, count, arguments)) {
        print_usage(stderr);
        return 1;
    }
    if (program_wants_json() && !top.once) {
        fprintf(stderr, "%s top: --json is for one look only: add --once\n", program_name());
        return 1;
    }
    if (top.name != NULL && strcmp(top.name, "all") == 0)
        top.name = NULL;
    give_up(GIVE_UP_CHANGES);
    look(&top);
    status = top.once || !screen_is_possible() ? print_once(&top) : run_on_screen(&top);
    top_sample_free(&top.sample);
    return status;
}
