/* SPDX-License-Identifier: MIT
 *
 * Raw sockets by which this host tells a sender that its packet cannot be delivered (routing §4). The
 * messages themselves are built by packet/icmp.h, and the caller limits their rate.
 *
 * The sockets are opened in the TUN's current network namespace and stay in it; after a move they are opened
 * anew. They only send: everything incoming is filtered out before it is queued. The kernel picks the source
 * address, fills the IP header and, for ICMPv6, the checksum. DF is not set.
 * Ownership: icmp_open() and icmp_close(). The struct is plain data, also after passing the descriptors.
 * This file shadows <linux/icmp.h>; what is needed from that is in kernel_constants.h.
 */
#ifndef VOLE_LINUX_ICMP_H
#define VOLE_LINUX_ICMP_H

#include "vole.h"

#include <stddef.h>
#include <stdint.h>

struct icmp_sockets {
    int v4; /* -1: none */
    int v6;
};

/* Opens both in the current namespace; needs CAP_NET_RAW. IPv6 disabled: IPv4 only. -EPERM. */
VOLE_MUST_CHECK int icmp_open(struct icmp_sockets *sockets);
void icmp_close(struct icmp_sockets *sockets);

/* Sends one message, from its type byte on, without waiting. IPv4: the checksum must be right already.
 * A negative errno means that nothing was sent; nobody minds. */
int icmp_send(const struct icmp_sockets *sockets, const struct vole_address *to, const uint8_t *message,
              size_t length);

#endif
