/* SPDX-License-Identifier: MIT
 *
 * Numbers of the kernel's interface that the headers of Debian 12 (Linux 6.1, glibc 2.36) lack or keep in
 * headers that cannot be combined. They are fixed parts of the ABI; whether the running kernel knows them
 * is found out by probing, never by version. Sources: the kernel's uapi headers of the versions named.
 */
#ifndef VOLE_LINUX_KERNEL_CONSTANTS_H
#define VOLE_LINUX_KERNEL_CONSTANTS_H

#include <linux/if_tun.h>

/* linux/if_tun.h, 6.2: accepted by TUNSETOFFLOAD only together. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#endif
#ifndef TUN_F_USO6
#define TUN_F_USO6 0x40
#endif

/* linux/if_tun.h, 5.10: yields a descriptor of the network namespace the device is in. */
#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS _IO('T', 227)
#endif

/* linux/if_link.h. GSO_IPV4_MAX_SIZE came with 6.3; the attributes are an enum there, so have own names. */
#define LINK_ATTRIBUTE_GSO_MAX_SIZE      41
#define LINK_ATTRIBUTE_NEW_NETNSID       45
#define LINK_ATTRIBUTE_GSO_IPV4_MAX_SIZE 63

/* linux/udp.h: 4.18 and 5.0. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* linux/in6.h, 3.17; that header clashes with netinet/in.h. */
#ifndef IPV6_AUTOFLOWLABEL
#define IPV6_AUTOFLOWLABEL 70
#endif

/* linux/icmp.h: socket option of level IPPROTO_RAW. */
#ifndef ICMP_FILTER
#define ICMP_FILTER 1
#endif

/* linux/wireguard.h, 6.16: an attribute of an allowed IP, and its one flag. Older kernels refuse it. */
#define WIREGUARD_ALLOWED_IP_FLAGS  4
#define WIREGUARD_ALLOWED_IP_REMOVE 1u

#endif
