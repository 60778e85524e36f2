/* SPDX-License-Identifier: MIT
 *
 * Cutting a client's byte stream into requests, which are read whole before anything of them applies
 * (uapi §2): nobody waits for a client that stops in the middle.
 *
 *   "get=1" or "get=vole.1", then a blank line
 *   "set=1" or "set=vole.1", then lines, then a blank line or the end
 *
 * Bounds: UAPI_LINE_BYTES per line, UAPI_REQUEST_BYTES per request (more than 100 000 peers need), and a
 * budget that all clients share. What exceeds them is skipped up to the blank line and answered with an
 * error: a line too long ends the request's effect before it (-EIO); a request too long or without memory
 * has none at all (-E2BIG, -ENOMEM). A get with lines is answered at its first byte too many (-EINVAL), and
 * the rest of it is passed over.
 *
 * Requests hold private keys: memory is wiped before it is given back or moved, and an idle client has none.
 * Control only.
 */
#ifndef DAEMON_UAPI_REQUEST_H
#define DAEMON_UAPI_REQUEST_H

#include "vole.h"

#define UAPI_LINE_BYTES    (64u << 10)
#define UAPI_REQUEST_BYTES (64u << 20)
#define UAPI_BUDGET_BYTES  (128u << 20)

enum uapi_operation {
    UAPI_UNKNOWN, /* not read so far */
    UAPI_GET,
    UAPI_GET_VOLE, /* our own: drops and features */
    UAPI_SET,
    UAPI_SET_VOLE /* our own: the clock of handshakes */
};

enum uapi_progress {
    UAPI_PARTIAL,  /* more is needed */
    UAPI_COMPLETE, /* operation, lines and error are valid until uapi_request_next() */
    UAPI_REFUSED   /* no operation of ours, or no memory to go on: to be closed without a word */
};

struct uapi_request {
    enum uapi_operation operation;
    int error;   /* when complete: 0, or a negative errno to be answered after the lines */
    char *bytes; /* when complete: the lines are bytes[body..body_end), each with its LF but perhaps the */
    size_t body; /* last one */
    size_t body_end;
    /* the rest is this file's own */
    size_t next; /* where the next request starts, when complete */
    size_t length;
    size_t capacity;
    size_t *budget; /* what is left for all clients */
    size_t line;    /* where the present line starts */
    size_t scanned; /* no LF from line to here */
    bool skipping;  /* up to the blank line; what comes is not kept */
    bool in_line;   /* while skipping or draining: some of the present line was passed over already */
    bool draining;  /* the rest of a get that was answered already is passed over */
};

/* Empty. budget is borrowed. */
void uapi_request_init(struct uapi_request *request, size_t *budget);
void uapi_request_fini(struct uapi_request *request);

/* Takes count bytes more, all of them. Not while complete. */
VOLE_MUST_CHECK enum uapi_progress uapi_request_feed(struct uapi_request *request, const char *bytes,
                                                     size_t count);

/* The client will send no more. Not while complete. */
VOLE_MUST_CHECK enum uapi_progress uapi_request_end(struct uapi_request *request);

/* Forgets the complete request and looks at what was read after it. */
VOLE_MUST_CHECK enum uapi_progress uapi_request_next(struct uapi_request *request);

#endif
