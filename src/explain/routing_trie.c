/* SPDX-License-Identifier: MIT
 *
 * Ways are collected step by step with the prefix above each; sorted, what was seen twice falls away, and
 * then parents find their children.
 */
#include "explain/routing_trie.h"

#include "config/array.h"
#include "core/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *had(void *pointer)
{
    if (pointer == NULL) {
        fputs("vole explain: not enough memory\n", stderr);
        exit(1);
    }
    return pointer;
}

unsigned routing_trie_bit(const struct vole_address *address, unsigned position)
{
    return (unsigned)(address->bytes[position / 8] >> (7 - position % 8)) & 1u;
}

unsigned routing_trie_common_bits(const struct vole_address *a, const struct vole_address *b, unsigned limit)
{
    unsigned same = 0;

    while (same < limit && routing_trie_bit(a, same) == routing_trie_bit(b, same))
        same++;
    return same;
}

/* ---- gathering ---- */

/* A node with the length of the prefix above it, which is not known by its place yet. */
struct seen {
    struct vole_prefix prefix;
    const struct vole_peer *peer;
    int above; /* -1: it is the root */
};

struct seen_list {
    struct seen *items;
    size_t count, capacity;
};

static int compare_prefixes(const struct vole_prefix *a, const struct vole_prefix *b)
{
    int order = memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes);

    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static int compare_seen(const void *left, const void *right)
{
    return compare_prefixes(&((const struct seen *)left)->prefix, &((const struct seen *)right)->prefix);
}

/* Those that contain the address; one that does not is on the way to its own prefixes, too. */
static void see_way(struct seen_list *seen, const struct walk_record *record)
{
    for (size_t i = 0; i < record->step_count && record->steps[i].contains; i++) {
        const struct walk_step *step = &record->steps[i];

        seen->items = had(array_grow(seen->items, &seen->capacity, seen->count, sizeof *seen->items));
        seen->items[seen->count++] =
            (struct seen){step->prefix, step->peer, i == 0 ? -1 : record->steps[i - 1].prefix.length};
    }
}

static void see_peer(struct seen_list *seen, const struct routing_world *world, size_t peer, uint8_t family)
{
    size_t count = vole_peer_allowed(world->peers[peer], NULL, 0);
    struct vole_prefix *prefixes = had(calloc(count + 1, sizeof *prefixes));
    struct walk_record record;

    (void)vole_peer_allowed(world->peers[peer], prefixes, count);
    for (size_t i = 0; i < count; i++) {
        if (prefixes[i].address.family != family)
            continue;
        walk_record_start(&record);
        (void)allowed_ips_lookup(&world->server->device->allowed_ips, family, prefixes[i].address.bytes);
        walk_record_stop();
        see_way(seen, &record);
    }
    free(prefixes);
}

/* The first length bits of an address. */
static struct vole_prefix cut(const struct vole_address *address, unsigned length)
{
    struct vole_prefix prefix = {.address.family = address->family, .length = (uint8_t)length};

    for (unsigned i = 0; i < length; i++)
        prefix.address.bytes[i / 8] |= (uint8_t)(routing_trie_bit(address, i) << (7 - i % 8));
    return prefix;
}

static void link_nodes(struct routing_trie *trie, const struct seen *seen)
{
    if (seen == NULL)
        return; /* an empty trie */
    for (size_t i = 0; i < trie->count; i++) {
        const struct vole_address *address = &seen[i].prefix.address;
        struct vole_prefix above;
        struct routing_trie_node *parent;

        if (seen[i].above < 0)
            continue;
        above = cut(address, (unsigned)seen[i].above);
        trie->nodes[i].parent = routing_trie_find(trie, &above);
        parent = &trie->nodes[trie->nodes[i].parent];
        parent->children[routing_trie_bit(address, parent->prefix.length)] = i;
    }
}

void routing_trie_gather(struct routing_trie *trie, const struct routing_world *world, uint8_t family)
{
    struct seen_list seen = {0};
    size_t kept = 0;

    for (size_t i = 0; i < world->table->peer_count; i++)
        see_peer(&seen, world, i, family);
    if (seen.count > 0)
        qsort(seen.items, seen.count, sizeof *seen.items, compare_seen);
    for (size_t i = 0; i < seen.count; i++)
        if (kept == 0 || compare_seen(&seen.items[kept - 1], &seen.items[i]) != 0)
            seen.items[kept++] = seen.items[i];
    *trie = (struct routing_trie){.count = kept};
    trie->nodes = had(calloc(kept + 1, sizeof *trie->nodes));
    for (size_t i = 0; i < kept; i++)
        trie->nodes[i] =
            (struct routing_trie_node){.prefix = seen.items[i].prefix,
                                       .parent = ROUTING_TRIE_NONE,
                                       .children = {ROUTING_TRIE_NONE, ROUTING_TRIE_NONE},
                                       .peer = routing_world_position(world, seen.items[i].peer)};
    link_nodes(trie, seen.items);
    free(seen.items);
}

void routing_trie_fini(struct routing_trie *trie)
{
    free(trie->nodes);
    *trie = (struct routing_trie){0};
}

/* ---- reading ---- */

static int compare_to_node(const void *prefix, const void *node)
{
    return compare_prefixes(prefix, &((const struct routing_trie_node *)node)->prefix);
}

size_t routing_trie_find(const struct routing_trie *trie, const struct vole_prefix *prefix)
{
    const struct routing_trie_node *node =
        trie->count == 0 ? NULL
                         : bsearch(prefix, trie->nodes, trie->count, sizeof *trie->nodes, compare_to_node);

    return node == NULL ? ROUTING_TRIE_NONE : (size_t)(node - trie->nodes);
}

size_t routing_trie_walk(const struct routing_trie *trie, const struct vole_address *address)
{
    size_t at = trie->count == 0 ? ROUTING_TRIE_NONE : 0, found = ROUTING_NOBODY;
    unsigned bits = address->family == 4 ? 32 : 128;

    while (at != ROUTING_TRIE_NONE) {
        const struct routing_trie_node *node = &trie->nodes[at];
        unsigned length = node->prefix.length;

        if (routing_trie_common_bits(&node->prefix.address, address, length) < length)
            break;
        if (node->peer != ROUTING_NOBODY)
            found = node->peer;
        at = length == bits ? ROUTING_TRIE_NONE : node->children[routing_trie_bit(address, length)];
    }
    return found;
}
