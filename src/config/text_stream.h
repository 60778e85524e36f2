/* SPDX-License-Identifier: MIT
 *
 * A stream whose output becomes a text in memory, as open_memstream() makes one; but this one knows whether
 * all of it is there. glibc's forgets: what it had no memory for is missing in the middle, or there is no
 * text at all, and closing still succeeds.
 *
 *     FILE *stream = text_stream_open(&text, &length);
 *     fprintf(stream, ...);
 *     if (!text_stream_close(stream, &text)) ...no memory
 *
 * The text ends with a NUL that is not counted, and is to be freed. Memory that is given back on the way is
 * wiped, so it may hold secrets.
 */
#ifndef CONFIG_TEXT_STREAM_H
#define CONFIG_TEXT_STREAM_H

#include "vole.h"

#include <stdio.h>

/* text and length are set when it is closed, and must stay where they are. NULL: no memory. */
VOLE_MUST_CHECK FILE *text_stream_open(char **text, size_t *length);
/* False: something did not fit into memory; *text is NULL then. */
VOLE_MUST_CHECK bool text_stream_close(FILE *stream, char **text);

#endif
