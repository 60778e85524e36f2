/* SPDX-License-Identifier: MIT
 *
 * The translator's table.
 */
#include "translator.h"

#include "world.h"

#define FIRST_PORT 1024u

struct vole_endpoint translator_out(struct world *world, const struct host *sender,
                                    const struct vole_endpoint *to)
{
    struct translator *translator = &world->translator;
    unsigned number = network_host_of(to);

    if (!translator->present || sender->number != translator->host || number >= WORLD_HOSTS)
        return sender->address;
    if (translator->table[number].used_ns == 0 ||
        !network_same_place(&translator->table[number].receiver, to) ||
        translator->table[number].used_ns + TRANSLATOR_FORGETS_NS < world->now_ns) {
        struct vole_endpoint outside = sender->address;

        outside.port = (uint16_t)(FIRST_PORT + translator->mappings++ % 60000);
        outside.address.bytes[2] = (uint8_t)(200 + translator->mappings / 8 % 50);
        translator->table[number].outside = outside;
        translator->table[number].receiver = *to;
        world->statistics.count[STATISTIC_MAPPINGS]++;
        world_note(world, "has a new outside address for", sender, &world->hosts[number], outside.port, NULL);
    }
    translator->table[number].used_ns = world->now_ns;
    return translator->table[number].outside;
}

bool translator_in(struct world *world, struct datagram *datagram)
{
    struct translator *translator = &world->translator;

    for (unsigned number = 0; translator->present && number < WORLD_HOSTS; number++)
        if (translator->table[number].used_ns != 0 &&
            translator->table[number].used_ns + TRANSLATOR_FORGETS_NS >= world->now_ns &&
            network_same_place(&translator->table[number].outside, &datagram->to)) {
            if (!network_same_place(&translator->table[number].receiver, &datagram->from))
                return false;
            datagram->to = world->hosts[translator->host].address;
            return true;
        }
    return false;
}

void translator_forget(struct world *world)
{
    for (unsigned number = 0; number < WORLD_HOSTS; number++)
        world->translator.table[number].used_ns = 0;
    world_note(world, "the translator forgets", &world->hosts[world->translator.host], NULL, 0, NULL);
}
