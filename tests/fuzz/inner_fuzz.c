/* SPDX-License-Identifier: MIT
 *
 * What is inside the tunnel: whatever a peer seals (it has a session, so it may seal any bytes of any
 * length), and whatever the host hands in.
 *
 * There are two devices. Ours has a session with a hostile peer, who owns some addresses, and knows another
 * peer, who owns subnets of them and has no endpoint. The devices live on from input to input with time
 * standing still; all that changes are counters.
 *
 * The input: options, the MTU, then packets: an action, the outer traffic class, a length, a number of bytes
 * to be added, the bytes. Packets from the peer are opened in runs, as workers do.
 *
 * 1. What becomes of a plaintext is what slow_inner.h says, for each packet of a run by itself; what is
 * delivered is what was sealed, without its padding, with the marks of congestion that routers made.
 * 2. An IPv4 header's checksum stays as right or wrong as it was.
 * 3. What the host hands in is sealed for its owner with the right length and traffic class, and arrives as
 * it was; or is refused for the right reason.
 * 4. The ICMP error about a packet is what slow_inner.h says, and stays in its room. A packet's flow is that
 * of its addresses and ports.
 * 5. Each drop is counted once, with its reason; so are bytes.
 */
#include "slow_inner.h"
#include "target.h"

#include "core/inbound.h"
#include "core/outbound.h"
#include "packet/icmp.h"
#include "packet/ip.h"

#define MOST_BYTES 65535
#define PEER       0
#define OTHER      1

#define V4(a, b, c, d, length)                                                                               \
    {                                                                                                        \
        {4, {a, b, c, d}}, length                                                                            \
    }
#define V6(a, b, c, last, length)                                                                            \
    {                                                                                                        \
        {6, {0xfd, a, 0, b, 0, c, [15] = last}}, length                                                      \
    }

static const struct slow_route routes[] = {
    {V4(10, 0, 0, 0, 8), PEER},   {V4(10, 9, 0, 0, 16), OTHER}, {V4(10, 9, 9, 0, 24), PEER},
    {V4(10, 9, 9, 9, 32), OTHER}, {V6(0, 0, 0, 0, 16), PEER},   {V6(0, 9, 0, 0, 32), OTHER},
    {V6(0, 9, 9, 0, 48), PEER},   {V6(0, 9, 9, 9, 128), OTHER},
};
#define ROUTES (sizeof routes / sizeof routes[0])

struct side {
    struct vole_device *device;
    struct vole_peer *peer; /* the other side */
    struct vole_endpoint address;
    size_t sent, length; /* datagrams, and what the last one was */
    uint8_t traffic_class;
    struct vole_endpoint to;
    uint8_t datagram[MOST_BYTES + 64];
    size_t delivered, packet_length;
    struct vole_peer *from;
    uint8_t packet[MOST_BYTES];
};

/* A plaintext under way. */
struct sealed {
    uint8_t *datagram;
    size_t length; /* of the plaintext */
    uint8_t plaintext[MOST_BYTES];
};

static const struct vole_time now = {UINT64_C(1000000000000), UINT64_C(1000000000000), 1700000000, 1};
static struct side ours, hostile;
static struct vole_peer *other_peer;
static uint64_t random_state = 1;
static struct run outbound;
static struct inbound_run inbound;
static struct sealed pending[INBOUND_PACKETS];
static size_t pending_count, pending_bytes;
static uint8_t pending_class;
static uint8_t packet_room[MOST_BYTES];

/* ---- the two devices ---- */

static int take_datagram(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                         const uint8_t *datagram, size_t length)
{
    struct side *side = context;

    target_hold(length <= sizeof side->datagram, "a datagram is not too long");
    memcpy(side->datagram, datagram, length);
    side->length = length;
    side->traffic_class = traffic_class;
    side->to = *to;
    side->sent++;
    return 0;
}

static void take_packet(void *context, struct vole_peer *from, const uint8_t *packet, size_t length)
{
    struct side *side = context;

    target_hold(length <= sizeof side->packet, "a packet is not too long");
    memcpy(side->packet, packet, length);
    side->packet_length = length;
    side->from = from;
    side->delivered++;
}

static void draw(void *context, uint8_t *bytes, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++) {
        random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
        bytes[i] = (uint8_t)(random_state >> 56);
    }
}

