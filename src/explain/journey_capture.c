/* SPDX-License-Identifier: MIT */
#include "explain/journey_capture.h"

#include "core/device.h"
#include "core/messages.h"
#include "explain/compose.h"
#include "explain/journey_run.h"
#include "explain/value.h"
#include "packet/ip.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define FILE_NAME       "vole-explain.pcapng"
#define RESPONSE_NUMBER 2 /* behind the initiation */
/* Later than 120 s after the handshake: the next packet asks for new keys. */
#define REKEYS_AT_NS (125 * NS_PER_SECOND)

/* ---- the run ---- */

/* The whole of it: everything that lies on the wire afterwards is to be seen. */
static void play(struct journey_run *run, const uint8_t *seed)
{
    uint8_t packet[JOURNEY_MOST_INNER_BYTES];
    struct vole_time now;

    journey_run_init(run, seed);
    (void)cast_send(run->laptop, packet, journey_question(packet));
    journey_carry(run);
    (void)cast_send(run->server, packet, journey_answer(packet));
    journey_carry(run);
    journey_wait(run, REKEYS_AT_NS - run->cast.now_ns); /* the laptop has nothing to say, and says so */
    cast_time(run->server, &now);
    /* As if 512 handshake messages of others were waiting there. */
    (void)load_is_high(run->server->device->load, UNDER_LOAD_FROM, now.boot_ns);
    journey_do_ping(run, 2);
    journey_wait(run, 6 * NS_PER_SECOND); /* an initiation without an answer is repeated after 5 s */
    journey_do_ping(run, 3);
}

/* ---- the file ---- */

/* What a datagram is, for who sees it: its type, and how long it is. */
static const char *says(const struct cast_datagram *datagram)
{
    switch (message_type(datagram->bytes, datagram->length)) {
    case MESSAGE_INITIATION:
        return memcmp(datagram->bytes + message_mac2_offset(INITIATION_BYTES), (uint8_t[MAC_BYTES]){0},
                      MAC_BYTES) == 0
                   ? "initiation"
                   : "initiation with cookie";
    case MESSAGE_RESPONSE:
        return "response";
    case MESSAGE_COOKIE_REPLY:
        return "cookie reply";
    case MESSAGE_TRANSPORT:
        return datagram->length == TRANSPORT_MIN_BYTES ? "keepalive" : "data";
    case MESSAGE_INVALID:
        break;
    }
    return "not WireGuard";
}

static void add_keys(struct capture *capture, const struct journey_run *run, const uint8_t *seed)
{
    uint8_t preshared[VOLE_KEY_BYTES];

    cast_preshared_key(preshared, seed);
    capture_add_key(capture, CAPTURE_LOCAL_STATIC_PRIVATE, run->laptop->private_key);
    capture_add_key(capture, CAPTURE_REMOTE_STATIC_PUBLIC, run->server->public_key);
    for (size_t i = 0; i < run->ephemeral_count; i++) {
        capture_add_key(capture, CAPTURE_LOCAL_EPHEMERAL_PRIVATE, run->ephemerals[i]);
        capture_add_key(capture, CAPTURE_PRESHARED, preshared);
    }
}

static void add_packets(struct capture *capture, const struct journey_run *run)
{
    for (size_t i = 0; i < run->cast.wire_count; i++) {
        const struct cast_datagram *datagram = &run->cast.wire[i];
        uint8_t outer[JOURNEY_MOST_INNER_BYTES + VOLE_OVERHEAD + COMPOSE_MOST_BYTES];

        assert(datagram->length <= sizeof outer - COMPOSE_MOST_BYTES);
        capture_add_packet(capture, datagram->at_ns, outer, journey_outer(outer, datagram, i, false),
                           says(datagram));
    }
}

static void fill(struct capture *capture, const struct journey_run *run, const uint8_t *seed)
{
    capture_init(capture, CAST_BEGINS_S);
    add_keys(capture, run, seed);
    add_packets(capture, run);
}

void journey_capture_init(struct capture *capture, const uint8_t seed[static CHANCE_SEED_BYTES])
{
    struct journey_run run;

    play(&run, seed);
    fill(capture, &run, seed);
    journey_run_fini(&run);
}

int journey_capture_write(const uint8_t seed[static CHANCE_SEED_BYTES], const char *path)
{
    struct capture capture;
    int error;

    journey_capture_init(&capture, seed);
    error = capture_write(&capture, path);
    capture_fini(&capture);
    return error;
}

/* ---- for the page ---- */

/* What is in a datagram, for who has the keys: what it became on the other side. NULL: nothing. */
static const char *inside(const struct journey_run *run, const struct cast_datagram *datagram)
{
    const struct cast *cast = &run->cast;

    for (size_t i = 0; i < cast->delivery_count; i++) {
        const struct cast_delivery *delivery = &cast->deliveries[i];
        const uint8_t *transport = delivery->bytes + IP_V4_HEADER_BYTES;

        if (delivery->at_ns != datagram->at_ns + JOURNEY_TRAVEL_NS || delivery->peer != datagram->sender ||
            message_type(datagram->bytes, datagram->length) != MESSAGE_TRANSPORT)
            continue;
        if (delivery->bytes[9] == IP_PROTOCOL_ICMP)
            return transport[0] == 0 ? "echo" : "ping";
        return delivery->peer == run->laptop ? "question" : "answer";
    }
    return NULL;
}

/* The place of what was first sent at that time or later, from 1. */
static size_t number_at(const struct journey_run *run, uint64_t at_ns)
{
    size_t number = 0;

    while (run->cast.wire[number].at_ns < at_ns)
        number++;
    return number + 1;
}

static void put_packets(json_t *packets, const struct journey_run *run)
{
    for (size_t i = 0; i < run->cast.wire_count; i++) {
        const struct cast_datagram *datagram = &run->cast.wire[i];
        json_t *packet = value_object(packets, NULL);

        value_number(packet, "number", i + 1);
        value_seconds(packet, "at", datagram->at_ns);
        value_text(packet, "from", datagram->sender->name);
        value_text(packet, "to", datagram->sender == run->laptop ? run->server->name : run->laptop->name);
        value_number(packet, "length", datagram->length);
        value_number(packet, "outer_length",
                     COMPOSE_IPV4_BYTES + COMPOSE_UDP_BYTES + (uint64_t)datagram->length);
        value_text(packet, "says", says(datagram));
        value_text(packet, "inside", inside(run, datagram));
    }
}

json_t *journey_capture_new(const uint8_t seed[static CHANCE_SEED_BYTES])
{
    json_t *object = value_new_object();
    struct journey_run run;
    struct capture capture;
    size_t question;

    play(&run, seed);
    fill(&capture, &run, seed);
    value_text(object, "name", FILE_NAME);
    value_number(object, "length", capture.length);
    value_base64(object, "base64", capture.bytes, capture.length);
    put_packets(value_list(object, "packets"), &run);
    question = number_at(&run, JOURNEY_ASKED_NS);
    value_number(object, "response", RESPONSE_NUMBER);
    value_number(object, "question", question);
    value_number(object, "answer", question + 1);
    value_number(object, "keepalive", question + 2);
    capture_fini(&capture);
    journey_run_fini(&run);
    return object;
}
