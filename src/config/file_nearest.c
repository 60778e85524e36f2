/* SPDX-License-Identifier: MIT
 *
 * The table of optimal string alignment: row i, column j is the distance of the first i letters of one word
 * from the first j of the other; a swap looks two rows back, so three rows are kept.
 */
#include "config/file_nearest.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define WORD_BYTES        32
#define SHORTEST_PART     4
#define LETTERS_PER_ERROR 3

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

/* In lower case, without what joins words; cut if it is too long for anything. */
static size_t word_write(char word[static WORD_BYTES], const char *text, size_t length)
{
    size_t used = 0;

    for (size_t i = 0; i < length && used < WORD_BYTES - 1; i++)
        if (text[i] != '_' && text[i] != '-')
            word[used++] = lower(text[i]);
    word[used] = '\0';
    return used;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t alignment_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][WORD_BYTES];

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        const size_t *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(above[j], row[j - 1]) + 1;
            row[j] = least(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

size_t file_nearest_distance(const char *text, size_t length, const char *known)
{
    char word[WORD_BYTES];
    char known_word[WORD_BYTES];
    size_t word_length = word_write(word, text, length);
    size_t known_length = word_write(known_word, known, strlen(known));
    size_t distance;

    assert(strlen(known) < WORD_BYTES);
    if (word_length == 0 || length >= WORD_BYTES)
        return SIZE_MAX;
    distance = alignment_distance(word, word_length, known_word, known_length);
    if (distance <= 1 || distance <= known_length / LETTERS_PER_ERROR)
        return distance;
    if (word_length >= SHORTEST_PART && known_length >= SHORTEST_PART &&
        (strstr(known_word, word) != NULL || strstr(word, known_word) != NULL))
        return distance;
    return SIZE_MAX;
}
