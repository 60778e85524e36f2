/* SPDX-License-Identifier: MIT
 *
 * What voled remembers of its handshakes' clock from one start to the next: the ceiling, a second that no
 * timestamp sent so far has reached (core/handshake_clock.h). As text in a file of its own per public key,
 * because that is what peers know us by: whatever the interface is called, and however many have that key.
 *
 *     # comment
 *     public_key=BASE64
 *     interface=wg0
 *     ceiling=1763812345
 *
 * The file's name is "clock-" and the key's 64 hexadecimal digits; it is in CLOCK_STATE_DIRECTORY unless
 * the variable CLOCK_STATE_VARIABLE, or voled's option, names another directory (empty: none, nothing is
 * remembered). The interface is the one that wrote it last; only people and `vole clock` look at it.
 * There is nothing secret in it, though it tells roughly when a key was last used.
 * Pure functions; any thread.
 */
#ifndef CONFIG_CLOCK_STATE_H
#define CONFIG_CLOCK_STATE_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_STATE_DIRECTORY "/var/lib/vole"
#define CLOCK_STATE_VARIABLE  "VOLE_STATE_DIRECTORY"

#define CLOCK_STATE_BYTES           512 /* longer files are none of ours */
#define CLOCK_STATE_NAME_BYTES      71  /* of a file's name, with terminator */
#define CLOCK_STATE_INTERFACE_BYTES 16
/* The last second of the year 9999: a greater ceiling is none. */
#define CLOCK_STATE_LATEST_S UINT64_C(253402300799)

/* A ceiling further ahead than this makes a clock look wrong: a reservation is 120 s, and what a few crashes
 * in a row leave behind comes on top. */
#define CLOCK_STATE_DOUBT_S 180u

struct clock_state {
    uint8_t public_key[VOLE_KEY_BYTES];
    char interface[CLOCK_STATE_INTERFACE_BYTES]; /* empty: unknown */
    uint64_t ceiling_s;
};

/* Writes the text, terminated; returns its length. A ceiling that is too great is cut to the greatest. */
size_t clock_state_write(char text[static CLOCK_STATE_BYTES], const struct clock_state *state);
/* False, and *line the first line that is wrong (from 1; 0: something is missing): it is no such text. */
VOLE_MUST_CHECK bool clock_state_read(struct clock_state *state, const char *text, size_t length,
                                      unsigned *line);
void clock_state_file_name(char name[static CLOCK_STATE_NAME_BYTES],
                           const uint8_t public_key[static VOLE_KEY_BYTES]);
/* The key that a file of this name is about; false: it has another name. */
VOLE_MUST_CHECK bool clock_state_key_of_name(uint8_t public_key[static VOLE_KEY_BYTES], const char *name);

#endif
