/* SPDX-License-Identifier: MIT
 *
 * What a TUN hands over, however hostile: read by linux/tun.c (here from a socket that keeps datagrams apart,
 * as a TUN does), split by packet/split.c, and compared with slow_split.h.
 *
 * The input: options, length of a payload to be added (so that short inputs make long packets), the vnet
 * header, the packet.
 *
 * 1. The header and the packet that are read are those that were written; a frame too short for a header is
 *    refused, and without headers on the TUN the packet is plain.
 * 2. Splitting refuses exactly what it must, and yields exactly the segments that it must, with or without
 * AVX2.
 * 3. No segment comes out into less room than it needs; the room that was promised suffices; nothing is
 * written beyond it, and nothing into the packet.
 */
#include "slow_split.h"
#include "target.h"

#include "linux/tun.h"
#include "packet/checksum.h"
#include "packet/split.h"

#include <assert.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>

static_assert(sizeof(struct virtio_net_hdr) == VNET_HEADER_BYTES, "the kernel's header");

/* In the first byte. */
enum { AVX2 = 1, PLAIN_TUN = 2, CUT = 4, RIGHT_LENGTH = 8, RIGHT_CHECKSUM = 16, RIGHT_KIND = 32 };

#define KERNELS_UDP 5 /* VIRTIO_NET_HDR_GSO_UDP_L4, which old headers lack */
#define FRAME_BYTES (VNET_HEADER_BYTES + TUN_PACKET_BYTES)
#define COMPARED    100 /* of many segments, so many at the start and at the end */

static int sockets[2];
static struct tun tun;
static uint8_t frame[FRAME_BYTES], expected[FRAME_BYTES];

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    int room = 4 * FRAME_BYTES;

    (void)count, (void)arguments;
    target_hold(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sockets) == 0, "there are sockets");
    (void)setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    return 0;
}

/* Puts right what a fuzzer would have to guess. */
static void repair(unsigned options, uint8_t *packet, size_t length)
{
    struct slow_packet ip = slow_read(packet, length);
    struct virtio_net_hdr header;

    memcpy(&header, frame, sizeof header);
    if (ip.version == 0 || !ip.chain)
        return;
    if (options & RIGHT_LENGTH)
        slow_store(packet, ip.version == 4 ? 2 : 4, 2, ip.version == 4 ? length : length - 40);
    if (options & RIGHT_CHECKSUM) {
        header.flags |= VIRTIO_NET_HDR_F_NEEDS_CSUM;
        header.csum_start = (uint16_t)ip.transport;
        header.csum_offset = ip.protocol == SLOW_TCP ? 16 : 6;
    }
    if (options & RIGHT_KIND)
        header.gso_type = (uint8_t)((header.gso_type & VIRTIO_NET_HDR_GSO_ECN) |
                                    (ip.protocol == SLOW_UDP ? KERNELS_UDP
                                     : ip.version == 4       ? VIRTIO_NET_HDR_GSO_TCPV4
                                                             : VIRTIO_NET_HDR_GSO_TCPV6));
    memcpy(frame, &header, sizeof header);
}

/* Lays the frame out; its length, with the header. */
static size_t make_frame(unsigned options, struct target_input *input)
{
    size_t added = target_number(input), given, length;
    const uint8_t *packet;

    target_fill(input, frame, VNET_HEADER_BYTES);
    packet = target_take(input, TUN_PACKET_BYTES, &given);
    if (given > 0)
        memcpy(frame + VNET_HEADER_BYTES, packet, given);
    if (added > TUN_PACKET_BYTES - given)
        added = TUN_PACKET_BYTES - given;
    for (size_t i = 0; i < added; i++)
        frame[VNET_HEADER_BYTES + given + i] = (uint8_t)(i * 7 + i / 256);
    length = given + added;
    repair(options, frame + VNET_HEADER_BYTES, length);
    return VNET_HEADER_BYTES + length;
}

/* As the kernel would hand it over. Returns the packet's length, or an error. */
static ssize_t read_frame(const uint8_t *bytes, size_t length, struct vnet_header *header, uint8_t *packet)
{
    ssize_t result;

    tun = (struct tun){.fd = sockets[1], .vnet_header = tun.vnet_header};
    target_hold(tun_read(&tun, header, packet, TUN_PACKET_BYTES) == -EAGAIN, "nothing is there");
    target_hold(send(sockets[0], bytes, length, 0) == (ssize_t)length, "a frame is sent");
    result = tun_read(&tun, header, packet, TUN_PACKET_BYTES);
    return result;
}

