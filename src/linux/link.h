/* SPDX-License-Identifier: MIT
 *
 * Asking about and changing network interfaces over rtnetlink, and making a TUN look like the kernel's
 * WireGuard device (routing §5). What happens to interfaces later is linux/link_monitor.h.
 *
 * A netlink descriptor belongs to the network namespace it was opened in, wherever it is used. Use one for
 * requests and another for monitoring. Requests are answered at once by the kernel; the descriptor is
 * blocking with a receive timeout of a few seconds, so that nothing can hang.
 * Threads: one at a time per descriptor.
 * Results: 0 or a negative errno, the kernel's own where it answered with one.
 */
#ifndef VOLE_LINUX_LINK_H
#define VOLE_LINUX_LINK_H

#include "vole.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_QUEUE_LENGTH 1000
/* One superpacket sealed, with its overhead, is then exactly one UDP_SEGMENT send. */
#define LINK_GSO_BYTES 61000

struct link_state {
    uint32_t index;
    char name[IFNAMSIZ];
    uint32_t mtu;
    bool up; /* administratively: IFF_UP */
};

/* Opens a descriptor for requests in the current network namespace; returns it. */
VOLE_MUST_CHECK int link_open(void);

/* -ENODEV: no such interface here. */
VOLE_MUST_CHECK int link_query(int netlink, uint32_t index, struct link_state *state);
VOLE_MUST_CHECK int link_find(int netlink, const char *name, struct link_state *state);

VOLE_MUST_CHECK int link_set_mtu(int netlink, uint32_t index, uint32_t mtu);
VOLE_MUST_CHECK int link_set_up(int netlink, uint32_t index, bool up);
VOLE_MUST_CHECK int link_delete(int netlink, uint32_t index);

/* Gives a TUN that is still down the kernel device's properties: no MULTICAST, queue length 1000, no
 * queueing discipline, no automatic link-local address, GSO maximum, and MTU 1420 if set_mtu (only where we
 * made the device). The first error of MTU, MULTICAST and queue length is returned after all was tried; the
 * other properties may be missing in this kernel and their failure is no error. */
VOLE_MUST_CHECK int link_make_like_wireguard(int netlink, uint32_t index, bool set_mtu);

/* Switches ICMP redirects off on the device and on "all" of the calling thread's network namespace; to be
 * done each time the device comes up. Cannot fail: a /proc/sys that is not writable is left alone. */
void link_redirects_off(const char *name);

#endif
