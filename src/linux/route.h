/* SPDX-License-Identifier: MIT
 *
 * Which way a datagram would leave this host: asked to find out that a learnt source address no longer fits
 * the route (routing §9), and how long datagrams on that way may be (config §6.2).
 *
 * Uses a descriptor of link_open(); the answer is that of the namespace it was opened in.
 */
#ifndef VOLE_LINUX_ROUTE_H
#define VOLE_LINUX_ROUTE_H

#include "vole.h"

#include <stdint.h>

/* Stores the index of the interface by which a datagram from source (family 0: chosen by the host) with this
 * mark (0: none) to destination would leave. -ENETUNREACH, -EHOSTUNREACH, -EACCES: no route, or one that
 * forbids the way; -EINVAL: source is no local address, the families differ, or a route that swallows. */
VOLE_MUST_CHECK int route_query(int netlink, const struct vole_address *destination,
                                const struct vole_address *source, uint32_t mark, uint32_t *interface);

/* The same, without source and mark: stores the interface, and the MTU of the route itself, 0 if it has none
 * and the interface's holds. */
VOLE_MUST_CHECK int route_query_mtu(int netlink, const struct vole_address *destination, uint32_t *interface,
                                    uint32_t *mtu);

#endif
