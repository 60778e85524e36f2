/* SPDX-License-Identifier: MIT
 *
 * All networks of both sides are put into one sorted table; then the difference is played on it. Its order
 * does not matter, as it has each network once, with its final owner.
 */
#include "cli/allowed_ip_owners.h"

#include "config/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_networks(const struct vole_prefix *left, const struct vole_prefix *right)
{
    int order;

    if (left->address.family != right->address.family)
        return left->address.family < right->address.family ? -1 : 1;
    order = memcmp(left->address.bytes, right->address.bytes, left->address.family == 4 ? 4 : 16);
    if (order != 0)
        return order;
    return (int)left->length - (int)right->length;
}

static int compare_owners(const void *left, const void *right)
{
    const struct allowed_ip_owner *one = left;
    const struct allowed_ip_owner *other = right;

    return compare_networks(&one->network, &other->network);
}

static int compare_moves(const void *left, const void *right)
{
    const struct allowed_ip_move *one = left;
    const struct allowed_ip_move *other = right;
    int order = memcmp(one->peer, other->peer, VOLE_KEY_BYTES);

    if (order == 0)
        order = (int)one->gained - (int)other->gained;
    return order != 0 ? order : compare_networks(&one->network, &other->network);
}

static struct allowed_ip_owner *find(const struct allowed_ip_owners *owners,
                                     const struct vole_prefix *network)
{
    struct allowed_ip_owner wanted = {.network = *network};

    if (owners->count == 0)
        return NULL;
    address_clear_host_bits(&wanted.network);
    return bsearch(&wanted, owners->networks, owners->count, sizeof(wanted), compare_owners);
}

static void append(struct allowed_ip_owners *owners, const struct vole_prefix *network, const uint8_t *before)
{
    struct allowed_ip_owner *owner = &owners->networks[owners->count++];

    *owner = (struct allowed_ip_owner){.network = *network, .before = before, .after = before};
    address_clear_host_bits(&owner->network);
}

/* The same network twice becomes one, whose owner before is known. */
static void unite(struct allowed_ip_owners *owners)
{
    size_t kept = 0;

    if (owners->count == 0)
        return;
    qsort(owners->networks, owners->count, sizeof(*owners->networks), compare_owners);
    for (size_t i = 1; i < owners->count; i++) {
        struct allowed_ip_owner *last = &owners->networks[kept];
        const struct allowed_ip_owner *next = &owners->networks[i];

        if (compare_networks(&last->network, &next->network) != 0)
            owners->networks[++kept] = *next;
        else if (next->before != NULL)
            *last = *next;
    }
    owners->count = kept + 1;
}

static int collect(struct allowed_ip_owners *owners, const struct model_device *running,
                   const struct change *difference)
{
    size_t count = 0;

    for (size_t i = 0; i < running->peer_count; i++)
        count += running->peers[i].allowed_ip_count;
    for (size_t i = 0; i < difference->peer_count; i++)
        count += difference->peers[i].allowed_ip_count;
    owners->networks = calloc(count + 1, sizeof(*owners->networks));
    if (owners->networks == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < running->peer_count; i++)
        for (size_t k = 0; k < running->peers[i].allowed_ip_count; k++)
            append(owners, &running->peers[i].allowed_ips[k], running->peers[i].public_key);
    for (size_t i = 0; i < difference->peer_count; i++)
        for (size_t k = 0; k < difference->peers[i].allowed_ip_count; k++)
            append(owners, &difference->peers[i].allowed_ips[k].prefix, NULL);
    unite(owners);
    return 0;
}

/* ---- playing the difference ---- */

static int compare_running(const void *left, const void *right)
{
    const struct allowed_ip_running *one = left;
    const struct allowed_ip_running *other = right;

    return memcmp(one->peer->public_key, other->peer->public_key, VOLE_KEY_BYTES);
}

static int compare_key_with_running(const void *key, const void *running)
{
    return memcmp(key, ((const struct allowed_ip_running *)running)->peer->public_key, VOLE_KEY_BYTES);
}

