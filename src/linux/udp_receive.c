/* SPDX-License-Identifier: MIT
 *
 * recvmmsg() with everything prepared, and reading its control messages.
 */
#include "linux/udp_receive.h"

#include "linux/kernel_constants.h"
#include "linux/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* The larger family's destination address, the TOS byte, the segment length; the two latter at most ints. */
#define UDP_CONTROL_BYTES (CMSG_SPACE(sizeof(struct in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int)))

struct udp_slot {
    struct sockaddr_storage address;
    struct iovec piece;
    union {
        struct cmsghdr header; /* for its alignment */
        unsigned char bytes[UDP_CONTROL_BYTES];
    } control;
};

static void *udp_map(size_t bytes)
{
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

static size_t udp_whole_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (bytes + page - 1) / page * page;
}

int udp_batch_init(struct udp_batch *batch, size_t count, size_t buffer_bytes)
{
    memset(batch, 0, sizeof(*batch));
    if (count == 0 || count > SIZE_MAX / 4 / UDP_BUFFER_BYTES || buffer_bytes == 0 ||
        buffer_bytes > UDP_BUFFER_BYTES)
        return -EINVAL;
    batch->count = count;
    batch->buffer_bytes = udp_whole_pages(buffer_bytes);
    batch->slots_bytes = udp_whole_pages(count * (sizeof(struct udp_slot) + sizeof(struct mmsghdr)));
    batch->buffers = udp_map(count * batch->buffer_bytes);
    batch->slots = udp_map(batch->slots_bytes);
    if (!batch->buffers || !batch->slots) {
        udp_batch_fini(batch);
        return -ENOMEM;
    }
    /* A huge page under the buffers would make one touched buffer cost 2 MiB. */
    (void)madvise(batch->buffers, count * batch->buffer_bytes, MADV_NOHUGEPAGE);
    batch->messages = (struct mmsghdr *)(batch->slots + count);
    for (size_t i = 0; i < count; i++) {
        struct udp_slot *slot = &batch->slots[i];

        slot->piece.iov_base = batch->buffers + i * batch->buffer_bytes;
        slot->piece.iov_len = batch->buffer_bytes;
        batch->messages[i].msg_hdr = (struct msghdr){.msg_name = &slot->address,
                                                     .msg_iov = &slot->piece,
                                                     .msg_iovlen = 1,
                                                     .msg_control = slot->control.bytes};
    }
    return 0;
}

void udp_batch_fini(struct udp_batch *batch)
{
    if (batch->buffers)
        (void)munmap(batch->buffers, batch->count * batch->buffer_bytes);
    if (batch->slots)
        (void)munmap(batch->slots, batch->slots_bytes);
    memset(batch, 0, sizeof(*batch));
}

static void udp_read_ipv4_part(struct udp_received *received, const struct cmsghdr *part)
{
    if (part->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo to;

        memcpy(&to, CMSG_DATA(part), sizeof(to));
        received->from.source.family = 4;
        memcpy(received->from.source.bytes, &to.ipi_addr, 4);
        received->from.source_interface = (uint32_t)to.ipi_ifindex;
    } else if (part->cmsg_type == IP_TOS) {
        received->traffic_class = *CMSG_DATA(part);
    }
}

static void udp_read_ipv6_part(struct udp_received *received, const struct cmsghdr *part)
{
    if (part->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo to;

        memcpy(&to, CMSG_DATA(part), sizeof(to));
        received->from.source.family = 6;
        memcpy(received->from.source.bytes, &to.ipi6_addr, 16);
    } else if (part->cmsg_type == IPV6_TCLASS) {
        int value;

        memcpy(&value, CMSG_DATA(part), sizeof(value));
        received->traffic_class = (uint8_t)value;
    }
}

static void udp_read_control(struct udp_received *received, struct msghdr *header)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level == IPPROTO_IP) {
            udp_read_ipv4_part(received, part);
        } else if (part->cmsg_level == IPPROTO_IPV6) {
            udp_read_ipv6_part(received, part);
        } else if (part->cmsg_level == IPPROTO_UDP && part->cmsg_type == UDP_GRO) {
            int segment;

            memcpy(&segment, CMSG_DATA(part), sizeof(segment));
            if (segment > 0 && (size_t)segment < received->length)
                received->segment_bytes = (size_t)segment;
        }
    }
}

int udp_receive(int fd, struct udp_batch *batch, struct udp_received *received, size_t capacity)
{
    size_t wanted = capacity < batch->count ? capacity : batch->count;
    size_t taken = 0;
    int came;

    /* The kernel left the lengths of what it stored the last time. */
    for (size_t i = 0; i < wanted; i++) {
        batch->messages[i].msg_hdr.msg_namelen = sizeof(batch->slots[i].address);
        batch->messages[i].msg_hdr.msg_controllen = sizeof(batch->slots[i].control);
    }
    do
        came = recvmmsg(fd, batch->messages, (unsigned)wanted, MSG_DONTWAIT, NULL);
    while (came < 0 && errno == EINTR);
    if (came < 0)
        return -errno;
    for (size_t i = 0; i < (size_t)came; i++) {
        struct udp_received *next = &received[taken];
        struct msghdr *header = &batch->messages[i].msg_hdr;

        memset(next, 0, sizeof(*next));
        if (!udp_endpoint_from_address(&next->from, &batch->slots[i].address))
            continue;
        next->bytes = batch->slots[i].piece.iov_base;
        next->length = batch->messages[i].msg_len;
        next->segment_bytes = next->length;
        next->truncated = header->msg_flags & MSG_TRUNC;
        udp_read_control(next, header);
        taken++;
    }
    return (int)taken;
}
