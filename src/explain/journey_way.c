/* SPDX-License-Identifier: MIT
 *
 * The sender's stations first, then the datagram in the open, then the receiver's.
 */
#include "explain/journey_way.h"

#include "config/address.h"
#include "core/inbound.h"
#include "core/messages.h"
#include "core/outbound.h"
#include "explain/compose.h"
#include "explain/journey_layout.h"
#include "explain/value.h"
#include "packet/checksum.h"
#include "packet/ip.h"

#include <assert.h>
#include <string.h>

#define MOST_OUTER_BYTES                                                                                     \
    (JOURNEY_MOST_INNER_BYTES + VOLE_OVERHEAD + MESSAGE_PADDING_MULTIPLE + COMPOSE_MOST_BYTES)
#define OUTER_IPV4_BYTES (COMPOSE_IPV4_BYTES + COMPOSE_UDP_BYTES)

struct way {
    struct journey_run *run;
    struct cast_member *sender, *receiver;
    struct vole_peer *peer; /* the receiver, as the sender knows it */
    const uint8_t *packet;
    size_t length;
    uint8_t padded[JOURNEY_MOST_INNER_BYTES + MESSAGE_PADDING_MULTIPLE];
    size_t padded_length;
    struct cast_datagram datagram; /* a copy: the wire's list moves; its bytes do not */
    uint8_t outer[MOST_OUTER_BYTES];
    size_t outer_length;
    json_t *object, *stages;
};

/* ---- stages ---- */

/* A stage's bytes; the caller adds fields to the list that is returned. Those from `from` to `to` came with
 * it. title is what the packet is then. */
static json_t *put_stage(struct way *way, const char *name, const char *title, const uint8_t *bytes,
                         size_t length, size_t from, size_t to)
{
    size_t count = json_array_size(way->stages);
    json_t *before = count == 0 ? NULL : json_object_get(json_array_get(way->stages, count - 1), "length");
    json_t *stage = value_object(way->stages, NULL), *fresh;

    value_text(stage, "name", name);
    value_text(stage, "title", title);
    value_number(stage, "length", length);
    value_format(stage, "added", "%+lld", (long long)length - (long long)json_integer_value(before));
    value_bytes(stage, "bytes", bytes, length);
    fresh = value_object(stage, "fresh");
    value_number(fresh, "from", from);
    value_number(fresh, "to", to);
    return value_list(stage, "fields");
}

/* ---- on the sender's side ---- */

static void put_checksum(json_t *parent, const char *name, const uint8_t *bytes)
{
    value_bytes(parent, name, bytes, 2);
}

static void put_app(struct way *way)
{
    json_t *app = value_object(way->object, "app");
    const uint8_t *packet = way->packet, *transport = packet + IP_V4_HEADER_BYTES;
    struct vole_address source = ip_source(packet), destination = ip_destination(packet);
    size_t headers = IP_V4_HEADER_BYTES + UDP_HEADER_BYTES;
    bool udp = packet[9] == IP_PROTOCOL_UDP;

    value_text(app, "protocol", udp ? "UDP" : "ICMP");
    value_address(app, "source", &source);
    value_address(app, "destination", &destination);
    if (udp) {
        value_number(app, "source_port", bytes_load_be16(transport));
        value_number(app, "destination_port", bytes_load_be16(transport + 2));
        value_put(app, "text", json_stringn((const char *)packet + headers, way->length - headers));
    }
    value_bytes(app, "payload", packet + headers, way->length - headers);
    value_number(app, "payload_length", way->length - headers);
    value_number(app, "headers_length", headers);
    value_bytes(app, "packet", packet, way->length);
    value_bytes(app, "header", packet, IP_V4_HEADER_BYTES);
    value_number(app, "length", way->length);
    put_checksum(app, "header_checksum", packet + 10);
    put_checksum(app, "checksum", transport + (udp ? UDP_CHECKSUM_OFFSET : 2));
    layout_put_details(value_list(app, "fields"), packet);
    layout_put_packet(put_stage(way, "app", "the app's packet", packet, way->length, 0, way->length), packet,
                      way->length);
}

#define MOST_ROUTES 6

struct route {
    struct vole_prefix prefix;
    struct vole_address via; /* family 0: none, it is on the link */
    const char *device;
};

/* The kernel's IPv4 routes on a member: what `ip route` would list. The interface's are its peers' allowed
 * IPs, as `vole up` sets them. */
