/* SPDX-License-Identifier: MIT
 *
 * The trie. Every node's prefix contains those of its children; the next bit after the prefix chooses the
 * child. So a lookup compares whole prefixes downwards and remembers the last node that had a peer.
 */
#include "core/allowed_ips.h"

#include "core/allowed_ips_observer.h"
#include "core/peer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct allowed_ip {
    _Atomic(struct allowed_ip *) child[2];
    struct allowed_ip *parent;
    _Atomic(struct vole_peer *) peer; /* NULL: only a branch */
    struct allowed_ip *list_previous, *list_next;
    uint8_t family;
    uint8_t length;  /* of the prefix in bits */
    uint8_t bytes[]; /* 4 or 16, host bits zero */
};

static size_t family_bytes(uint8_t family)
{
    return family == 4 ? 4 : 16;
}

static struct allowed_ip *own(const _Atomic(struct allowed_ip *) *slot)
{
    return atomic_load_explicit(slot, memory_order_relaxed);
}

static unsigned bit_at(const uint8_t *bytes, unsigned position)
{
    return (unsigned)(bytes[position / 8] >> (7 - position % 8)) & 1u;
}

/* How many leading bits two addresses share, at most limit. */
static unsigned common_bits(const uint8_t *a, const uint8_t *b, unsigned limit)
{
    unsigned position = 0;

    while (position + 8 <= limit && a[position / 8] == b[position / 8])
        position += 8;
    while (position < limit && bit_at(a, position) == bit_at(b, position))
        position++;
    return position;
}