static void make_side(struct side *side, uint8_t number)
{
    struct vole_options options = {
        .hooks = {.context = side, .send = take_datagram, .deliver = take_packet, .random = draw},
        .staged_bytes = 65536};
    uint8_t key[VOLE_KEY_BYTES] = {[9] = number};

    side->address =
        (struct vole_endpoint){.address = {4, {192, 0, 2, number}}, .port = (uint16_t)(1000 + number)};
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
}

static void pass_on(struct side *from, struct side *to)
{
    static uint8_t datagram[sizeof from->datagram];

    memcpy(datagram, from->datagram, from->length);
    target_hold(vole_device_receive(to->device, datagram, from->length, &from->address, 0, &now) !=
                    VOLE_DROPPED,
                "a session comes about");
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    static const struct vole_prefix all[] = {{{4, {0}}, 0}, {{6, {0}}, 0}};
    uint8_t key[VOLE_KEY_BYTES] = {9};

    (void)count, (void)arguments;
    make_side(&ours, 1);
    make_side(&hostile, 2);
    make_peer(&ours, &hostile);
    make_peer(&hostile, &ours);
    other_peer = vole_peer_add(ours.device, key, &now, NULL);
    for (size_t i = 0; i < ROUTES; i++)
        target_hold(vole_peer_allow(routes[i].owner == PEER ? ours.peer : other_peer, &routes[i].prefix) == 0,
                    "there is memory");
    for (size_t i = 0; i < 2; i++)
        target_hold(vole_peer_allow(hostile.peer, &all[i]) == 0, "there is memory");
    vole_peer_handshake(hostile.peer, &now);
    pass_on(&hostile, &ours);
    pass_on(&ours, &hostile);
    vole_peer_set_persistent_keepalive(hostile.peer, 100, &now);
    pass_on(&hostile, &ours);
    return 0;
}

/* ---- from the peer ---- */

static void set_class(uint8_t *packet, uint8_t traffic_class)
{
    if (packet[0] / 16 == 4) {
        packet[1] = traffic_class;
        return;
    }
    packet[0] = (uint8_t)(0x60 + traffic_class / 16);
    packet[1] = (uint8_t)(traffic_class % 16 * 16 + packet[1] % 16);
}

/* wanted is what was sealed; it becomes what must have been delivered, and is compared. */
static void check_delivered(uint8_t *wanted, size_t total, uint8_t outer, const uint8_t *packet,
                            size_t length)
{
    uint8_t inner = slow_class(wanted);
    struct slow_packet headers = slow_read(wanted, total);

    target_hold(length == total, "a packet is delivered without its padding");
    set_class(wanted, slow_inner_class(inner, outer));
    if (wanted[0] / 16 == 4 && slow_class(wanted) != inner) {
        uint32_t before, after;

        set_class(wanted, inner);
        before = slow_fold(slow_sum(0, wanted, 20)) % 0xffffu;
        after = slow_fold(slow_sum(0, packet, 20)) % 0xffffu;
        target_hold(before == after, "a header's checksum stays as right or wrong as it was");
        target_hold(!headers.chain || !slow_header_sum_right(wanted, &headers) ||
                        slow_header_sum_right(packet, &headers),
                    "a right checksum stays right");
        set_class(wanted, slow_inner_class(inner, outer));
        memcpy(wanted + 10, packet + 10, 2);
    }
    target_hold(memcmp(wanted, packet, total) == 0, "a packet is delivered as it was");
}

static void check_opened(struct sealed *sealed, const struct inbound_packet *packet, uint64_t *bytes)
{
    enum vole_drop reason = VOLE_DROP_COUNT;
    size_t total = 0;
    enum vole_outcome outcome =
        slow_judge(sealed->plaintext, sealed->length, routes, ROUTES, PEER, &reason, &total);

    target_hold(packet->outcome == outcome, "a packet becomes what it must");
    target_hold((packet->inner != NULL) == (outcome == VOLE_DELIVERED), "what is delivered is there");
    if (outcome == VOLE_DROPPED)
        target_hold(packet->reason == reason, "a packet is dropped for its reason");
    else
        *bytes += sealed->length + VOLE_OVERHEAD;
    if (outcome == VOLE_DELIVERED)
        check_delivered(sealed->plaintext, total, pending_class, packet->inner, packet->length);
}

static uint64_t all_drops(const struct vole_device *device)
{
    uint64_t drops = 0;

    for (int reason = 0; reason < VOLE_DROP_COUNT; reason++)
        drops += vole_device_drops(device, (enum vole_drop)reason);
    return drops;
}

static uint64_t received_bytes(const struct side *side)
{
    struct vole_peer_state state;

    vole_peer_read(side->peer, &state);
    return state.received_bytes;
}

