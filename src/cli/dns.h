/* SPDX-License-Identifier: MIT
 *
 * The name servers of a tunnel, while it is up: told to systemd-resolved where that is what this host asks,
 * else to resolvconf (openresolv or Debian's), exclusively: all questions go to these servers.
 *
 * systemd-resolved forgets an interface that goes; resolvconf does not, and is asked to. Its record has the
 * interface's name with the prefix that /etc/resolvconf/interface-order gives to tunnels ("tun.wg0").
 * Spec: config §6.2 step 7, §6.3.
 */
#ifndef CLI_DNS_H
#define CLI_DNS_H

#include "cli/tunnel.h"
#include "vole.h"

#include <stdbool.h>

/* Does nothing if the file names no server; else its inverse is on the list of steps. False: a message was
 * printed. */
VOLE_MUST_CHECK bool dns_set(struct tunnel *tunnel);
/* Takes it back when the interface is gone already; what fails is no failure. */
void dns_unset(const struct tunnel *tunnel);
/* Whether resolvconf still has servers of this tunnel. */
VOLE_MUST_CHECK bool dns_is_left(const struct tunnel *tunnel);

#endif
