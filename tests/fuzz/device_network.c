/* SPDX-License-Identifier: MIT
 *
 * Datagrams and inner packets, and what must hold of each.
 *
 * A datagram's core is what its receiver can tell to be authentic: of an initiation and a response without
 * the sender's index, which anybody can change who makes the first mac anew, and without the macs; of all
 * else the whole. Bytes with a core that some device sent are that device's; all others are nobody's.
 */
#include "device_state.h"

#include "core/cookie.h"

static const struct vole_address inside[WORLD_INSIDE] = {
    {4, {10, 0, 0, 1}},
    {4, {10, 0, 0, 2}},
    {4, {10, 0, 0, 3}},
    {4, {10, 1, 0, 5}},
    {4, {10, 1, 1, 5}},
    {4, {192, 0, 2, 200}},
    {6, {0xfd, [15] = 1}},
    {6, {0xfd, [15] = 2}},
    {6, {0xfd, [15] = 3}},
    {6, {0xfd, 0, 0, 1, [15] = 5}},
    {6, {0xfd, 0, 0, 1, 0, 1, [15] = 5}},
    {6, {0x20, 0x01, [15] = 1}},
};

/* ---- inner packets ---- */

/* The packet with this number; its bytes follow from the books. */
static size_t build_packet(uint8_t *out, size_t number)
{
    const struct world_packet *packet = &world.packets[number];
    const struct vole_address *source = &inside[packet->source], *destination = &inside[packet->destination];
    size_t header = source->family == 4 ? 20 : 40;

    memset(out, 0, packet->length);
    if (source->family == 4) {
        out[0] = 0x45;
        slow_store(out, 2, 2, packet->length);
        memcpy(out + 12, source->bytes, 4);
        memcpy(out + 16, destination->bytes, 4);
    } else {
        out[0] = 0x60;
        slow_store(out, 4, 2, packet->length - 40);
        memcpy(out + 8, source->bytes, 16);
        memcpy(out + 24, destination->bytes, 16);
    }
    slow_store(out, header, 8, number);
    for (size_t i = header + 8; i < packet->length; i++)
        out[i] = (uint8_t)(number + i);
    return packet->length;
}

void network_deliver(void *context, struct vole_peer *from, const uint8_t *bytes, size_t length)
{
    static uint8_t expected[4096];
    const struct world_device *device = context;
    const struct world_peer *slot = vole_peer_context(from);
    struct vole_address source;
    struct world_packet *packet;
    uint64_t number;

    target_hold(world.answering == NULL, "nobody's bytes bring no packet");
    target_hold(device->up, "a device that is down delivers nothing");
    target_hold(slot->peer == from && slot->device == device->number, "a packet comes from a peer");
    target_hold(length >= 28 && (bytes[0] / 16 == 4 || length >= 48), "a packet is one that was sent");
    number = slow_number(bytes, bytes[0] / 16 == 4 ? 20 : 40, 8);
    target_hold(number < world.packet_count, "a packet has a number");
    packet = &world.packets[number];
    target_hold(length == packet->length && build_packet(expected, number) == length &&
                    memcmp(bytes, expected, length) == 0,
                "a packet is as it was sent");
    target_hold(!packet->delivered, "a packet is delivered once");
    target_hold(packet->to == device->number, "a packet comes where it was sent to");
    target_hold(packet->sender == slot->other, "a packet comes from who sent it");
    source = inside[packet->source];
    target_hold(slow_owner(device->routes, device->route_count, &source) ==
                    (int)(slot->other * WORLD_KEYS + slot->key),
                "a packet's source is its sender's");
    packet->delivered = true;
    world.delivered++;
}

/* What vole_device_send() must say: *slot is whom it goes to. */
static bool may_leave(const struct world_device *device, unsigned destination, const struct world_peer **slot)
{
    struct vole_peer_state state;
    int owner = slow_owner(device->routes, device->route_count, &inside[destination]);

    if (!device->up || owner < 0)
        return false;
    *slot = &device->slots[owner];
    vole_peer_read((*slot)->peer, &state);
    return state.has_endpoint;
}

