/* SPDX-License-Identifier: MIT
 *
 * The firewall around a default route through a tunnel: packets to the tunnel's own addresses that do not
 * come out of it are dropped, and its datagrams keep their mark through connection tracking, so that answers
 * to them pass the reverse path filter.
 *
 * In nft it is a table "wg-quick-NAME" for each family (where NAME has "+" or "=", which nft cannot write, it
 * has "/2b" or "/3d"); where there is no nft, rules of iptables with the
 * comment "wg-quick(8) rule for NAME". The names are wg-quick's, so that either tool takes the other's away.
 * Spec: config §6.4.
 */
#ifndef CLI_FIREWALL_H
#define CLI_FIREWALL_H

#include "cli/tunnel.h"
#include "vole.h"

#include <stdbool.h>
#include <stdint.h>

/* Makes it for family 4 or 6 and tunnel->mark; its inverse is on the list of steps. False: a message was
 * printed. */
VOLE_MUST_CHECK bool firewall_set(struct tunnel *tunnel, uint8_t family);

/* Replaces what was made, as the interface's addresses are others now, at once where there is nft. Nothing is
 * put on the list of steps. False: a message was printed. */
VOLE_MUST_CHECK bool firewall_renew(struct tunnel *tunnel, uint8_t family);

struct firewall_found {
    bool any;      /* something of this tunnel is there */
    uint32_t mark; /* what it is about; 0: it does not say */
};

/* Removes what there is of this tunnel, in nft and iptables, both families, and tells what it was. What fails
 * is no failure. */
struct firewall_found firewall_remove(const struct tunnel *tunnel);

#endif
