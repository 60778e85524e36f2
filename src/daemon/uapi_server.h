/* SPDX-License-Identifier: MIT
 *
 * The configuration socket's server: connections as state machines on non-blocking descriptors, so that a
 * stalled or slow client holds up nobody (uapi §1, §2).
 *
 * A connection either reads its next request (uapi_request.h), applies it when it is whole, or writes a reply
 * in pieces as the client takes them; requests sent in advance wait. What requests mean is behind struct
 * uapi_operations. Per round and client the work is bounded; a single set is applied in one go.
 *
 * At most UAPI_CLIENTS connections are open, or as many as it is told: the one that was quiet for longest
 * makes way for a new one. Who may connect is decided by the socket file's permissions. Replies hold private
 * keys: buffers are wiped. Control only.
 */
#ifndef DAEMON_UAPI_SERVER_H
#define DAEMON_UAPI_SERVER_H

#include "daemon/uapi_dump.h"
#include "daemon/uapi_request.h"

#define UAPI_CLIENTS 64

struct uapi_operations {
    void *context;
    /* Called before each request: what happened outside so far shall be known. */
    void (*prepare)(void *context);
    /* Applies the lines of a set. 0 or a negative errno. */
    int (*set)(void *context, const char *lines, size_t length);
    /* The same for our own operation. */
    int (*set_vole)(void *context, const char *lines, size_t length);
    /* As in uapi_dump.h. */
    void (*dump_begin)(void *context, struct uapi_dump *dump, bool vole);
    bool (*dump_more)(struct uapi_dump *dump, struct uapi_text *text);
    void (*dump_end)(struct uapi_dump *dump);
};

struct uapi_client;

struct uapi_server {
    int epoll; /* readable when uapi_server_serve() has something to do */
    int listener;
    int spare; /* a descriptor for hard times */
    struct uapi_operations operations;
    struct uapi_client *clients[UAPI_CLIENTS]; /* the first count are in use */
    unsigned count;
    uint64_t rounds; /* tells who was quiet for how long */
    size_t budget;   /* bytes that requests may still occupy */
    unsigned most;   /* clients */
};

/* Serves the listener, which stays the caller's. 0 or -errno; uapi_server_fini in any case. */
VOLE_MUST_CHECK int uapi_server_init(struct uapi_server *server, int listener,
                                     const struct uapi_operations *operations);
/* So many clients at most, whose requests take at most so many bytes together; before the first one. */
void uapi_server_limit(struct uapi_server *server, unsigned clients, size_t bytes);
/* Closes all connections. */
void uapi_server_fini(struct uapi_server *server);

/* Does a bounded amount of what can be done without waiting. -errno: no more connections can be accepted. */
VOLE_MUST_CHECK int uapi_server_serve(struct uapi_server *server);

#endif
