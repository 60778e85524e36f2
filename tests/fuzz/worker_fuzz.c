/* SPDX-License-Identifier: MIT
 *
 * The whole way of packets through two workers: a TUN's frames, with hostile vnet headers, are read, routed,
 * split into runs, sealed and sent by one; received, opened, merged and written to a TUN by the other. What
 * the kernel has for them is replaced: tun_read, tun_write, transmit_run, udp_receive (fuzz_wraps in
 * meson.build).
 *
 * The devices live on from input to input with time standing still, as in inner_fuzz.c. The input: options,
 * then frames: what to put right, a number of bytes to be added, the vnet header, a number of bytes, the
 * packet.
 *
 * 1. What is written on the other side, split again by slow_split.h, is what slow_split.h makes of the frames
 * whose destination is the peer and what slow_inner.h lets through: each packet once, unchanged but for
 * IPv4's identification.
 * 2. Whatever else was read is dropped, each frame counted once. What is merged can be split.
 * 3. One segmented send is of equal datagrams, but for the last, and not longer than a send can be.
 */
#include "slow_inner.h"
#include "slow_split.h"
#include "target.h"

#include "daemon/transmit.h"
#include "daemon/worker_state.h"

#include <errno.h>
#include <sys/mman.h>

#define MOST_FRAMES  12u
#define MOST_PACKETS 4000u
#define MOST_BYTES   65535u
#define SEND_BYTES   65487u /* one segmented send over IPv6 */

/* In a frame's first byte. */
enum { RIGHT_LENGTH = 1, RIGHT_CHECKSUM = 2, RIGHT_KIND = 4, SECOND_QUEUE = 8 };

struct frame {
    struct vnet_header header;
    unsigned queue;
    size_t length;
    uint8_t *packet;
};

/* Sent by one call, received as one message. */
struct message {
    uint8_t *bytes;
    size_t length, segment_bytes;
    uint8_t traffic_class;
};

/* A packet that is to be written on the other side; ends with what was written of it. */
struct expected {
    uint8_t *bytes;
    size_t length;
    bool written;
};

struct side {
    struct vole_device *device;
    struct vole_peer *peer;
    struct vole_endpoint address;
    uint8_t datagram[256]; /* of the handshake */
    size_t length;
};

static const struct vole_time now = {UINT64_C(1000000000000), UINT64_C(1000000000000), 1700000000, 1};
static const struct slow_route routes[] = {{{{4, {10}}, 8}, 0}, {{{6, {0xfd}}, 8}, 0}};
static struct side near, far;
static struct worker *sender, *receiver;
static struct tun queues[2];
static struct frame frames[MOST_FRAMES];
static size_t frame_count, frames_read;
static struct message messages[MOST_PACKETS];
static size_t message_count, messages_taken;
static struct expected expected[MOST_PACKETS];
static size_t expected_count, written_count;
static uint64_t random_state = 7;

ssize_t __wrap_tun_read(const struct tun *tun, struct vnet_header *header, uint8_t *packet, size_t room);
int __wrap_tun_write(const struct tun *tun, const struct iovec *pieces, int piece_count);
struct transmit_result __wrap_transmit_run(const struct udp_sockets *sockets, _Atomic bool *segment,
                                           const struct vole_endpoint *to, uint8_t traffic_class,
                                           const uint8_t *bytes, uint32_t count, uint16_t segment_bytes,
                                           uint16_t last_bytes);
int __wrap_udp_receive(int fd, struct udp_batch *batch, struct udp_received *received, size_t capacity);

/* ---- in the kernel's place ---- */

ssize_t __wrap_tun_read(const struct tun *tun, struct vnet_header *header, uint8_t *packet, size_t room)
{
    struct frame *frame = &frames[frames_read];

    target_hold(room >= TUN_PACKET_BYTES, "there is room for any packet");
    if (frames_read == frame_count || frame->queue != (unsigned)(tun - queues))
        return -EAGAIN;
    frames_read++;
    *header = frame->header;
    memcpy(packet, frame->packet, frame->length);
    return (ssize_t)frame->length;
}

