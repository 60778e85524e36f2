/* SPDX-License-Identifier: MIT
 *
 * The TUN device: where inner packets enter and leave the host (offload §2, §4, §5).
 *
 * A struct tun is one queue of one device. With vnet_header set, every read and write carries the ten bytes
 * of packet/vnet.h in front, and one read may yield a superpacket of up to 65535 bytes; without it, plain
 * packets only. tso and uso say what the kernel accepted: whether it may hand us TCP and UDP superpackets,
 * and (uso) whether it takes merged UDP from us. Merged TCP may always be written when vnet_header is set.
 *
 * Closing the last queue of a device that tun_create() made removes the device.
 * Descriptors are non-blocking and close-on-exec. A struct tun is only read after it was made, so any
 * thread may use it; its descriptor belongs to whoever made it and is closed by tun_close().
 * Results: 0 or a length, or a negative errno.
 */
#ifndef VOLE_LINUX_TUN_H
#define VOLE_LINUX_TUN_H

#include "packet/vnet.h"
#include "vole.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The longest packet one read can yield, without the header in front. */
#define TUN_PACKET_BYTES 65535

/* So many queues one device can have. */
#define TUN_QUEUES 256

struct tun {
    int fd;
    char name[IFNAMSIZ]; /* real name when made or adopted; a later rename does not show here */
    bool vnet_header;
    bool tso; /* the kernel was told that it may give us TCP superpackets */
    bool uso; /* the same for UDP, and we may write merged UDP */
    bool multi_queue;
};

/* What to ask the kernel for. Nothing wished is ever an error when the kernel cannot do it. */
struct tun_wishes {
    bool vnet_header; /* without it tso and uso are ignored */
    bool tso;
    bool uso;
    bool multi_queue; /* so that tun_add_queue() works */
};

/* Makes the device, down and with the kernel's defaults. name may hold one %d, which the kernel replaces.
 * -EINVAL: not a legal name; -ENOENT: no /dev/net/tun; -EPERM: no permission for it, or no CAP_NET_ADMIN;
 * -EBUSY: a device of that name exists and is not free to take. */
VOLE_MUST_CHECK int tun_create(struct tun *tun, const char *name, const struct tun_wishes *wishes);

/* Takes over an open descriptor of a TUN (WG_TUN_FD): makes it non-blocking and close-on-exec, learns the
 * name and whether packets carry the header, and sets the offloads. It works in the device's own network
 * namespace or elsewhere. On error the descriptor stays the caller's.
 * -ENOTTY: not a TUN; -EBADFD: not bound to a device; -EINVAL: a TAP, or one with packet information. */
VOLE_MUST_CHECK int tun_adopt(struct tun *tun, int fd, const struct tun_wishes *wishes);

/* Opens one more queue of a device made with multi_queue, in whose network namespace it must be called.
 * Offloads belong to the device and stay. */
VOLE_MUST_CHECK int tun_add_queue(struct tun *queue, const struct tun *first);

void tun_close(struct tun *tun);

/* Reads one packet or superpacket into packet, room >= TUN_PACKET_BYTES bytes, and its header (all zero if
 * the device has none). Returns its length. -EAGAIN: nothing there, also while the device is down; -EBADFD:
 * the device is gone. */
VOLE_MUST_CHECK ssize_t tun_read(const struct tun *tun, struct vnet_header *header, uint8_t *packet,
                                 size_t room);

/* Writes one packet or merged packet gathered from pieces; pieces[0] is the VNET_HEADER_BYTES of header and
 * is left out if the device has none (then only plain packets may be written).
 * -EIO: the device is down; -EINVAL: header or packet refused; -EBADFD: the device is gone. */
VOLE_MUST_CHECK int tun_write(const struct tun *tun, const struct iovec *pieces, int piece_count);

#endif
