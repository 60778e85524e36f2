/* SPDX-License-Identifier: MIT
 *
 * A text that grows and that may hold keys: what it leaves behind when it moves is wiped. Shared by those who
 * write files (file_edit.h). Errors: -ENOMEM, after which the text is as long as it was.
 */
#ifndef CONFIG_FILE_EDIT_TEXT_H
#define CONFIG_FILE_EDIT_TEXT_H

#include "config/file_edit.h"
#include "vole.h"

#include <stddef.h>
#include <stdint.h>

VOLE_MUST_CHECK int file_edit_put(struct file_edit_text *text, const char *bytes, size_t length);
/* A terminated text. */
VOLE_MUST_CHECK int file_edit_put_text(struct file_edit_text *text, const char *terminated);
/* "NAME = VALUE", LF. */
VOLE_MUST_CHECK int file_edit_put_entry(struct file_edit_text *text, const char *name, const char *value);
/* The same with a key in base64. */
VOLE_MUST_CHECK int file_edit_put_key(struct file_edit_text *text, const char *name,
                                      const uint8_t key[static VOLE_KEY_BYTES]);
/* LF, unless the text is empty or ends with one. */
VOLE_MUST_CHECK int file_edit_end_line(struct file_edit_text *text);

#endif
