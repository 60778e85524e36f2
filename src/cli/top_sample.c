/* SPDX-License-Identifier: MIT
 *
 * Peers are sorted by key as soon as they are read, so that drops, names and the sample before find them.
 */
#include "cli/top_sample.h"

#include "cli/peer_names.h"
#include "config/array.h"
#include "config/device_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int compare_peers(const void *left, const void *right)
{
    return memcmp(((const struct top_peer *)left)->public_key, ((const struct top_peer *)right)->public_key,
                  VOLE_KEY_BYTES);
}

static struct top_peer *find_peer(const struct top_interface *interface,
                                  const uint8_t public_key[static VOLE_KEY_BYTES])
{
    struct top_peer wanted;

    if (interface->peer_count == 0)
        return NULL;
    memcpy(wanted.public_key, public_key, VOLE_KEY_BYTES);
    return bsearch(&wanted, interface->peers, interface->peer_count, sizeof(wanted), compare_peers);
}

static const struct top_interface *find_interface(const struct top_sample *sample, const char *name)
{
    for (size_t i = 0; i < sample->count; i++) {
        if (strcmp(sample->interfaces[i].name, name) == 0)
            return &sample->interfaces[i];
    }
    return NULL;
}

/* ---- reading ---- */

static int copy_peers(struct top_interface *interface, const struct model_device *device)
{
    interface->peers = calloc(device->peer_count + 1, sizeof(*interface->peers));
    if (interface->peers == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < device->peer_count; i++) {
        const struct model_peer *from = &device->peers[i];
        struct top_peer *peer = &interface->peers[i];

        memcpy(peer->public_key, from->public_key, VOLE_KEY_BYTES);
        show_endpoint_text(peer->endpoint, from);
        peer->has_endpoint = from->endpoint.address.family != 0;
        peer->latest_handshake_s = from->latest_handshake_s;
        peer->received.total = from->received_bytes;
        peer->sent.total = from->sent_bytes;
        peer->position = i;
        interface->received.total += from->received_bytes;
        interface->sent.total += from->sent_bytes;
    }
    interface->peer_count = device->peer_count;
    qsort(interface->peers, interface->peer_count, sizeof(*interface->peers), compare_peers);
    return 0;
}

static uint64_t sum_drops(const struct uapi_vole_owner *owner)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < owner->drop_count; i++)
        sum += owner->drops[i].count;
    return sum;
}

static int copy_drops(struct top_interface *interface, const struct uapi_vole *reply)
{
    const struct uapi_vole_owner *all = &reply->owners[0];

    interface->drops = calloc(all->drop_count + 1, sizeof(*interface->drops));
    if (interface->drops == NULL)
        return -ENOMEM;
    interface->drop_count = all->drop_count;
    interface->dropped.total = sum_drops(all);
    for (size_t i = 0; i < all->drop_count; i++) {
        (void)snprintf(interface->drops[i].name, sizeof(interface->drops[i].name), "%s", all->drops[i].name);
        interface->drops[i].count.total = all->drops[i].count;
    }
    for (size_t i = 1; i < reply->owner_count; i++) {
        struct top_peer *peer = find_peer(interface, reply->owners[i].public_key);

        if (peer != NULL)
            peer->dropped.total = sum_drops(&reply->owners[i]);
    }
    return 0;
}

static int read_device(struct top_interface *interface)
{
    struct model_device device;
    int error;

    model_init(&device);
    error = device_get(interface->name, &device);
    if (error == 0)
        error = copy_peers(interface, &device);
    interface->listen_port = device.listen_port;
    model_free(&device);
    return error;
}

/* Whoever counts no drops has none to show. */
static int read_drops(struct top_interface *interface)
{
    struct uapi_vole reply;
    int error = uapi_vole_init(&reply);

    if (error == 0 && device_socket_get_vole(interface->name, &reply) == 0) {
        interface->counts_drops = true;
        error = copy_drops(interface, &reply);
    }
    uapi_vole_free(&reply);
    return error;
}

static void clear_interface(struct top_interface *interface)
{
    free(interface->peers);
    free(interface->drops);
    interface->peers = NULL;
    interface->drops = NULL;
    interface->peer_count = interface->drop_count = 0;
}

static void read_interface(struct top_sample *sample, const char *name)
{
    struct top_interface *items =
        array_grow(sample->interfaces, &sample->capacity, sample->count, sizeof(*items));
    struct top_interface *interface;

    if (items == NULL) {
        sample->error = -ENOMEM;
        return;
    }
    sample->interfaces = items;
    interface = &items[sample->count++];
    memset(interface, 0, sizeof(*interface));
    (void)snprintf(interface->name, sizeof(interface->name), "%s", name);
    interface->error = read_device(interface);
    if (interface->error == 0)
        interface->error = read_drops(interface);
    if (interface->error != 0)
        clear_interface(interface);
}