struct transmit_result __wrap_transmit_run(const struct udp_sockets *sockets, _Atomic bool *segment,
                                           const struct vole_endpoint *to, uint8_t traffic_class,
                                           const uint8_t *bytes, uint32_t count, uint16_t segment_bytes,
                                           uint16_t last_bytes)
{
    size_t length = (size_t)(count - 1) * segment_bytes + last_bytes;

    (void)sockets, (void)segment;
    target_hold(count > 0 && last_bytes <= segment_bytes, "a send's last datagram may be shorter");
    target_hold(count == 1 || count <= RUN_PACKETS, "a send has so many datagrams at most");
    target_hold(memcmp(&to->address, &far.address.address, sizeof to->address) == 0,
                "a send goes to its peer");
    target_hold(message_count < MOST_PACKETS, "no more is sent than there was");
    messages[message_count++] =
        (struct message){target_copy(bytes, length), length, segment_bytes, traffic_class};
    return (struct transmit_result){.sent = count};
}

int __wrap_udp_receive(int fd, struct udp_batch *batch, struct udp_received *received, size_t capacity)
{
    size_t count = 0;

    (void)fd, (void)batch;
    for (; count < capacity && messages_taken < message_count; count++) {
        struct message *message = &messages[messages_taken++];

        received[count] = (struct udp_received){.bytes = message->bytes,
                                                .length = message->length,
                                                .segment_bytes = message->segment_bytes,
                                                .from = near.address,
                                                .traffic_class = message->traffic_class};
    }
    return count > 0 ? (int)count : -EAGAIN;
}

/* ---- what is written ---- */

/* Equal but for what a merge makes anew. */
static bool is_same(const uint8_t *one, const uint8_t *other, size_t length)
{
    struct slow_packet headers = slow_read(one, length);
    size_t sum = headers.chain && headers.protocol == SLOW_TCP ? headers.transport + 16 : SIZE_MAX - 1;

    for (size_t i = 0; i < length; i++)
        if (one[i] != other[i] && !(headers.version == 4 && (i == 4 || i == 5 || i == 10 || i == 11)) &&
            !((i == sum || i == sum + 1) && (one[i] ^ other[i]) == 0xff)) /* two spellings of zero */
            return false;
    return true;
}

static void tick_off(const uint8_t *packet, size_t length)
{
    for (size_t i = 0; i < expected_count; i++)
        if (!expected[i].written && expected[i].length == length &&
            is_same(packet, expected[i].bytes, length)) {
            expected[i].written = true;
            written_count++;
            return;
        }
    target_hold(false, "a packet that is written was sent");
}

int __wrap_tun_write(const struct tun *tun, const struct iovec *pieces, int piece_count)
{
    static uint8_t packet[MOST_BYTES], segment[MOST_BYTES];
    struct vnet_header header;
    struct slow_split split;
    size_t length = 0;

    (void)tun;
    target_hold(pieces[0].iov_len == VNET_HEADER_BYTES, "a vnet header goes first");
    vnet_header_parse(&header, pieces[0].iov_base);
    for (int i = 1; i < piece_count; i++) {
        target_hold(length + pieces[i].iov_len <= sizeof packet, "what is written is not too long");
        memcpy(packet + length, pieces[i].iov_base, pieces[i].iov_len);
        length += pieces[i].iov_len;
    }
    split = slow_split_begin(&header, packet, length);
    target_hold(split.error == 0, "what is merged can be split");
    for (size_t i = 0; i < split.count; i++)
        tick_off(segment, slow_split_segment(&split, &header, packet, i, segment));
    return 0;
}

/* ---- what must be written ---- */

