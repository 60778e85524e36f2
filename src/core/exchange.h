/* SPDX-License-Identifier: MIT
 *
 * The walk of handshake messages (protocol §4, cookies §2): what is checked in which order, what each step
 * changes in peer and device, what is answered. Control only.
 */
#ifndef CORE_EXCHANGE_H
#define CORE_EXCHANGE_H

#include "core/device.h"

/* Sends an initiation unless one (or a response) was sent within 5 s, or there is no identity. retry: it
 * comes from the retransmit timer, so the attempt counter goes on. */
void exchange_initiate(struct vole_peer *peer, bool retry, const struct vole_time *now);
/* An initiation, response or cookie reply that arrived. The memory is the caller's. */
struct exchange_message {
    const uint8_t *bytes;
    size_t length;
    const struct vole_endpoint *from;
    uint32_t queued;           /* how many waited, with this one */
    bool mac1_valid;           /* somebody has checked it, under the identity of now */
    enum vole_outcome outcome; /* written */
};

/* Takes messages in the order in which they came. That is what taking them one by one would do, but
 * initiations that follow each other cost less: their Diffie-Hellmans are done together. Only cookie replies
 * to those that were denied may leave before answers to those that came earlier. */
void exchange_receive_batch(struct vole_device *device, struct exchange_message *messages, size_t count,
                            const struct vole_time *now);
/* Takes one. queued: as above. */
enum vole_outcome exchange_receive(struct vole_device *device, const uint8_t *message, size_t length,
                                   const struct vole_endpoint *from, uint32_t queued,
                                   const struct vole_time *now);
/* The first packet on the next keypair was received: switch to it. */
void exchange_key_confirmed(struct vole_peer *peer, const struct vole_time *now);

#endif
