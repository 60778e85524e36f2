/* SPDX-License-Identifier: MIT
 *
 * The UDP sockets of one port, one per family: opening them so that outer packets look like the kernel's
 * (routing §6, §8), and sending on them (offload §6). Receiving is linux/udp_receive.h.
 *
 * Both sockets are bound to the wildcard address and the same port; the IPv6 one is IPv6-only. Either may be
 * missing (-1): a host with IPv6 disabled has IPv4 only. Sockets stay in the network namespace that they
 * were opened in. They are non-blocking and close-on-exec.
 * Ownership: udp_open() makes them, udp_close() closes them. The struct is plain data: after its descriptors
 * were passed to another process, the same struct with the new numbers works there.
 * Threads: sending and receiving may happen at the same time; segment is switched off by the caller that
 * saw -EIO (offload §9).
 * This file shadows <linux/udp.h>; what is needed from that is in kernel_constants.h.
 */
#ifndef VOLE_LINUX_UDP_H
#define VOLE_LINUX_UDP_H

#include "vole.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Limits of one message with segment_bytes set: bytes that still arrive merged (IPv4; less for IPv6 by the
 * larger header, so this holds for both), and datagrams, where old kernels stop. */
#define UDP_SEGMENTED_BYTES 65470
#define UDP_SEGMENTED_COUNT 64
/* How many messages udp_send_many() takes at once; more are simply not taken. */
#define UDP_SEND_MESSAGES 64

struct udp_sockets {
    int v4; /* -1: none */
    int v6;
    uint16_t port;        /* the real one, never 0 */
    bool segment;         /* UDP_SEGMENT works: segment_bytes may be used */
    bool receive_offload; /* UDP_GRO is on: a received message may hold many datagrams, needs big buffers */
    bool steered;         /* sessions arrive at the socket that their index names (udp_steering.h) */
};

struct udp_wishes {
    bool segment;
    bool receive_offload;
    bool reuse_port;      /* further sockets may join this port (one per worker) */
    bool join_port;       /* join a port that was opened with reuse_port; port must not be 0 */
    int queue_bytes;      /* that the kernel keeps of a socket, one way; 0: 7 MiB */
    unsigned steer_among; /* of the last to join: so many share the port now, steer among them; 0: do not */
};

/* Opens both sockets. port 0: a random one, the same for both families. mark 0: none.
 * -EADDRINUSE: the port is taken; -EPERM: port or mark need a privilege; other errors of socket and bind. */
VOLE_MUST_CHECK int udp_open(struct udp_sockets *sockets, uint16_t port, uint32_t mark,
                             const struct udp_wishes *wishes);
void udp_close(struct udp_sockets *sockets);

/* Sets the mark of one socket; routes are looked up anew with the next datagram. -EPERM: not privileged. */
VOLE_MUST_CHECK int udp_set_mark(int fd, uint32_t mark);

/* Makes a socket address of an endpoint's address, port and scope; returns its length, 0 if family is none.
 */
socklen_t udp_address_from_endpoint(struct sockaddr_storage *address, const struct vole_endpoint *endpoint);
/* The other way; the scope is kept for link-local addresses only, the source is cleared. False: no IP. */
bool udp_endpoint_from_address(struct vole_endpoint *endpoint, const struct sockaddr_storage *address);

/* One sendmsg(): a single datagram, or several equal ones (the last may be shorter) gathered in pieces. */
struct udp_message {
    const struct vole_endpoint *to; /* source.family 0: the host chooses the source address */
    struct iovec *pieces;
    int piece_count;
    uint16_t segment_bytes; /* 0: one datagram; else the length of each, see the limits above */
    uint8_t traffic_class;  /* whole TOS byte */
};

/* Sends one message. The source address goes along without an interface (IPv6 link-local: with the scope),
 * so that policy routing still decides. 0, or what the kernel said:
 * -EMSGSIZE: a segment is above the path's MTU, or the datagram above 64 KiB; -EIO: the outgoing device has
 * no checksum offload, do without segment_bytes; -EINVAL or -ENETUNREACH: perhaps the source address has
 * vanished; -EAGAIN, -ENOBUFS: full; -EAFNOSUPPORT: no socket of that family. The caller decides what then.
 * EINTR and an error left over from an earlier datagram (ECONNREFUSED) are retried here. */
VOLE_MUST_CHECK int udp_send(const struct udp_sockets *sockets, const struct udp_message *message);

/* Sends up to UDP_SEND_MESSAGES messages in order with as few system calls as the families allow. Returns
 * how many were taken from the front (at least 1), or the first one's error as above. */
VOLE_MUST_CHECK int udp_send_many(const struct udp_sockets *sockets, const struct udp_message *messages,
                                  size_t count);

#endif
