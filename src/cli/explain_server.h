/* SPDX-License-Identifier: MIT
 *
 * Serving the page of vole explain: one address with a random token in it, which is printed; read-only. Who
 * does not know the token, or comes by another host's name (a web page elsewhere that had its own name point
 * here), is told nothing. Each request computes the story anew.
 */
#ifndef CLI_EXPLAIN_SERVER_H
#define CLI_EXPLAIN_SERVER_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

/* The page for one request, by free(); NULL: it cannot be made, which was said. */
typedef char *explain_page(void *context, bool fresh, size_t *length);

/* Serves until a signal asks to end. open_browser: also opens the address with the desktop's browser.
 * from_memory: making the page asks no interface. The exit status; messages were printed. */
VOLE_MUST_CHECK int explain_server_run(const struct vole_endpoint *listen, bool open_browser,
                                       bool from_memory, explain_page *page, void *context);

#endif
