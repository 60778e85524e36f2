/* SPDX-License-Identifier: MIT
 *
 * Replies to get=1 and get=vole.1, written piece by piece as the client takes them (uapi §2, §3).
 *
 * A struct uapi_dump is a cursor: device, then peer after peer in order of creation, each with its allowed
 * IPs. Between two pieces the configuration may change: a removed peer moves the cursors that stand on it to
 * the next one, and after each set a cursor finds its place among the allowed IPs anew by count.
 * Control only.
 */
#ifndef DAEMON_UAPI_DUMP_H
#define DAEMON_UAPI_DUMP_H

#include "config/uapi_text.h"
#include "vole.h"

struct engine;
struct allowed_ip;

enum uapi_dump_phase {
    UAPI_DUMP_DEVICE,
    UAPI_DUMP_FEATURES, /* get=vole.1 only */
    UAPI_DUMP_PEER,
    UAPI_DUMP_ALLOWED_IPS, /* get=1 only */
    UAPI_DUMP_END
};

struct uapi_dump {
    struct engine *engine;
    bool vole;
    enum uapi_dump_phase phase;
    unsigned feature;
    struct vole_peer *peer;        /* to be written, NULL: none left */
    struct allowed_ip *allowed_ip; /* of peer, the last one written; NULL: none */
    size_t allowed_ips_written;
    uint64_t generation; /* of the configuration allowed_ip was taken from */
    struct uapi_dump *previous, *next;
};

/* All dumps that go on, and a number that changes with every set. */
struct uapi_dumps {
    struct uapi_dump *first;
    uint64_t generation;
};

void uapi_dump_begin(struct engine *engine, struct uapi_dump *dump, bool vole);
/* Appends as much as has room. True: that was the end, without the errno line. The text must have room for
 * UAPI_VOLE_DROPS_BYTES when empty. */
VOLE_MUST_CHECK bool uapi_dump_more(struct uapi_dump *dump, struct uapi_text *text);
void uapi_dump_end(struct uapi_dump *dump);

/* A set is about to be applied. */
void uapi_dumps_invalidate(struct uapi_dumps *dumps);
/* A peer is about to be removed. */
void uapi_dumps_forget(struct uapi_dumps *dumps, struct vole_peer *peer);

#endif
