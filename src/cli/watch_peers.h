/* SPDX-License-Identifier: MIT
 *
 * The peers of a configuration file that `watch` looks after: those with an endpoint that is a host name, and
 * those with further candidates ("# vole:Endpoint"). Of the file, only what is needed for that is kept:
 * public keys, names and endpoints; its secrets are wiped before watch_peers_read() returns. One thread.
 */
#ifndef CLI_WATCH_PEERS_H
#define CLI_WATCH_PEERS_H

#include "cli/endpoint_lookup.h"
#include "cli/endpoint_search.h"
#include "config/file.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch_peer {
    uint8_t public_key[VOLE_KEY_BYTES];
    char label[FILE_NAME_BYTES]; /* its name, or its key in short */
    struct file_endpoint *names; /* in the order of trying */
    size_t name_count;
    struct endpoint_search search;
    struct endpoint_lookup lookup;
    bool is_unknown_told; /* that a name is unknown was said; once in each search */
};

/* All zero is empty. */
struct watch_peers {
    struct watch_peer *items;
    size_t count;
    size_t capacity;
};

/* Whether an interface that this file describes has anything to be watched. */
VOLE_MUST_CHECK bool watch_peers_are_in(const struct file *file);
/* Replaces the peers by those of the file; what is known of those that stay is kept. interface is for names
 * from other sources. False: messages were printed and the peers are as before. */
VOLE_MUST_CHECK bool watch_peers_read(struct watch_peers *peers, const char *path, const char *interface);
/* What was seen and done until now is forgotten. */
void watch_peers_restart(struct watch_peers *peers);
void watch_peers_free(struct watch_peers *peers);

#endif
