/* SPDX-License-Identifier: MIT
 *
 * Every look asks the interface first, so what is set is decided by what it said a moment before.
 */
#include "cli/watch_tunnel.h"

#include "cli/tunnel_file.h"
#include "config/address.h"
#include "config/change.h"
#include "linux/link.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WAIT_LONGEST_MS 10000
#define WAIT_MISSED_MS  5000

/* peer may be NULL. */
static void say(const struct watch_tunnel *tunnel, const struct watch_peer *peer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct watch_tunnel *tunnel, const struct watch_peer *peer, const char *format, ...)
{
    char what[PATH_MAX + 256];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    if (peer != NULL)
        fprintf(stderr, "vole: %s: %s: %s\n", tunnel->name, peer->label, what);
    else
        fprintf(stderr, "vole: %s: %s\n", tunnel->name, what);
}

/* ---- the file ---- */

/* A path is FILE.conf, and the interface is called so; a name's file may be another one each time. */
static bool locate(char name[static DEVICE_NAME_BYTES], char path[static PATH_MAX], const char *word)
{
    const char *slash = strrchr(word, '/');
    const char *base = slash != NULL ? slash + 1 : word;
    size_t length = strlen(base);
    size_t suffix = strlen(tunnel_file_suffix);

    if (slash == NULL && length > 0 && length < DEVICE_NAME_BYTES && tunnel_file_find(path, word)) {
        memcpy(name, word, length + 1);
        return true;
    }
    if (length <= suffix || length - suffix >= DEVICE_NAME_BYTES ||
        strcmp(base + length - suffix, tunnel_file_suffix) != 0 || strlen(word) >= PATH_MAX)
        return false;
    memcpy(name, base, length - suffix);
    name[length - suffix] = '\0';
    memcpy(path, word, strlen(word) + 1);
    return true;
}

static bool stamp(struct watch_tunnel *tunnel, const char *path)
{
    struct stat status;
    bool same;

    if (stat(path, &status) != 0)
        return false;
    same = strcmp(tunnel->path, path) == 0 && tunnel->inode == status.st_ino &&
           tunnel->length == status.st_size && tunnel->changed.tv_sec == status.st_mtim.tv_sec &&
           tunnel->changed.tv_nsec == status.st_mtim.tv_nsec;
    tunnel->inode = status.st_ino;
    tunnel->length = status.st_size;
    tunnel->changed = status.st_mtim;
    (void)snprintf(tunnel->path, sizeof(tunnel->path), "%s", path);
    return !same;
}

static void read_again(struct watch_tunnel *tunnel)
{
    char name[DEVICE_NAME_BYTES];
    char path[PATH_MAX];

    if (!locate(name, path, tunnel->word) || !stamp(tunnel, path))
        return;
    if (watch_peers_read(&tunnel->peers, path, tunnel->name))
        say(tunnel, NULL, "%s has changed; peers that are watched: %zu", path, tunnel->peers.count);
    else
        say(tunnel, NULL, "%s has changed and cannot be used; going on with what it was", path);
}

bool watch_tunnel_begin(struct watch_tunnel *tunnel, const char *word)
{
    char path[PATH_MAX];

    memset(tunnel, 0, sizeof(*tunnel));
    tunnel->word = word;
    if (!locate(tunnel->name, path, word)) {
        fprintf(stderr, "vole: `%s' is neither a tunnel that has a file nor a file NAME.conf\n", word);
        return false;
    }
    (void)stamp(tunnel, path);
    if (!watch_peers_read(&tunnel->peers, path, tunnel->name))
        return false;
    say(tunnel, NULL, "%s: peers that are watched: %zu", path, tunnel->peers.count);
    return true;
}

void watch_tunnel_free(struct watch_tunnel *tunnel)
{
    watch_peers_free(&tunnel->peers);
}

/* ---- one peer ---- */

static void set_endpoint(const struct watch_tunnel *tunnel, const struct watch_peer *peer)
{
    const struct endpoint_search *search = &peer->search;
    const struct vole_endpoint *wanted = &search->list[search->tried];
    char before[ADDRESS_ENDPOINT_TEXT_BYTES];
    char after[ADDRESS_ENDPOINT_TEXT_BYTES];
    struct change change;
    struct change_peer *changed;
    int error = -ENOMEM;

    address_write_endpoint(before, &search->last.endpoint);
    address_write_endpoint(after, wanted);
    change_init(&change);
    changed = change_add_peer(&change, peer->public_key);
    if (changed != NULL) {
        changed->update = true; /* somebody may have removed the peer since we looked */
        changed->endpoint = *wanted;
        changed->has_endpoint = true;
        error = device_set(tunnel->name, &change);
    }
    change_free(&change);
    if (error != 0)
        say(tunnel, peer, "the endpoint %s is refused: %s", after, strerror(-error));
    else if (before[0] != '\0')
        say(tunnel, peer, "no answer at %s; trying %s", before, after);
    else
        say(tunnel, peer, "the endpoint is %s", after);
}

static void say_answered(const struct watch_tunnel *tunnel, struct watch_peer *peer)
{
    char place[ADDRESS_ENDPOINT_TEXT_BYTES];

    address_write_endpoint(place, &peer->search.last.endpoint);
    say(tunnel, peer, "answers at %s", place);
    peer->is_unknown_told = false;
}

static enum endpoint_search_step end_lookup(const struct watch_tunnel *tunnel, struct watch_peer *peer,
                                            int64_t now_ms)
{
    struct vole_endpoint found[ENDPOINT_SEARCH_MAX];
    size_t unknown;
    size_t count = endpoint_lookup_end(&peer->lookup, found, ENDPOINT_SEARCH_MAX, &unknown);

    if (unknown < peer->name_count && !peer->is_unknown_told) {
        say(tunnel, peer, "%s cannot be resolved now", peer->names[unknown].host);
        peer->is_unknown_told = true;
    }
    return endpoint_search_found(&peer->search, now_ms, found, count);
}

