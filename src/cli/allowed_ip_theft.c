/* SPDX-License-Identifier: MIT
 *
 * Every prefix that a peer has or is given is a claim, with a number that says when: 0 for what runs already,
 * then counting along the change. A peer that is removed or whose list is replaced resets all its earlier
 * claims. Of what is left, the last claim of each peer to each prefix counts; the last of those has the
 * prefix, all others lose it. Three sorts, so 100 000 peers are no matter.
 */
#include "cli/allowed_ip_theft.h"

#include "cli/device.h"
#include "cli/peer_names.h"
#include "cli/program.h"
#include "config/address.h"
#include "config/array.h"
#include "config/key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARNINGS_SHOWN 20

struct claim {
    struct vole_prefix prefix; /* masked */
    const uint8_t *key;
    size_t when;
    bool remove; /* gives up the peer's claim instead */
};

struct reset {
    const uint8_t *key;
    size_t when;
};

struct claims {
    struct claim *items;
    size_t count;
    size_t capacity;
    struct reset *resets;
    size_t reset_count;
    size_t reset_capacity;
    size_t now;
};

/* ---- collecting ---- */

static int claims_add(struct claims *claims, const uint8_t *key, const struct vole_prefix *prefix,
                      bool remove)
{
    struct claim *items = array_grow(claims->items, &claims->capacity, claims->count, sizeof(*items));

    if (items == NULL)
        return -ENOMEM;
    claims->items = items;
    items[claims->count] =
        (struct claim){.prefix = *prefix, .key = key, .when = claims->now, .remove = remove};
    address_clear_host_bits(&items[claims->count++].prefix);
    return 0;
}

static int claims_reset(struct claims *claims, const uint8_t *key)
{
    struct reset *resets =
        array_grow(claims->resets, &claims->reset_capacity, claims->reset_count, sizeof(*resets));

    if (resets == NULL)
        return -ENOMEM;
    claims->resets = resets;
    resets[claims->reset_count++] = (struct reset){.key = key, .when = claims->now};
    return 0;
}

static int claims_add_running(struct claims *claims, const struct model_device *running)
{
    int error = 0;

    for (size_t i = 0; i < running->peer_count && error == 0; i++) {
        const struct model_peer *peer = &running->peers[i];

        for (size_t k = 0; k < peer->allowed_ip_count && error == 0; k++)
            error = claims_add(claims, peer->public_key, &peer->allowed_ips[k], false);
    }
    return error;
}

static int claims_add_peer(struct claims *claims, const struct change_peer *peer)
{
    int error = 0;

    claims->now++;
    if (peer->remove || peer->replace_allowed_ips)
        error = claims_reset(claims, peer->public_key);
    if (peer->remove)
        return error;
    for (size_t i = 0; i < peer->allowed_ip_count && error == 0; i++) {
        claims->now++;
        error =
            claims_add(claims, peer->public_key, &peer->allowed_ips[i].prefix, peer->allowed_ips[i].remove);
    }
    return error;
}

static int claims_collect(struct claims *claims, const struct model_device *running,
                          const struct change *change)
{
    int error = change->replace_peers ? 0 : claims_add_running(claims, running);

    for (size_t i = 0; i < change->peer_count && error == 0; i++)
        error = claims_add_peer(claims, &change->peers[i]);
    return error;
}

/* ---- sorting out ---- */

static int compare_keys(const uint8_t *left, const uint8_t *right)
{
    return memcmp(left, right, KEY_BYTES);
}

static int compare_times(size_t left, size_t right)
{
    return left < right ? -1 : left > right;
}

static int compare_prefixes(const struct vole_prefix *left, const struct vole_prefix *right)
{
    int order = memcmp(left->address.bytes, right->address.bytes, sizeof(left->address.bytes));

    if (left->address.family != right->address.family)
        return left->address.family < right->address.family ? -1 : 1;
    if (order != 0)
        return order;
    return left->length < right->length ? -1 : left->length > right->length;
}

static int compare_resets(const void *left, const void *right)
{
    const struct reset *one = left;
    const struct reset *other = right;
    int order = compare_keys(one->key, other->key);

    return order != 0 ? order : compare_times(one->when, other->when);
}

static int compare_by_peer(const void *left, const void *right)
{
    const struct claim *one = left;
    const struct claim *other = right;
    int order = compare_prefixes(&one->prefix, &other->prefix);

    if (order == 0)
        order = compare_keys(one->key, other->key);
    return order != 0 ? order : compare_times(one->when, other->when);
}

static int compare_by_time(const void *left, const void *right)
{
    const struct claim *one = left;
    const struct claim *other = right;
    int order = compare_prefixes(&one->prefix, &other->prefix);

    return order != 0 ? order : compare_times(one->when, other->when);
}

static int compare_key_with_reset(const void *key, const void *reset)
{
    return compare_keys(key, ((const struct reset *)reset)->key);
}

/* Sorts them and leaves the last of each peer. */
static void claims_sort_resets(struct claims *claims)
{
    size_t kept = 0;

    if (claims->reset_count == 0)
        return;
    qsort(claims->resets, claims->reset_count, sizeof(*claims->resets), compare_resets);
    for (size_t i = 0; i < claims->reset_count; i++) {
        if (i + 1 == claims->reset_count ||
            compare_keys(claims->resets[i].key, claims->resets[i + 1].key) != 0)
            claims->resets[kept++] = claims->resets[i];
    }
    claims->reset_count = kept;
}

