/* SPDX-License-Identifier: MIT
 *
 * The sequence lock around a peer's endpoint.
 */
#include "core/endpoint.h"

#include "core/spin.h"

#include <string.h>

/* The public struct packed without holes, so that two endpoints are equal if their words are. */
struct packed {
    uint8_t address[16];
    uint8_t source[16];
    uint32_t scope;
    uint32_t source_interface;
    uint16_t port;
    uint8_t family;
    uint8_t source_family;
    uint32_t unused;
};

_Static_assert(sizeof(struct packed) == ENDPOINT_WORDS * sizeof(uint64_t), "endpoint fills its words");

static void pack(const struct vole_endpoint *endpoint, uint64_t words[static ENDPOINT_WORDS])
{
    struct packed packed = {.scope = endpoint->scope,
                            .source_interface = endpoint->source_interface,
                            .port = endpoint->port,
                            .family = endpoint->address.family,
                            .source_family = endpoint->source.family};

    memcpy(packed.address, endpoint->address.bytes, sizeof packed.address);
    if (endpoint->source.family != 0)
        memcpy(packed.source, endpoint->source.bytes, sizeof packed.source);
    else
        packed.source_interface = 0;
    memcpy(words, &packed, sizeof packed);
}

static void unpack(const uint64_t words[static ENDPOINT_WORDS], struct vole_endpoint *endpoint)
{
    struct packed packed;

    memcpy(&packed, words, sizeof packed);
    *endpoint = (struct vole_endpoint){.scope = packed.scope,
                                       .source_interface = packed.source_interface,
                                       .port = packed.port,
                                       .address.family = packed.family,
                                       .source.family = packed.source_family};
    memcpy(endpoint->address.bytes, packed.address, sizeof packed.address);
    memcpy(endpoint->source.bytes, packed.source, sizeof packed.source);
}

/* Consistent words and the sequence they belong to; 0: never set. */
static uint32_t read_words(const struct endpoint_cell *cell, uint64_t words[static ENDPOINT_WORDS])
{
    unsigned turns = 0;
    uint32_t before;

    for (;; spin_wait(&turns)) {
        before = atomic_load_explicit(&cell->sequence, memory_order_acquire);
        if (before & 1)
            continue;
        for (size_t i = 0; i < ENDPOINT_WORDS; i++)
            words[i] = atomic_load_explicit(&cell->words[i], memory_order_acquire);
        if (atomic_load_explicit(&cell->sequence, memory_order_relaxed) == before)
            return before;
    }
}

static uint32_t lock(struct endpoint_cell *cell)
{
    uint32_t sequence = atomic_load_explicit(&cell->sequence, memory_order_relaxed);
    unsigned turns = 0;

    for (;; spin_wait(&turns)) {
        if (sequence & 1)
            sequence = atomic_load_explicit(&cell->sequence, memory_order_relaxed);
        else if (atomic_compare_exchange_weak_explicit(&cell->sequence, &sequence, sequence + 1,
                                                       memory_order_acquire, memory_order_relaxed))
            return sequence;
    }
}

static void unlock(struct endpoint_cell *cell, uint32_t sequence)
{
    uint32_t next = sequence + 2;

    atomic_store_explicit(&cell->sequence, next == 0 ? 2 : next, memory_order_release);
}

/* Between lock and unlock. Release stores, so that a reader that sees one of them also sees the odd sequence.
 */
static void store_words(struct endpoint_cell *cell, const uint64_t words[static ENDPOINT_WORDS])
{
    for (size_t i = 0; i < ENDPOINT_WORDS; i++)
        atomic_store_explicit(&cell->words[i], words[i], memory_order_release);
}

bool endpoint_read(const struct endpoint_cell *cell, struct vole_endpoint *out)
{
    uint64_t words[ENDPOINT_WORDS];

    if (read_words(cell, words) == 0)
        return false;
    unpack(words, out);
    return true;
}

void endpoint_write(struct endpoint_cell *cell, const struct vole_endpoint *endpoint)
{
    uint64_t words[ENDPOINT_WORDS];
    uint32_t sequence;

    pack(endpoint, words);
    sequence = lock(cell);
    store_words(cell, words);
    unlock(cell, sequence);
}

bool endpoint_learn(struct endpoint_cell *cell, const struct vole_endpoint *from)
{
    uint64_t have[ENDPOINT_WORDS], want[ENDPOINT_WORDS];
    struct vole_endpoint old;
    bool known;

    pack(from, want);
    known = read_words(cell, have) != 0;
    if (known && memcmp(have, want, sizeof have) == 0)
        return false;
    endpoint_write(cell, from);
    unpack(have, &old);
    return !known || old.port != from->port || old.scope != from->scope ||
           old.address.family != from->address.family ||
           memcmp(old.address.bytes, from->address.bytes, sizeof old.address.bytes) != 0;
}

void endpoint_clear_source(struct endpoint_cell *cell)
{
    uint64_t words[ENDPOINT_WORDS];
    struct vole_endpoint endpoint;
    uint32_t sequence = lock(cell);

    for (size_t i = 0; i < ENDPOINT_WORDS; i++)
        words[i] = atomic_load_explicit(&cell->words[i], memory_order_relaxed);
    if (sequence == 0) {
        atomic_store_explicit(&cell->sequence, 0, memory_order_release);
        return;
    }
    unpack(words, &endpoint);
    endpoint.source = (struct vole_address){0};
    endpoint.source_interface = 0;
    pack(&endpoint, words);
    store_words(cell, words);
    unlock(cell, sequence);
}
