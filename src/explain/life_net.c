/* SPDX-License-Identifier: MIT */
#include "explain/life_net.h"

#include "config/address.h"
#include "core/constants.h"
#include "explain/life_packet.h"
#include "explain/value.h"
#include "explain/walk_record.h"
#include "packet/ip.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TIME_TO_LIVE = 8, MOST_HOPS = 8 };

/* ---- places ---- */

void life_net_init(struct life_net *net, const uint8_t seed[static CHANCE_SEED_BYTES])
{
    *net = (struct life_net){0};
    cast_init(&net->cast, seed);
}

void life_net_fini(struct life_net *net)
{
    cast_fini(&net->cast);
}

struct life_place *life_net_add(struct life_net *net, const char *name, const struct vole_endpoint *address,
                                const struct life_place *place)
{
    struct life_place *added = &net->places[net->count++];

    assert(net->count <= LIFE_PLACES);
    *added = *place;
    added->member = cast_add(&net->cast, name, address);
    return added;
}

void life_net_introduce(struct life_place *at, const struct life_place *of, const char *allowed,
                        bool knows_where)
{
    (void)cast_introduce(at->member, of->member, allowed, NULL, knows_where);
}

void life_net_greet(struct life_net *net)
{
    for (size_t i = 0; i < net->count; i++) {
        struct vole_device *device = net->places[i].member->device;
        size_t from = net->cast.wire_count;

        for (struct vole_peer *peer = vole_peer_next(device, NULL); peer != NULL;
             peer = vole_peer_next(device, peer)) {
            struct vole_peer_state state;
            struct vole_time now;

            vole_peer_read(peer, &state);
            cast_time(net->places[i].member, &now);
            if (state.has_endpoint && !state.has_session)
                vole_peer_handshake(peer, &now);
        }
        (void)cast_hand_all(&net->cast, from);
    }
    cast_pass(&net->cast, NS_PER_SECOND);
}

static void put_peer(json_t *peers, const struct life_net *net, struct vole_peer *peer)
{
    const struct cast_member *of = cast_of_peer(&net->cast, peer);
    json_t *item = value_object(peers, NULL), *allowed;
    struct vole_prefix prefixes[8];
    struct vole_peer_state state;
    size_t count = vole_peer_allowed(peer, prefixes, sizeof prefixes / sizeof prefixes[0]);

    vole_peer_read(peer, &state);
    value_text(item, "name", of->name);
    allowed = value_list(item, "allowed");
    for (size_t i = 0; i < count && i < sizeof prefixes / sizeof prefixes[0]; i++)
        value_prefix(allowed, NULL, &prefixes[i]);
    if (state.has_endpoint)
        value_endpoint(item, "endpoint", &state.endpoint);
    else
        value_text(item, "endpoint", NULL);
}

void life_net_put_places(const struct life_net *net, json_t *places)
{
    for (size_t i = 0; i < net->count; i++) {
        const struct life_place *place = &net->places[i];
        struct vole_device *device = place->member->device;
        json_t *item = value_object(places, NULL), *peers;

        value_text(item, "name", place->member->name);
        value_text(item, "kind", place->kind);
        value_text(item, "inside", place->inside);
        value_endpoint(item, "address", &place->member->address);
        value_truth(item, "forwards", place->forwards);
        value_text(item, "behind", place->behind);
        value_text(item, "beyond", place->beyond);
        peers = value_list(item, "peers");
        for (struct vole_peer *peer = vole_peer_next(device, NULL); peer != NULL;
             peer = vole_peer_next(device, peer))
            put_peer(peers, net, peer);
    }
}

/* ---- a walk ---- */

struct walk {
    struct life_net *net;
    json_t *hops;
    uint8_t packet[2048]; /* the inner packet, as it is now */
    size_t length;
};