static bool claims_was_reset(const struct claims *claims, const struct claim *claim)
{
    const struct reset *reset = claims->reset_count == 0
                                    ? NULL
                                    : bsearch(claim->key, claims->resets, claims->reset_count,
                                              sizeof(*claims->resets), compare_key_with_reset);

    return reset != NULL && reset->when > claim->when;
}

/* Leaves of each peer and prefix the last claim, if it is none that gives up; in the order of prefix and
 * time. */
static void claims_settle(struct claims *claims)
{
    size_t kept = 0;

    claims_sort_resets(claims);
    if (claims->count == 0)
        return;
    qsort(claims->items, claims->count, sizeof(*claims->items), compare_by_peer);
    for (size_t i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->items[i];
        bool last = i + 1 == claims->count || compare_prefixes(&claim->prefix, &claim[1].prefix) != 0 ||
                    compare_keys(claim->key, claim[1].key) != 0;

        if (last && !claim->remove && !claims_was_reset(claims, claim))
            claims->items[kept++] = *claim;
    }
    claims->count = kept;
    qsort(claims->items, claims->count, sizeof(*claims->items), compare_by_time);
}

/* ---- the result ---- */

/* Every claim but the last to a prefix is lost to that last one, which is looked for from the end. */
static int thefts_of_claims(struct allowed_ip_theft **thefts, size_t *count, const struct claims *claims)
{
    const struct claim *owner = NULL;
    size_t left;

    for (size_t i = 0; i + 1 < claims->count; i++)
        *count += compare_prefixes(&claims->items[i].prefix, &claims->items[i + 1].prefix) == 0;
    if (*count == 0)
        return 0;
    *thefts = calloc(*count, sizeof(**thefts));
    if (*thefts == NULL)
        return -ENOMEM;
    left = *count;
    for (size_t i = claims->count; i-- > 0;) {
        const struct claim *claim = &claims->items[i];

        if (owner == NULL || compare_prefixes(&owner->prefix, &claim->prefix) != 0)
            owner = claim;
        else
            (*thefts)[--left] =
                (struct allowed_ip_theft){.prefix = claim->prefix, .from = claim->key, .to = owner->key};
    }
    return 0;
}

int allowed_ip_theft_find(struct allowed_ip_theft **thefts, size_t *count, const struct model_device *running,
                          const struct change *change)
{
    struct claims claims = {0};
    int error = claims_collect(&claims, running, change);

    *thefts = NULL;
    *count = 0;
    if (error == 0) {
        claims_settle(&claims);
        error = thefts_of_claims(thefts, count, &claims);
    }
    if (error != 0)
        *count = 0;
    free(claims.items);
    free(claims.resets);
    return error;
}

static void warn_of(const struct allowed_ip_theft *theft, const struct peer_names *names)
{
    char prefix[ADDRESS_PREFIX_TEXT_BYTES];
    char from[PEER_NAMES_LABEL_BYTES];
    char to[PEER_NAMES_LABEL_BYTES];

    address_write_prefix(prefix, &theft->prefix);
    peer_names_label(from, names, theft->from);
    peer_names_label(to, names, theft->to);
    fprintf(stderr, "Warning: allowed IP %s is taken from peer %s: peer %s has it now\n", prefix, from, to);
}

static bool gives_prefixes(const struct change *change)
{
    for (size_t i = 0; i < change->peer_count; i++) {
        if (!change->peers[i].remove && change->peers[i].allowed_ip_count > 0)
            return true;
    }
    return false;
}

static void warn_of_all(const struct allowed_ip_theft *thefts, size_t count, const char *interface)
{
    struct peer_names names = {0};

    if (count > 0)
        peer_names_load(&names, interface);
    for (size_t i = 0; i < count && i < WARNINGS_SHOWN; i++)
        warn_of(&thefts[i], &names);
    if (count > WARNINGS_SHOWN)
        fprintf(stderr, "Warning: %zu more allowed IPs are taken from other peers\n", count - WARNINGS_SHOWN);
    peer_names_free(&names);
}

void allowed_ip_theft_warn(const char *interface, const struct change *change)
{
    struct allowed_ip_theft *thefts = NULL;
    struct model_device running;
    size_t count = 0;

    if (program_is_wg() || !gives_prefixes(change))
        return;
    model_init(&running);
    if ((change->replace_peers || device_get(interface, &running) == 0) &&
        allowed_ip_theft_find(&thefts, &count, &running, change) == 0)
        warn_of_all(thefts, count, interface);
    free(thefts);
    model_free(&running);
}

static bool has_already(const struct allowed_ip_theft *theft, const struct allowed_ip_owners *owners)
{
    const struct allowed_ip_owner *owner = allowed_ip_owners_of(owners, &theft->prefix);

    return owner != NULL && owner->before != NULL && compare_keys(owner->before, theft->to) == 0;
}

void allowed_ip_theft_warn_anew(const char *interface, const struct change *goal,
                                const struct allowed_ip_owners *owners)
{
    const struct model_device nothing = {0};
    struct allowed_ip_theft *thefts = NULL;
    size_t count = 0;
    size_t kept = 0;

    if (allowed_ip_theft_find(&thefts, &count, &nothing, goal) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (!has_already(&thefts[i], owners))
            thefts[kept++] = thefts[i];
    }
    warn_of_all(thefts, kept, interface);
    free(thefts);
}
