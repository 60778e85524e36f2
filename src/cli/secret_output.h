/* SPDX-License-Identifier: MIT
 *
 * Printing a freshly made secret, for genkey and genpsk.
 */
#ifndef CLI_SECRET_OUTPUT_H
#define CLI_SECRET_OUTPUT_H

#include "vole.h"

/* Prints the key in base64 on stdout; warns on stderr before, if stdout is a regular file that others may
 * open. Does not wipe the caller's key. */
void secret_output_print(const uint8_t key[static VOLE_KEY_BYTES]);

#endif
