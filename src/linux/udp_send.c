/* SPDX-License-Identifier: MIT
 *
 * Sending on the UDP sockets of a port: a message becomes a destination, the pieces, and up to three control
 * messages (source address, TOS byte, segment length). No control message that is not needed: each costs.
 */
#include "linux/udp.h"

#include "linux/kernel_constants.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

/* The larger family's source address, the TOS byte as an int, the segment length. */
#define UDP_CONTROL_BYTES                                                                                    \
    (CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint16_t)))

/* A message in the form the kernel takes it. */
struct udp_envelope {
    struct sockaddr_storage address;
    union {
        struct cmsghdr header; /* for its alignment */
        unsigned char bytes[UDP_CONTROL_BYTES];
    } control;
};

static void udp_control_add(struct msghdr *header, int level, int type, const void *value, size_t length)
{
    struct cmsghdr *part = (struct cmsghdr *)((unsigned char *)header->msg_control + header->msg_controllen);

    memset(part, 0, CMSG_SPACE(length));
    part->cmsg_level = level;
    part->cmsg_type = type;
    part->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(part), value, length);
    header->msg_controllen += CMSG_SPACE(length);
}

static void udp_control_add_source(struct msghdr *header, const struct vole_endpoint *to)
{
    if (to->source.family == 4) {
        struct in_pktinfo source = {0};

        memcpy(&source.ipi_spec_dst, to->source.bytes, 4);
        udp_control_add(header, IPPROTO_IP, IP_PKTINFO, &source, sizeof(source));
    } else {
        struct in6_pktinfo source = {0};

        memcpy(&source.ipi6_addr, to->source.bytes, 16);
        /* A link-local source means nothing without its link; any other would be forced onto it. */
        if (IN6_IS_ADDR_LINKLOCAL(&source.ipi6_addr))
            source.ipi6_ifindex = to->scope;
        udp_control_add(header, IPPROTO_IPV6, IPV6_PKTINFO, &source, sizeof(source));
    }
}

/* Fills header and envelope. Returns the socket to send on, or -EAFNOSUPPORT. */
static int udp_envelope_fill(struct udp_envelope *envelope, struct msghdr *header,
                             const struct udp_sockets *sockets, const struct udp_message *message)
{
    bool is_v4 = message->to->address.family == 4;
    int fd = is_v4 ? sockets->v4 : sockets->v6;
    socklen_t length = udp_address_from_endpoint(&envelope->address, message->to);

    if (length == 0 || fd < 0)
        return -EAFNOSUPPORT;
    *header = (struct msghdr){.msg_name = &envelope->address,
                              .msg_namelen = length,
                              .msg_iov = message->pieces,
                              .msg_iovlen = (size_t)message->piece_count,
                              .msg_control = envelope->control.bytes};
    if (message->to->source.family == message->to->address.family)
        udp_control_add_source(header, message->to);
    if (message->traffic_class != 0) {
        int value = message->traffic_class;

        udp_control_add(header, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TOS : IPV6_TCLASS, &value,
                        sizeof(value));
    }
    if (message->segment_bytes != 0)
        udp_control_add(header, IPPROTO_UDP, UDP_SEGMENT, &message->segment_bytes,
                        sizeof(message->segment_bytes));
    if (header->msg_controllen == 0)
        header->msg_control = NULL;
    return fd;
}

/* Sends count headers on one socket: how many were taken, or the first one's error. */
static int udp_send_headers(int fd, struct mmsghdr *headers, unsigned count)
{
    bool retried = false;

    for (;;) {
        int taken = sendmmsg(fd, headers, count, 0);

        if (taken >= 0)
            return taken;
        if (errno == EINTR)
            continue;
        /* What a host answered to an earlier datagram says nothing about this one. */
        if (errno != ECONNREFUSED || retried)
            return -errno;
        retried = true;
    }
}

int udp_send(const struct udp_sockets *sockets, const struct udp_message *message)
{
    int taken = udp_send_many(sockets, message, 1);

    return taken < 0 ? taken : 0;
}

int udp_send_many(const struct udp_sockets *sockets, const struct udp_message *messages, size_t count)
{
    struct udp_envelope envelopes[UDP_SEND_MESSAGES];
    struct mmsghdr headers[UDP_SEND_MESSAGES];
    int sent = 0;
    size_t next = 0;

    if (count == 0)
        return -EINVAL;
    if (count > UDP_SEND_MESSAGES)
        count = UDP_SEND_MESSAGES;
    while (next < count) {
        unsigned run = 0;
        int fd = -1;

        /* A run is as many as go out on the same socket. */
        while (next + run < count) {
            int wanted =
                udp_envelope_fill(&envelopes[run], &headers[run].msg_hdr, sockets, &messages[next + run]);

            if (wanted < 0 && run == 0)
                return sent > 0 ? sent : wanted;
            if (run > 0 && wanted != fd)
                break;
            fd = wanted;
            run++;
        }
        int taken = udp_send_headers(fd, headers, run);
        if (taken < 0)
            return sent > 0 ? sent : taken;
        sent += taken;
        if ((unsigned)taken < run)
            return sent;
        next += run;
    }
    return sent;
}
