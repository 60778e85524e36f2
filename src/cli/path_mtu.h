/* SPDX-License-Identifier: MIT
 *
 * How long packets inside a tunnel may be, so that their datagrams fit the ways to all of its peers.
 */
#ifndef CLI_PATH_MTU_H
#define CLI_PATH_MTU_H

#include "config/model.h"
#include "vole.h"

#include <stdint.h>

/* The smallest MTU on the ways to the peers whose endpoints are known, as the routing table has them now; if
 * there is none, that of the default route; if there is none, 1500. 80 bytes less: what a datagram over IPv6
 * adds. netlink: of link_open(). Spec: config §6.2 step 6. */
VOLE_MUST_CHECK uint32_t path_mtu_of_peers(int netlink, const struct model_device *device);

#endif
