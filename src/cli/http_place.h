/* SPDX-License-Identifier: MIT
 *
 * Where to listen, as an operator writes it.
 */
#ifndef CLI_HTTP_PLACE_H
#define CLI_HTTP_PLACE_H

#include "vole.h"

#include <stdbool.h>

/* Reads "PORT", ":PORT", "192.0.2.1:PORT" or "[2001:db8::1]:PORT"; without an address it is 127.0.0.1. False:
 * it is none of these, which was said in command's name ("vole metrics"). */
VOLE_MUST_CHECK bool http_place_read(struct vole_endpoint *listen, const char *word, const char *command);

#endif