void world_send(unsigned device, unsigned source, unsigned destination, size_t length)
{
    static uint8_t bytes[4096];
    struct world_device *ours = &world.devices[device % WORLD_DEVICES];
    struct vole_time now = world_time();
    const struct world_peer *slot = NULL;
    struct world_packet *packet;
    enum vole_outcome outcome;
    bool leaves;

    if (world_full())
        return;
    destination %= WORLD_INSIDE;
    source %= WORLD_INSIDE;
    if (inside[source].family != inside[destination].family)
        source = (source + WORLD_INSIDE / 2) % WORLD_INSIDE;
    packet = &world.packets[world.packet_count++];
    *packet = (struct world_packet){
        ours->number, WORLD_NOBODY, source, destination, length + (inside[source].family == 4 ? 28u : 48u),
        false};
    (void)build_packet(bytes, world.packet_count - 1);
    leaves = may_leave(ours, destination, &slot);
    if (leaves)
        packet->to = slot->other;
    outcome = vole_device_send(ours->device, bytes, packet->length, &now);
    target_hold(outcome == VOLE_SENT || outcome == VOLE_STAGED || outcome == VOLE_DROPPED,
                "what is sent is sent, waits or is dropped");
    target_hold((outcome != VOLE_DROPPED) == leaves, "what has somewhere to go is taken");
    world_settle(ours);
}

/* ---- datagrams ---- */

bool world_full(void)
{
    return world.datagram_count + 500 > WORLD_DATAGRAMS || world.packet_count + 300 > WORLD_PACKETS;
}

void network_forget(void)
{
    for (size_t i = 0; i < world.datagram_count; i++)
        free(world.datagrams[i].bytes);
    world.datagram_count = 0;
}

unsigned world_whose(const struct vole_endpoint *endpoint)
{
    for (unsigned i = 0; i < WORLD_DEVICES; i++)
        if (world.devices[i].place == world_place(endpoint))
            return i;
    return WORLD_NOBODY;
}

const struct world_datagram *world_recall(unsigned back)
{
    return back < world.datagram_count ? &world.datagrams[world.datagram_count - 1 - back] : NULL;
}

uint32_t world_index(unsigned device, unsigned back)
{
    return world.devices[device % WORLD_DEVICES].indices[back % 4];
}

static uint32_t read32(const uint8_t *bytes)
{
    return bytes_load_le32(bytes);
}

/* The device's session that sends with this receiver index; NULL: it has none, or there is no more room. */
static struct world_session *find_session(struct world_device *device, uint32_t index)
{
    for (size_t i = 0; i < device->session_count; i++)
        if (device->sessions[i].index == index)
            return &device->sessions[i];
    return NULL;
}

/* The device answered, or was answered. Until it sends on the session, that may have been for nothing. */
static void note_session(struct world_device *device, uint32_t index)
{
    struct world_session *session = find_session(device, index);

    if (session == NULL && device->session_count < WORLD_SESSIONS) {
        session = &device->sessions[device->session_count++];
        *session = (struct world_session){.index = index};
    }
    if (session != NULL && session->next == 0)
        session->birth_ns = world.boot_ns;
}

/* Each receiver index has a key of its own, so a counter is used with it once. */
static void check_data(struct world_device *device, const uint8_t *datagram)
{
    struct world_session *session = find_session(device, read32(datagram + TRANSPORT_RECEIVER));
    uint64_t counter = bytes_load_le64(datagram + TRANSPORT_COUNTER);

    if (world.forged_index || (session == NULL && device->session_count == WORLD_SESSIONS))
        return;
    target_hold(session != NULL, "data is sent on a session that there is");
    target_hold(counter >= session->next, "no counter is used twice");
    target_hold(world.boot_ns < session->birth_ns + SESSION_LIFE_NS, "no data is sent on an old session");
    session->next = counter + 1;
}