/* Opens all that is under way as one run. */
static void open_pending(void)
{
    uint64_t drops = all_drops(ours.device), bytes = received_bytes(&ours), delivered = 0;

    inbound_reset(&inbound, &hostile.address, pending_class);
    for (size_t i = 0; i < pending_count; i++)
        target_hold(inbound_add(&inbound, pending[i].datagram, pending[i].length + VOLE_OVERHEAD),
                    "a run takes what is of one session");
    inbound_open(ours.device, &inbound, &now);
    for (size_t i = 0; i < pending_count; i++) {
        drops += inbound.packets[i].outcome == VOLE_DROPPED;
        check_opened(&pending[i], &inbound.packets[i], &delivered);
        free(pending[i].datagram);
    }
    target_hold(all_drops(ours.device) == drops, "each drop is counted once");
    target_hold(received_bytes(&ours) == bytes + delivered, "the bytes of what is taken are counted");
    pending_count = pending_bytes = 0;
}

/* Seals these bytes without any padding. */
static void seal(const uint8_t *plaintext, size_t length, uint8_t traffic_class)
{
    struct sealed *sealed = &pending[pending_count];
    struct vole_endpoint to;

    run_reset(&outbound, hostile.peer);
    if (length > 0)
        memcpy(run_place(&outbound, length), plaintext, length);
    run_add(&outbound, length, false, (uint32_t)length);
    target_hold(outbound_prepare(hostile.device, &outbound, &to, &now) == RUN_SEALED, "there is a session");
    target_hold(outbound.packets[0].length == length + VOLE_OVERHEAD, "nothing is padded");
    sealed->datagram = target_copy(outbound.bytes, length + VOLE_OVERHEAD);
    sealed->length = length;
    if (length > 0)
        memcpy(sealed->plaintext, plaintext, length);
    pending_class = traffic_class;
    pending_bytes += length;
    pending_count++;
}

static void receive(const uint8_t *plaintext, size_t length, uint8_t traffic_class)
{
    if (pending_count == INBOUND_PACKETS || pending_bytes > MOST_BYTES || traffic_class != pending_class)
        open_pending();
    seal(plaintext, length, traffic_class);
}

/* ---- from the host ---- */

static void check_icmp(const uint8_t *packet, size_t length)
{
    static uint8_t expected[ICMP_UNREACHABLE_BYTES + 8];
    size_t wanted = slow_unreachable(expected, packet, length);
    uint8_t *out = malloc(wanted + 1);

    target_hold(out != NULL, "there is memory");
    if (wanted > 0)
        target_hold(icmp_unreachable(out, wanted - 1, packet, length) == 0, "an ICMP error needs its room");
    target_hold(icmp_unreachable(out, wanted, packet, length) == wanted, "an ICMP error has its length");
    target_hold(memcmp(out, expected, wanted) == 0, "an ICMP error is what it must be");
    free(out);
    if (wanted == 0) {
        out = malloc(ICMP_UNREACHABLE_BYTES);
        target_hold(out != NULL && icmp_unreachable(out, ICMP_UNREACHABLE_BYTES, packet, length) == 0,
                    "there are packets that nothing is said about");
        free(out);
    }
}

/* Everything but what makes the flow is turned over. */
static void check_flow(const uint8_t *packet, size_t length)
{
    struct slow_packet headers = slow_read(packet, length);
    uint32_t flow;
    uint8_t *changed;
    size_t ports;

    if (headers.version == 0 || !headers.total_fits || (headers.version == 4 && packet[0] % 16 < 5))
        return;
    flow = ip_flow(packet, length);
    changed = target_copy(packet, length);
    ports = headers.version == 4 ? packet[0] % 16u * 4 : 40;
    set_class(changed, (uint8_t)~slow_class(packet));
    changed[headers.version == 4 ? 8 : 7] ^= 0xff;
    for (size_t i = ports + 4 > 60 ? ports + 4 : 60; i < length; i++)
        changed[i] ^= 0xff;
    target_hold(ip_flow(changed, length) == flow, "a packet's flow is that of its addresses and ports");
    free(changed);
}