/* What the peer delivers of this, sealed. */
static void expect(const uint8_t *packet, size_t length, uint32_t mtu)
{
    size_t padded = slow_padded(length, mtu), total = 0;
    enum vole_drop reason;
    uint8_t *plaintext = calloc(1, padded + 1);

    target_hold(plaintext != NULL && expected_count < MOST_PACKETS, "there is room");
    memcpy(plaintext, packet, length);
    if (padded + VOLE_OVERHEAD > UINT16_MAX ||
        slow_judge(plaintext, padded, routes, 2, 0, &reason, &total) != VOLE_DELIVERED) {
        free(plaintext);
        return;
    }
    expected[expected_count++] = (struct expected){plaintext, total, false};
}

/* Returns whether the frame is one that is sent. */
static bool expect_frame(const struct frame *frame, uint32_t mtu)
{
    static uint8_t segment[MOST_BYTES];
    struct slow_split split;
    struct vole_address to;

    if (slow_read(frame->packet, frame->length).version == 0)
        return false;
    to = slow_destination(frame->packet);
    if (slow_owner(routes, 2, &to) != 0)
        return false;
    split = slow_split_begin(&frame->header, frame->packet, frame->length);
    for (size_t i = 0; split.error == 0 && i < split.count; i++)
        expect(segment, slow_split_segment(&split, &frame->header, frame->packet, i, segment), mtu);
    return split.error == 0;
}

/* ---- two workers ---- */

static int take_datagram(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                         const uint8_t *datagram, size_t length)
{
    struct side *side = context;

    (void)to, (void)traffic_class;
    target_hold(length <= sizeof side->datagram, "a handshake is short");
    memcpy(side->datagram, datagram, length);
    side->length = length;
    return 0;
}

static void take_packet(void *context, struct vole_peer *from, const uint8_t *packet, size_t length)
{
    (void)context, (void)from, (void)packet, (void)length;
    target_hold(false, "workers write to the TUN");
}

static void draw(void *context, uint8_t *bytes, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++) {
        random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (uint8_t)(random_state >> 56);
    }
}

static void make_side(struct side *side, uint8_t number)
{
    struct vole_options options = {
        .hooks = {.context = side, .send = take_datagram, .deliver = take_packet, .random = draw},
        .staged_bytes = 65536};
    uint8_t key[VOLE_KEY_BYTES] = {[9] = number};

    side->address = (struct vole_endpoint){.address = {4, {192, 0, 2, number}}, .port = number};
    side->device = vole_device_new(&options, &now);
    target_hold(side->device != NULL, "there is memory");
    vole_device_set_private_key(side->device, key, &now);
    vole_device_up(side->device, &now);
}

static void make_peer(struct side *side, const struct side *other)
{
    uint8_t key[VOLE_KEY_BYTES];

    target_hold(vole_device_public_key(other->device, key), "there is a key");
    side->peer = vole_peer_add(side->device, key, &now, NULL);
    vole_peer_set_endpoint(side->peer, &other->address);
    for (size_t i = 0; i < 2; i++)
        target_hold(vole_peer_allow(side->peer, &routes[i].prefix) == 0, "there is memory");
}

static void pass_on(struct side *from, struct side *to)
{
    uint8_t datagram[sizeof from->datagram];

    memcpy(datagram, from->datagram, from->length);
    target_hold(vole_device_receive(to->device, datagram, from->length, &from->address, 0, &now) !=
                    VOLE_DROPPED,
                "a session comes about");
}

