/* SPDX-License-Identifier: MIT
 *
 * The keypair table of protocol §5.2, and how long a keypair is good for.
 */
#include "core/keypair.h"

#include "core/device.h"
#include "crypto/secret_memory.h"

struct keypair *keypair_new(struct vole_device *device)
{
    return secret_memory_new(device->secrets, sizeof(struct keypair));
}

void keypair_free(struct keypair *keypair)
{
    secret_memory_free(keypair);
}

/* Out of use at once, out of memory when the last reader has gone. */
static void discard(struct vole_device *device, struct keypair *keypair)
{
    if (keypair == NULL)
        return;
    index_remove(&device->indices, &keypair->entry);
    atomic_store_explicit(&keypair->can_send, false, memory_order_relaxed);
    atomic_store_explicit(&keypair->can_receive, false, memory_order_relaxed);
    retire(&device->hooks.retirer, keypair, secret_memory_free); /* only without readers may it be wiped */
}

static struct keypair *get_current(const struct keypair_slots *slots)
{
    return atomic_load_explicit(&slots->current, memory_order_relaxed);
}

static void set_current(struct keypair_slots *slots, struct keypair *keypair)
{
    atomic_store_explicit(&slots->current, keypair, memory_order_seq_cst); /* see peer_send_staged */
}

void keypair_install(struct vole_device *device, struct keypair_slots *slots, struct keypair *keypair)
{
    struct keypair *current = get_current(slots), *previous = slots->previous, *next = slots->next;

    if (keypair->initiator && next != NULL) {
        slots->previous = next;
        slots->next = NULL;
        set_current(slots, keypair);
        discard(device, current);
        discard(device, previous);
    } else if (keypair->initiator) {
        slots->previous = current;
        set_current(slots, keypair);
        discard(device, previous);
    } else {
        slots->previous = NULL;
        slots->next = keypair;
        discard(device, previous);
        discard(device, next);
    }
}

bool keypair_confirm(struct vole_device *device, struct keypair_slots *slots, struct keypair *keypair)
{
    struct keypair *previous = slots->previous;

    if (keypair == NULL || slots->next != keypair)
        return false;
    slots->previous = get_current(slots);
    slots->next = NULL;
    set_current(slots, keypair);
    discard(device, previous);
    return true;
}

void keypair_erase_all(struct vole_device *device, struct keypair_slots *slots)
{
    struct keypair *current = get_current(slots), *previous = slots->previous, *next = slots->next;

    slots->previous = slots->next = NULL;
    set_current(slots, NULL);
    discard(device, current);
    discard(device, previous);
    discard(device, next);
}

void keypair_stop_sending(struct keypair_slots *slots)
{
    struct keypair *current = get_current(slots);

    if (current != NULL)
        atomic_store_explicit(&current->can_send, false, memory_order_relaxed);
    if (slots->next != NULL)
        atomic_store_explicit(&slots->next->can_send, false, memory_order_relaxed);
}

bool keypair_can_send(const struct keypair *keypair, uint64_t boot_ns)
{
    return keypair != NULL && atomic_load_explicit(&keypair->can_send, memory_order_relaxed) &&
           keypair->birth_ns + REJECT_AFTER_TIME > boot_ns &&
           atomic_load_explicit(&keypair->sending_counter, memory_order_relaxed) < REJECT_AFTER_MESSAGES;
}

bool keypair_can_receive(struct keypair *keypair, uint64_t boot_ns)
{
    if (atomic_load_explicit(&keypair->can_receive, memory_order_relaxed) &&
        keypair->birth_ns + REJECT_AFTER_TIME > boot_ns &&
        atomic_load_explicit(&keypair->replay.top, memory_order_relaxed) < REJECT_AFTER_MESSAGES)
        return true;
    atomic_store_explicit(&keypair->can_receive, false, memory_order_relaxed);
    return false;
}

bool keypair_reserve(struct keypair *keypair, uint32_t count, uint64_t *first)
{
    *first = atomic_fetch_add_explicit(&keypair->sending_counter, count, memory_order_relaxed);
    if (*first < REJECT_AFTER_MESSAGES && count <= REJECT_AFTER_MESSAGES - *first)
        return true;
    /* The counters stay consumed: never reused, as the keypair ends here. */
    atomic_store_explicit(&keypair->can_send, false, memory_order_relaxed);
    return false;
}
