/* SPDX-License-Identifier: MIT
 *
 * vole explain [INTERFACE|FILE] --to ADDRESS, and --from PEER --source ADDRESS: whose an address is by a
 * table of allowed IPs, node by node as the table itself looked it up, in words.
 *
 * The table is told to a device of libvole with keys of its own, which then really sends the packet, or opens
 * the datagram that carries it; nothing leaves this machine, and the interface is not touched. With --json
 * what is printed is a WALK or a CLAIM (explain/routing_act.h). One thread. Spec: cryptokey-routing §1, §3,
 * §4.
 */
#ifndef CLI_EXPLAIN_WALK_H
#define CLI_EXPLAIN_WALK_H

#include "explain/routing_table.h"
#include "vole.h"

#define EXPLAIN_WALK_DROPPED 2 /* the status if the packet would not get through */

/* Each prints, and returns the command's status: 0, EXPLAIN_WALK_DROPPED, or 1 after a message. */
VOLE_MUST_CHECK int explain_walk_to(const struct routing_table *table, const char *address);
/* peer: its name in the table or its number from 1. */
VOLE_MUST_CHECK int explain_walk_from(const struct routing_table *table, const char *peer,
                                      const char *source);

#endif
