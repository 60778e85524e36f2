/* SPDX-License-Identifier: MIT
 *
 * Running other programs, and being told to stop meanwhile.
 *
 * Programs get their arguments as they are, without a shell in between, are looked for in PATH, and see the
 * signals as a shell's children do. Their standard input and output go through files in memory, so nobody can
 * wait for each other.
 * A signal that asks us to end (INT, TERM, HUP) does not end us once process_catch_signals() was called: it
 * is remembered, and handed on as SIGTERM to the program that runs just then, with all that it started if
 * there is no terminal. The caller asks process_signal() between its steps.
 * One thread. Results: an exit status, or a negative errno.
 */
#ifndef VOLE_LINUX_PROCESS_H
#define VOLE_LINUX_PROCESS_H

#include "vole.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Runs arguments[0] with these arguments (the last is NULL) and waits for its end. input: a text it reads on
 * its standard input, NULL: it has ours. Returns its exit status, or 128 and the signal that ended it;
 * negative: it could not be run (-ENOENT: no such program). */
VOLE_MUST_CHECK int process_run(const char *const *arguments, const char *input);
/* The same without input, whose output is returned in *output, terminated, freed by the caller with free();
 * NULL if negative. What it says on standard error is thrown away. */
VOLE_MUST_CHECK int process_read(const char *const *arguments, char **output);

/* Where in PATH there is a program of this name. A name with "/" is its own place. False: nowhere. */
VOLE_MUST_CHECK bool process_find(char path[static PATH_MAX], const char *name);
/* Where this program itself is. False: /proc does not tell. */
VOLE_MUST_CHECK bool process_own_path(char path[static PATH_MAX]);

/* From now on. Calling it again does nothing. */
void process_catch_signals(void);
/* The signal that asked us to end, 0: none yet. */
int process_signal(void);
/* For a program that leaves nothing half done: the same signals end it at once with status 0, unless whoever
 * started it has them ignored; also as the first process of a container, which takes no signal that it does
 * not ask for. */
void process_end_when_asked(void);
/* Forgets it, and lets no further one disturb, nor INT and HUP the programs that run from then on: for taking
 * back what was done. */
void process_ignore_signals(void);
/* After that: heeds those that come from now on, as after process_catch_signals(). */
void process_heed_signals(void);

#endif
