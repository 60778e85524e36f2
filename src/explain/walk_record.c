/* SPDX-License-Identifier: MIT
 *
 * The record that is open in this thread, and what is added to it.
 */
#include "explain/walk_record.h"

#include <assert.h>
#include <string.h>

static _Thread_local struct walk_record *open_record;

void walk_record_start(struct walk_record *record)
{
    memset(record, 0, sizeof *record);
    open_record = record;
}

void walk_record_stop(void)
{
    open_record = NULL;
}

const struct vole_peer *walk_record_winner(const struct walk_record *record)
{
    const struct vole_peer *found = NULL;

    for (size_t i = 0; i < record->step_count; i++)
        if (record->steps[i].peer != NULL)
            found = record->steps[i].peer;
    return found;
}

/* The table's nodes have as many bytes as their family's addresses. */
static void copy_address(struct vole_address *address, uint8_t family, const uint8_t *bytes)
{
    *address = (struct vole_address){.family = family};
    memcpy(address->bytes, bytes, family == 4 ? 4 : 16);
}

void walk_record_begin(uint8_t family, const uint8_t *address)
{
    if (open_record == NULL)
        return;
    open_record->lookups++;
    open_record->step_count = 0;
    copy_address(&open_record->address, family, address);
}

void walk_record_compare(const uint8_t *bytes, uint8_t length, bool contained)
{
    struct walk_step *step;

    if (open_record == NULL)
        return;
    assert(open_record->step_count < WALK_RECORD_STEPS);
    step = &open_record->steps[open_record->step_count++];
    *step = (struct walk_step){.prefix.length = length, .contains = contained};
    copy_address(&step->prefix.address, open_record->address.family, bytes);
}

void walk_record_owner(const struct vole_peer *peer)
{
    if (open_record != NULL)
        open_record->steps[open_record->step_count - 1].peer = peer;
}

void walk_record_give(uint8_t family, const uint8_t *bytes, uint8_t length, const struct vole_peer *before,
                      const struct vole_peer *after)
{
    if (open_record == NULL)
        return;
    open_record->gifts++;
    open_record->given.length = length;
    copy_address(&open_record->given.address, family, bytes);
    open_record->before = before;
    open_record->after = after;
}