static size_t list_routes(const struct way *way, struct route routes[static MOST_ROUTES])
{
    const struct vole_address *own = &way->sender->address.address;
    struct vole_prefix allowed[MOST_ROUTES - 2];
    size_t count = vole_peer_allowed(way->peer, allowed, MOST_ROUTES - 2), used = 0;

    assert(count <= MOST_ROUTES - 2);
    for (size_t i = 0; i < count; i++)
        if (allowed[i].address.family == 4)
            routes[used++] = (struct route){.prefix = allowed[i], .device = "wg0"};
    routes[used] = (struct route){.prefix = {*own, 24}, .device = "eth0"};
    (void)address_clear_host_bits(&routes[used].prefix);
    routes[used + 1] =
        (struct route){.prefix = {{4, {0}}, 0}, .device = "eth0", .via = routes[used].prefix.address};
    routes[used + 1].via.bytes[3] = 1;
    return used + 2;
}

/* The lookup that the kernel makes for this destination: the longest prefix that has it. */
static void put_routes(const struct way *way, json_t *parent, const struct vole_address *destination)
{
    struct route routes[MOST_ROUTES];
    size_t count = list_routes(way, routes), best = count;
    json_t *list = value_list(parent, "routes");

    for (size_t i = 0; i < count; i++)
        if (address_is_within(destination, &routes[i].prefix) &&
            (best == count || routes[i].prefix.length > routes[best].prefix.length))
            best = i;
    for (size_t i = 0; i < count; i++) {
        json_t *row = value_object(list, NULL);

        value_prefix(row, "prefix", &routes[i].prefix);
        value_text(row, "device", routes[i].device);
        if (routes[i].via.family != 0)
            value_address(row, "via", &routes[i].via);
        else
            value_put(row, "via", json_null());
        value_truth(row, "matches", address_is_within(destination, &routes[i].prefix));
        value_truth(row, "chosen", i == best);
    }
    value_address(parent, "destination", destination);
    value_text(parent, "device", best == count ? NULL : routes[best].device);
}

static void put_peer(struct way *way)
{
    json_t *object = value_object(way->object, "peer");
    struct vole_prefix allowed[4];
    struct vole_address destination = ip_destination(way->packet);
    struct vole_peer_state state;
    size_t count;

    vole_peer_read(way->peer, &state);
    count = vole_peer_allowed(way->peer, allowed, 4);
    for (size_t i = 0; i < count; i++)
        if (address_is_within(&destination, &allowed[i]))
            value_prefix(object, "prefix", &allowed[i]);
    value_text(object, "name", way->receiver->name);
    value_bytes(object, "public_key", state.public_key, sizeof state.public_key);
    value_endpoint(object, "endpoint", &state.endpoint);
}

static void put_padding(struct way *way)
{
    uint32_t mtu = atomic_load_explicit(&way->sender->device->mtu, memory_order_relaxed);
    struct run *run = way->sender->device->run; /* its scratch, as its own sending uses it next */
    json_t *padding = value_object(way->object, "padding"), *fields;

    run_reset(run, way->peer);
    memcpy(run_place(run, way->length), way->packet, way->length);
    run_add(run, way->length, false, mtu);
    way->padded_length = run->packets[0].length - VOLE_OVERHEAD;
    memcpy(way->padded, run->bytes + TRANSPORT_HEADER_BYTES, way->padded_length);

    value_number(padding, "length", way->length);
    value_number(padding, "multiple", MESSAGE_PADDING_MULTIPLE);
    value_number(padding, "mtu", mtu);
    value_number(padding, "rounded", outbound_padded(way->length, 0));
    value_number(padding, "padded", way->padded_length);
    value_number(padding, "added", way->padded_length - way->length);
    value_truth(padding, "limited", outbound_padded(way->length, 0) != way->padded_length);
    value_bytes(padding, "bytes", way->padded, way->padded_length);
    fields =
        put_stage(way, "padding", "padded", way->padded, way->padded_length, way->length, way->padded_length);
    layout_put_packet(fields, way->packet, way->length);
    layout_put_padding(fields, way->padded, way->length, way->padded_length);
}

