/* SPDX-License-Identifier: MIT
 *
 * What runs of a tunnel, all at one moment: the device with its peers, the interface's addresses, MTU and
 * routes, its policy rules and its name servers. `plan` compares it with the file, `apply` keeps it to be
 * able to go back.
 *
 * Zeros are nothing; ended by tunnel_state_free(), which wipes the device's keys. One thread. Spec: config
 * §6.
 */
#ifndef CLI_TUNNEL_STATE_H
#define CLI_TUNNEL_STATE_H

#include "cli/dns.h"
#include "cli/tunnel.h"
#include "config/model.h"
#include "linux/interface_address.h"
#include "linux/routing_table.h"
#include "vole.h"

#include <stdbool.h>
#include <stdint.h>

/* The place of a family in an array of two. */
static inline unsigned tunnel_state_family(uint8_t family)
{
    return family == 4 ? 0 : 1;
}

struct tunnel_state {
    struct model_device device;
    struct interface_address_list addresses;
    struct routing_table_list routes;
    struct dns_state dns;
    uint32_t index; /* of the interface that all this is about */
    uint32_t mtu;
    bool up;
    bool rule[2]; /* for IPv4, IPv6: there is the policy rule of a default route with the device's mark */
};

/* Reads all of it; the interface must be there (tunnel->index). To be freed whatever the result. False: a
 * message was printed. */
VOLE_MUST_CHECK bool tunnel_state_read(struct tunnel_state *state, const struct tunnel *tunnel);
void tunnel_state_free(struct tunnel_state *state);

/* Whether the interface has that address with that length. */
VOLE_MUST_CHECK bool tunnel_state_has_address(const struct interface_address_list *addresses,
                                              const struct vole_prefix *address);
/* Whether there is such a route, plain or not. */
VOLE_MUST_CHECK bool tunnel_state_has_route(const struct routing_table_list *routes, uint32_t table,
                                            const struct vole_prefix *network);
/* Same address, family and length; host bits count. */
VOLE_MUST_CHECK bool tunnel_state_same_prefix(const struct vole_prefix *one, const struct vole_prefix *other);

#endif
