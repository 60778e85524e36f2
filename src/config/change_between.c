/* SPDX-License-Identifier: MIT
 *
 * From what runs to what is wanted, in O(n log n) of peers and allowed IPs.
 *
 * A prefix belongs to one peer at a time: giving it to a peer takes it from another. So it is not enough to
 * compare each peer's list with the one it has; who owns a prefix in the end depends on everything that is
 * said about it, in order. Therefore everything is said as a sequence of steps: first the running owners,
 * then what is wanted. Sorted by prefix and step, the steps of one prefix lie together, and the last one
 * tells its owner, unless that peer was emptied after it. (What a peer has that is not wanted at all goes
 * with it.)
 *
 * The difference then has each prefix at most once, with its final owner, so its own order does not matter:
 *  - an owner that does not have it now is given it, which takes it from whoever has it;
 *  - a peer that has it and should not, while nobody else takes it, gets its whole list written anew.
 */
#include "config/change.h"
#include "config/key.h"
#include "crypto/memory.h"
#include "crypto/x25519.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY SIZE_MAX

/* All that is known of one public key. Who gives a value last is pointed at; nobody: it is to be none. */
struct between_peer {
    const uint8_t *public_key;
    const struct model_peer *running;
    const struct change_peer *preshared_key;
    const struct change_peer *endpoint;
    const struct change_peer *keepalive;
    size_t emptied; /* the step at which it lost all its prefixes for the last time; 0: never */
    bool wanted;
    bool written;
    bool rewrite_allowed_ips;
};

/* A prefix is given to a peer, or taken from it if it is the peer's. */
struct between_step {
    struct vole_prefix network;
    const struct vole_prefix *as_written;
    size_t step; /* from 1 */
    size_t peer;
    bool remove;
};

/* A prefix and its owner in the end. */
struct between_owned {
    const struct vole_prefix *prefix;
    size_t step;
    size_t peer;
    bool given; /* it has to be given, as it is not its own yet */
};

/* Where a public key occurs. */
struct between_mention {
    const uint8_t *public_key;
    size_t index; /* the running peers' come first */
};

struct between {
    const struct model_device *running;
    const struct change *wanted;
    struct between_peer *peers;
    size_t peer_count;
    size_t *peer_of; /* number in peers of each mention */
    struct between_step *steps;
    size_t step_count;
    size_t running_step_count;
    struct between_owned *owned;
    size_t owned_count;
};

static void between_free(struct between *between)
{
    free(between->peers);
    free(between->peer_of);
    free(between->steps);
    free(between->owned);
}

static int compare_numbers(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

/* ---- peers ---- */

static int compare_mentions(const void *a, const void *b)
{
    const struct between_mention *left = a;
    const struct between_mention *right = b;
    int order = memcmp(left->public_key, right->public_key, VOLE_KEY_BYTES);

    return order != 0 ? order : compare_numbers(left->index, right->index);
}

/* Numbers the public keys: each mention learns which peer it is about. */
static int peers_collect(struct between *between)
{
    size_t running_count = between->running->peer_count;
    size_t count = running_count + between->wanted->peer_count;
    struct between_mention *mentions = calloc(count + 1, sizeof(*mentions));

    between->peers = calloc(count + 1, sizeof(*between->peers));
    between->peer_of = calloc(count + 1, sizeof(*between->peer_of));
    if (mentions == NULL || between->peers == NULL || between->peer_of == NULL) {
        free(mentions);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        mentions[i].index = i;
        mentions[i].public_key = i < running_count ? between->running->peers[i].public_key
                                                   : between->wanted->peers[i - running_count].public_key;
    }
    qsort(mentions, count, sizeof(*mentions), compare_mentions);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || memcmp(mentions[i - 1].public_key, mentions[i].public_key, VOLE_KEY_BYTES) != 0)
            between->peers[between->peer_count++].public_key = mentions[i].public_key;
        between->peer_of[mentions[i].index] = between->peer_count - 1;
        if (mentions[i].index < running_count)
            between->peers[between->peer_count - 1].running = &between->running->peers[mentions[i].index];
    }
    free(mentions);
    return 0;
}

/* ---- steps ---- */

static void step_add(struct between *between, const struct vole_prefix *prefix, size_t step, size_t peer,
                     bool remove)
{
    struct between_step *added = &between->steps[between->step_count++];

    *added = (struct between_step){
        .network = *prefix, .as_written = prefix, .step = step, .peer = peer, .remove = remove};
    address_clear_host_bits(&added->network);
}

