/* SPDX-License-Identifier: MIT
 *
 * Coalescing: decrypted packets that follow each other in a TCP or UDP flow become one superpacket, so that
 * one write hands them to the TUN (offload §5).
 *
 *     coalesce_add() for each packet of a batch; false: full, flush first
 *     coalesce_flush()                    calls write once per group
 *
 * Groups are written in the order of their first packet. A packet joins only the newest group of its flow,
 * so inside a flow nothing is overtaken, except that a TCP segment that came late may be put before its
 * successor. What cannot be merged is a group of its own. Splitting a group again gives the packets that went
 * in, up to IPv4 identifications.
 *
 * Ownership: the struct (about 21 KiB, no resources) is the caller's. Packets are borrowed from add to flush
 * and are never written to; merged headers are made in a copy. One thread at a time.
 */
#ifndef VOLE_PACKET_COALESCE_H
#define VOLE_PACKET_COALESCE_H

#include "packet/ip.h"
#include "packet/vnet.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define COALESCE_MAX_PACKETS  256 /* per batch */
#define COALESCE_FLOW_SLOTS   512 /* power of two, twice the packets */
#define COALESCE_UDP_SEGMENTS 64  /* datagrams every kernel with UDP offload takes; newer ones take 128 */

/* One group, as handed to coalesce_write; valid until that returns. */
struct coalesce_group {
    /* What to write: [0] the vnet header (VNET_HEADER_BYTES; skip it on a TUN without), [1] the packet, or
     * merged headers followed by [2..] payload slices. */
    const struct iovec *slices;
    size_t slice_count;
    size_t bytes; /* of the IP packet: all slices but the first */
    /* The packets as they came, in order, to be written singly when the kernel refuses the merged one. */
    const struct iovec *packets;
    size_t packet_count;
    bool merged;      /* packet_count > 1 */
    uint8_t protocol; /* of a merged group: IP_PROTOCOL_TCP or IP_PROTOCOL_UDP; else 0 */
};

/* Writes one group; returns 0 or a negative errno. */
typedef int coalesce_write(void *context, const struct coalesce_group *group);

/* The rest is private to coalesce.c, but for udp_segments. */

struct coalesce_packet {
    const uint8_t *bytes;
    uint32_t length;
    uint16_t next;    /* the packet after it in its run */
    uint16_t checked; /* enum checksum_state of coalesce.c */
};

/* Packets that will be one group. */
struct coalesce_run {
    uint32_t sequence;      /* TCP: of the first payload byte */
    uint32_t payload_bytes; /* of all packets */
    uint32_t segment_bytes; /* payload of each packet but the last */
    uint16_t first, last;   /* packets */
    uint16_t packet_count;
    uint16_t transport_offset; /* in each packet */
    uint16_t header_bytes;     /* IP and transport header of each packet */
    uint8_t protocol;
    bool open;     /* can be merged with */
    bool complete; /* ends with a shorter packet: nothing can be appended */
    bool pushed;   /* ends with PSH: takes no more */
};

struct coalesce {
    bool tcp, udp;
    uint16_t
        udp_segments; /* most datagrams in a merged UDP group; the caller may raise it to 128 after init */
    uint16_t packet_count;
    uint16_t run_count;
    uint16_t barrier;                    /* runs before this one take no more */
    uint16_t flows[COALESCE_FLOW_SLOTS]; /* newest run of the flow + 1; 0: free */
    struct coalesce_packet packets[COALESCE_MAX_PACKETS];
    struct coalesce_run runs[COALESCE_MAX_PACKETS];
    /* Only used during a flush. */
    struct iovec slices[COALESCE_MAX_PACKETS + 2];
    struct iovec originals[COALESCE_MAX_PACKETS];
    uint8_t vnet[VNET_HEADER_BYTES];
    uint8_t headers[IP_MAX_HEADER_BYTES + TCP_MAX_HEADER_BYTES];
};

/* Empty; merges TCP and UDP only where told. Also switches merging off later on, when nothing is inside. */
void coalesce_init(struct coalesce *coalesce, bool tcp, bool udp);

/* Takes one IP packet, trimmed to its own length, into the batch. False: full; flush, then add again. Any
 * bytes are safe; what is not understood is written as it came. */
VOLE_MUST_CHECK bool coalesce_add(struct coalesce *coalesce, const uint8_t *packet, size_t length);

/* Writes every group and leaves the batch empty. All are tried; returns the first result that was not 0. */
int coalesce_flush(struct coalesce *coalesce, coalesce_write *write, void *context);

#endif
