/* SPDX-License-Identifier: MIT
 *
 * Rate limits for ICMP errors: see icmp_limit.h.
 */
#include "daemon/icmp_limit.h"

#include <string.h>

#define NANOSECONDS          1000000000ULL
#define ICMP_LIMIT_COST_NS   (NANOSECONDS / 1000)
#define ICMP_LIMIT_CREDIT_NS (ICMP_LIMIT_BURST * ICMP_LIMIT_COST_NS)

void icmp_limit_init(struct icmp_limit *limit, uint64_t now_ns, uint32_t seed)
{
    memset(limit, 0, sizeof *limit);
    atomic_flag_clear(&limit->busy);
    limit->credit_ns = ICMP_LIMIT_CREDIT_NS;
    limit->counted_ns = now_ns;
    limit->seed = seed;
}

/* FNV-1a over the address, started from the seed, with a final mix so that all bits reach the low ones. */
static uint32_t icmp_limit_set(const struct icmp_limit *limit, const struct vole_address *to)
{
    uint32_t hash = limit->seed ^ 2166136261U;

    for (size_t i = 0; i < sizeof to->bytes; i++)
        hash = (hash ^ to->bytes[i]) * 16777619U;
    hash ^= hash >> 15;
    return hash % ICMP_LIMIT_SETS;
}

static void icmp_limit_earn(struct icmp_limit *limit, uint64_t now_ns)
{
    uint64_t elapsed = now_ns > limit->counted_ns ? now_ns - limit->counted_ns : 0;

    limit->counted_ns += elapsed;
    if (elapsed >= ICMP_LIMIT_CREDIT_NS - limit->credit_ns)
        limit->credit_ns = ICMP_LIMIT_CREDIT_NS;
    else
        limit->credit_ns += elapsed;
}

/* The destination's entry, or the one to give up for it: an empty one, else the oldest. */
static struct icmp_limit_entry *icmp_limit_find(struct icmp_limit *limit, const struct vole_address *to)
{
    struct icmp_limit_entry *entries = limit->entries[icmp_limit_set(limit, to)];
    struct icmp_limit_entry *oldest = &entries[0];

    for (size_t i = 0; i < ICMP_LIMIT_WAYS; i++) {
        if (entries[i].address.family == to->family &&
            memcmp(entries[i].address.bytes, to->bytes, sizeof to->bytes) == 0)
            return &entries[i];
        if (entries[i].address.family == 0)
            oldest = &entries[i];
        else if (oldest->address.family != 0 && entries[i].sent_ns < oldest->sent_ns)
            oldest = &entries[i];
    }
    return oldest;
}

static bool icmp_limit_take(struct icmp_limit *limit, const struct vole_address *to, uint64_t now_ns)
{
    struct icmp_limit_entry *entry;

    icmp_limit_earn(limit, now_ns);
    if (limit->credit_ns < ICMP_LIMIT_COST_NS)
        return false;
    entry = icmp_limit_find(limit, to);
    if (entry->address.family == to->family &&
        memcmp(entry->address.bytes, to->bytes, sizeof to->bytes) == 0 &&
        now_ns < entry->sent_ns + NANOSECONDS)
        return false;
    entry->address = *to;
    entry->sent_ns = now_ns;
    limit->credit_ns -= ICMP_LIMIT_COST_NS;
    return true;
}

bool icmp_limit_allow(struct icmp_limit *limit, const struct vole_address *to, uint64_t now_ns)
{
    bool allowed;

    if (atomic_flag_test_and_set_explicit(&limit->busy, memory_order_acquire))
        return false;
    allowed = icmp_limit_take(limit, to, now_ns);
    atomic_flag_clear_explicit(&limit->busy, memory_order_release);
    return allowed;
}