static struct worker *make_worker(struct vole_device *device)
{
    static struct worker_sockets no_sockets = {.udp = {.receive_offload = true}};
    struct worker *worker =
        mmap(NULL, sizeof *worker, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    target_hold(worker != MAP_FAILED, "there is memory");
    worker->settings.device = device;
    worker->settings.queues = queues;
    worker->settings.queue_count = 2;
    worker->wanted = WORKER_BUFFERS_FEW;
    worker->read_ns = now.monotonic_ns; /* no pause */
    atomic_store(&worker->segment, true);
    atomic_store(&worker->sockets, &no_sockets);
    return worker;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    make_side(&near, 1);
    make_side(&far, 2);
    make_peer(&near, &far);
    make_peer(&far, &near);
    vole_peer_handshake(near.peer, &now);
    pass_on(&near, &far);
    pass_on(&far, &near);
    sender = make_worker(near.device);
    receiver = make_worker(far.device);
    return 0;
}

/* ---- the input ---- */

static void repair(unsigned action, struct vnet_header *header, uint8_t *packet, size_t length)
{
    struct slow_packet ip = slow_read(packet, length);

    if (ip.version == 0 || !ip.chain)
        return;
    if (action & RIGHT_LENGTH)
        slow_store(packet, ip.version == 4 ? 2 : 4, 2, ip.version == 4 ? length : length - 40);
    if (action & RIGHT_CHECKSUM) {
        header->flags |= VNET_NEEDS_CHECKSUM;
        header->checksum_start = (uint16_t)ip.transport;
        header->checksum_offset = ip.protocol == SLOW_TCP ? 16 : 6;
    }
    if (action & RIGHT_KIND)
        header->segment_kind = ip.protocol == SLOW_UDP ? VNET_KIND_UDP
                               : ip.version == 4       ? VNET_KIND_TCP4
                                                       : VNET_KIND_TCP6;
}

static void read_frame(struct target_input *input, struct frame *frame)
{
    static uint8_t packet[MOST_BYTES];
    unsigned action = target_byte(input);
    size_t added = target_number(input), length;
    uint8_t header[VNET_HEADER_BYTES];
    const uint8_t *bytes;

    target_fill(input, header, sizeof header);
    vnet_header_parse(&frame->header, header);
    bytes = target_take(input, target_byte(input), &length);
    if (length > 0)
        memcpy(packet, bytes, length);
    for (size_t i = 0; i < added && length < MOST_BYTES; i++)
        packet[length++] = (uint8_t)(i * 11 + i / 200);
    repair(action, &frame->header, packet, length);
    frame->queue = (action & SECOND_QUEUE) != 0;
    frame->length = length;
    frame->packet = target_copy(packet, length);
}

static uint64_t drops_of(const struct vole_device *device)
{
    uint64_t drops = 0;

    for (int reason = 0; reason < VOLE_DROP_COUNT; reason++)
        drops += vole_device_drops(device, (enum vole_drop)reason);
    return drops;
}

static void run_workers(void)
{
    message_count = messages_taken = frames_read = written_count = 0;
    while (frames_read < frame_count) {
        sender->readable = 3;
        target_hold(worker_out(sender, &now), "the TUN is there");
    }
    do
        worker_in(receiver, -1, &now);
    while (messages_taken < message_count);
    for (size_t i = 0; i < message_count; i++)
        free(messages[i].bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct target_input input = {bytes, length};
    unsigned options = target_byte(&input);
    uint32_t mtu = target_number(&input);
    uint64_t refused = 0, drops = drops_of(near.device);

    vole_device_set_mtu(near.device, mtu);
    atomic_store(&receiver->merge_tcp, (options & 1) == 0);
    atomic_store(&receiver->merge_udp, (options & 2) == 0);
    expected_count = frame_count = 0;
    while (input.left > 0 && frame_count < MOST_FRAMES && expected_count < MOST_PACKETS / 4) {
        struct frame *frame = &frames[frame_count];

        read_frame(&input, frame);
        if (frame->header.segment_kind != 0 && frame->header.segment_bytes < 64)
            frame->header.segment_bytes = (uint16_t)(frame->header.segment_bytes * 64); /* 0 stays */
        frame_count++;
        refused += frame->length > 0 && !expect_frame(frame, mtu);
    }
    run_workers();
    target_hold(written_count == expected_count, "all that was sent is written");
    target_hold(drops_of(near.device) >= drops + refused, "what is not sent is counted");
    for (size_t i = 0; i < frame_count; i++)
        free(frames[i].packet);
    for (size_t i = 0; i < expected_count; i++)
        free(expected[i].bytes);
    return 0;
}
