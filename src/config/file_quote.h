/* SPDX-License-Identifier: MIT
 *
 * A piece of somebody's text as it may be shown in a message: short, harmless to a terminal, and without
 * what might be a key. Lines run together and keys stand where they do not belong, just where something is
 * wrong: so whatever is as long as a key and looks like one is shown as "(hidden)", wherever it is.
 *
 * Any thread may call; there is no state.
 */
#ifndef CONFIG_FILE_QUOTE_H
#define CONFIG_FILE_QUOTE_H

#include <stddef.h>

#define FILE_QUOTE_BYTES 128 /* with terminator */

/* A run of 40 or more base64 digits and what follows "key =" become "(hidden)", a byte that is not printable
 * ASCII "\xHH"; what is too long ends in "...". */
void file_quote(char quote[static FILE_QUOTE_BYTES], const char *text, size_t length);
/* The same for a text that is meant to be public, a public key: its first 44 bytes are shown. */
void file_quote_public(char quote[static FILE_QUOTE_BYTES], const char *text, size_t length);

#endif
