/* SPDX-License-Identifier: MIT
 *
 * Ceilings, stored and answered.
 */
#include "disk.h"

#include "world.h"

#include <string.h>

#define SLOWEST_NS (50 * MS_NS)

static uint64_t *stored(struct disk *disk, const uint8_t public_key[VOLE_KEY_BYTES])
{
    unsigned number;

    for (number = 0; number < DISK_KEYS; number++)
        if (memcmp(disk->stored[number].public_key, public_key, VOLE_KEY_BYTES) == 0)
            return &disk->stored[number].ceiling_s;
    number = disk->next;
    disk->next = (disk->next + 1) % DISK_KEYS;
    memcpy(disk->stored[number].public_key, public_key, VOLE_KEY_BYTES);
    disk->stored[number].ceiling_s = 0;
    return &disk->stored[number].ceiling_s;
}

void disk_ask(struct host *host, const uint8_t public_key[VOLE_KEY_BYTES], uint64_t until_s)
{
    struct disk *disk = &host->disk;

    disk->asked = true;
    disk->asked_knowing = vole_device_used(host->device) > 0;
    memcpy(disk->asked_key, public_key, VOLE_KEY_BYTES);
    disk->asked_until_s = until_s;
    disk->due_ns = host->world->now_ns + random_below(&host->random, SLOWEST_NS);
}

uint64_t disk_due(const struct host *host)
{
    return host->disk.asked ? host->disk.due_ns : UINT64_MAX;
}

void disk_answer(struct host *host)
{
    struct disk *disk = &host->disk;
    struct vole_time now = host_time(host);
    uint64_t *ceiling_s = stored(disk, disk->asked_key);
    uint64_t from_s = disk->asked_knowing ? 0 : *ceiling_s;

    if (disk->asked_until_s > *ceiling_s)
        *ceiling_s = disk->asked_until_s;
    disk->asked = false;
    host->world->statistics.count[STATISTIC_RESERVATIONS]++;
    vole_device_reserved(host->device, disk->asked_key, from_s, disk->asked_until_s, &now);
}

void disk_end(struct host *host, bool orderly)
{
    uint64_t used_s = vole_device_used(host->device), *ceiling_s;

    host->disk.asked = false;
    if (used_s == 0)
        return;
    ceiling_s = stored(&host->disk, host->public_key);
    if (used_s > *ceiling_s)
        world_fail(host->world, "reserved", "%s sent timestamps beyond what was stored", host->name);
    if (orderly)
        *ceiling_s = used_s;
}
