/* SPDX-License-Identifier: MIT
 *
 * A text as a QR code, drawn with half blocks, two rows of the code in one line of the terminal.
 *
 * Light modules are drawn, dark ones are left blank: that is right on a dark terminal, and on any other if
 * the colours are set as well. The light border that readers need is part of it.
 * Only qr_code.c knows the library for it; where vole is built without that, qr_code_missing.c stands here.
 * The code is as secret as the text: ended by qr_code_free(), which wipes it. (The library frees memory of
 * its own that it does not wipe.) One thread.
 */
#ifndef CLI_QR_CODE_H
#define CLI_QR_CODE_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define QR_CODE_MAX_BYTES 2953 /* of the largest code */

struct qr_code {
    unsigned width;   /* modules in a row, without border */
    uint8_t *modules; /* width * width, not 0: dark */
};

/* Whether this program was built with QR codes. */
bool qr_code_is_possible(void);
/* -EMSGSIZE: the text is too long; -ENOMEM; -EINVAL: it is empty. code is to be freed whatever the result. */
VOLE_MUST_CHECK int qr_code_make(struct qr_code *code, const char *text, size_t length);
void qr_code_free(struct qr_code *code);

/* How many columns the drawing takes. */
unsigned qr_code_columns(const struct qr_code *code);
/* with_colours: sets black and white, and resets them. */
void qr_code_draw(FILE *stream, const struct qr_code *code, bool with_colours);

#endif
