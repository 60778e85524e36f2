/* SPDX-License-Identifier: MIT
 *
 * Load, and the token bucket per source. Chains are allocated when the first source comes under load, so a
 * device that never sees a flood pays nothing; every source costs 40 bytes while it is remembered.
 */
#include "core/load.h"

#include "core/constants.h"
#include "crypto/siphash.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_COST  (NS_PER_SECOND / 20)
#define TOKEN_MAX   (5 * TOKEN_COST)
#define SWEEP_EVERY NS_PER_SECOND
#define IDLE_AFTER  NS_PER_SECOND

struct load_source {
    struct load_source *next;
    uint64_t last_ns, credit_ns;
    uint8_t family;
    uint8_t bytes[8]; /* IPv4 address, or the /64 of an IPv6 one */
};

void load_init(struct load *load, const uint8_t hash_key[static 16])
{
    memset(load, 0, sizeof *load);
    memcpy(load->hash_key, hash_key, sizeof load->hash_key);
    load->most_sources = LOAD_MAX_SOURCES;
}

void load_limit(struct load *load, uint32_t sources)
{
    load->most_sources = sources < LOAD_MAX_SOURCES ? sources : LOAD_MAX_SOURCES;
}

size_t load_source_bytes(void)
{
    return sizeof(struct load_source) + 16;
}

static void free_chain(struct load_source *source)
{
    while (source != NULL) {
        struct load_source *next = source->next;

        free(source);
        source = next;
    }
}

void load_fini(struct load *load)
{
    for (unsigned i = 0; load->chains != NULL && i < LOAD_BUCKETS; i++)
        free_chain(load->chains[i]);
    free(load->chains);
    load->chains = NULL;
    load->source_count = 0;
}

bool load_lasts(const struct load *load, uint64_t boot_ns)
{
    return load->last_loaded_ns != 0 && load->last_loaded_ns + NS_PER_SECOND > boot_ns;
}

bool load_is_high(struct load *load, uint32_t queued, uint64_t boot_ns)
{
    if (queued >= UNDER_LOAD_FROM)
        load->last_loaded_ns = boot_ns;
    else if (!load_lasts(load, boot_ns))
        load->last_loaded_ns = 0;
    return load->last_loaded_ns != 0;
}

void load_sweep(struct load *load, uint64_t boot_ns)
{
    if (load->source_count == 0 || load->last_sweep_ns + SWEEP_EVERY > boot_ns)
        return;
    load->last_sweep_ns = boot_ns;
    for (unsigned i = 0; i < LOAD_BUCKETS; i++) {
        struct load_source **link = &load->chains[i];

        while (*link != NULL) {
            struct load_source *source = *link;

            if (source->last_ns + IDLE_AFTER < boot_ns) {
                *link = source->next;
                free(source);
                load->source_count--;
            } else {
                link = &source->next;
            }
        }
    }
}

static struct load_source *add_source(struct load *load, struct load_source **chain, uint8_t family,
                                      const uint8_t bytes[static 8], uint64_t boot_ns)
{
    struct load_source *source;

    if (load->source_count >= load->most_sources || (source = malloc(sizeof *source)) == NULL)
        return NULL;
    *source = (struct load_source){
        .next = *chain, .last_ns = boot_ns, .credit_ns = TOKEN_MAX - TOKEN_COST, .family = family};
    memcpy(source->bytes, bytes, sizeof source->bytes);
    *chain = source;
    load->source_count++;
    return source;
}

static bool spend(struct load_source *source, uint64_t boot_ns)
{
    uint64_t elapsed = boot_ns - source->last_ns;

    source->last_ns = boot_ns; /* also when refused; the credit is kept */
    source->credit_ns = elapsed > TOKEN_MAX - source->credit_ns ? TOKEN_MAX : source->credit_ns + elapsed;
    if (source->credit_ns < TOKEN_COST)
        return false;
    source->credit_ns -= TOKEN_COST;
    return true;
}

bool load_allow(struct load *load, const struct vole_address *from, uint64_t boot_ns)
{
    uint8_t bytes[8] = {0};
    struct load_source **chain, *source;

    if (load->chains == NULL) {
        load->chains = calloc(LOAD_BUCKETS, sizeof(struct load_source *));
        if (load->chains == NULL)
            return false;
        load->last_sweep_ns = boot_ns;
    }
    load_sweep(load, boot_ns);
    memcpy(bytes, from->bytes, from->family == 4 ? 4 : 8);
    chain = &load->chains[siphash24(load->hash_key, bytes, sizeof bytes) % LOAD_BUCKETS];
    for (source = *chain; source != NULL; source = source->next)
        if (source->family == from->family && memcmp(source->bytes, bytes, sizeof bytes) == 0)
            return spend(source, boot_ns);
    return add_source(load, chain, from->family, bytes, boot_ns) != NULL;
}
