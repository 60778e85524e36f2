/* SPDX-License-Identifier: MIT
 *
 * What voled remembers of its handshakes' clock, as a list: one entry per file of the state directory
 * (config/clock_state.h), sorted by interface.
 *
 * The directory is locked from clock_states_open() to clock_states_close(), which no daemon waits for but its
 * keeper of that file. One thread.
 */
#ifndef CLI_CLOCK_STATES_H
#define CLI_CLOCK_STATES_H

#include "config/clock_state.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

struct clock_states {
    const char *path; /* borrowed */
    int directory;    /* -1: there is none */
    struct clock_state *list;
    size_t count;
    size_t capacity;
    bool damaged; /* some file of ours could not be read, and that was said */
};

/* False: a message was printed. To be closed whatever the result. A directory that does not exist is an empty
 * one. */
VOLE_MUST_CHECK bool clock_states_open(struct clock_states *states, const char *path);
void clock_states_close(struct clock_states *states);
/* Removes the file of this entry. False: a message was printed. */
VOLE_MUST_CHECK bool clock_states_remove(const struct clock_states *states, const struct clock_state *state);

#endif
