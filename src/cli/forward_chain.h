/* SPDX-License-Identifier: MIT
 *
 * Whether this host's firewall drops what is forwarded from and to an interface.
 *
 * It is asked of nft or, where there is none, iptables. Rules are not executed here: a chain counts as closed
 * if its policy is to drop and no rule of it could let packets of this interface pass. In doubt it is open.
 */
#ifndef CLI_FORWARD_CHAIN_H
#define CLI_FORWARD_CHAIN_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

#define FORWARD_CHAIN_BYTES 128

/* chain: which one it is, "table inet filter, chain forward". */
VOLE_MUST_CHECK bool forward_chain_is_closed(char chain[static FORWARD_CHAIN_BYTES], const char *interface);

/* The same from what `nft list ruleset` or `iptables -S FORWARD` printed. The text is cut into lines. */
VOLE_MUST_CHECK bool forward_chain_in_nft(char chain[static FORWARD_CHAIN_BYTES], char *ruleset,
                                          const char *interface);
VOLE_MUST_CHECK bool forward_chain_in_iptables(char chain[static FORWARD_CHAIN_BYTES], char *rules,
                                               const char *interface);

#endif
