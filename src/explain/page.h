/* SPDX-License-Identifier: MIT
 *
 * The page: the fragments of web/ filled from a story (template.h), with style, script and the story itself
 * inside, so that it needs nothing from anywhere. The texts were bundled by scripts/embed-page when vole was
 * built.
 */
#ifndef EXPLAIN_PAGE_H
#define EXPLAIN_PAGE_H

#include "vole.h"

#include <jansson.h>
#include <stddef.h>

/* A text of the bundle, as embed-page made it: "page", "handshake", ..., "style", "script", "sources". */
struct page_part {
    const char *name, *text;
};
extern const struct page_part page_parts[]; /* ends with a NULL name */

/* What the page's own style and script are allowed by: the value of a Content-Security-Policy. */
const char *page_policy(void);
/* The text of a part, or NULL. */
const char *page_part_text(const char *name);
/* The whole page, ended by a zero that *length does not count; the caller's by free. NULL: a fragment asks
 * for what the story does not have, which was said on stderr; that is our mistake. */
VOLE_MUST_CHECK char *page_new(const json_t *story, size_t *length);

#endif
