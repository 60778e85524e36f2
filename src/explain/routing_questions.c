/* SPDX-License-Identifier: MIT */
#include "explain/routing_questions.h"

#include <string.h>

/* For documentation, so hardly anybody's own (RFC 5737, RFC 3849). */
static const struct vole_address elsewhere_v4 = {4, {192, 0, 2, 80}};
static const struct vole_address elsewhere_v6 = {6, {0x20, 0x01, 0x0d, 0xb8, [15] = 0x99}};

static void ask(struct routing_questions *questions, const struct vole_address *address, const char *why)
{
    char *text = questions->texts[questions->count];

    address_write(text, address);
    for (size_t i = 0; i < questions->count; i++)
        if (strcmp(questions->texts[i], text) == 0)
            return;
    questions->items[questions->count++] = (struct routing_question){text, text, why};
}

/* The first host of the prefix. */
static struct vole_address host_in(const struct vole_prefix *prefix)
{
    struct vole_prefix masked = *prefix;
    unsigned bits = prefix->address.family == 4 ? 32 : 128;

    (void)address_clear_host_bits(&masked);
    if (bits - prefix->length >= 2)
        masked.address.bytes[bits / 8 - 1] |= 1;
    return masked.address;
}

void routing_questions_choose(struct routing_questions *questions, const struct routing_table *table)
{
    memset(questions, 0, sizeof *questions);
    for (size_t i = 0; i < table->gift_count && questions->count < ROUTING_QUESTIONS - 2; i++) {
        struct vole_address address = host_in(&table->gifts[i].prefix);

        if (table->gifts[i].prefix.length > 0)
            ask(questions, &address, "an address of the table");
    }
    ask(questions, &elsewhere_v4, "far away");
    ask(questions, &elsewhere_v6, "far away");
}