static bool is_known(const struct world_device *device, const struct vole_endpoint *to)
{
    unsigned place = world_place(to);

    for (unsigned slot = 0; place < WORLD_PLACES && slot < WORLD_DEVICES * WORLD_KEYS; slot++)
        if (device->slots[slot].peer != NULL && (device->slots[slot].places >> place & 1u) != 0)
            return true;
    return false;
}

static void check_sent(struct world_device *device, const struct vole_endpoint *to, const uint8_t *datagram,
                       size_t length)
{
    enum message_type type = message_type(datagram, length);

    target_hold(device->up, "a device that is down sends nothing");
    target_hold(type != MESSAGE_INVALID, "what is sent is a message");
    if (type == MESSAGE_COOKIE_REPLY) {
        target_hold(world_under_load(device), "cookie replies are sent under load");
        target_hold(world.answering == NULL || world_place(to) == world_place(world.answering),
                    "a cookie reply goes back");
        return;
    }
    target_hold(world.answering == NULL, "nobody is answered");
    target_hold(is_known(device, to), "datagrams go to peers");
    if (type == MESSAGE_TRANSPORT)
        check_data(device, datagram);
    else
        device->indices[device->drawn++ % 4] = read32(datagram + INITIATION_SENDER);
    if (type == MESSAGE_RESPONSE)
        note_session(device, read32(datagram + RESPONSE_RECEIVER));
}

int network_take(void *context, const struct vole_endpoint *to, uint8_t traffic_class, const uint8_t *bytes,
                 size_t length)
{
    struct world_device *device = context;
    struct world_datagram *datagram;

    (void)traffic_class;
    check_sent(device, to, bytes, length);
    if (world_place(to) == WORLD_FLOOD || world.datagram_count == WORLD_DATAGRAMS)
        return 0; /* into the void */
    datagram = &world.datagrams[world.datagram_count++];
    *datagram = (struct world_datagram){.bytes = target_copy(bytes, length),
                                        .length = length,
                                        .sender = device->number,
                                        .from = device->place,
                                        .to = *to,
                                        .under_way = true,
                                        .sent_ns = world.boot_ns};
    return 0;
}

static bool same_core(const struct world_datagram *datagram, const uint8_t *bytes, size_t length)
{
    const uint8_t *sent = datagram->bytes;

    if (length != datagram->length || length < TRANSPORT_MIN_BYTES || memcmp(bytes, sent, 4) != 0)
        return false;
    switch (message_type(bytes, length)) {
    case MESSAGE_INITIATION:
        return memcmp(bytes + INITIATION_EPHEMERAL, sent + INITIATION_EPHEMERAL,
                      INITIATION_BYTES - 2 * MAC_BYTES - INITIATION_EPHEMERAL) == 0;
    case MESSAGE_RESPONSE:
        return memcmp(bytes + RESPONSE_RECEIVER, sent + RESPONSE_RECEIVER,
                      RESPONSE_BYTES - 2 * MAC_BYTES - RESPONSE_RECEIVER) == 0;
    default:
        return memcmp(bytes, sent, length) == 0;
    }
}

/* Who sent this; NULL: nobody did. */
static struct world_datagram *find_sent(const uint8_t *bytes, size_t length)
{
    for (size_t i = world.datagram_count; i > 0; i--)
        if (same_core(&world.datagrams[i - 1], bytes, length))
            return &world.datagrams[i - 1];
    return NULL;
}

/* Where the sender may be believed to be after this arrived. */
static void note_place(struct world_device *device, const struct world_datagram *sent, unsigned place)
{
    if (sent->accepted[device->number] == device->memory + 1 ||
        message_type(sent->bytes, sent->length) == MESSAGE_COOKIE_REPLY)
        return;
    for (unsigned key = 0; key < WORLD_KEYS; key++)
        if (device->slots[sent->sender * WORLD_KEYS + key].peer != NULL)
            device->slots[sent->sender * WORLD_KEYS + key].places |= 1u << place;
}

