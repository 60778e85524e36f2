/* SPDX-License-Identifier: MIT
 *
 * Cuts a reply of the configuration protocol, arriving in pieces of any size, into lines, and finds its end:
 * the blank line after errno.
 *
 * Every line but the blank one goes, without its LF, to the line handler, which knows the keys. Memory stays
 * the same however long the reply is: one line, which may have REPLY_LINE_BYTES at most (a longer one is
 * -EPROTO).
 * The reader holds a part of a line, which may be a secret: reply_reader_wipe() in the end.
 * Used by one thread at a time. Errors: negative errno. Spec: uapi §2, §5.
 */
#ifndef CONFIG_REPLY_READER_H
#define CONFIG_REPLY_READER_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

#define REPLY_LINE_BYTES 4096

/* Takes one line. 0, or a negative errno that ends the reading. */
typedef int (*reply_line_handler)(void *state, const char *line, size_t length);

struct reply_reader {
    reply_line_handler handler;
    void *state; /* the handler's; borrowed */
    bool seen_error_line;
    bool finished; /* the blank line was read; what follows is not looked at */
    size_t length;
    char line[REPLY_LINE_BYTES];
};

void reply_reader_init(struct reply_reader *reader, reply_line_handler handler, void *state);
/* Takes the next piece. 0: go on, or look at finished; -EPROTO: not a reply; or the handler's error. */
VOLE_MUST_CHECK int reply_reader_feed(struct reply_reader *reader, const char *bytes, size_t length);
void reply_reader_wipe(struct reply_reader *reader);

#endif
