/* SPDX-License-Identifier: MIT
 *
 * The routes of a tunnel: one for each network that its peers may use, and for a whole family ("/0") a table
 * of its own with two policy rules and a firewall, so that everything goes through the tunnel but the
 * tunnel's own datagrams and what the main table knows better. Spec: config §6.4.
 */
#ifndef CLI_TUNNEL_ROUTES_H
#define CLI_TUNNEL_ROUTES_H

#include "cli/tunnel.h"
#include "config/model.h"
#include "vole.h"

#include <stdbool.h>

/* What can be known about Table before anything is done. False: a message was printed. */
VOLE_MUST_CHECK bool tunnel_routes_table_is_known(const struct tunnel *tunnel);
/* Routes all allowed IPs of the running device into the interface, the longest prefixes first. The inverses
 * of all that would survive the interface are on the list of steps. False: a message was printed. */
VOLE_MUST_CHECK bool tunnel_routes_add(struct tunnel *tunnel, const struct model_device *device);
/* Deletes the rules of the running device's default routes: those of its own mark, each with the one that
 * stands in front of it. Those of other tunnels stay. Whether there were any. */
VOLE_MUST_CHECK bool tunnel_routes_remove_rules(struct tunnel *tunnel, const struct model_device *device);
/* Deletes the rules of a mark that no interface has any more; false: there are none, or it is in use. */
bool tunnel_routes_remove_left_rules(struct tunnel *tunnel, uint32_t mark);

#endif
