/* SPDX-License-Identifier: MIT
 *
 * In the place of qr_code.c where vole is built without libqrencode. The command asks first.
 */
#include "cli/qr_code.h"

#include <errno.h>
#include <string.h>

bool qr_code_is_possible(void)
{
    return false;
}

int qr_code_make(struct qr_code *code, const char *text, size_t length)
{
    (void)text;
    (void)length;
    memset(code, 0, sizeof(*code));
    return -ENOSYS;
}

void qr_code_free(struct qr_code *code)
{
    memset(code, 0, sizeof(*code));
}