/* Sends it, and tells how: counter, nonce, key. */
static void put_seal(struct way *way)
{
    const struct keypair *keypair = atomic_load_explicit(&way->peer->keypairs.current, memory_order_acquire);
    uint64_t before = atomic_load_explicit(&keypair->sending_counter, memory_order_relaxed);
    uint8_t nonce[12] = {0};
    enum vole_outcome outcome = cast_send(way->sender, way->packet, way->length);
    json_t *object = value_object(way->object, "counter"), *fields;
    const uint8_t *sealed;
    size_t length;

    cast_must(outcome == VOLE_SENT && way->run->carried + 1 == way->run->cast.wire_count);
    (void)outcome;
    way->datagram = way->run->cast.wire[way->run->carried];
    bytes_store_le64(nonce + 4, bytes_load_le64(way->datagram.bytes + TRANSPORT_COUNTER));
    value_number(object, "before", before);
    value_number(object, "number", bytes_load_le64(way->datagram.bytes + TRANSPORT_COUNTER));
    value_number(object, "after", atomic_load_explicit(&keypair->sending_counter, memory_order_relaxed));
    value_bytes(object, "bytes", way->datagram.bytes + TRANSPORT_COUNTER, 8);
    value_bytes(object, "nonce", nonce, sizeof nonce);

    sealed = way->datagram.bytes + TRANSPORT_HEADER_BYTES;
    length = way->datagram.length - TRANSPORT_HEADER_BYTES;
    object = value_object(way->object, "seal");
    value_bytes(object, "key", keypair->sending_key, sizeof keypair->sending_key);
    value_bytes(object, "nonce", nonce, sizeof nonce);
    value_bytes(object, "plaintext", way->padded, way->padded_length);
    value_bytes(object, "ciphertext", sealed, length - AEAD_TAG_BYTES);
    value_bytes(object, "tag", sealed + length - AEAD_TAG_BYTES, AEAD_TAG_BYTES);
    value_number(object, "plaintext_length", way->padded_length);
    value_number(object, "length", length);
    fields = put_stage(way, "seal", "sealed", sealed, length, 0, length);
    layout_put_sealed(fields, sealed, 0, length);
}

static void put_datagram(struct way *way)
{
    const struct cast_datagram *datagram = &way->datagram;
    json_t *object = value_object(way->object, "datagram");

    value_bytes(object, "bytes", datagram->bytes, datagram->length);
    value_number(object, "length", datagram->length);
    value_bytes(object, "header", datagram->bytes, TRANSPORT_HEADER_BYTES);
    value_number(object, "header_length", TRANSPORT_HEADER_BYTES);
    value_bytes(object, "type", datagram->bytes, 1);
    value_number(object, "type_number", datagram->bytes[0]);
    value_bytes(object, "receiver", datagram->bytes + TRANSPORT_RECEIVER, 4);
    value_bytes(object, "counter", datagram->bytes + TRANSPORT_COUNTER, 8);
    layout_put_transport(put_stage(way, "header", "with WireGuard's header", datagram->bytes,
                                   datagram->length, 0, TRANSPORT_HEADER_BYTES),
                         datagram->bytes, 0, datagram->length);
}

void journey_way_put_outer(json_t *fields, const uint8_t *outer, size_t length)
{
    layout_put_outer_ipv4(fields, outer);
    layout_put_outer_udp(fields, outer, COMPOSE_IPV4_BYTES);
    layout_put_transport(fields, outer, OUTER_IPV4_BYTES, length);
}

static void put_outer(struct way *way)
{
    const struct cast_datagram *datagram = &way->datagram;
    uint8_t as_ipv6[MOST_OUTER_BYTES];
    json_t *udp = value_object(way->object, "udp"), *outer = value_object(way->object, "outer"), *fields;

    way->outer_length = journey_outer(way->outer, datagram, way->run->carried, false);
    value_bytes(udp, "header", way->outer + COMPOSE_IPV4_BYTES, COMPOSE_UDP_BYTES);
    value_number(udp, "source_port", datagram->from.port);
    value_number(udp, "destination_port", datagram->to.port);
    value_number(udp, "header_length", COMPOSE_UDP_BYTES);
    value_number(udp, "length", COMPOSE_UDP_BYTES + (uint64_t)datagram->length);
    put_checksum(udp, "checksum", way->outer + COMPOSE_IPV4_BYTES + UDP_CHECKSUM_OFFSET);
    fields = put_stage(way, "udp", "with a UDP header", way->outer + COMPOSE_IPV4_BYTES,
                       way->outer_length - COMPOSE_IPV4_BYTES, 0, COMPOSE_UDP_BYTES);
    layout_put_outer_udp(fields, way->outer + COMPOSE_IPV4_BYTES, 0);
    layout_put_transport(fields, way->outer + COMPOSE_IPV4_BYTES, COMPOSE_UDP_BYTES,
                         way->outer_length - COMPOSE_IPV4_BYTES);

    value_bytes(outer, "bytes", way->outer, way->outer_length);
    value_number(outer, "length", way->outer_length);
    value_bytes(outer, "header", way->outer, COMPOSE_IPV4_BYTES);
    value_number(outer, "header_length", COMPOSE_IPV4_BYTES);
    value_address(outer, "source", &datagram->from.address);
    value_address(outer, "destination", &datagram->to.address);
    put_checksum(outer, "header_checksum", way->outer + 10);
    value_number(outer, "ipv6_header_length", COMPOSE_IPV6_BYTES);
    value_number(outer, "ipv6_length", journey_outer(as_ipv6, datagram, way->run->carried, true));
    put_routes(way, outer, &datagram->to.address);
    layout_put_details(value_list(outer, "fields"), way->outer);
    fields = put_stage(way, "outer", "with the outer IP header", way->outer, way->outer_length, 0,
                       COMPOSE_IPV4_BYTES);
    journey_way_put_outer(fields, way->outer, way->outer_length);
}

