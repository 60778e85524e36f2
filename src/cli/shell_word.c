/* SPDX-License-Identifier: MIT
 *
 * Between ' and ' a shell takes everything as it is, but for ' itself.
 */
#include "cli/shell_word.h"

#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
static const char quote_inside[] = "'\\''";

bool shell_word_write(char *word, size_t bytes, const char *text)
{
    bool is_plain = text[0] != '\0' && text[strspn(text, plain)] == '\0';
    size_t needed = strlen(text) + (is_plain ? 1 : 3);
    char *end = word;

    for (const char *quote = text; !is_plain && (quote = strchr(quote, '\'')) != NULL; quote++)
        needed += sizeof(quote_inside) - 2;
    word[0] = '\0';
    if (needed > bytes)
        return false;
    if (!is_plain)
        *end++ = '\'';
    for (; *text != '\0'; text++) {
        const char *piece = *text == '\'' && !is_plain ? quote_inside : text;
        size_t length = piece == text ? 1 : sizeof(quote_inside) - 1;

        memcpy(end, piece, length);
        end += length;
    }
    if (!is_plain)
        *end++ = '\'';
    *end = '\0';
    return true;
}