static bool contains(const struct allowed_ip *node, const uint8_t *address)
{
    unsigned whole = node->length / 8, rest = node->length % 8;

    if (memcmp(node->bytes, address, whole) != 0)
        return false;
    return rest == 0 || ((node->bytes[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

/* Validates, and masks the host bits into bytes. */
static int mask_prefix(const struct vole_prefix *prefix, uint8_t bytes[static 16])
{
    unsigned size;

    if (prefix->address.family != 4 && prefix->address.family != 6)
        return -EINVAL;
    size = (unsigned)family_bytes(prefix->address.family);
    if (prefix->length > size * 8)
        return -EINVAL;
    memset(bytes, 0, 16);
    memcpy(bytes, prefix->address.bytes, size);
    if (prefix->length % 8 != 0)
        bytes[prefix->length / 8] &= (uint8_t)(0xff << (8 - prefix->length % 8));
    for (unsigned i = (prefix->length + 7u) / 8; i < size; i++)
        bytes[i] = 0;
    return 0;
}

static struct allowed_ip *node_new(uint8_t family, const uint8_t *bytes, unsigned length)
{
    size_t size = family_bytes(family);
    struct allowed_ip *node = calloc(1, sizeof *node + size);

    if (node == NULL)
        return NULL;
    node->family = family;
    node->length = (uint8_t)length;
    memcpy(node->bytes, bytes, (length + 7) / 8);
    if (length % 8 != 0)
        node->bytes[length / 8] &= (uint8_t)(0xff << (8 - length % 8));
    return node;
}

static _Atomic(struct allowed_ip *) *root_of(struct allowed_ips *table, uint8_t family)
{
    return &table->roots[family == 4 ? 0 : 1];
}

static _Atomic(struct allowed_ip *) *slot_of(struct allowed_ips *table, const struct allowed_ip *node)
{
    if (node->parent == NULL)
        return root_of(table, node->family);
    return &node->parent->child[bit_at(node->bytes, node->parent->length)];
}

static void publish(_Atomic(struct allowed_ip *) *slot, struct allowed_ip *node)
{
    atomic_store_explicit(slot, node, memory_order_release);
}

void allowed_ips_init(struct allowed_ips *table, struct retirer retirer)
{
    atomic_init(&table->roots[0], NULL);
    atomic_init(&table->roots[1], NULL);
    table->retirer = retirer;
    table->count = 0;
}

size_t allowed_ips_node_bytes(void)
{
    return sizeof(struct allowed_ip) + 16 + 16; /* address; the allocator's header and rounding */
}

/* Depth is at most 128, but a loop needs no thought about that. */
static void free_trie(struct allowed_ip *node)
{
    while (node != NULL) {
        struct allowed_ip *child = own(&node->child[0]), *parent = node->parent;

        if (child == NULL)
            child = own(&node->child[1]);
        if (child != NULL) {
            node = child;
            continue;
        }
        if (parent != NULL)
            atomic_store_explicit(&parent->child[own(&parent->child[1]) == node], NULL, memory_order_relaxed);
        free(node);
        node = parent;
    }
}

void allowed_ips_fini(struct allowed_ips *table)
{
    for (unsigned i = 0; i < 2; i++) {
        free_trie(own(&table->roots[i]));
        atomic_store_explicit(&table->roots[i], NULL, memory_order_relaxed);
    }
}

static void list_remove(struct allowed_ip *node, struct vole_peer *peer)
{
    if (node->list_previous != NULL)
        node->list_previous->list_next = node->list_next;
    else
        peer->allowed.first = node->list_next;
    if (node->list_next != NULL)
        node->list_next->list_previous = node->list_previous;
    else
        peer->allowed.last = node->list_previous;
    node->list_previous = node->list_next = NULL;
}

static void give(struct allowed_ip *node, struct vole_peer *peer)
{
    struct vole_peer *owner = atomic_load_explicit(&node->peer, memory_order_relaxed);

    allowed_ips_observer_give(node->family, node->bytes, node->length, owner, peer);
    if (owner != NULL)
        list_remove(node, owner);
    node->list_previous = peer->allowed.last;
    if (peer->allowed.last != NULL)
        peer->allowed.last->list_next = node;
    else
        peer->allowed.first = node;
    peer->allowed.last = node;
    atomic_store_explicit(&node->peer, peer, memory_order_release);
}

/* The deepest node whose prefix contains this one, and the slot below it where the way ends. */
static struct allowed_ip *descend(struct allowed_ips *table, uint8_t family, const uint8_t *bytes,
                                  unsigned length, _Atomic(struct allowed_ip *) **slot)
{
    struct allowed_ip *deepest = NULL, *node;

    *slot = root_of(table, family);
    while ((node = own(*slot)) != NULL && node->length <= length && contains(node, bytes)) {
        deepest = node;
        if (node->length == length)
            break;
        *slot = &node->child[bit_at(bytes, node->length)];
    }
    return deepest;
}

/* Puts a new node between parent and what is in the slot; -ENOMEM leaves the trie as it was. */
static int graft(_Atomic(struct allowed_ip *) *slot, struct allowed_ip *parent, struct allowed_ip *node)
{
    struct allowed_ip *below = own(slot), *branch;
    unsigned common;

    node->parent = parent;
    if (below == NULL) {
        publish(slot, node);
        return 0;
    }
    common =
        common_bits(node->bytes, below->bytes, node->length < below->length ? node->length : below->length);
    if (common == node->length) {
        atomic_store_explicit(&node->child[bit_at(below->bytes, common)], below, memory_order_relaxed);
        below->parent = node;
        publish(slot, node);
        return 0;
    }
    branch = node_new(node->family, node->bytes, common);
    if (branch == NULL)
        return -ENOMEM;
    branch->parent = parent;
    atomic_store_explicit(&branch->child[bit_at(below->bytes, common)], below, memory_order_relaxed);
    atomic_store_explicit(&branch->child[bit_at(node->bytes, common)], node, memory_order_relaxed);
    below->parent = branch;
    node->parent = branch;
    publish(slot, branch);
    return 0;
}

int allowed_ips_insert(struct allowed_ips *table, const struct vole_prefix *prefix, struct vole_peer *peer,
                       size_t most)
{
    bool owned;
    _Atomic(struct allowed_ip *) *slot;
    struct allowed_ip *above, *node;
    uint8_t bytes[16];

    if (mask_prefix(prefix, bytes) != 0)
        return -EINVAL;
    above = descend(table, prefix->address.family, bytes, prefix->length, &slot);
    owned = above != NULL && above->length == prefix->length &&
            atomic_load_explicit(&above->peer, memory_order_relaxed) != NULL;
    if (!owned && table->count >= most)
        return -ENOMEM;
    if (above != NULL && above->length == prefix->length) {
        table->count += !owned;
        give(above, peer);
        return 0;
    }
    node = node_new(prefix->address.family, bytes, prefix->length);
    if (node == NULL)
        return -ENOMEM;
    give(node, peer);
    if (graft(slot, above, node) != 0) {
        list_remove(node, peer);
        free(node);
        return -ENOMEM;
    }
    table->count++;
    return 0;
}

/* Takes nodes out that neither have a peer nor branch; readers inside them still find their way down. */
static void prune(struct allowed_ips *table, struct allowed_ip *node)
{
    while (node != NULL && atomic_load_explicit(&node->peer, memory_order_relaxed) == NULL) {
        struct allowed_ip *left = own(&node->child[0]), *right = own(&node->child[1]), *parent = node->parent;
        struct allowed_ip *only = left != NULL ? left : right;

        if (left != NULL && right != NULL)
            return;
        if (only != NULL)
            only->parent = parent;
        publish(slot_of(table, node), only);
        retire(&table->retirer, node, free);
        node = parent;
    }
}

static void disown(struct allowed_ips *table, struct allowed_ip *node, struct vole_peer *peer)
{
    list_remove(node, peer);
    table->count--;
    atomic_store_explicit(&node->peer, NULL, memory_order_release);
    prune(table, node);
}

int allowed_ips_remove(struct allowed_ips *table, const struct vole_prefix *prefix, struct vole_peer *peer)
{
    _Atomic(struct allowed_ip *) *slot;
    struct allowed_ip *node;
    uint8_t bytes[16];

    if (mask_prefix(prefix, bytes) != 0)
        return -EINVAL;
    node = descend(table, prefix->address.family, bytes, prefix->length, &slot);
    if (node != NULL && node->length == prefix->length &&
        atomic_load_explicit(&node->peer, memory_order_relaxed) == peer)
        disown(table, node, peer);
    return 0;
}

void allowed_ips_remove_peer(struct allowed_ips *table, struct vole_peer *peer)
{
    while (peer->allowed.first != NULL) {
        assert(peer->allowed.first->list_previous == NULL);
        disown(table, peer->allowed.first, peer);
    }
}

struct vole_peer *allowed_ips_lookup(const struct allowed_ips *table, uint8_t family, const uint8_t *address)
{
    const struct allowed_ip *node =
        atomic_load_explicit(&table->roots[family == 4 ? 0 : 1], memory_order_acquire);
    unsigned bits = family == 4 ? 32 : 128;
    struct vole_peer *found = NULL, *peer;

    allowed_ips_observer_begin(family, address);
    while (node != NULL && allowed_ips_observer_compare(node->bytes, node->length, contains(node, address))) {
        peer = atomic_load_explicit(&node->peer, memory_order_acquire);
        allowed_ips_observer_owner(peer);
        if (peer != NULL)
            found = peer;
        if (node->length == bits)
            break;
        node = atomic_load_explicit(&node->child[bit_at(address, node->length)], memory_order_acquire);
    }
    return found;
}

struct allowed_ip *allowed_ips_next(const struct vole_peer *peer, struct allowed_ip *previous,
                                    struct vole_prefix *prefix)
{
    struct allowed_ip *node = previous == NULL ? peer->allowed.first : previous->list_next;

    if (node == NULL)
        return NULL;
    *prefix = (struct vole_prefix){.address.family = node->family, .length = node->length};
    memcpy(prefix->address.bytes, node->bytes, family_bytes(node->family));
    return node;
}