/* What anybody between the two learns, without a key. */
static void put_internet(struct way *way)
{
    json_t *object = value_object(way->object, "internet");
    const struct cast_datagram *datagram = &way->datagram;

    value_endpoint(object, "from", &datagram->from);
    value_endpoint(object, "to", &datagram->to);
    value_number(object, "length", datagram->length);
    value_number(object, "type", datagram->bytes[0]);
    value_bytes(object, "receiver", datagram->bytes + TRANSPORT_RECEIVER, 4);
    value_number(object, "counter", bytes_load_le64(datagram->bytes + TRANSPORT_COUNTER));
    value_number(object, "most_inside", way->padded_length);
    value_number(object, "least_inside", way->padded_length - (MESSAGE_PADDING_MULTIPLE - 1));
    value_seconds(object, "travels", JOURNEY_TRAVEL_NS);
}

/* ---- on the receiver's side ---- */

static const char *slot_name(const struct keypair_slots *slots, const struct keypair *keypair)
{
    if (atomic_load_explicit(&slots->current, memory_order_acquire) == keypair)
        return "current";
    return slots->next == keypair ? "next" : "previous";
}

static void put_index(struct way *way, const struct keypair *keypair)
{
    json_t *object = value_object(way->object, "index");
    const struct vole_peer *peer = keypair->entry.peer;
    struct vole_time now;

    cast_time(way->receiver, &now);
    value_bytes(object, "receiver", way->datagram.bytes + TRANSPORT_RECEIVER, 4);
    value_format(object, "number", "0x%08x", bytes_load_le32(way->datagram.bytes + TRANSPORT_RECEIVER));
    value_number(object, "listed", index_count(&way->receiver->device->indices));
    value_text(object, "peer", way->sender->name);
    value_text(object, "slot", slot_name(&peer->keypairs, keypair));
    value_seconds(object, "age", now.boot_ns + JOURNEY_TRAVEL_NS - keypair->birth_ns);
    value_seconds(object, "most_age", REJECT_AFTER_TIME);
}

static void put_opened(struct way *way, const struct keypair *keypair)
{
    json_t *object = value_object(way->object, "open"), *fields;
    const uint8_t *sealed = way->datagram.bytes + TRANSPORT_HEADER_BYTES;
    uint8_t opened[sizeof way->padded];
    bool authentic =
        aead_open(opened, sealed, way->datagram.length - TRANSPORT_HEADER_BYTES, NULL, 0,
                  bytes_load_le64(way->datagram.bytes + TRANSPORT_COUNTER), keypair->receiving_key);

    value_bytes(object, "key", keypair->receiving_key, sizeof keypair->receiving_key);
    value_truth(object, "authentic", authentic);
    if (!authentic)
        return;
    value_bytes(object, "plaintext", opened, way->padded_length);
    value_truth(object, "same", memcmp(opened, way->padded, way->padded_length) == 0);
    fields = put_stage(way, "open", "opened", opened, way->padded_length, 0, way->padded_length);
    layout_put_packet(fields, opened, way->length);
    layout_put_padding(fields, way->padded, way->length, way->padded_length);
}

