/* SPDX-License-Identifier: MIT
 *
 * The way out: inner packets become runs of sealed datagrams (protocol §6, routing §4).
 *
 * A run is up to RUN_PACKETS packets for one peer, laid out one after another as they will be on the wire:
 * [header 16][packet, padded][tag 16]. Fill it packet by packet, then prepare it: counters are reserved, the
 * headers written, all sealed as one batch. Equal-sized neighbours of equal traffic class can go out as one
 * segmented send. All functions: any thread inside a read section; a run belongs to one thread.
 */
#ifndef CORE_OUTBOUND_H
#define CORE_OUTBOUND_H

#include "core/device.h"
#include "crypto/aead.h"

#define RUN_PACKETS 128
#define RUN_BYTES   (64 * 1024 + 64) /* as much as one segmented send carries, or the longest packet */

struct run_packet {
    uint32_t offset;       /* of the datagram in bytes */
    uint32_t inner_length; /* before padding */
    uint32_t length;       /* of the whole datagram */
    uint8_t traffic_class; /* outer */
    bool continues;        /* a further segment of the superpacket before it: staged with that */
};

struct run {
    struct vole_peer *peer;
    uint32_t count;
    uint32_t used; /* bytes */
    struct run_packet packets[RUN_PACKETS];
    struct aead_packet sealed[RUN_PACKETS];
    uint8_t bytes[RUN_BYTES];
};

/* Which peer a packet goes to. VOLE_STAGED stands for "go on", VOLE_DROPPED comes with the reason: NOT_IP,
 * NO_PEER or NO_ENDPOINT (already counted), the last two of which deserve an ICMP unreachable. */
enum vole_outcome outbound_route(struct vole_device *device, const uint8_t *packet, size_t length,
                                 struct vole_peer **peer, enum vole_drop *reason);
void run_reset(struct run *run, struct vole_peer *peer);
/* Where to write the next inner packet of at most this length, or NULL if the run must be sent first. */
uint8_t *run_place(struct run *run, size_t length);
/* The packet is there. length 0: a keepalive. continues: see run_packet. */
void run_add(struct run *run, size_t length, bool continues, uint32_t mtu);

enum run_state {
    RUN_SEALED, /* send it to *to, then report with outbound_sent */
    RUN_STAGED, /* no usable key: the packets wait, a handshake was asked for */
    RUN_BEHIND  /* staged, behind others, with a usable key: call outbound_drain for the peer */
};
enum run_state outbound_prepare(struct vole_device *device, struct run *run, struct vole_endpoint *to,
                                const struct vole_time *now);
/* The network took (or refused) datagrams first..first+count-1 of a sealed run. */
void outbound_sent(struct run *run, uint32_t first, uint32_t count, const struct vole_time *now);
void outbound_refused(struct run *run, uint32_t first, uint32_t count);
/* To be called once after a sealed run: asks for a new session if this one is old. */
void outbound_finish(struct run *run, const struct vole_time *now);
/* Fills run with staged packets of the peer and seals them; false when none wait or none can be sent. Call
 * until false, sending each. */
bool outbound_drain(struct vole_device *device, struct vole_peer *peer, struct run *run,
                    struct vole_endpoint *to, const struct vole_time *now);
/* Sends a sealed run datagram by datagram through hooks.send and reports it: control's and libvole's way.
 * Whether the last one was taken. */
bool outbound_send_here(struct vole_device *device, struct run *run, const struct vole_endpoint *to,
                        const struct vole_time *now);
/* Length after padding, clamped to the MTU (protocol §6). */
size_t outbound_padded(size_t length, uint32_t mtu);

#endif
