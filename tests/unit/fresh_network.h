/* SPDX-License-Identifier: MIT
 *
 * A network namespace of its own for a test of the kernel's interfaces, so that nothing on the host is seen
 * or changed. Works as root and, by a user namespace, without.
 *
 * Call fresh_network_enter() first in main(), while there is one thread. The namespace ends with the process.
 * Addresses are given as text; whatever fails in here ends the test, as nothing could be learnt from it.
 */
#ifndef VOLE_TESTS_FRESH_NETWORK_H
#define VOLE_TESTS_FRESH_NETWORK_H

#include "vole.h"

#include <stdbool.h>
#include <stdint.h>

/* What a test program returns when this host does not let it run. */
#define FRESH_NETWORK_SKIP 77

/* Enters a new network and mount namespace (and user namespace if needed) with the loopback up. Returns
 * false after saying why, if the host forbids that or, where needs_tun, lets us make no TUN. */
bool fresh_network_enter(bool needs_tun);

/* Moves the calling process into one more new network namespace. */
void fresh_network_leave_for_new(void);

void fresh_network_up(const char *interface);
void fresh_network_down(const char *interface);
/* Deletes a TUN although a descriptor of it is open. */
void fresh_network_delete(const char *interface);
uint32_t fresh_network_index(const char *interface);
/* IPv4 or IPv6, without duplicate address detection; ready for use on return, if the interface is up. */
void fresh_network_add_address(const char *interface, const char *text, unsigned prefix_length);
bool fresh_network_has_address(const char *interface, int family);

struct vole_address fresh_network_address(const char *text);
struct vole_endpoint fresh_network_endpoint(const char *text, uint16_t port);

#endif
