/* SPDX-License-Identifier: MIT
 *
 * Reads the reply to `get=1` into a model, line by line, with the rules the wg tool has for it:
 * unknown keys are ignored, so are a device's keys after the first peer; a malformed value of a known key
 * ends the reading with -EPROTO; numbers are plain digits in range; keys are exactly 64 digits.
 *
 * The line handler is for reply_reader.h, which cuts the stream. Used by one thread at a time.
 * Errors: negative errno. Spec: uapi §3, §5.
 */
#ifndef CONFIG_UAPI_GET_H
#define CONFIG_UAPI_GET_H

#include "config/model.h"
#include "vole.h"

#include <stddef.h>

#define UAPI_GET_REQUEST "get=1\n\n"
#define UAPI_GET_PEERS_MAX                                                                                   \
    ((size_t)1 << 20) /* no device has more: MAX_PEERS_PER_DEVICE of core, and the kernel's */

struct uapi_get {
    struct model_device *device; /* borrowed; where the reply goes */
    int error;                   /* the errno line, as sent: 0 or positive */
};

/* A line handler; state is a struct uapi_get. 0, -EPROTO, -ENOMEM; -EFBIG: a peer too many. */
VOLE_MUST_CHECK int uapi_get_read_line(void *state, const char *line, size_t length);

#endif
