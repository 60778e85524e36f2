/* SPDX-License-Identifier: MIT
 *
 * Names of routing tables, as `ip route add ... table NAME` knows them: decimal, octal or hexadecimal
 * numbers, or names from /etc/iproute2/rt_tables, its directory rt_tables.d, or the same below
 * /usr/share/iproute2 and /usr/lib/iproute2 (for names that /etc does not know).
 */
#ifndef VOLE_LINUX_ROUTING_TABLE_NAME_H
#define VOLE_LINUX_ROUTING_TABLE_NAME_H

#include "vole.h"

#include <stdbool.h>
#include <stdint.h>

/* False: it is neither a number from 1 to 0xffffffff nor a known name. */
VOLE_MUST_CHECK bool routing_table_number(uint32_t *table, const char *name);

#endif
