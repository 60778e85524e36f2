/* SPDX-License-Identifier: MIT
 *
 * Prints random tables of allowed IPs as the page of vole explain has them, with what libvole answered about
 * 500 random addresses each: a JSON list of TABLEs (explain/routing_act.h). tests/browser/routing_walk.mjs
 * compares the page's own walk with it.
 *
 *     routing_answers TABLES
 */
#include "config/address.h"
#include "explain/routing_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUESTIONS 500

static uint64_t random_state = 20;

/* splitmix64 */
static uint32_t random_below(uint32_t limit)
{
    uint64_t mixed = random_state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((mixed >> 32) % limit);
}

/* density: of bits, so that prefixes nest or miss each other. */
static struct vole_address random_address(unsigned density)
{
    struct vole_address address = {.family = random_below(2) ? 4 : 6};

    for (unsigned i = 0; i < (address.family == 4 ? 4 : 16); i++)
        address.bytes[i] = (uint8_t)(random_below(6) < density ? random_below(256) : 0);
    if (address.family == 6 && random_below(20) == 0)
        memcpy(address.bytes, (uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 12); /* IPv4 within */
    return address;
}

static int fill(struct routing_table *table, unsigned density)
{
    size_t peers = 1 + random_below(20), prefixes = random_below(300);
    int error = 0;

    routing_table_init(table, ROUTING_TABLE_FILE, "random");
    for (size_t i = 0; i < peers && error == 0; i++)
        error = routing_table_add_peer(table, NULL, true);
    for (size_t i = 0; i < prefixes && error == 0; i++) {
        struct vole_prefix prefix = {.address = random_address(density)};

        prefix.length = (uint8_t)random_below(prefix.address.family == 4 ? 33 : 129);
        error = routing_table_give(table, random_below((uint32_t)peers), &prefix, false);
    }
    return error;
}

/* The table's JSON, or NULL. */
static json_t *answers_new(unsigned density)
{
    static const struct routing_question none[] = {{NULL, NULL, NULL}};
    static char texts[QUESTIONS][ADDRESS_TEXT_BYTES];
    static struct routing_question questions[QUESTIONS + 1];
    struct routing_table table;
    struct routing_world world;
    struct routing_view view;
    json_t *answers = NULL;

    for (size_t i = 0; i < QUESTIONS; i++) {
        struct vole_address address = random_address(density);

        address_write(texts[i], &address);
        questions[i] = (struct routing_question){texts[i], texts[i], ""};
    }
    if (fill(&table, density) == 0) {
        routing_world_init(&world, &table, chance_public_seed, 0);
        routing_view_init(&view, &world);
        answers = routing_values_table(&view, questions, none);
        routing_view_fini(&view);
        routing_world_fini(&world);
    }
    routing_table_fini(&table);
    return answers;
}

int main(int count, char **arguments)
{
    unsigned long tables = count == 2 ? strtoul(arguments[1], NULL, 10) : 0;
    int error = 0;

    fputs("[", stdout);
    for (unsigned long i = 0; i < tables && error == 0; i++) {
        json_t *answers = answers_new(1 + (unsigned)i % 4);

        if (i > 0)
            fputs(",", stdout);
        error = answers == NULL ? -1 : json_dumpf(answers, stdout, JSON_COMPACT);
        json_decref(answers);
    }
    fputs("]\n", stdout);
    return error == 0 && fflush(stdout) == 0 ? 0 : 1;
}
