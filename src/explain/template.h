/* SPDX-License-Identifier: MIT
 *
 * Texts with places to fill from a JSON document.
 *
 *     {{path}}                   the text or number there, escaped for HTML
 *     {{#path}} ... {{/path}}    once for each element of a list; once for what is there and neither false,
 *                                null nor empty; else not at all
 *     {{^path}} ... {{/path}}    the opposite
 *     {{>name}}                  another text, filled in the same way; {{=name}} the same as it is
 *
 * A path is names with dots between them, numbers into lists among them. Its first name is looked for in the
 * current element, then in those around it, then in the document. {{.}} is the current element and {{@}} its
 * number from 1.
 *
 * What is not there is an error, as is a section that does not end: the texts are ours, and tests render them
 * all.
 */
#ifndef EXPLAIN_TEMPLATE_H
#define EXPLAIN_TEMPLATE_H

#include "vole.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define TEMPLATE_PROBLEM_BYTES 160

/* The text of that name, or NULL; for {{>name}} and {{=name}}. */
typedef const char *template_texts(void *context, const char *name);

/* Writes the text named name to out. False: what is wrong stands in problem, with the text's name and line.
 */
VOLE_MUST_CHECK bool template_render(FILE *out, const char *name, const json_t *document,
                                     template_texts *texts, void *context,
                                     char problem[static TEMPLATE_PROBLEM_BYTES]);

#endif