/* The receiver accepted it: dropped counts as well if only what was inside was wrong. */
static bool is_accepted(const struct world_device *device, enum vole_outcome outcome)
{
    enum vole_drop reason = vole_device_last_drop(device->device);

    return outcome != VOLE_DROPPED || reason == VOLE_DROP_INNER_MALFORMED ||
           reason == VOLE_DROP_INNER_LENGTH || reason == VOLE_DROP_SOURCE_NOT_ALLOWED;
}

/* Whether the first mac is right for the device's key. */
static bool is_signed(const struct world_device *device, const uint8_t *bytes, size_t length)
{
    uint8_t message[HANDSHAKE_MAX_BYTES];
    size_t mac1 = message_mac1_offset(length);

    if (message_type(bytes, length) != MESSAGE_INITIATION && message_type(bytes, length) != MESSAGE_RESPONSE)
        return true;
    memcpy(message, bytes, length);
    world_sign(device->number, message, length);
    return memcmp(message + mac1, bytes + mac1, MAC_BYTES) == 0;
}

/* Whether it has a second mac, its sender's own, if it needs one. */
static bool is_proven(const struct world_device *device, const struct world_datagram *sent,
                      const uint8_t *bytes, size_t length)
{
    static const uint8_t none[MAC_BYTES];
    size_t mac2 = message_mac2_offset(length);

    return device->surely_loaded_ns == 0 || device->surely_loaded_ns + WORLD_SECOND <= world.boot_ns ||
           (memcmp(bytes + mac2, none, MAC_BYTES) != 0 &&
            memcmp(bytes + mac2, sent->bytes + mac2, MAC_BYTES) == 0);
}

/* The sender, under one of its keys, is believed to be there. */
static bool is_believed(const struct world_device *device, unsigned sender, unsigned place)
{
    struct vole_peer_state state;

    for (unsigned key = 0; key < WORLD_KEYS; key++) {
        const struct world_peer *slot = &device->slots[sender * WORLD_KEYS + key];

        if (slot->peer == NULL)
            continue;
        vole_peer_read(slot->peer, &state);
        if (state.has_endpoint && world_place(&state.endpoint) == place)
            return true;
    }
    return false;
}

static void check_received(struct world_device *device, struct world_datagram *sent, const uint8_t *bytes,
                           size_t length, unsigned place, enum vole_outcome outcome)
{
    enum message_type type = message_type(bytes, length);

    if (!is_accepted(device, outcome))
        return;
    target_hold(device->up, "a device that is down takes nothing");
    target_hold(sent != NULL, "nobody's bytes are dropped");
    target_hold(sent->accepted[device->number] != device->memory + 1, "nothing is accepted twice");
    target_hold(sent->sender != WORLD_STRANGER || type == MESSAGE_COOKIE_REPLY, "a stranger is not believed");
    target_hold(is_signed(device, bytes, length), "a handshake is for this device's key");
    target_hold((type != MESSAGE_INITIATION && type != MESSAGE_RESPONSE) ||
                    is_proven(device, sent, bytes, length),
                "a handshake needs a cookie under load");
    target_hold(type == MESSAGE_COOKIE_REPLY || is_believed(device, sent->sender, place),
                "a peer is where it was last heard");
    if (type == MESSAGE_TRANSPORT)
        target_hold(world.boot_ns < sent->sent_ns + SESSION_LIFE_NS, "old data is dropped");
    sent->accepted[device->number] = device->memory + 1;
}

