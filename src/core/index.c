/* SPDX-License-Identifier: MIT
 *
 * The index table. A removed slot becomes a gravestone, so that a reader on its way past it goes on; when
 * entries and gravestones fill three quarters, a new array is built without the stones and published whole.
 */
#include "core/index.h"

#include <errno.h>
#include <stdlib.h>

#define SMALLEST   16u
#define HOME_SHIFT 24 /* the index's highest byte says where; the table uses the lowest bits */

struct index_array {
    uint32_t mask;
    uint32_t live, used; /* used counts gravestones too */
    _Atomic(struct index_entry *) slots[];
};

static struct index_entry gravestone;

static struct index_array *array_new(uint32_t capacity)
{
    struct index_array *array = calloc(1, sizeof *array + capacity * sizeof array->slots[0]);

    if (array != NULL)
        array->mask = capacity - 1;
    return array;
}

/* Control's view: it wrote the pointer itself. */
static struct index_array *own_array(const struct index_table *table)
{
    return atomic_load_explicit(&table->array, memory_order_relaxed);
}

int index_table_init(struct index_table *table, struct retirer retirer)
{
    struct index_array *array = array_new(SMALLEST);

    if (array == NULL)
        return -ENOMEM;
    atomic_init(&table->array, array);
    table->retirer = retirer;
    table->homes = 1;
    table->next_home = 0;
    return 0;
}

void index_table_fini(struct index_table *table)
{
    free(own_array(table));
    atomic_store_explicit(&table->array, NULL, memory_order_relaxed);
}

static void put(struct index_array *array, struct index_entry *entry)
{
    uint32_t at = atomic_load_explicit(&entry->index, memory_order_relaxed) & array->mask;

    while (atomic_load_explicit(&array->slots[at], memory_order_relaxed) != NULL)
        at = (at + 1) & array->mask;
    atomic_store_explicit(&array->slots[at], entry, memory_order_release);
    array->live++;
    array->used++;
}

/* Makes sure one more entry fits. */
static int make_room(struct index_table *table)
{
    struct index_array *old = own_array(table), *array;
    uint32_t capacity = SMALLEST;

    if ((old->used + 1) * UINT64_C(4) <= (old->mask + UINT64_C(1)) * 3)
        return 0;
    while (capacity < (old->live + 1) * UINT64_C(2))
        capacity *= 2;
    array = array_new(capacity);
    if (array == NULL)
        return -ENOMEM;
    for (uint32_t at = 0; at <= old->mask; at++) {
        struct index_entry *entry = atomic_load_explicit(&old->slots[at], memory_order_relaxed);

        if (entry != NULL && entry != &gravestone)
            put(array, entry);
    }
    atomic_store_explicit(&table->array, array, memory_order_release);
    retire(&table->retirer, old, free);
    return 0;
}

void index_table_spread(struct index_table *table, unsigned homes)
{
    table->homes = (uint8_t)homes;
    table->next_home = 0;
}

static void settle(struct index_table *table, struct index_entry *entry)
{
    if (entry->home != 0)
        return;
    entry->home = (uint8_t)(table->next_home + 1);
    table->next_home = (uint8_t)((table->next_home + 1) % table->homes);
}

/* Changes the highest byte to the one with the entry's remainder in the same row of homes. False: the last
 * row is cut off before it. */
static bool direct(const struct index_table *table, const struct index_entry *entry, uint32_t *index)
{
    uint32_t high = *index >> HOME_SHIFT, homes = table->homes;

    if (homes == 1)
        return true;
    high = high - high % homes + entry->home - 1;
    *index = high << HOME_SHIFT | (*index & ((UINT32_C(1) << HOME_SHIFT) - 1));
    return high <= UINT32_MAX >> HOME_SHIFT;
}

int index_insert(struct index_table *table, struct index_entry *entry,
                 void (*random)(void *context, uint8_t *bytes, size_t length), void *context)
{
    uint32_t index;

    if (make_room(table) != 0)
        return -ENOMEM;
    settle(table, entry);
    do {
        random(context, (uint8_t *)&index, sizeof index);
    } while (!direct(table, entry, &index) || index_find(table, index) != NULL);
    atomic_store_explicit(&entry->index, index, memory_order_relaxed);
    put(own_array(table), entry);
    entry->listed = true;
    return 0;
}

/* The slot of a listed entry. */
static _Atomic(struct index_entry *) *find_slot(struct index_array *array, const struct index_entry *entry)
{
    uint32_t at = atomic_load_explicit(&entry->index, memory_order_relaxed) & array->mask;

    while (atomic_load_explicit(&array->slots[at], memory_order_relaxed) != entry)
        at = (at + 1) & array->mask;
    return &array->slots[at];
}

void index_replace(struct index_table *table, struct index_entry *old, struct index_entry *entry)
{
    atomic_store_explicit(&entry->index, atomic_load_explicit(&old->index, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(find_slot(own_array(table), old), entry, memory_order_release);
    old->listed = false;
    entry->listed = true;
}

void index_remove(struct index_table *table, struct index_entry *entry)
{
    struct index_array *array = own_array(table);

    if (!entry->listed)
        return;
    atomic_store_explicit(find_slot(array, entry), &gravestone, memory_order_release);
    array->live--;
    entry->listed = false;
}

struct index_entry *index_find(const struct index_table *table, uint32_t index)
{
    struct index_array *array = atomic_load_explicit(&table->array, memory_order_acquire);
    struct index_entry *entry;

    for (uint32_t at = index & array->mask;; at = (at + 1) & array->mask) {
        entry = atomic_load_explicit(&array->slots[at], memory_order_acquire);
        if (entry == NULL)
            return NULL;
        if (entry != &gravestone && atomic_load_explicit(&entry->index, memory_order_relaxed) == index)
            return entry;
    }
}

size_t index_count(const struct index_table *table)
{
    return own_array(table)->live;
}
