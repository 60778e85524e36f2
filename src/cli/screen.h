/* SPDX-License-Identifier: MIT
 *
 * The terminal as a screen that a program draws on and reads keys from, until it gives it back as it was.
 *
 * Drawing goes to a second screen that terminals have for this, so that what was there before is there again
 * afterwards. It is given back by screen_leave(), and whatever else ends or stops the program: INT, TERM, HUP
 * and QUIT restore the terminal and then end the program as they would have, even while it waits for
 * something else; TSTP (Ctrl-Z) restores it until the program goes on.
 *
 * The few control sequences are those of ECMA-48 and of xterm, which every terminal on Linux takes; where
 * there is none ("dumb"), screen_is_possible() says so. One screen per process, one thread.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

/* What screen_wait() returns besides characters. */
enum screen_key {
    SCREEN_NOTHING = 256, /* the time is over */
    SCREEN_CHANGED,       /* the size has changed, or the program went on after a stop: draw again */
    SCREEN_UP,
    SCREEN_DOWN,
    SCREEN_PAGE_UP,
    SCREEN_PAGE_DOWN,
    SCREEN_OTHER /* a key without a meaning here */
};

/* Whether standard input and output are a terminal that can be drawn on. */
bool screen_is_possible(void);
/* 0, or a negative errno: the terminal is as it was. */
VOLE_MUST_CHECK int screen_enter(void);
/* Does nothing if there is no screen. */
void screen_leave(void);

/* 80 by 24 if the terminal does not tell. */
void screen_size(unsigned *columns, unsigned *rows);
/* Replaces all that is drawn: lines ended by '\n', no wider and no more than the screen has. Negative errno:
 * the terminal is gone. */
VOLE_MUST_CHECK int screen_draw(const char *text, size_t length);
/* The next key, or one of the above; after so many milliseconds at the latest. -EIO: the terminal is gone. */
VOLE_MUST_CHECK int screen_wait(int milliseconds);

#endif