/* What a wanted peer says, beginning with step. The next free step. */
static size_t wanted_peer_add(struct between *between, const struct change_peer *from, size_t number,
                              size_t step)
{
    struct between_peer *peer = &between->peers[number];

    if (from->remove || from->replace_allowed_ips)
        peer->emptied = step++;
    peer->wanted = !from->remove;
    if (from->remove) {
        peer->preshared_key = peer->endpoint = peer->keepalive = NULL;
        return step;
    }
    if (from->has_preshared_key)
        peer->preshared_key = from;
    if (from->has_endpoint)
        peer->endpoint = from;
    if (from->has_persistent_keepalive)
        peer->keepalive = from;
    for (size_t i = 0; i < from->allowed_ip_count; i++)
        step_add(between, &from->allowed_ips[i].prefix, step++, number, from->allowed_ips[i].remove);
    return step;
}

static int compare_steps(const void *a, const void *b)
{
    const struct between_step *left = a;
    const struct between_step *right = b;
    int order = memcmp(left->network.address.bytes, right->network.address.bytes,
                       sizeof(left->network.address.bytes));

    if (order == 0)
        order = compare_numbers(left->network.address.family, right->network.address.family);
    if (order == 0)
        order = compare_numbers(left->network.length, right->network.length);
    return order != 0 ? order : compare_numbers(left->step, right->step);
}

static bool same_network(const struct between_step *a, const struct between_step *b)
{
    return a->network.length == b->network.length && a->network.address.family == b->network.address.family &&
           memcmp(a->network.address.bytes, b->network.address.bytes, sizeof(a->network.address.bytes)) == 0;
}

static int steps_collect(struct between *between)
{
    const struct model_device *running = between->running;
    const struct change *wanted = between->wanted;
    size_t count = 0;
    size_t step = 1;

    for (size_t i = 0; i < running->peer_count; i++)
        count += running->peers[i].allowed_ip_count;
    for (size_t i = 0; i < wanted->peer_count; i++)
        count += wanted->peers[i].allowed_ip_count;
    between->steps = calloc(count + 1, sizeof(*between->steps));
    between->owned = calloc(count + 1, sizeof(*between->owned));
    if (between->steps == NULL || between->owned == NULL)
        return -ENOMEM;

    for (size_t i = 0; i < running->peer_count; i++)
        for (size_t j = 0; j < running->peers[i].allowed_ip_count; j++)
            step_add(between, &running->peers[i].allowed_ips[j], step++, between->peer_of[i], false);
    between->running_step_count = between->step_count;
    for (size_t i = 0; i < wanted->peer_count; i++)
        step = wanted_peer_add(between, &wanted->peers[i], between->peer_of[running->peer_count + i], step);
    qsort(between->steps, between->step_count, sizeof(*between->steps), compare_steps);
    return 0;
}

/* ---- owners ---- */

/* All steps of one prefix, in order: who has it, who is to have it, and what that means for both. */
static void owner_decide(struct between *between, const struct between_step *steps, size_t count)
{
    const struct between_step *last = NULL;
    size_t has = NOBODY;

    for (size_t i = 0; i < count; i++) {
        if (!steps[i].remove) {
            last = &steps[i];
            if (last->step <= between->running_step_count)
                has = last->peer;
        } else if (last != NULL && last->peer == steps[i].peer) {
            last = NULL;
        }
    }
    if (last != NULL && between->peers[last->peer].emptied > last->step)
        last = NULL;
    if (last != NULL)
        between->owned[between->owned_count++] = (struct between_owned){
            .prefix = last->as_written, .step = last->step, .peer = last->peer, .given = last->peer != has};
    else if (has != NOBODY)
        between->peers[has].rewrite_allowed_ips = true;
}

static int compare_owned(const void *a, const void *b)
{
    const struct between_owned *left = a;
    const struct between_owned *right = b;
    int order = compare_numbers(left->peer, right->peer);

    return order != 0 ? order : compare_numbers(left->step, right->step);
}

static void owners_decide(struct between *between)
{
    size_t start = 0;

    for (size_t i = 1; i <= between->step_count; i++) {
        if (i < between->step_count && same_network(&between->steps[start], &between->steps[i]))
            continue;
        owner_decide(between, &between->steps[start], i - start);
        start = i;
    }
    qsort(between->owned, between->owned_count, sizeof(*between->owned), compare_owned);
}

/* The first of a peer's prefixes in owned, by halving. */
static size_t owned_find(const struct between *between, size_t peer)
{
    size_t low = 0;
    size_t high = between->owned_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (between->owned[middle].peer < peer)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- writing the difference ---- */

static bool same_endpoint(const struct vole_endpoint *a, const struct model_peer *running)
{
    const struct vole_endpoint *b = &running->endpoint;

    return a->port == b->port && a->scope == b->scope && a->address.family == b->address.family &&
           memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes)) == 0 &&
           running->zone[0] == '\0';
}