/* The window's word before and after, and the arrival between them. */
static void put_arrival(struct way *way, struct keypair *keypair)
{
    json_t *window = value_object(way->object, "window");
    uint64_t counter = bytes_load_le64(way->datagram.bytes + TRANSPORT_COUNTER);
    uint64_t *word = &keypair->replay.bits[(counter + 1) / 64 % REPLAY_WORDS];

    value_number(window, "counter", counter);
    value_number(window, "top_before", atomic_load_explicit(&keypair->replay.top, memory_order_relaxed));
    value_format(window, "word_before", "%016llx", (unsigned long long)*word);
    journey_carry(way->run);
    value_number(window, "top_after", atomic_load_explicit(&keypair->replay.top, memory_order_relaxed));
    value_format(window, "word_after", "%016llx", (unsigned long long)*word);
    value_number(window, "word", (counter + 1) / 64 % REPLAY_WORDS);
    value_number(window, "bit", (counter + 1) % 64);
    value_number(window, "width", REPLAY_WINDOW);
}

static void put_source(struct way *way, const struct keypair *keypair)
{
    json_t *object = value_object(way->object, "source");
    struct vole_address source = ip_source(way->packet);
    const struct vole_peer *owner =
        allowed_ips_lookup(&way->receiver->device->allowed_ips, source.family, source.bytes);

    value_address(object, "address", &source);
    value_text(object, "owner", owner == NULL ? NULL : cast_of_peer(&way->run->cast, owner)->name);
    value_text(object, "sender", way->sender->name);
    value_truth(object, "allowed", owner == keypair->entry.peer);
}

static void put_delivery(struct way *way)
{
    json_t *object = value_object(way->object, "delivery");
    const struct cast *cast = &way->run->cast;
    const struct cast_delivery *delivery = &cast->deliveries[cast->delivery_count - 1];

    assert(cast->delivery_count > 0 && delivery->at_ns == cast->now_ns && delivery->member == way->receiver);
    value_seconds(object, "at", delivery->at_ns);
    value_bytes(object, "packet", delivery->bytes, delivery->length);
    value_number(object, "length", delivery->length);
    value_number(object, "cut", way->padded_length - delivery->length);
    value_truth(object, "same",
                delivery->length == way->length && memcmp(delivery->bytes, way->packet, way->length) == 0);
    value_truth(object, "checksums_right",
                checksum_ipv4_header_valid(delivery->bytes, IP_V4_HEADER_BYTES) &&
                    (delivery->bytes[9] != IP_PROTOCOL_UDP ||
                     checksum_transport_valid(delivery->bytes, delivery->length, IP_V4_HEADER_BYTES,
                                              IP_PROTOCOL_UDP)));
    layout_put_packet(put_stage(way, "deliver", "delivered", delivery->bytes, delivery->length, 0, 0),
                      delivery->bytes, delivery->length);
}

json_t *journey_way_new(struct journey_run *run, const char *name, struct cast_member *sender,
                        struct cast_member *receiver, const uint8_t *packet, size_t length)
{
    struct way way = {.run = run,
                      .sender = sender,
                      .receiver = receiver,
                      .packet = packet,
                      .length = length,
                      .object = value_new_object(),
                      .stages = value_new_list()};
    struct vole_address destination = ip_destination(packet);
    struct keypair *keypair;
    enum vole_drop reason;
    enum vole_outcome outcome = outbound_route(sender->device, packet, length, &way.peer, &reason);

    assert(outcome == VOLE_STAGED && length <= JOURNEY_MOST_INNER_BYTES);
    (void)outcome;
    value_text(way.object, "name", name);
    value_text(way.object, "from", sender->name);
    value_text(way.object, "to", receiver->name);
    value_seconds(way.object, "at", run->cast.now_ns);
    put_app(&way);
    put_routes(&way, value_object(way.object, "kernel"), &destination);
    put_peer(&way);
    put_padding(&way);
    put_seal(&way);
    put_datagram(&way);
    put_outer(&way);
    put_internet(&way);
    keypair = (struct keypair *)index_find(&receiver->device->indices,
                                           bytes_load_le32(way.datagram.bytes + TRANSPORT_RECEIVER));
    assert(keypair != NULL && keypair->entry.kind == INDEX_KEYPAIR);
    put_index(&way, keypair);
    put_opened(&way, keypair);
    put_arrival(&way, keypair);
    put_source(&way, keypair);
    put_delivery(&way);
    value_put(way.object, "stages", way.stages);
    return way.object;
}
