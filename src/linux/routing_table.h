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
#include <stdint.h>

#define ROUTING_TABLE_MAIN 254

/* Adds or removes the route to a network through an interface; host bits must be zero.
 * -EEXIST: there is a route to it of the same metric; -ESRCH: there is none; -ENETDOWN: the interface is
 * down; -EINVAL: host bits. */
VOLE_MUST_CHECK int routing_table_add(int netlink, uint32_t table, uint32_t interface,
                                      const struct vole_prefix *network);
VOLE_MUST_CHECK int routing_table_remove(int netlink, uint32_t table, uint32_t interface,
                                         const struct vole_prefix *network);

/* Whether some route of the main table into this interface covers the whole network already: what
 * `ip route show dev X match NETWORK` prints. 1: yes, 0: no, negative errno. */
VOLE_MUST_CHECK int routing_table_covers(int netlink, uint32_t interface, const struct vole_prefix *network);
/* Whether the table has no route of either family. 1: none, 0: some, negative errno. */
VOLE_MUST_CHECK int routing_table_is_empty(int netlink, uint32_t table);

/* The first default route of IPv4 in the main table: by which interface (0: there is none, or it names none)
 * and its own MTU (0: none). */
VOLE_MUST_CHECK int routing_table_default(int netlink, uint32_t *interface, uint32_t *mtu);

#endif
