/* SPDX-License-Identifier: MIT
 *
 * Short words for putting the story together as JSON. Bytes are lower-case hex, times seconds, and a name is
 * NULL where the parent is a list.
 *
 * A program that explains and has no memory for it ends, with a message: no function here fails.
 */
#ifndef EXPLAIN_VALUE_H
#define EXPLAIN_VALUE_H

#include "vole.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An empty object or list, the caller's. */
json_t *value_new_object(void);
json_t *value_new_list(void);
/* Puts value, which it then owns, into the parent object under this name, or at the end of the parent list.
 */
void value_put(json_t *parent, const char *name, json_t *value);

/* The same with new values. What is returned is the parent's. */
json_t *value_object(json_t *parent, const char *name);
json_t *value_list(json_t *parent, const char *name);
void value_text(json_t *parent, const char *name, const char *text); /* NULL: null */
void value_format(json_t *parent, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void value_number(json_t *parent, const char *name, uint64_t number);
void value_truth(json_t *parent, const char *name, bool truth);
/* In seconds, to the microsecond. */
void value_seconds(json_t *parent, const char *name, uint64_t ns);
void value_bytes(json_t *parent, const char *name, const uint8_t *bytes, size_t length);
/* The same as base64, for what is a file rather than to be read. */
void value_base64(json_t *parent, const char *name, const uint8_t *bytes, size_t length);
/* "10.0.0.5", "203.0.113.5:51820", "10.0.0.0/24". */
void value_address(json_t *parent, const char *name, const struct vole_address *address);
void value_endpoint(json_t *parent, const char *name, const struct vole_endpoint *endpoint);
void value_prefix(json_t *parent, const char *name, const struct vole_prefix *prefix);

#endif
