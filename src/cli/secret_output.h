/* SPDX-License-Identifier: MIT
 *
 * Printing a freshly made secret, for genkey and genpsk.
 */
#ifndef CLI_SECRET_OUTPUT_H
#define CLI_SECRET_OUTPUT_H

#include "vole.h"

#include <stdint.h>

/* Prints the key in base64 on stdout, or as JSON under this name; warns on stderr before, if stdout is a
 * regular file that others may open. Does not wipe the caller's key. Returns the exit status. */
int secret_output_print(const uint8_t key[static VOLE_KEY_BYTES], const char *name);

#endif
