/* SPDX-License-Identifier: MIT
 *
 * JSON on standard output, for --json: one object, put together in memory and printed when all of it is
 * known, so that a command that fails prints none. docs/json.md is what commands promise about it.
 *
 *     json_output_begin(&out);
 *     json_output_list(&out, "interfaces");
 *         json_output_object(&out, NULL);
 *         json_output_text(&out, "name", "wg0");
 *         json_output_end(&out);
 *     json_output_end(&out);
 *     return json_output_finish(&out, status);
 *
 * Everything takes the name that the value has in the object around it, NULL in a list. Values keep their
 * order. Errors, of memory, are kept until json_output_finish(). What was held is wiped when it is freed: it
 * may be keys. One thread.
 *
 * Only json_output.c knows the library for it; where vole is built without that, json_missing.c stands here.
 */
#ifndef CLI_JSON_OUTPUT_H
#define CLI_JSON_OUTPUT_H

#include "vole.h"

#include <stdbool.h>
#include <stdint.h>

#define JSON_OUTPUT_DEPTH 8

struct json_output {
    void *open[JSON_OUTPUT_DEPTH]; /* the objects and lists around what comes next; the first owns all */
    unsigned depth;
    bool failed;
};

/* Whether this program was built with JSON. */
bool json_output_is_possible(void);

/* Opens the outermost object; to be finished. */
void json_output_begin(struct json_output *output);
/* Prints the whole if status is 0 and all went well, and frees it. Returns status, or 1 with a message on
 * stderr if there was not enough memory. */
VOLE_MUST_CHECK int json_output_finish(struct json_output *output, int status);

void json_output_object(struct json_output *output, const char *name);
void json_output_list(struct json_output *output, const char *name);
/* Closes the latest object or list. */
void json_output_end(struct json_output *output);

/* NULL is null. Bytes that are no UTF-8 become question marks. */
void json_output_text(struct json_output *output, const char *name, const char *text);
/* Numbers above 2^63-1 become that: readers do not agree on larger ones. */
void json_output_number(struct json_output *output, const char *name, uint64_t number);
void json_output_boolean(struct json_output *output, const char *name, bool value);
/* null if the number is 0. */
void json_output_number_or_null(struct json_output *output, const char *name, uint64_t number);
/* In base64. */
void json_output_key(struct json_output *output, const char *name, const uint8_t key[static VOLE_KEY_BYTES]);

/* All of a result that is one key. The exit status. */
VOLE_MUST_CHECK int json_output_print_key(const char *name, const uint8_t key[static VOLE_KEY_BYTES]);

#endif