static size_t lookups_running(const struct watch_tunnel *tunnel)
{
    size_t count = 0;

    for (size_t i = 0; i < tunnel->peers.count; i++)
        count += endpoint_lookup_runs(&tunnel->peers.items[i].lookup);
    return count;
}

/* What endpoint_search.h wants. A lookup for which there is no room is begun at a later look. */
static void look_at_peer(const struct watch_tunnel *tunnel, struct watch_peer *peer,
                         const struct endpoint_sample *sample, uint32_t mark, int64_t now_ms)
{
    enum endpoint_search_step step = endpoint_search_look(&peer->search, now_ms, sample);
    bool runs = endpoint_lookup_runs(&peer->lookup);

    if (step == ENDPOINT_SEARCH_ANSWERED)
        say_answered(tunnel, peer);
    if (runs &&
        (endpoint_lookup_is_over(&peer->lookup, now_ms) || peer->search.state != ENDPOINT_SEARCH_LOOKING))
        step = end_lookup(tunnel, peer, now_ms);
    else if (!runs && peer->search.state == ENDPOINT_SEARCH_LOOKING &&
             lookups_running(tunnel) < WATCH_TUNNEL_LOOKUPS_MAX &&
             endpoint_lookup_start(&peer->lookup, peer->names, peer->name_count, mark, now_ms) != 0)
        step = endpoint_search_found(&peer->search, now_ms, NULL, 0);
    if (step == ENDPOINT_SEARCH_SET)
        set_endpoint(tunnel, peer);
}

/* ---- the interface ---- */

static void sample_take(struct endpoint_sample *sample, const struct model_peer *from)
{
    int64_t age_s = (int64_t)time(NULL) - from->latest_handshake_s;

    memset(sample, 0, sizeof(*sample));
    sample->endpoint = from->endpoint;
    sample->latest_handshake_s = from->latest_handshake_s;
    sample->latest_handshake_ns = from->latest_handshake_ns;
    sample->handshake_age_s = age_s > 0 ? age_s : 0;
    sample->received_bytes = from->received_bytes;
    sample->sent_bytes = from->sent_bytes;
    sample->keepalive_s = from->persistent_keepalive_s;
}

/* Peers usually come in the same order every time: *place is where the one before was found. */
static const struct model_peer *find_peer(const struct model_device *device, size_t *place,
                                          const uint8_t public_key[static VOLE_KEY_BYTES])
{
    for (size_t i = 0; i < device->peer_count; i++) {
        size_t at = (*place + i) % device->peer_count;

        if (memcmp(device->peers[at].public_key, public_key, VOLE_KEY_BYTES) == 0) {
            *place = at;
            return &device->peers[at];
        }
    }
    return NULL;
}

/* Peers that the interface does not have are nobody's business here. */
static int look_at_peers(struct watch_tunnel *tunnel, const struct model_device *device, int64_t now_ms)
{
    int wait_ms = WAIT_LONGEST_MS;
    size_t place = 0;

    for (size_t i = 0; i < tunnel->peers.count; i++) {
        struct watch_peer *peer = &tunnel->peers.items[i];
        const struct model_peer *from = find_peer(device, &place, peer->public_key);
        struct endpoint_sample sample;

        if (from == NULL)
            continue;
        sample_take(&sample, from);
        look_at_peer(tunnel, peer, &sample, device->fwmark, now_ms);
        int peer_wait_ms = endpoint_search_wait_ms(&peer->search);
        if (peer_wait_ms < wait_ms)
            wait_ms = peer_wait_ms;
    }
    return wait_ms;
}

static bool is_up(struct watch_tunnel *tunnel, int netlink)
{
    struct link_state state;
    bool up = link_find(netlink, tunnel->name, &state) == 0 && state.up;
    uint32_t index = up ? state.index : 0;

    if (!up && !tunnel->is_missed)
        say(tunnel, NULL, "the interface is not up; waiting for it");
    if (up && tunnel->is_missed)
        say(tunnel, NULL, "the interface is up");
    tunnel->is_missed = !up;
    if (index != tunnel->index)
        watch_peers_restart(&tunnel->peers);
    tunnel->index = index;
    return up;
}

int watch_tunnel_look(struct watch_tunnel *tunnel, int netlink, int64_t now_ms)
{
    struct model_device device;
    int wait_ms = WAIT_LONGEST_MS;
    int error;

    read_again(tunnel);
    if (!is_up(tunnel, netlink))
        return WAIT_MISSED_MS;
    model_init(&device);
    error = device_get(tunnel->name, &device);
    if (error == 0)
        wait_ms = look_at_peers(tunnel, &device, now_ms);
    else if (error != tunnel->error)
        say(tunnel, NULL, "the interface cannot be asked: %s", strerror(-error));
    model_free(&device);
    tunnel->error = error;
    return wait_ms;
}

size_t watch_tunnel_waits_for(const struct watch_tunnel *tunnel,
                              struct pollfd descriptors[static WATCH_TUNNEL_LOOKUPS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < tunnel->peers.count && count < WATCH_TUNNEL_LOOKUPS_MAX; i++) {
        const struct endpoint_lookup *lookup = &tunnel->peers.items[i].lookup;

        if (endpoint_lookup_runs(lookup))
            descriptors[count++] = (struct pollfd){.fd = lookup->results};
    }
    return count;
}
