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

/* The servers and the domains of a tunnel, each as one text with single spaces between; "": none. Addresses
 * are in the C library's form. Owned until dns_state_free(). */
struct dns_state {
    char *servers;
    char *domains;
};

/* Does nothing if the file names no server; else its inverse is on the list of steps. False: a message was
 * printed. */
VOLE_MUST_CHECK bool dns_set(struct tunnel *tunnel);
/* Takes it back when the interface is gone already; what fails is no failure. */
void dns_unset(const struct tunnel *tunnel);
/* Whether resolvconf still has servers of this tunnel, whatever the file says by now. */
VOLE_MUST_CHECK bool dns_is_left(const struct tunnel *tunnel);

/* What the file says. False: out of memory, and a message was printed. To be freed whatever the result. */
VOLE_MUST_CHECK bool dns_of_file(struct dns_state *state, const struct tunnel *tunnel);
/* What the host's keeper of name servers has for the tunnel's interface now; nothing if there is no keeper or
 * it does not tell. The same result. */
VOLE_MUST_CHECK bool dns_of_host(struct dns_state *state, const struct tunnel *tunnel);
void dns_state_free(struct dns_state *state);
/* There is a keeper that can be told what the file says, if it says something. False: a message was printed.
 */
VOLE_MUST_CHECK bool dns_can_be_set(const struct tunnel *tunnel);
/* Makes it this, also if it is nothing, without a step on the list. False: a message was printed. */
VOLE_MUST_CHECK bool dns_change(const struct tunnel *tunnel, const struct dns_state *state);

#endif
