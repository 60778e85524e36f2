/* SPDX-License-Identifier: MIT
 *
 * Reading the state directory: see clock_states.h. Files of other names are somebody else's; one of our name
 * that cannot be understood is said, and shown as a key without a time.
 */
#include "cli/clock_states.h"

#include "cli/program.h"
#include "config/array.h"
#include "linux/state_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say_damaged(struct clock_states *states, const char *name, const char *why)
{
    fprintf(stderr, "%s clock: %s/%s: %s\n", program_name(), states->path, name, why);
    states->damaged = true;
}

static void read_state(struct clock_states *states, const char *name, struct clock_state *state)
{
    char text[CLOCK_STATE_BYTES];
    struct clock_state read;
    unsigned line;
    ssize_t length = state_file_read(states->directory, name, text, sizeof text);

    if (length < 0 && length != -EFBIG && length != -EINVAL)
        say_damaged(states, name, strerror((int)-length));
    else if (length < 0 || !clock_state_read(&read, text, (size_t)length, &line) ||
             memcmp(read.public_key, state->public_key, VOLE_KEY_BYTES) != 0)
        say_damaged(states, name, "not a state file; voled ignores it, 'vole clock reset KEY' removes it");
    else
        *state = read;
}

static int take_file(void *context, const char *name)
{
    struct clock_states *states = context;
    struct clock_state state = {.ceiling_s = 0};
    struct clock_state *list;

    if (!clock_state_key_of_name(state.public_key, name))
        return 0;
    list = array_grow(states->list, &states->capacity, states->count, sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    states->list = list;
    read_state(states, name, &state);
    list[states->count++] = state;
    return 0;
}

static int compare(const void *one, const void *other)
{
    const struct clock_state *a = one, *b = other;
    int order = strcmp(a->interface, b->interface);

    return order != 0 ? order : memcmp(a->public_key, b->public_key, VOLE_KEY_BYTES);
}

bool clock_states_open(struct clock_states *states, const char *path)
{
    int error;

    memset(states, 0, sizeof *states);
    states->path = path;
    states->directory = state_directory_open(path, false);
    if (states->directory == -ENOENT) {
        states->directory = -1;
        return true;
    }
    error = states->directory < 0 ? states->directory
                                  : state_directory_each(states->directory, take_file, states);
    if (error < 0) {
        fprintf(stderr, "%s clock: cannot read %s: %s%s\n", program_name(), path, strerror(-error),
                error == -EACCES ? "; run it as root" : "");
        return false;
    }
    if (states->count > 1)
        qsort(states->list, states->count, sizeof *states->list, compare);
    return true;
}

void clock_states_close(struct clock_states *states)
{
    free(states->list);
    if (states->directory >= 0)
        close(states->directory);
    memset(states, 0, sizeof *states);
    states->directory = -1;
}

bool clock_states_remove(const struct clock_states *states, const struct clock_state *state)
{
    char name[CLOCK_STATE_NAME_BYTES];
    int error;

    clock_state_file_name(name, state->public_key);
    error = state_file_remove(states->directory, name);
    if (error == 0)
        return true;
    fprintf(stderr, "%s clock: cannot remove %s/%s: %s\n", program_name(), states->path, name,
            strerror(-error));
    return false;
}
