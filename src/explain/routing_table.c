/* SPDX-License-Identifier: MIT
 *
 * Filling the table, and calling everybody something.
 */
#include "explain/routing_table.h"

#include "config/array.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void routing_table_init(struct routing_table *table, enum routing_table_kind kind, const char *name)
{
    *table = (struct routing_table){.kind = kind};
    (void)snprintf(table->name, sizeof table->name, "%s", name);
}

void routing_table_fini(struct routing_table *table)
{
    free(table->peers);
    free(table->gifts);
    table->peers = NULL;
    table->gifts = NULL;
    table->peer_count = table->peer_capacity = 0;
    table->gift_count = table->gift_capacity = 0;
}

size_t routing_table_find(const struct routing_table *table, const char *name)
{
    size_t at = 0;

    while (at < table->peer_count && strcmp(table->peers[at].name, name) != 0)
        at++;
    return at;
}

int routing_table_add_peer(struct routing_table *table, const char *name, bool has_endpoint)
{
    struct routing_table_peer *peers, *peer;
    size_t number = table->peer_count + 1;

    peers = array_grow(table->peers, &table->peer_capacity, table->peer_count, sizeof *peers);
    if (peers == NULL)
        return -ENOMEM;
    table->peers = peers;
    peer = &peers[table->peer_count];
    *peer = (struct routing_table_peer){.has_endpoint = has_endpoint};
    if (name == NULL || name[0] == '\0')
        (void)snprintf(peer->name, sizeof peer->name, "peer %zu", number);
    else if (routing_table_find(table, name) < table->peer_count)
        (void)snprintf(peer->name, sizeof peer->name, "%.40s (peer %zu)", name, number);
    else
        (void)snprintf(peer->name, sizeof peer->name, "%s", name);
    table->peer_count++;
    return 0;
}

int routing_table_give(struct routing_table *table, size_t peer, const struct vole_prefix *prefix,
                       bool remove)
{
    struct routing_table_gift *gifts;

    gifts = array_grow(table->gifts, &table->gift_capacity, table->gift_count, sizeof *gifts);
    if (gifts == NULL)
        return -ENOMEM;
    table->gifts = gifts;
    gifts[table->gift_count++] = (struct routing_table_gift){peer, *prefix, remove};
    return 0;
}
