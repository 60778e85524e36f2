/* SPDX-License-Identifier: MIT
 *
 * Pieces are appended whole or not at all, so that a quote never ends within an escape.
 */
#include "config/file_quote.h"

#include "config/key.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HIDDEN_RUN_LENGTH 40 /* a key has 43 digits; a typing error or two may have cost some */

static const char ellipsis[] = "...";

static bool is_base64_digit(char character)
{
    return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
           (character >= '0' && character <= '9') || character == '+' || character == '/';
}

static size_t base64_run(const char *text, size_t length)
{
    size_t run = 0;

    while (run < length && is_base64_digit(text[run]))
        run++;
    return run;
}

/* Appends a piece; false, and the ellipsis instead, if there is no room for it and an ellipsis. */
static bool quote_append(char quote[static FILE_QUOTE_BYTES], size_t *used, const char *piece, size_t length)
{
    bool fits = *used + length + sizeof(ellipsis) <= FILE_QUOTE_BYTES;

    if (!fits) {
        piece = ellipsis;
        length = sizeof(ellipsis) - 1;
    }
    memcpy(quote + *used, piece, length);
    *used += length;
    quote[*used] = '\0';
    return fits;
}

static bool quote_append_byte(char quote[static FILE_QUOTE_BYTES], size_t *used, char byte)
{
    char escape[8];

    if (byte >= ' ' && byte <= '~')
        return quote_append(quote, used, &byte, 1);
    snprintf(escape, sizeof(escape), "\\x%02x", (unsigned)(unsigned char)byte);
    return quote_append(quote, used, escape, 4);
}

/* What may be shown at most: not what follows "key =", where lines have run together or a comment has one. */
static size_t shown_length(const char *text, size_t length)
{
    static const char word[] = "key";

    for (size_t at = 0; at + strlen(word) < length; at++) {
        size_t behind = at + strlen(word);

        if (strncasecmp(text + at, word, strlen(word)) != 0)
            continue;
        while (behind < length && text[behind] == ' ')
            behind++;
        if (behind < length && text[behind] == '=')
            return behind + 1;
    }
    return length;
}

void file_quote(char quote[static FILE_QUOTE_BYTES], const char *text, size_t length)
{
    static const char hidden[] = "(hidden)";
    size_t whole_length = length;
    size_t used = 0;
    size_t at = 0;
    bool fits = true;

    quote[0] = '\0';
    length = shown_length(text, length);
    while (fits && at < length) {
        size_t run = base64_run(text + at, length - at);

        if (run >= HIDDEN_RUN_LENGTH) {
            fits = quote_append(quote, &used, hidden, sizeof(hidden) - 1);
            at += run;
            continue;
        }
        /* A run is shown as a whole: its rest is no run of its own. */
        for (size_t end = at + (run != 0 ? run : 1); fits && at < end; at++)
            fits = quote_append_byte(quote, &used, text[at]);
    }
    if (fits && length < whole_length)
        (void)quote_append(quote, &used, hidden, sizeof(hidden) - 1);
}

void file_quote_public(char quote[static FILE_QUOTE_BYTES], const char *text, size_t length)
{
    size_t used = 0;
    bool fits = true;

    quote[0] = '\0';
    for (size_t at = 0; fits && at < length && at < KEY_BASE64_LENGTH; at++)
        fits = quote_append_byte(quote, &used, text[at]);
    if (fits && length > KEY_BASE64_LENGTH)
        (void)quote_append(quote, &used, ellipsis, sizeof(ellipsis) - 1);
}