static void receive(struct world_device *device, struct world_datagram *sent, const uint8_t *bytes,
                    size_t length, unsigned place)
{
    struct vole_endpoint from = world_endpoint(place);
    struct vole_time now = world_time();
    uint8_t *copy = target_copy(bytes, length);
    size_t delivered = world.delivered;
    enum vole_outcome outcome;

    world_note_load(device);
    world.answering = sent == NULL ? &from : NULL;
    outcome = vole_device_receive(device->device, copy, length, &from, 0, &now);
    check_received(device, sent, bytes, length, place, outcome);
    target_hold(world.delivered == delivered + (outcome == VOLE_DELIVERED), "what is delivered is delivered");
    world.answering = NULL;
    free(copy);
    world_settle(device);
}

static void enqueue(struct world_device *device, const uint8_t *bytes, size_t length, unsigned place)
{
    struct vole_endpoint from = world_endpoint(place);
    uint8_t *copy = target_copy(bytes, length);

    device->queued += vole_device_queue(device->device, copy, length, &from);
    free(copy);
    if (!world.flooding)
        world_settle(device);
}

static void hand_over(struct world_device *device, struct world_datagram *sent, const uint8_t *bytes,
                      size_t length, unsigned place, bool queue)
{
    if (sent != NULL) {
        size_t at = message_type(bytes, length) == MESSAGE_INITIATION ||
                            message_type(bytes, length) == MESSAGE_RESPONSE
                        ? INITIATION_SENDER
                        : 0;

        world.forged_index |= read32(bytes + at) != read32(sent->bytes + at);
        if (message_type(bytes, length) == MESSAGE_RESPONSE)
            note_session(device, read32(bytes + RESPONSE_SENDER));
        note_place(device, sent, place);
    }
    if (queue)
        enqueue(device, bytes, length, place);
    else
        receive(device, sent, bytes, length, place);
}

void world_inject(unsigned device, const uint8_t *bytes, size_t length, unsigned place, bool queue)
{
    struct world_device *ours = &world.devices[device % WORLD_DEVICES];

    hand_over(ours, find_sent(bytes, length), bytes, length, place % WORLD_PLACES, queue);
}

static void arrive(struct world_datagram *datagram)
{
    unsigned device = world_whose(&datagram->to);

    datagram->under_way = false;
    if (device != WORLD_NOBODY)
        hand_over(&world.devices[device], datagram, datagram->bytes, datagram->length, datagram->from, false);
}

void world_deliver(bool reversed)
{
    if (reversed)
        for (size_t i = world.datagram_count; i > 0; i--)
            if (world.datagrams[i - 1].under_way)
                arrive(&world.datagrams[i - 1]);
    for (size_t i = 0; i < world.datagram_count; i++) /* and what it brings about */
        if (world.datagrams[i].under_way)
            arrive(&world.datagrams[i]);
}

void world_lose(void)
{
    for (size_t i = 0; i < world.datagram_count; i++)
        world.datagrams[i].under_way = false;
}

void world_sign(unsigned device, uint8_t *message, size_t length)
{
    const struct world_device *ours = &world.devices[device % WORLD_DEVICES];
    struct cookie_holder holder = {0};
    struct cookie_keys keys;

    if ((length != INITIATION_BYTES && length != RESPONSE_BYTES) || ours->key == WORLD_KEYS ||
        ours->number == WORLD_STRANGER)
        return;
    cookie_keys_init(&keys, world_public_keys[ours->number][ours->key]);
    cookie_add_macs(&holder, &keys, message, length, world.boot_ns);
}

void world_flood(unsigned device, unsigned count)
{
    struct world_device *ours = &world.devices[device % WORLD_DEVICES];
    uint8_t message[INITIATION_BYTES] = {MESSAGE_INITIATION};

    world_sign(device, message, sizeof message);
    world.flooding = true;
    for (unsigned i = 0; i < count; i++)
        enqueue(ours, message, sizeof message, WORLD_FLOOD);
    world.flooding = false;
    world_settle(ours);
}
