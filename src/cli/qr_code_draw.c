/* SPDX-License-Identifier: MIT
 *
 * Drawing needs no library. The number of rows is odd; the half line that is left belongs to the border.
 */
#include "cli/qr_code.h"

#define BORDER 4 /* modules, as the standard asks for */

static bool is_light(const struct qr_code *code, unsigned row, unsigned column)
{
    if (row < BORDER || column < BORDER || row - BORDER >= code->width || column - BORDER >= code->width)
        return true;
    return code->modules[(size_t)(row - BORDER) * code->width + (column - BORDER)] == 0;
}

unsigned qr_code_columns(const struct qr_code *code)
{
    return code->width + 2 * BORDER;
}

void qr_code_draw(FILE *stream, const struct qr_code *code, bool with_colours)
{
    /* [upper is light][lower is light]: U+2584, U+2580, U+2588 */
    static const char *const blocks[2][2] = {{" ", "\xe2\x96\x84"}, {"\xe2\x96\x80", "\xe2\x96\x88"}};
    unsigned size = qr_code_columns(code);

    for (unsigned row = 0; row < size; row += 2) {
        fputs(with_colours ? "\x1b[97;40m" : "", stream);
        for (unsigned column = 0; column < size; column++)
            fputs(blocks[is_light(code, row, column)][is_light(code, row + 1, column)], stream);
        fputs(with_colours ? "\x1b[0m\n" : "\n", stream);
    }
}