static int sort_running(struct allowed_ip_owners *owners, const struct model_device *running)
{
    owners->running = calloc(running->peer_count + 1, sizeof(*owners->running));
    if (owners->running == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < running->peer_count; i++)
        owners->running[owners->running_count++].peer = &running->peers[i];
    if (owners->running_count > 0)
        qsort(owners->running, owners->running_count, sizeof(*owners->running), compare_running);
    return 0;
}

static void empty(struct allowed_ip_owners *owners, const struct model_peer *peer)
{
    for (size_t i = 0; peer != NULL && i < peer->allowed_ip_count; i++)
        find(owners, &peer->allowed_ips[i])->after = NULL;
}

static void play(struct allowed_ip_owners *owners, const struct change *difference)
{
    for (size_t i = 0; i < difference->peer_count; i++) {
        const struct change_peer *change = &difference->peers[i];

        if (change->remove || change->replace_allowed_ips)
            empty(owners, allowed_ip_owners_running(owners, change->public_key));
    }
    for (size_t i = 0; i < difference->peer_count; i++) {
        const struct change_peer *change = &difference->peers[i];

        for (size_t k = 0; k < change->allowed_ip_count; k++)
            find(owners, &change->allowed_ips[k].prefix)->after = change->public_key;
    }
}

static bool same_owner(const struct allowed_ip_owner *owner)
{
    if (owner->before == NULL || owner->after == NULL)
        return owner->before == owner->after;
    return memcmp(owner->before, owner->after, VOLE_KEY_BYTES) == 0;
}

static int list_moves(struct allowed_ip_owners *owners)
{
    owners->moves = calloc(2 * owners->count + 1, sizeof(*owners->moves));
    if (owners->moves == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < owners->count; i++) {
        const struct allowed_ip_owner *owner = &owners->networks[i];

        if (same_owner(owner))
            continue;
        if (owner->before != NULL)
            owners->moves[owners->move_count++] = (struct allowed_ip_move){
                .peer = owner->before, .network = owner->network, .other = owner->after};
        if (owner->after != NULL)
            owners->moves[owners->move_count++] = (struct allowed_ip_move){
                .peer = owner->after, .network = owner->network, .other = owner->before, .gained = true};
    }
    if (owners->move_count > 0)
        qsort(owners->moves, owners->move_count, sizeof(*owners->moves), compare_moves);
    return 0;
}

int allowed_ip_owners_find(struct allowed_ip_owners *owners, const struct model_device *running,
                           const struct change *difference)
{
    int error = collect(owners, running, difference);

    if (error == 0)
        error = sort_running(owners, running);
    if (error != 0)
        return error;
    play(owners, difference);
    return list_moves(owners);
}

void allowed_ip_owners_free(struct allowed_ip_owners *owners)
{
    free(owners->running);
    free(owners->networks);
    free(owners->moves);
    *owners = (struct allowed_ip_owners){0};
}

/* ---- asking ---- */

const struct model_peer *allowed_ip_owners_running(const struct allowed_ip_owners *owners,
                                                   const uint8_t peer[static VOLE_KEY_BYTES])
{
    const struct allowed_ip_running *running =
        owners->running_count == 0 ? NULL
                                   : bsearch(peer, owners->running, owners->running_count,
                                             sizeof(*owners->running), compare_key_with_running);

    return running != NULL ? running->peer : NULL;
}

const struct allowed_ip_owner *allowed_ip_owners_of(const struct allowed_ip_owners *owners,
                                                    const struct vole_prefix *network)
{
    return find(owners, network);
}

const struct allowed_ip_move *allowed_ip_owners_moves(const struct allowed_ip_owners *owners,
                                                      const uint8_t peer[static VOLE_KEY_BYTES],
                                                      size_t *count)
{
    size_t low = 0;
    size_t high = owners->move_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(owners->moves[middle].peer, peer, VOLE_KEY_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low;
         high < owners->move_count && memcmp(owners->moves[high].peer, peer, VOLE_KEY_BYTES) == 0;)
        high++;
    *count = high - low;
    return &owners->moves[low];
}
