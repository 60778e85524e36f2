/* SPDX-License-Identifier: MIT
 *
 * The addresses of an interface, as `ip address` adds, removes and lists them.
 *
 * A prefix here is an address together with the length of its network: host bits are what matters.
 * Uses a descriptor of link_open(). Results: 0 or a negative errno, the kernel's own where it answered with
 * one. Spec: config §6.2.
 */
#ifndef VOLE_LINUX_INTERFACE_ADDRESS_H
#define VOLE_LINUX_INTERFACE_ADDRESS_H

#include "vole.h"

#include <stddef.h>
#include <stdint.h>

/* Owned by the caller until interface_address_list_free(). */
struct interface_address_list {
    struct vole_prefix *addresses;
    size_t count;
    size_t capacity;
};

/* -EEXIST: it has that address with that length already; -EINVAL: not an address to give to an interface;
 * -EACCES, -EOPNOTSUPP: the family is switched off here. */
VOLE_MUST_CHECK int interface_address_add(int netlink, uint32_t interface, const struct vole_prefix *address);
/* -EADDRNOTAVAIL: it does not have it. */
VOLE_MUST_CHECK int interface_address_remove(int netlink, uint32_t interface,
                                             const struct vole_prefix *address);

/* All of them: IPv4 first, then IPv6 with the link-local ones, each in the kernel's order. list must be zeros
 * or of an earlier call, and is to be freed whatever the result. -ENOMEM. */
VOLE_MUST_CHECK int interface_address_read(int netlink, uint32_t interface,
                                           struct interface_address_list *list);
void interface_address_list_free(struct interface_address_list *list);

#endif