static json_t *hop(struct walk *walk, const char *at, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static json_t *hop(struct walk *walk, const char *at, const char *what, const char *format, ...)
{
    json_t *item = value_object(walk->hops, NULL);
    char words[200];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    value_number(item, "number", json_array_size(walk->hops));
    value_text(item, "at", at);
    value_text(item, "what", what);
    value_text(item, "words", words);
    value_bytes(item, "inner", walk->packet, walk->length);
    value_number(item, "ttl", walk->packet[TIME_TO_LIVE]);
    for (const char *const *name =
             (const char *const[]){"peer", "prefix", "from", "to", "bytes", "reason", NULL};
         *name != NULL; name++)
        value_text(item, *name, NULL);
    return item;
}

/* The prefix that won the recorded lookup; false: none. */
static bool winner(const struct walk_record *record, struct vole_prefix *prefix)
{
    for (size_t i = record->step_count; i-- > 0;)
        if (record->steps[i].contains && record->steps[i].peer != NULL) {
            *prefix = record->steps[i].prefix;
            return true;
        }
    return false;
}

/* Whose the address was found to be; out: it is the packet's destination, not its source. */
static void put_winner(json_t *item, const struct life_net *net, const struct walk_record *record, bool out)
{
    const struct vole_peer *peer = walk_record_winner(record);
    char address[ADDRESS_TEXT_BYTES], text[ADDRESS_PREFIX_TEXT_BYTES];
    struct vole_prefix prefix;
    const char *name;

    if (record->lookups == 0 || peer == NULL || !winner(record, &prefix))
        return;
    name = cast_of_peer(&net->cast, peer)->name;
    value_text(item, "peer", name);
    value_prefix(item, "prefix", &prefix);
    address_write(address, &record->address);
    address_write_prefix(text, &prefix);
    if (out)
        value_format(item, "words", "%s is in %s: sealed for the peer %s", address, text, name);
    else
        value_format(item, "words", "opened; its source %s is in %s, which the peer %s may use", address,
                     text, name);
}

static void tell_drop(struct walk *walk, const struct life_place *at)
{
    enum vole_drop reason = vole_device_last_drop(at->member->device);
    json_t *item = hop(walk, at->member->name, "dropped", "%s", vole_drop_text(reason));

    value_text(item, "reason", vole_drop_name(reason));
}

/* wg0 of this place takes the packet: routed by the allowed IPs, sealed, sent. False: dropped. */
static bool send_on(struct walk *walk, const struct life_place *at)
{
    struct walk_record record;
    enum vole_outcome outcome;
    const struct cast_datagram *datagram;
    json_t *item;

    walk_record_start(&record);
    outcome = cast_send(at->member, walk->packet, walk->length);
    walk_record_stop();
    if (outcome != VOLE_SENT) {
        tell_drop(walk, at);
        return false;
    }
    item = hop(walk, at->member->name, "route", "sealed");
    put_winner(item, walk->net, &record, true);
    datagram = &walk->net->cast.wire[walk->net->cast.wire_count - 1];
    item = hop(walk, at->member->name, "wire", "%zu sealed bytes go out", datagram->length);
    value_endpoint(item, "from", &datagram->from);
    value_endpoint(item, "to", &datagram->to);
    value_bytes(item, "bytes", datagram->bytes, datagram->length);
    return true;
}

static struct life_place *place_of(struct life_net *net, const struct cast_member *member)
{
    for (size_t i = 0; i < net->count; i++)
        if (net->places[i].member == member)
            return &net->places[i];
    return NULL;
}

/* The datagram sent last arrives. NULL: it did not get through. */
static const struct life_place *take_in(struct walk *walk)
{
    struct cast *cast = &walk->net->cast;
    size_t number = cast->wire_count - 1, before = cast->delivery_count;
    struct vole_endpoint to = cast->wire[number].to;
    struct cast_member *member = cast_at(cast, &to);
    struct life_place *at = member == NULL ? NULL : place_of(walk->net, member);
    const struct cast_delivery *delivery;
    struct walk_record record;
    enum vole_outcome outcome;
    json_t *item;

    if (at == NULL) {
        (void)hop(walk, "network", "dropped", "nobody is at that address");
        return NULL;
    }
    walk_record_start(&record);
    outcome = cast_hand_datagram(member, number);
    walk_record_stop();
    if (outcome != VOLE_DELIVERED || cast->delivery_count == before) {
        tell_drop(walk, at);
        return NULL;
    }
    delivery = &cast->deliveries[cast->delivery_count - 1];
    assert(delivery->length <= sizeof walk->packet);
    memcpy(walk->packet, delivery->bytes, delivery->length);
    walk->length = delivery->length;
    item = hop(walk, at->member->name, "open", "opened");
    put_winner(item, walk->net, &record, false);
    return at;
}

/* ---- what the kernel there does ---- */

static bool is_behind(const struct life_place *at, const struct vole_address *address)
{
    struct vole_prefix prefix;

    return at->behind != NULL && address_read_prefix(&prefix, at->behind, strlen(at->behind)) == 0 &&
           address_is_within(address, &prefix);
}

enum step { GOES_ON, ARRIVED, ENDED };

static enum step kernel(struct walk *walk, const struct life_place *at)
{
    const struct vole_address to = ip_destination(walk->packet), own = life_packet_address(at->inside);
    const char *name = at->member->name;

    if (memcmp(to.bytes, own.bytes, sizeof to.bytes) == 0) {
        (void)hop(walk, name, "arrives", "it is for this machine: an app gets it");
        return ARRIVED;
    }
    if (!at->forwards) {
        (void)hop(walk, name, "dropped",
                  "not for this machine, and its kernel does not forward: dropped, silently");
        return ENDED;
    }
    if (!life_packet_forward(walk->packet, walk->length)) {
        (void)hop(walk, name, "dropped", "it has lived too long");
        return ENDED;
    }
    if (is_behind(at, &to)) {
        (void)hop(walk, name, "local", "its kernel forwards it in the clear, to %s", at->beyond);
        return ARRIVED;
    }
    (void)hop(walk, name, "forward", "not for this machine: its kernel forwards it, into wg0 again");
    return GOES_ON;
}

bool life_net_walk(struct life_net *net, json_t *walks, const char *title, const struct life_place *from,
                   const char *source, const char *destination, bool answer)
{
    const struct vole_address source_address = life_packet_address(source);
    const struct vole_address destination_address = life_packet_address(destination);
    struct walk walk = {.net = net, .length = LIFE_PACKET_BYTES};
    json_t *item = value_object(walks, NULL);
    enum step step = GOES_ON;

    value_text(item, "title", title);
    value_text(item, "source", source);
    value_text(item, "destination", destination);
    walk.hops = value_list(item, "hops");
    life_packet_echo(walk.packet, &source_address, &destination_address, answer, 1);
    if (is_behind(from, &source_address)) {
        (void)hop(&walk, from->member->name, "local", "comes in the clear from %s", from->beyond);
        if (!life_packet_forward(walk.packet, walk.length))
            step = ENDED;
    } else {
        (void)hop(&walk, from->member->name, "app", "an app sends %zu bytes to %s", walk.length, destination);
    }
    for (unsigned i = 0; i < MOST_HOPS && step == GOES_ON; i++) {
        const struct life_place *at = from;

        if (!send_on(&walk, at) || (at = take_in(&walk)) == NULL)
            break;
        step = kernel(&walk, at);
        from = at;
    }
    value_truth(item, "arrives", step == ARRIVED);
    cast_pass(&net->cast, NS_PER_SECOND);
    return step == ARRIVED;
}