static void check_header(const struct vnet_header *header, const uint8_t *bytes)
{
    struct virtio_net_hdr wanted;

    memcpy(&wanted, bytes, sizeof wanted);
    target_hold(header->flags == wanted.flags && header->segment_kind == wanted.gso_type &&
                    header->header_bytes == wanted.hdr_len && header->segment_bytes == wanted.gso_size &&
                    header->checksum_start == wanted.csum_start &&
                    header->checksum_offset == wanted.csum_offset,
                "the header is the kernel's");
}

/* The next segment, into a block of its own of just that room. */
static void check_segment(struct split *split, const struct slow_split *slow,
                          const struct vnet_header *header, const uint8_t *packet, size_t number)
{
    size_t rest = slow->payload_bytes - number * slow->segment_bytes;
    size_t length = slow->header_bytes + (rest < slow->segment_bytes ? rest : slow->segment_bytes);
    uint8_t *out = malloc(length);

    target_hold(out != NULL, "there is memory");
    target_hold(split_remaining(split) == slow->count - number, "so many segments remain");
    target_hold(split_next(split, out, length - 1) == 0 && split_remaining(split) == slow->count - number,
                "nothing comes out into too little room");
    target_hold(split_next(split, out, length) == length, "a segment has its length");
    if (number < COMPARED || number + COMPARED >= slow->count) {
        target_hold(slow_split_segment(slow, header, packet, number, expected) == length,
                    "the reference has a length");
        target_hold(memcmp(out, expected, length) == 0, "a segment is what it must be");
    }
    free(out);
}

static void check_split(const struct vnet_header *header, const uint8_t *packet, size_t length)
{
    struct slow_split slow = slow_split_begin(header, packet, length);
    struct split split;
    uint8_t none[1];

    target_hold(split_begin(&split, header, packet, length) == slow.error, "what must be refused is refused");
    if (slow.error != 0) {
        target_hold(split_remaining(&split) == 0, "nothing remains after an error");
        return;
    }
    target_hold(split_segment_bytes(&split) == slow_split_longest(&slow),
                "the longest segment's room is known");
    for (size_t number = 0; number < slow.count; number++)
        check_segment(&split, &slow, header, packet, number);
    target_hold(split_remaining(&split) == 0 && split_next(&split, none, sizeof none) == 0,
                "then none remains");
}

/* The frame or what is left of it. */
static void check_frame(const uint8_t *bytes, size_t length)
{
    struct vnet_header header, none = {0};
    uint8_t *room = malloc(TUN_PACKET_BYTES), *packet, *before;
    ssize_t result = read_frame(bytes, length, &header, room);
    size_t skipped = tun.vnet_header ? VNET_HEADER_BYTES : 0;

    if (length < skipped) {
        target_hold(result == -EBADMSG, "a frame without a whole header is refused");
        free(room);
        return;
    }
    target_hold(result == (ssize_t)(length - skipped), "the packet has its length");
    target_hold(memcmp(room, bytes + skipped, (size_t)result) == 0, "the packet is what was sent");
    if (tun.vnet_header)
        check_header(&header, bytes);
    else
        target_hold(memcmp(&header, &none, sizeof none) == 0, "without headers a packet is plain");
    packet = target_copy(room, (size_t)result);
    before = target_copy(room, (size_t)result);
    free(room);
    check_split(&header, packet, (size_t)result);
    target_hold(memcmp(packet, before, (size_t)result) == 0, "nothing is written into the packet");
    free(packet);
    free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct target_input input = {bytes, length};
    unsigned options = target_byte(&input);
    size_t cut = options & CUT ? target_byte(&input) : SIZE_MAX, frame_bytes = make_frame(options, &input);
    const uint8_t *start = frame;

    tun.vnet_header = (options & PLAIN_TUN) == 0;
    if (!tun.vnet_header) {
        start += VNET_HEADER_BYTES;
        frame_bytes -= VNET_HEADER_BYTES;
    }
#if defined(__x86_64__)
    checksum_allow_avx2((options & AVX2) != 0 && __builtin_cpu_supports("avx2"));
#endif
    check_frame(start, frame_bytes < cut ? frame_bytes : cut);
    return 0;
}
