/* SPDX-License-Identifier: MIT
 *
 * Cuts a reply of the configuration protocol, arriving in pieces of any size, into lines, and finds its end:
 * the blank line after errno.
 *
 * Every line but the blank one goes, without its LF, to the line handler, which knows the keys. Memory stays
 * the same however long the reply is: one line, which may have REPLY_LINE_BYTES at most (a longer one is
 * -EPROTO). What the handler keeps is bounded by the whole reply's length, REPLY_BYTES: twice what a device
 * with all the peers it may have answers, 2^20 with every value and an allowed IP of each family.
 * The reader holds a part of a line, which may be a secret: reply_reader_wipe() in the end.
 * Used by one thread at a time. Errors: negative errno. Spec: uapi §2, §5.
 */
#ifndef CONFIG_REPLY_READER_H
#define CONFIG_REPLY_READER_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_LINE_BYTES 4096
#define REPLY_BYTES      ((size_t)1 << 30)

/* Takes one line. 0, or a negative errno that ends the reading. */
typedef int (*reply_line_handler)(void *state, const char *line, size_t length);

struct reply_reader {
    reply_line_handler handler;
    void *state; /* the handler's; borrowed */
    bool seen_error_line;
    bool finished;     /* the blank line was read; what follows is not looked at */
    size_t left_bytes; /* that may still come */
    size_t length;
    char line[REPLY_LINE_BYTES];
};

void reply_reader_init(struct reply_reader *reader, reply_line_handler handler, void *state);
/* Takes the next piece. 0: go on, or look at finished; -EPROTO: not a reply; -EFBIG: more than may come; or
 * the handler's error. */
VOLE_MUST_CHECK int reply_reader_feed(struct reply_reader *reader, const char *bytes, size_t length);
/* Takes all that comes on a connected socket until the reply's end. Besides: -ECONNRESET: closed before the
 * first byte; -EPROTO: closed before the end; -ETIMEDOUT: the reply was not complete limit_ms after this was
 * called, also one that keeps coming in drops or without end, or the descriptor's own time limit. */
VOLE_MUST_CHECK int reply_reader_receive(struct reply_reader *reader, int descriptor, int64_t limit_ms);
void reply_reader_wipe(struct reply_reader *reader);

#endif
