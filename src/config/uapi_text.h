/* SPDX-License-Identifier: MIT
 *
 * The lines of a `get=1` reply, written into a buffer of the caller's.
 *
 * Each function appends all its lines or none: it returns false and leaves the text as it was if there is no
 * room. So a dump of any size streams through one buffer: append until false, send what is there, empty it,
 * append the same thing again. A buffer of UAPI_TEXT_STEP_BYTES takes any single step.
 * The text holds secrets: uapi_text_wipe() before the buffer is given up or reused for something else.
 * The order of keys is that of wireguard-go; errno is positive in a reply to get, negative in one to set.
 * Used by one thread at a time. Spec: uapi §2, §3, §5.
 */
#ifndef CONFIG_UAPI_TEXT_H
#define CONFIG_UAPI_TEXT_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UAPI_TEXT_STEP_BYTES 1024 /* no single uapi_write_*() needs more */

/* The first length of capacity bytes are written; not terminated. The caller owns bytes and may set length
 * to 0 whenever it has sent them. */
struct uapi_text {
    char *bytes;
    size_t capacity;
    size_t length;
};

/* private_key: NULL if there is none. Port and mark are left out if 0. May write nothing at all. */
VOLE_MUST_CHECK bool uapi_write_device(struct uapi_text *text, const uint8_t *private_key,
                                       uint16_t listen_port, uint32_t fwmark);
/* Everything of a peer but its allowed IPs. */
VOLE_MUST_CHECK bool uapi_write_peer(struct uapi_text *text, const struct vole_peer_state *peer);
VOLE_MUST_CHECK bool uapi_write_allowed_ip(struct uapi_text *text, const struct vole_prefix *prefix);
/* Ends a reply: "errno=N" as given (positive for get, negative for set, 0 for success) and a blank line. */
VOLE_MUST_CHECK bool uapi_write_errno(struct uapi_text *text, int number);

/* One line by printf's rules, which must contain its LF: for the other writers of replies. */
VOLE_MUST_CHECK __attribute__((format(printf, 2, 3))) bool uapi_write_line(struct uapi_text *text,
                                                                           const char *format, ...);
/* Overwrites the whole buffer and empties the text. */
void uapi_text_wipe(struct uapi_text *text);

#endif