/* Everything of a peer but its allowed IPs, as far as it differs. A peer that does not run has nothing. */
static void values_compare(struct change_peer *change, const struct between_peer *peer)
{
    static const struct model_peer nothing;
    static const uint8_t no_key[VOLE_KEY_BYTES];
    const struct model_peer *running = peer->running != NULL ? peer->running : &nothing;
    const uint8_t *preshared_key = peer->preshared_key != NULL ? peer->preshared_key->preshared_key : no_key;
    uint16_t keepalive_s = peer->keepalive != NULL ? peer->keepalive->persistent_keepalive_s : 0;

    if (!memory_equal(preshared_key, running->preshared_key, VOLE_KEY_BYTES)) {
        change->has_preshared_key = true;
        memcpy(change->preshared_key, preshared_key, VOLE_KEY_BYTES);
    }
    if (keepalive_s != running->persistent_keepalive_s) {
        change->has_persistent_keepalive = true;
        change->persistent_keepalive_s = keepalive_s;
    }
    if (peer->endpoint != NULL && !same_endpoint(&peer->endpoint->endpoint, running)) {
        change->has_endpoint = true;
        change->endpoint = peer->endpoint->endpoint;
    }
}

/* Adds a peer to the difference, and drops it again if nothing of it differs. */
static int peer_write(struct change *difference, struct between *between, size_t number)
{
    struct between_peer *peer = &between->peers[number];
    struct change_peer *change = change_add_peer(difference, peer->public_key);

    if (change == NULL)
        return -ENOMEM;
    peer->written = true;
    values_compare(change, peer);
    change->replace_allowed_ips = peer->rewrite_allowed_ips;
    for (size_t i = owned_find(between, number); i < between->owned_count && between->owned[i].peer == number;
         i++)
        if (between->owned[i].given || peer->rewrite_allowed_ips)
            if (change_allow(change, between->owned[i].prefix, false) != 0)
                return -ENOMEM;
    if (peer->running != NULL && !change->has_preshared_key && !change->has_persistent_keepalive &&
        !change->has_endpoint && !change->replace_allowed_ips && change->allowed_ip_count == 0)
        difference->peer_count--;
    return 0;
}

static int peers_write(struct change *difference, struct between *between)
{
    size_t running_count = between->running->peer_count;

    for (size_t i = 0; i < running_count; i++) {
        const struct between_peer *peer = &between->peers[between->peer_of[i]];
        struct change_peer *change;

        if (peer->wanted)
            continue;
        change = change_add_peer(difference, peer->public_key);
        if (change == NULL)
            return -ENOMEM;
        change->remove = true;
    }
    for (size_t i = 0; i < between->wanted->peer_count; i++) {
        size_t number = between->peer_of[running_count + i];

        if (!between->peers[number].wanted || between->peers[number].written)
            continue;
        if (peer_write(difference, between, number) != 0)
            return -ENOMEM;
    }
    return 0;
}

/* A device clamps the key it is given, and shows it so; zero is none. */
static bool private_key_is_set(const uint8_t running[static VOLE_KEY_BYTES],
                               const uint8_t wanted[static VOLE_KEY_BYTES])
{
    uint8_t clamped[VOLE_KEY_BYTES];
    bool same;

    memcpy(clamped, wanted, sizeof(clamped));
    if (!key_is_zero(wanted))
        x25519_clamp(clamped);
    same = memory_equal(wanted, running, VOLE_KEY_BYTES) || memory_equal(clamped, running, sizeof(clamped));
    key_wipe(clamped, sizeof(clamped));
    return same;
}

/* Of the device itself. A value that is not given is none in wanted. */
static void device_compare(struct change *difference, const struct model_device *running,
                           const struct change *wanted, bool whole_device)
{
    if ((wanted->has_private_key || whole_device) &&
        !private_key_is_set(running->private_key, wanted->private_key)) {
        difference->has_private_key = true;
        memcpy(difference->private_key, wanted->private_key, VOLE_KEY_BYTES);
    }
    if ((wanted->has_listen_port || whole_device) && wanted->listen_port != running->listen_port) {
        difference->has_listen_port = true;
        difference->listen_port = wanted->listen_port;
    }
    if ((wanted->has_fwmark || whole_device) && wanted->fwmark != running->fwmark) {
        difference->has_fwmark = true;
        difference->fwmark = wanted->fwmark;
    }
}

int change_between(struct change *difference, const struct model_device *running, const struct change *wanted,
                   bool whole_device)
{
    struct between between = {.running = running, .wanted = wanted};
    int error = peers_collect(&between);

    if (error == 0)
        error = steps_collect(&between);
    if (error == 0) {
        owners_decide(&between);
        device_compare(difference, running, wanted, whole_device);
        error = peers_write(difference, &between);
    }
    between_free(&between);
    return error;
}
