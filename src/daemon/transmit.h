/* SPDX-License-Identifier: MIT
 *
 * Sending one datagram or one segmented run, with the answers to what a kernel may refuse (offload §6, §9):
 * a vanished source address is left out (EINVAL, ENETUNREACH), an oversize segment goes out plainly so that
 * it may be fragmented (EMSGSIZE), segmentation is given up for good on a device without checksums (EIO).
 * Any thread.
 */
#ifndef DAEMON_TRANSMIT_H
#define DAEMON_TRANSMIT_H

#include "linux/udp.h"

#include <stdatomic.h>

struct transmit_result {
    uint32_t sent;        /* datagrams that the network took, from the front */
    int error;            /* of the first that it did not take; 0: all were sent */
    bool source_vanished; /* the source address had to be left out: forget it */
};

/* Sends count datagrams that lie one after another at bytes, each segment_bytes long but the last, which has
 * last_bytes. segment: whether UDP_SEGMENT may be used; cleared on EIO. */
struct transmit_result transmit_run(const struct udp_sockets *sockets, _Atomic bool *segment,
                                    const struct vole_endpoint *to, uint8_t traffic_class,
                                    const uint8_t *bytes, uint32_t count, uint16_t segment_bytes,
                                    uint16_t last_bytes);
/* One datagram; hooks.send of the core: 0, 1 (sent without its source, which is to be forgotten), -errno. */
VOLE_MUST_CHECK int transmit_one(const struct udp_sockets *sockets, const struct vole_endpoint *to,
                                 uint8_t traffic_class, const uint8_t *datagram, size_t length);

#endif
