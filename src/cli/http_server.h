/* SPDX-License-Identifier: MIT
 *
 * A small HTTP server for what vole shows: GET and HEAD, answers that are whole texts, one thread, a bounded
 * number of connections, of which each client may have half, and which end if they are idle. Bodies are
 * thrown away; what anybody may send is bounded. Paths are compared as they were sent: nothing is unescaped.
 *
 * Only http_server.c knows the library for it; where vole is built without libmicrohttpd,
 * http_server_missing.c stands here.
 */
#ifndef CLI_HTTP_SERVER_H
#define CLI_HTTP_SERVER_H

#include "vole.h"

#include "cli/give_up.h"

#include <stdbool.h>
#include <stddef.h>

struct http_header {
    const char *name, *value;
};

/* What was asked; valid until the answer is given. */
struct http_request {
    const char *path; /* without "?..." */
    const char *host; /* the Host header, "" if there is none */
    void *connection; /* the library's */
};

struct http_answer {
    unsigned status;
    const char *type; /* Content-Type */
    char *text;       /* length bytes */
    size_t length;
    bool to_be_freed;                  /* text, by free() */
    const struct http_header *headers; /* further ones, ended by a NULL name; or NULL */
};

/* Fills in the answer, whose status is 200 to begin with. */
typedef void http_answerer(void *context, const struct http_request *request, struct http_answer *answer);

struct http_server {
    const char *command; /* for messages: "vole metrics" */
    struct vole_endpoint listen;
    http_answerer *answer;
    void *context;
    /* It listens there, port included; text is like "127.0.0.1:9586". May be NULL. */
    void (*listening)(void *context, const struct vole_endpoint *bound, const char *text);
    enum give_up gives_up; /* then, before the first client */
};

/* A constant text as an answer. */
void http_server_say(struct http_answer *answer, unsigned status, char *text);
/* What the query has for this name ("?name=value"), or NULL. Valid as long as the request. */
const char *http_server_argument(const struct http_request *request, const char *name);
/* Serves until the process is asked to end (linux/process.h), which it then does with status 0. Returns 1 if
 * it cannot serve; messages were printed. */
VOLE_MUST_CHECK int http_server_run(const struct http_server *server);

#endif
