/* SPDX-License-Identifier: MIT
 *
 * A text as one word for a shell, for commands that we tell people to type: as it is where nothing in it
 * means anything to a shell, else in quotation marks.
 */
#ifndef CLI_SHELL_WORD_H
#define CLI_SHELL_WORD_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

/* Into bytes bytes, terminated. False: it does not fit, and word is empty. */
VOLE_MUST_CHECK bool shell_word_write(char *word, size_t bytes, const char *text);

#endif
