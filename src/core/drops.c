/* SPDX-License-Identifier: MIT
 *
 * Drop counters, and the words for each reason.
 */
#include "core/drops.h"

#include "vole.h"

static const int8_t peer_slots[VOLE_DROP_COUNT] = {
#define DROP_PEER(name)                             DROP_PEER_##name,
#define DROP_DEVICE(name)                           -1,
#define DROP_ENTRY(name, word, blame, text, advice) DROP_##blame(name)
    VOLE_DROP_REASONS(DROP_ENTRY)
#undef DROP_ENTRY
#undef DROP_DEVICE
#undef DROP_PEER
};

static const struct {
    const char *name, *text, *advice;
} words[VOLE_DROP_COUNT] = {
#define DROP_WORDS(name, word, blame, text, advice) {word, text, advice},
    VOLE_DROP_REASONS(DROP_WORDS)
#undef DROP_WORDS
};

int drop_peer_slot(enum vole_drop reason)
{
    return peer_slots[reason];
}

/* A peer's counters are half as wide to keep peers small; they stop rather than start again. */
static void add_saturating(_Atomic uint32_t *counter, uint64_t packets)
{
    uint32_t seen = atomic_load_explicit(counter, memory_order_relaxed), sum;

    do {
        sum = packets > UINT32_MAX - seen ? UINT32_MAX : seen + (uint32_t)packets;
    } while (!atomic_compare_exchange_weak_explicit(counter, &seen, sum, memory_order_relaxed,
                                                    memory_order_relaxed));
}

void drop_count(struct drop_counters *device, struct drop_peer_counters *peer, enum vole_drop reason,
                uint64_t packets)
{
    atomic_fetch_add_explicit(&device->count[reason], packets, memory_order_relaxed);
    if (peer != NULL && peer_slots[reason] >= 0)
        add_saturating(&peer->count[peer_slots[reason]], packets);
}

const char *vole_drop_name(enum vole_drop reason)
{
    return (unsigned)reason < VOLE_DROP_COUNT ? words[reason].name : "unknown";
}

const char *vole_drop_text(enum vole_drop reason)
{
    return (unsigned)reason < VOLE_DROP_COUNT ? words[reason].text : "unknown";
}

const char *vole_drop_advice(enum vole_drop reason)
{
    return (unsigned)reason < VOLE_DROP_COUNT ? words[reason].advice : "";
}

bool vole_drop_has_peer(enum vole_drop reason)
{
    return (unsigned)reason < VOLE_DROP_COUNT && peer_slots[reason] >= 0;
}
