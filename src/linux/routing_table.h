/* SPDX-License-Identifier: MIT
 *
 * Routes that lead into an interface, and what else a routing table holds, as `ip route` adds, removes and
 * shows them.
 *
 * Tables have numbers; the names that people gave them are in files (linux/routing_table_name.h).
 * Uses a descriptor of link_open(). Results: 0 or a negative errno, the kernel's own where it answered with
 * one. Spec: config §6.4.
 */
#ifndef VOLE_LINUX_ROUTING_TABLE_H
#define VOLE_LINUX_ROUTING_TABLE_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUTING_TABLE_MAIN 254

/* Adds or removes the route to a network through an interface; host bits must be zero.
 * -EEXIST: there is a route to it of the same metric; -ESRCH: there is none that was added so; -ENETDOWN: the
 * interface is down; -EINVAL: host bits. */
VOLE_MUST_CHECK int routing_table_add(int netlink, uint32_t table, uint32_t interface,
                                      const struct vole_prefix *network);
VOLE_MUST_CHECK int routing_table_remove(int netlink, uint32_t table, uint32_t interface,
                                         const struct vole_prefix *network);

/* Whether some route of the main table into this interface covers the whole network already: what
 * `ip route show dev X match NETWORK` prints. 1: yes, 0: no, negative errno. */
VOLE_MUST_CHECK int routing_table_covers(int netlink, uint32_t interface, const struct vole_prefix *network);
/* Whether the table has no route of either family. 1: none, 0: some, negative errno. */
VOLE_MUST_CHECK int routing_table_is_empty(int netlink, uint32_t table);

struct routing_table_entry {
    uint32_t table;
    struct vole_prefix network;
    bool plain; /* as routing_table_add() makes it: by hand, no gateway, no source, no metric of its own */
};

/* Owned by the caller until routing_table_list_free(). */
struct routing_table_list {
    struct routing_table_entry *entries;
    size_t count;
    size_t capacity;
};

/* All routes into the interface that were made by somebody, of all tables and both families: those that the
 * kernel makes for addresses are passed over. list must be zeros or of an earlier call, and is to be freed
 * whatever the result. -ENOMEM. */
VOLE_MUST_CHECK int routing_table_read(int netlink, uint32_t interface, struct routing_table_list *list);
/* The same with those of the kernel. */
VOLE_MUST_CHECK int routing_table_read_all(int netlink, uint32_t interface, struct routing_table_list *list);
/* What routing_table_covers() answers of the interface whose routes these all are; for many networks. */
VOLE_MUST_CHECK bool routing_table_list_covers(const struct routing_table_list *list,
                                               const struct vole_prefix *network);
void routing_table_list_free(struct routing_table_list *list);

/* The first default route of IPv4 in the main table: by which interface (0: there is none, or it names none)
 * and its own MTU (0: none). */
VOLE_MUST_CHECK int routing_table_default(int netlink, uint32_t *interface, uint32_t *mtu);

#endif
