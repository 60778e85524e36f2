/* SPDX-License-Identifier: MIT
 *
 * What two devices say to each other while their applications say nothing, with and without a persistent
 * keepalive (timers §1, §5).
 */
#include "core/messages.h"
#include "explain/life_packet.h"
#include "explain/life_parts.h"
#include "explain/life_state.h"
#include "explain/value.h"

#define INTERVAL_S 25
#define SETTLED_NS (20 * NS_PER_SECOND)
#define MINUTES    5

static void live_until(struct cast *cast, uint64_t at_ns)
{
    size_t handed = cast_hand_all(cast, 0);

    while (cast->now_ns < at_ns) {
        uint64_t next_ns = cast_next_deadline(cast);

        cast_pass_until(cast, next_ns < at_ns ? next_ns : at_ns);
        handed = cast_hand_all(cast, handed);
    }
}

static void put_said(json_t *parent, const char *name, const struct cast *cast, size_t from)
{
    json_t *said = value_object(parent, name);
    size_t bytes = 0, keepalives = 0, initiations = 0;

    for (size_t i = from; i < cast->wire_count; i++) {
        const struct cast_datagram *datagram = &cast->wire[i];

        bytes += datagram->length;
        keepalives += datagram->length == TRANSPORT_MIN_BYTES;
        initiations += message_type(datagram->bytes, datagram->length) == MESSAGE_INITIATION;
    }
    value_number(said, "datagrams", cast->wire_count - from);
    value_number(said, "bytes", bytes);
    value_number(said, "keepalives", keepalives);
    value_number(said, "handshakes", initiations);
}

static void put_run(json_t *parent, const char *name, const uint8_t *seed, uint16_t interval_s)
{
    const struct vole_address source = life_packet_address("10.0.0.2");
    const struct vole_address destination = life_packet_address("10.0.0.5");
    uint8_t packet[LIFE_PACKET_BYTES];
    struct cast cast;
    struct cast_member *laptop, *server;
    struct vole_time now;
    size_t from;

    cast_init(&cast, seed);
    cast_add_two(&cast, &laptop, &server);
    life_packet_echo(packet, &source, &destination, false, 1);
    (void)cast_send(laptop, packet, sizeof packet);
    live_until(&cast, SETTLED_NS);
    from = cast.wire_count;
    cast_time(laptop, &now);
    if (interval_s > 0)
        vole_peer_set_persistent_keepalive(vole_peer_find(laptop->device, server->public_key), interval_s,
                                           &now);
    (void)cast_hand_all(&cast, from);
    live_until(&cast, SETTLED_NS + (uint64_t)MINUTES * 60 * NS_PER_SECOND);
    put_said(parent, name, &cast, from);
    cast_fini(&cast);
}

json_t *life_silence_new(const struct story_options *options)
{
    json_t *silence = value_new_object();

    value_number(silence, "minutes", MINUTES);
    value_number(silence, "interval", INTERVAL_S);
    put_run(silence, "off", options->seed, 0);
    put_run(silence, "on", options->seed, INTERVAL_S);
    return silence;
}
