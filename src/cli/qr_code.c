/* SPDX-License-Identifier: MIT
 *
 * The lowest error correction: a screen has no scratches, and fewer modules are easier to read from it.
 */
#include "cli/qr_code.h"

#include "config/key.h"

#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

bool qr_code_is_possible(void)
{
    return true;
}

int qr_code_make(struct qr_code *code, const char *text, size_t length)
{
    QRcode *made;
    size_t size;

    memset(code, 0, sizeof(*code));
    if (length > QR_CODE_MAX_BYTES)
        return -EMSGSIZE;
    made = QRcode_encodeData((int)length, (const unsigned char *)text, 0, QR_ECLEVEL_L);
    if (made == NULL)
        return errno == ERANGE ? -EMSGSIZE : errno == EINVAL ? -EINVAL : -ENOMEM;
    size = (size_t)made->width * (size_t)made->width;
    code->modules = calloc(size, 1);
    for (size_t i = 0; code->modules != NULL && i < size; i++)
        code->modules[i] = made->data[i] & 1; /* the other bits say what the module is for */
    code->width = (unsigned)made->width;
    key_wipe(made->data, size);
    QRcode_free(made);
    return code->modules != NULL ? 0 : -ENOMEM;
}

void qr_code_free(struct qr_code *code)
{
    if (code->modules != NULL)
        key_wipe(code->modules, (size_t)code->width * code->width);
    free(code->modules);
    memset(code, 0, sizeof(*code));
}
