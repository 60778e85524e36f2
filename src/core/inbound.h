/* SPDX-License-Identifier: MIT
 *
 * The way in: a run of transport datagrams for one receiver index becomes inner packets (protocol §6, §7,
 * routing §3). Decrypted in place as one batch, then in order of arrival: replay window, endpoint, key
 * confirmation, timers, inner checks, source check. Any thread inside a read section.
 */
#ifndef CORE_INBOUND_H
#define CORE_INBOUND_H

#include "core/device.h"
#include "crypto/aead.h"

#define INBOUND_PACKETS 128

struct inbound_packet {
    uint8_t *inner; /* into the datagram; NULL: nothing to deliver */
    size_t length;
    enum vole_outcome outcome;
    enum vole_drop reason; /* if dropped */
};

struct inbound_run {
    uint32_t count;
    struct vole_peer *peer; /* set by inbound_open; NULL: unknown index */
    struct vole_endpoint from;
    uint8_t traffic_class;
    struct aead_packet sealed[INBOUND_PACKETS];
    struct inbound_packet packets[INBOUND_PACKETS];
    uint32_t index; /* receiver index of all */
};

void inbound_reset(struct inbound_run *run, const struct vole_endpoint *from, uint8_t traffic_class);
/* Adds a transport datagram (message_type said so); false if the run must be opened first because it is full
 * or for another receiver index. */
bool inbound_add(struct inbound_run *run, uint8_t *datagram, size_t length);
/* Opens and judges all; afterwards packets[i].inner are to be delivered in order. */
void inbound_open(struct vole_device *device, struct inbound_run *run, const struct vole_time *now);

#endif
