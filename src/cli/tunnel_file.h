/* SPDX-License-Identifier: MIT
 *
 * Which configuration file belongs to an interface: the one that `up` was given, which it writes down in
 * TUNNEL_FILE_DIRECTORY/NAME.file for as long as the interface is there, else the first that exists of
 * /etc/wireguard/NAME.conf and /etc/vole/NAME.conf.
 *
 * What is written down is the path with the network namespace and the index of the interface: another
 * interface that has the same name later does not inherit the file. Losing it does no harm. One thread.
 */
#ifndef CLI_TUNNEL_FILE_H
#define CLI_TUNNEL_FILE_H

#include "vole.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define TUNNEL_FILE_DIRECTORY "/run/vole"

/* Where files are looked for, in this order; ends with NULL. */
extern const char *const tunnel_file_directories[];
extern const char tunnel_file_suffix[]; /* ".conf" */

/* Writes down that this interface, which is there now, came from the file. */
void tunnel_file_record(const char *name, uint32_t index, const char *path);
void tunnel_file_forget(const char *name);
/* The path of the interface's file. False: it has none. That it is there does not mean it can be read. */
VOLE_MUST_CHECK bool tunnel_file_find(char path[static PATH_MAX], const char *name);

/* The network namespace that we are in: its number, 0 where /proc is not mounted. */
VOLE_MUST_CHECK uint64_t tunnel_file_namespace(void);

#endif