static void name_peers(struct top_interface *interface, const struct top_interface *previous)
{
    struct peer_names names = {0};
    bool loaded = false;

    for (size_t i = 0; i < interface->peer_count; i++) {
        struct top_peer *peer = &interface->peers[i];
        const struct top_peer *before = previous != NULL ? find_peer(previous, peer->public_key) : NULL;
        const char *name = before != NULL ? before->name : NULL;

        if (before == NULL) {
            if (!loaded)
                peer_names_load(&names, interface->name);
            loaded = true;
            name = peer_names_of(&names, peer->public_key);
        }
        (void)snprintf(peer->name, sizeof(peer->name), "%s", name != NULL ? name : "");
    }
    peer_names_free(&names);
}

static uint64_t monotonic_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void top_sample_take(struct top_sample *sample, const char *name, const struct top_sample *previous)
{
    struct device_names names = {0};

    sample->taken_ns = monotonic_ns();
    sample->now_s = time(NULL);
    if (name != NULL)
        read_interface(sample, name);
    else
        sample->error = device_list(&names);
    for (size_t i = 0; i < names.count; i++)
        read_interface(sample, names.names[i]);
    device_names_free(&names);
    for (size_t i = 0; i < sample->count; i++)
        name_peers(&sample->interfaces[i], find_interface(previous, sample->interfaces[i].name));
    top_sample_compare(sample, previous);
}

void top_sample_free(struct top_sample *sample)
{
    for (size_t i = 0; i < sample->count; i++)
        clear_interface(&sample->interfaces[i]);
    free(sample->interfaces);
    memset(sample, 0, sizeof(*sample));
}

/* ---- comparing ---- */

static void amount_compare(struct top_amount *amount, const struct top_amount *before, double seconds)
{
    if (before == NULL || before->total > amount->total)
        amount->rate = TOP_RATE_UNKNOWN;
    else
        amount->rate = (double)(amount->total - before->total) / seconds;
}

static void compare_drops(struct top_interface *interface, const struct top_interface *before, double seconds)
{
    static const struct top_amount none = {0};

    for (size_t i = 0; i < interface->drop_count; i++) {
        struct top_drop *drop = &interface->drops[i];
        /* reasons that never happened are not told */
        const struct top_amount *count = before != NULL && before->counts_drops ? &none : NULL;

        for (size_t j = 0; before != NULL && j < before->drop_count; j++) {
            if (strcmp(before->drops[j].name, drop->name) == 0)
                count = &before->drops[j].count;
        }
        amount_compare(&drop->count, count, seconds);
    }
    amount_compare(&interface->dropped, before != NULL && before->counts_drops ? &before->dropped : NULL,
                   seconds);
}

static void add_rate(struct top_amount *sum, const struct top_amount *part)
{
    if (part->rate >= 0 && sum->rate >= 0)
        sum->rate += part->rate;
}

/* before: NULL if there is nothing to compare with. */
static void compare_interface(struct top_interface *interface, const struct top_interface *before,
                              double seconds)
{
    interface->received.rate = interface->sent.rate = before != NULL ? 0 : TOP_RATE_UNKNOWN;
    for (size_t i = 0; i < interface->peer_count; i++) {
        struct top_peer *peer = &interface->peers[i];
        const struct top_peer *then = before != NULL ? find_peer(before, peer->public_key) : NULL;

        amount_compare(&peer->received, then != NULL ? &then->received : NULL, seconds);
        amount_compare(&peer->sent, then != NULL ? &then->sent : NULL, seconds);
        amount_compare(&peer->dropped, then != NULL && before->counts_drops ? &then->dropped : NULL, seconds);
        add_rate(&interface->received, &peer->received);
        add_rate(&interface->sent, &peer->sent);
    }
    compare_drops(interface, before, seconds);
}

void top_sample_compare(struct top_sample *sample, const struct top_sample *previous)
{
    double seconds = (double)(sample->taken_ns - previous->taken_ns) / 1e9;
    bool comparable = previous->taken_ns != 0 && sample->taken_ns > previous->taken_ns;

    for (size_t i = 0; i < sample->count; i++) {
        struct top_interface *interface = &sample->interfaces[i];
        const struct top_interface *before = comparable ? find_interface(previous, interface->name) : NULL;

        compare_interface(interface, before != NULL && before->error == 0 ? before : NULL, seconds);
    }
}