static void check_sent(const uint8_t *packet, size_t length, uint32_t mtu)
{
    static uint8_t wanted[MOST_BYTES + 16];
    const struct slow_route to_all[] = {{{{4, {0}}, 0}, PEER}, {{{6, {0}}, 0}, PEER}};
    size_t delivered = hostile.delivered, padded = slow_padded(length, mtu), total = 0;
    enum vole_drop reason = VOLE_DROP_COUNT;
    enum vole_outcome outcome, result;
    uint8_t *datagram = target_copy(ours.datagram, ours.length);

    memset(wanted, 0, padded);
    memcpy(wanted, packet, length);
    outcome = slow_judge(wanted, padded, to_all, 2, PEER, &reason, &total);
    target_hold(ours.length == padded + VOLE_OVERHEAD, "a datagram has its length");
    target_hold(slow_number(datagram, 0, 4) == 0x04000000, "a datagram says what it is");
    target_hold(ours.traffic_class == slow_outer_class(packet, length), "a datagram has its traffic class");
    target_hold(memcmp(&ours.to.address, &hostile.address.address, sizeof ours.to.address) == 0 &&
                    ours.to.port == hostile.address.port,
                "a datagram goes to its peer");
    result =
        vole_device_receive(hostile.device, datagram, ours.length, &ours.address, ours.traffic_class, &now);
    target_hold(result == outcome, "a packet arrives if it is one");
    if (outcome == VOLE_DELIVERED) {
        target_hold(hostile.delivered == delivered + 1 && hostile.from == hostile.peer, "it arrives once");
        check_delivered(wanted, total, ours.traffic_class, hostile.packet, hostile.packet_length);
    }
    free(datagram);
}

static void hand_in(const uint8_t *packet, size_t length, uint32_t mtu)
{
    size_t sent = ours.sent;
    uint64_t drops = all_drops(ours.device);
    enum vole_outcome outcome = vole_device_send(ours.device, packet, length, &now);
    struct vole_address to = {0};
    enum vole_drop reason = VOLE_DROP_NOT_IP;
    int owner = -1;

    if (slow_read(packet, length).version != 0) {
        to = slow_destination(packet);
        owner = slow_owner(routes, ROUTES, &to);
        reason = owner == OTHER ? VOLE_DROP_NO_ENDPOINT : VOLE_DROP_NO_PEER;
    }
    target_hold(outcome == (owner == PEER ? VOLE_SENT : VOLE_DROPPED),
                "who has an owner with an endpoint is sent");
    target_hold(ours.sent == sent + (owner == PEER), "what is sent leaves once");
    target_hold(all_drops(ours.device) == drops + (owner != PEER), "each drop is counted once");
    if (owner == PEER)
        check_sent(packet, length, mtu);
    else
        target_hold(vole_device_last_drop(ours.device) == reason, "a packet is refused for its reason");
    check_icmp(packet, length);
    check_flow(packet, length);
}

/* ---- the input ---- */

/* In a packet's first byte. */
enum { HAND_IN = 1, RIGHT_LENGTH = 2, RIGHT_SUM = 4, PADDED = 8 };

static void repair(unsigned action, uint8_t *packet, size_t length)
{
    struct slow_packet headers = slow_read(packet, length);
    size_t padding = action & PADDED ? length % 16 : 0;

    if (headers.version == 0)
        return;
    if (action & RIGHT_LENGTH)
        slow_store(packet, headers.version == 4 ? 2 : 4, 2,
                   length - padding - (headers.version == 4 ? 0 : 40));
    if ((action & RIGHT_SUM) && headers.version == 4 && headers.chain) {
        slow_store(packet, 10, 2, 0);
        slow_store(packet, 10, 2, 0xffffu - slow_fold(slow_sum(0, packet, headers.transport)));
    }
}

static void step(struct target_input *input, uint32_t mtu)
{
    unsigned action = target_byte(input);
    uint8_t traffic_class = target_byte(input), *packet;
    size_t wanted = target_byte(input), added = target_byte(input), length;
    const uint8_t *bytes = target_take(input, wanted, &length);

    if (added >= 128) /* coarser, up to what a packet can be */
        added = (added - 128) * 516;
    memset(packet_room, 0, sizeof packet_room);
    if (length > 0)
        memcpy(packet_room, bytes, length);
    for (size_t i = 0; i < added && length < MOST_BYTES - VOLE_OVERHEAD; i++)
        packet_room[length++] = (uint8_t)(i * 3);
    repair(action, packet_room, length);
    packet = target_copy(packet_room, length);
    if (action & HAND_IN)
        hand_in(packet, length, mtu);
    else
        receive(packet, length, traffic_class);
    free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct target_input input = {bytes, length};
    uint32_t mtu = target_number(&input);

    vole_device_set_mtu(ours.device, mtu);
    for (unsigned packets = 0; input.left > 0 && packets < 400; packets++)
        step(&input, mtu);
    open_pending();
    return 0;
}
