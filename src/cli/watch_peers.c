/* SPDX-License-Identifier: MIT
 *
 * From a file to a list, and from one list to the next.
 */
#include "cli/watch_peers.h"

#include "cli/peer_names.h"
#include "cli/resolve.h"
#include "config/array.h"
#include "config/key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which ---- */

static bool is_watched(const struct file_peer *peer)
{
    if (!peer->has_public_key || peer->endpoint_count == 0)
        return false;
    return peer->endpoint_count > 1 || !peer->has_endpoint || !resolve_is_numeric(&peer->endpoints[0]);
}

bool watch_peers_are_in(const struct file *file)
{
    for (size_t i = 0; i < file->peer_count; i++) {
        if (is_watched(&file->peers[i]))
            return true;
    }
    return false;
}

/* ---- one peer ---- */

static void stop_lookup(struct watch_peer *peer)
{
    struct vole_endpoint unused;
    size_t unknown;

    if (endpoint_lookup_runs(&peer->lookup))
        (void)endpoint_lookup_end(&peer->lookup, &unused, 1, &unknown);
}

static void peer_free(struct watch_peer *peer)
{
    stop_lookup(peer);
    for (size_t i = 0; i < peer->name_count; i++) {
        free(peer->names[i].host);
        free(peer->names[i].port);
    }
    free(peer->names);
}

static bool peer_take(struct watch_peer *peer, const struct file_peer *from, const struct peer_names *known)
{
    const char *name = peer_names_of(known, from->public_key);
    char key[KEY_SHORT_BYTES];

    memset(peer, 0, sizeof(*peer));
    memcpy(peer->public_key, from->public_key, VOLE_KEY_BYTES);
    key_to_short(key, from->public_key);
    (void)snprintf(peer->label, sizeof(peer->label), "%s", name != NULL ? name : key);
    peer->names = calloc(from->endpoint_count, sizeof(*peer->names));
    if (peer->names == NULL)
        return false;
    for (; peer->name_count < from->endpoint_count; peer->name_count++) {
        struct file_endpoint *copy = &peer->names[peer->name_count];

        *copy = from->endpoints[peer->name_count];
        copy->host = strdup(copy->host);
        copy->port = strdup(copy->port);
        if (copy->host == NULL || copy->port == NULL) {
            free(copy->host);
            free(copy->port);
            return false;
        }
    }
    return true;
}

/* ---- all of them ---- */

/* A peer that has two sections is what the last one says. */
static void take_last_only(struct watch_peers *peers)
{
    const struct watch_peer *last = &peers->items[peers->count - 1];

    for (size_t i = 0; i + 1 < peers->count; i++) {
        if (memcmp(peers->items[i].public_key, last->public_key, VOLE_KEY_BYTES) == 0) {
            peer_free(&peers->items[i]);
            peers->items[i] = *last;
            peers->count--;
            return;
        }
    }
}

static bool take_all(struct watch_peers *peers, const struct file *file, const struct peer_names *known)
{
    for (size_t i = 0; i < file->peer_count; i++) {
        if (!is_watched(&file->peers[i]))
            continue;
        struct watch_peer *grown =
            array_grow(peers->items, &peers->capacity, peers->count, sizeof(*peers->items));
        if (grown == NULL)
            return false;
        peers->items = grown;
        if (!peer_take(&grown[peers->count++], &file->peers[i], known))
            return false;
        take_last_only(peers);
    }
    return true;
}

/* A search goes on, with names that are looked up anew. */
static void keep_searches(struct watch_peers *peers, const struct watch_peers *before)
{
    for (size_t i = 0; i < peers->count; i++) {
        for (size_t j = 0; j < before->count; j++) {
            if (memcmp(peers->items[i].public_key, before->items[j].public_key, VOLE_KEY_BYTES) == 0)
                peers->items[i].search = before->items[j].search;
        }
    }
}

static int read_file(struct watch_peers *peers, const char *path, const char *interface)
{
    struct peer_names known = {0};
    struct file_problems problems;
    struct file file;
    int error = file_read(&file, path, FILE_QUICK, &problems);

    for (size_t i = 0; i < problems.count; i++) {
        const struct file_problem *problem = &problems.items[i];

        if (!problem->warning)
            fprintf(stderr, "%s:%u:%u: %s\n", path, problem->place.line, problem->place.column,
                    problem->what);
    }
    file_problems_free(&problems);
    peer_names_load(&known, interface);
    peer_names_add_file(&known, &file);
    if (error == 0 && !take_all(peers, &file, &known))
        error = -ENOMEM;
    peer_names_free(&known);
    file_free(&file);
    return error;
}

bool watch_peers_read(struct watch_peers *peers, const char *path, const char *interface)
{
    struct watch_peers fresh = {0};
    int error = read_file(&fresh, path, interface);

    if (error != 0) {
        if (error != -EINVAL)
            fprintf(stderr, "vole: %s: %s\n", path, strerror(-error));
        watch_peers_free(&fresh);
        return false;
    }
    keep_searches(&fresh, peers);
    watch_peers_free(peers);
    *peers = fresh;
    return true;
}

void watch_peers_restart(struct watch_peers *peers)
{
    for (size_t i = 0; i < peers->count; i++) {
        stop_lookup(&peers->items[i]);
        memset(&peers->items[i].search, 0, sizeof(peers->items[i].search));
    }
}

void watch_peers_free(struct watch_peers *peers)
{
    for (size_t i = 0; i < peers->count; i++)
        peer_free(&peers->items[i]);
    free(peers->items);
    memset(peers, 0, sizeof(*peers));
}
