/* SPDX-License-Identifier: MIT
 *
 * How `vole top` looks: a sample as lines of text. Nothing is asked here, and no terminal is known but by its
 * size, so what is drawn depends on the arguments alone.
 *
 *     2 peers, 1 connected   in 1.21 MiB/s   out 37.0 KiB/s   by traffic
 *     PEER                  IN/s      OUT/s  HANDSHAKE   DROPS ENDPOINT
 *     wg0               1.21 MiB   37.0 KiB       12 s       9 port 51820, 2 peers
 *       drops: source_not_allowed 9
 *      laptop           1.21 MiB   37.0 KiB       12 s       9 192.0.2.7:51820
 *
 * Whatever a daemon, a file or an interface's name says, only printable ASCII reaches the terminal, and no
 * line is longer than the terminal is wide.
 */
#ifndef CLI_TOP_VIEW_H
#define CLI_TOP_VIEW_H

#include "cli/terminal.h"
#include "cli/top_sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* By which peers are sorted, within their interface; TRAFFIC is in and out together. */
enum top_sort {
    TOP_SORT_TRAFFIC,
    TOP_SORT_IN,
    TOP_SORT_OUT,
    TOP_SORT_HANDSHAKE,
    TOP_SORT_DROPS,
    TOP_SORT_PEER,
    TOP_SORT_COUNT
};

/* "traffic", "in", ...: for the command line and the title. */
extern const char *const top_sort_names[TOP_SORT_COUNT];

struct top_view {
    enum top_sort sort;
    bool reverse;
    bool amounts; /* bytes in all, and not per second, where there is no room for both */
    bool explain; /* each reason of drops on a line of its own, in words */
    size_t first; /* the line at the top of those that can be scrolled */
    unsigned columns;
    unsigned rows; /* both 0: no limits, no title, no line of keys */
};

/* Prints at most view->rows lines, each ended by '\n', and limits view->first to what there is. -ENOMEM. */
VOLE_MUST_CHECK int top_view_print(FILE *stream, struct top_view *view, const struct top_sample *sample,
                                   const struct terminal_styles *style);

#endif
