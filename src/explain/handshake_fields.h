/* SPDX-License-Identifier: MIT
 *
 * The messages of a handshake as fields (protocol §3): where each begins and ends, how it comes about, and
 * which function of ours writes it.
 */
#ifndef EXPLAIN_HANDSHAKE_FIELDS_H
#define EXPLAIN_HANDSHAKE_FIELDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum handshake_fields {
    HANDSHAKE_FIELDS_INITIATION,
    HANDSHAKE_FIELDS_RESPONSE,
    HANDSHAKE_FIELDS_COOKIE_REPLY,
    HANDSHAKE_FIELDS_DATA
};

/* A list under this name: [{"name", "title", "from", "to", "bytes", "formula", "source" or null}]; message is
 * as long as such a message is, length counts for data alone. */
void handshake_fields_put(json_t *parent, const char *name, enum handshake_fields which,
                          const uint8_t *message, size_t length);
/* The title of the field with this byte, or NULL. */
const char *handshake_fields_title(enum handshake_fields which, size_t byte);

#endif
