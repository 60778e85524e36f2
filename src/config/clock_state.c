/* SPDX-License-Identifier: MIT
 *
 * The clock's state as text: see clock_state.h.
 */
#include "config/clock_state.h"

#include "config/key.h"
#include "config/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char clock_state_prefix[] = "clock-";

#define PREFIX_LENGTH (sizeof clock_state_prefix - 1)

_Static_assert(CLOCK_STATE_NAME_BYTES == PREFIX_LENGTH + KEY_HEX_BYTES, "room for a name");

size_t clock_state_write(char text[static CLOCK_STATE_BYTES], const struct clock_state *state)
{
    char key[KEY_BASE64_BYTES];
    uint64_t ceiling_s = state->ceiling_s < CLOCK_STATE_LATEST_S ? state->ceiling_s : CLOCK_STATE_LATEST_S;

    key_to_base64(key, state->public_key);
    (void)snprintf(
        text, CLOCK_STATE_BYTES,
        "# Written by voled(8): no handshake of this key has had a timestamp of this second or later.\n"
        "# 'vole clock' shows it, 'vole clock reset' removes it.\n"
        "public_key=%s\n"
        "interface=%.*s\n"
        "ceiling=%" PRIu64 "\n",
        key, CLOCK_STATE_INTERFACE_BYTES - 1, state->interface, ceiling_s);
    return strlen(text);
}

/* The value, if the line is `key=value` of this key; else NULL. */
static const char *value_of(const char *line, size_t length, const char *key, size_t *value_length)
{
    size_t key_length = strlen(key);

    if (length <= key_length || memcmp(line, key, key_length) != 0 || line[key_length] != '=')
        return NULL;
    *value_length = length - key_length - 1;
    return line + key_length + 1;
}

static bool read_interface(struct clock_state *state, const char *value, size_t length)
{
    if (length >= sizeof state->interface)
        return false;
    for (size_t i = 0; i < length; i++)
        if (value[i] <= ' ' || value[i] > '~' || value[i] == '/')
            return false;
    memcpy(state->interface, value, length);
    return true;
}

/* What a file may say once each. */
struct seen {
    bool public_key, interface, ceiling;
};

/* True if this is the first time. */
static bool first(bool *seen)
{
    bool before = *seen;

    *seen = true;
    return !before;
}

static bool read_line(struct clock_state *state, struct seen *seen, const char *line, size_t length)
{
    const char *value;
    size_t value_length;

    if (length == 0 || line[0] == '#')
        return true;
    if ((value = value_of(line, length, "public_key", &value_length)) != NULL)
        return first(&seen->public_key) && key_from_base64(state->public_key, value, value_length);
    if ((value = value_of(line, length, "interface", &value_length)) != NULL)
        return first(&seen->interface) && read_interface(state, value, value_length);
    if ((value = value_of(line, length, "ceiling", &value_length)) != NULL)
        return first(&seen->ceiling) &&
               number_read(&state->ceiling_s, value, value_length, CLOCK_STATE_LATEST_S);
    return false;
}

bool clock_state_read(struct clock_state *state, const char *text, size_t length, unsigned *line)
{
    struct seen seen = {0};
    size_t start = 0;

    memset(state, 0, sizeof *state);
    for (*line = 1; start < length; ++*line) {
        const char *feed = memchr(text + start, '\n', length - start);
        size_t end = feed == NULL ? length : (size_t)(feed - text);

        if (feed == NULL || !read_line(state, &seen, text + start, end - start)) {
            memset(state, 0, sizeof *state);
            return false;
        }
        start = end + 1;
    }
    *line = 0;
    if (seen.public_key && seen.ceiling)
        return true;
    memset(state, 0, sizeof *state);
    return false;
}

void clock_state_file_name(char name[static CLOCK_STATE_NAME_BYTES],
                           const uint8_t public_key[static VOLE_KEY_BYTES])
{
    memcpy(name, clock_state_prefix, PREFIX_LENGTH);
    key_to_hex(name + PREFIX_LENGTH, public_key);
}

bool clock_state_key_of_name(uint8_t public_key[static VOLE_KEY_BYTES], const char *name)
{
    size_t length = strlen(name);

    return length == CLOCK_STATE_NAME_BYTES - 1 && memcmp(name, clock_state_prefix, PREFIX_LENGTH) == 0 &&
           key_from_hex(public_key, name + PREFIX_LENGTH, length - PREFIX_LENGTH);
}
