/* SPDX-License-Identifier: MIT */
#include "explain/handshake_load.h"

#include "core/device.h"
#include "explain/handshake_broken.h"
#include "explain/handshake_fields.h"
#include "explain/handshake_run.h"
#include "explain/handshake_verdict.h"
#include "explain/value.h"

#include <assert.h>
#include <string.h>

#define FLOOD 600

struct scene {
    struct cast cast;
    struct cast_member *laptop, *server, *stranger;
    size_t flood; /* the stranger's initiation on the wire, sent again and again */
    struct handshake_course course;
};

static void queue(struct scene *scene, size_t number)
{
    const struct cast_datagram *datagram = &scene->cast.wire[number];

    (void)vole_device_queue(scene->server->device, datagram->bytes, datagram->length, &datagram->from);
}

/* The flood arrives, and last of all the laptop's message; the server works all of it off. */
static void arrive(struct scene *scene, size_t laptops)
{
    struct vole_time now;

    for (unsigned i = 0; i < FLOOD; i++)
        queue(scene, scene->flood);
    queue(scene, laptops);
    cast_time(scene->server, &now);
    for (unsigned i = 0; i <= FLOOD / DEVICE_HANDSHAKES_PER_TICK; i++)
        vole_device_tick(scene->server->device, &now);
}

static bool is_to(const struct cast_datagram *datagram, const struct vole_endpoint *address)
{
    return datagram->to.port == address->port &&
           memcmp(&datagram->to.address, &address->address, sizeof address->address) == 0;
}

/* The latest datagram to this address since number, SIZE_MAX: none. */
static size_t latest_to(const struct cast *cast, size_t number, const struct vole_endpoint *address)
{
    size_t found = SIZE_MAX;

    for (; number < cast->wire_count; number++)
        if (is_to(&cast->wire[number], address))
            found = number;
    return found;
}

static unsigned count_to(const struct cast *cast, size_t number, const struct vole_endpoint *address)
{
    unsigned count = 0;

    for (; number < cast->wire_count; number++)
        count += is_to(&cast->wire[number], address);
    return count;
}

static void put_message(json_t *object, const struct cast_datagram *datagram)
{
    value_bytes(object, "bytes", datagram->bytes, datagram->length);
    value_seconds(object, "at", datagram->at_ns);
    value_format(object, "at_text", "%.2f s", (double)datagram->at_ns / 1e9);
    value_bytes(object, "mac1", datagram->bytes + message_mac1_offset(datagram->length), MAC_BYTES);
    value_bytes(object, "mac2", datagram->bytes + message_mac2_offset(datagram->length), MAC_BYTES);
}

/* What became of a datagram of the laptop's or to it; the flood is not told. */
static void tell(struct scene *scene, size_t number, const char *outcome, enum vole_drop reason)
{
    handshake_course_put(scene->course.happened, &scene->cast, &scene->cast.wire[number], scene->cast.now_ns,
                         outcome, reason, false);
}

static void put_cookie(json_t *load, struct scene *scene, const struct cast_datagram *denied)
{
    const struct cookie_maker *maker = &scene->server->device->cookie_maker;
    uint8_t source[6], cookie[COOKIE_BYTES], wanted[MAC_BYTES];

    memcpy(source, scene->laptop->address.address.bytes, 4);
    bytes_store_be16(source + 4, scene->laptop->address.port);
    blake2s_mac(cookie, maker->secret, sizeof maker->secret, source, sizeof source);
    value_bytes(load, "secret", maker->secret, sizeof maker->secret);
    value_bytes(load, "source", source, sizeof source);
    value_bytes(load, "cookie", cookie, sizeof cookie);
    blake2s_mac(wanted, cookie, sizeof cookie, denied->bytes, message_mac2_offset(denied->length));
    value_bytes(load, "wanted", wanted, sizeof wanted);
    memcpy(scene->course.verdict.computed, wanted, sizeof wanted);
    scene->course.verdict.computed_length = sizeof wanted;
}

static void put_reply(json_t *load, const struct scene *scene, size_t number,
                      const struct cast_datagram *denied)
{
    const struct cast_datagram *reply = &scene->cast.wire[number];
    json_t *object = value_object(load, "reply");
    uint8_t key[32];

    handshake_verdict_label_key(key, "cookie--", scene->server->public_key);
    value_bytes(object, "bytes", reply->bytes, reply->length);
    handshake_fields_put(object, "fields", HANDSHAKE_FIELDS_COOKIE_REPLY, reply->bytes, reply->length);
    value_bytes(object, "key", key, sizeof key);
    value_bytes(object, "nonce", reply->bytes + COOKIE_REPLY_NONCE, 24);
    value_bytes(object, "sealed", reply->bytes + COOKIE_REPLY_COOKIE, COOKIE_BYTES + 16);
    value_bytes(object, "data", denied->bytes + message_mac1_offset(denied->length), MAC_BYTES);
}

/* As handshake_verdict_take() would have it, had the message not been queued. */
static void put_denied(json_t *load, struct scene *scene, size_t number)
{
    const struct cast_datagram *denied = &scene->cast.wire[number];
    struct handshake_verdict *verdict = &scene->course.verdict;
    json_t *first = value_object(load, "first");

    verdict->receiver = scene->server;
    verdict->outcome = VOLE_DROPPED;
    verdict->reason = vole_device_last_drop(scene->server->device);
    verdict->received_length = MAC_BYTES;
    memcpy(verdict->received, denied->bytes + message_mac2_offset(denied->length), MAC_BYTES);
    put_message(first, denied);
    value_number(first, "refused", vole_device_drops(scene->server->device, VOLE_DROP_COOKIE_REQUIRED));
    value_text(first, "reason", vole_drop_name(verdict->reason));
    value_text(first, "text", vole_drop_text(verdict->reason));
    tell(scene, number, "dropped", verdict->reason);
}

static void play_cookie(json_t *load, struct scene *scene, size_t reply)
{
    enum vole_outcome outcome = cast_hand_datagram(scene->laptop, reply);
    const struct cookie_holder *holder = &handshake_run_peer(scene->laptop)->cookie;
    json_t *kept = value_object(load, "kept");

    value_text(kept, "outcome", handshake_verdict_outcome(outcome));
    value_bytes(kept, "cookie", holder->cookie, sizeof holder->cookie);
    tell(scene, reply, handshake_verdict_outcome(outcome), VOLE_DROP_COUNT);
}

/* From the answer on all goes its way. */
static void finish(struct scene *scene, size_t answer)
{
    struct handshake_course rest;

    handshake_course_run(&rest, &scene->cast, answer, &(struct handshake_spoil){.number = SIZE_MAX},
                         scene->cast.now_ns + NS_PER_SECOND);
    (void)json_array_extend(scene->course.happened, rest.happened);
    json_decref(rest.happened);
    scene->course.works_at_ns = rest.works_at_ns;
}

/* The laptop's own timer sends the next attempt, into the same flood. */
static void play_second(json_t *load, struct scene *scene)
{
    size_t from = scene->cast.wire_count, next, answer;
    json_t *second = value_object(load, "second");
    uint64_t answered_before = vole_device_handshakes(scene->server->device, VOLE_HANDSHAKE_ANSWERED);

    while ((next = latest_to(&scene->cast, from, &cast_server_address)) == SIZE_MAX)
        cast_pass_until(&scene->cast, cast_next_deadline(&scene->cast));
    put_message(second, &scene->cast.wire[next]);
    cast_pass(&scene->cast, HANDSHAKE_RUN_WAY_NS);
    arrive(scene, next);
    answer = latest_to(&scene->cast, next + 1, &scene->laptop->address);
    assert(answer != SIZE_MAX);
    value_truth(second, "answered",
                vole_device_handshakes(scene->server->device, VOLE_HANDSHAKE_ANSWERED) ==
                    answered_before + 1);
    value_bytes(second, "answer", scene->cast.wire[answer].bytes, scene->cast.wire[answer].length);
    tell(scene, next, "handshake", VOLE_DROP_COUNT);
    finish(scene, answer);
}

static void play(json_t *load, struct scene *scene)
{
    uint8_t packet[HANDSHAKE_RUN_PACKET_MOST];
    size_t denied, reply, before;
    struct vole_time now;

    scene->stranger = cast_add(&scene->cast, "stranger", &cast_stranger_address);
    (void)cast_introduce(scene->stranger, scene->server, "10.0.0.5/32", NULL, true);
    scene->flood = scene->cast.wire_count;
    (void)cast_send(scene->stranger, packet, handshake_run_packet(packet));
    cast_time(scene->stranger, &now);
    vole_device_down(scene->stranger->device, &now); /* it goes on with this one message */
    denied = scene->cast.wire_count;
    (void)cast_send(scene->laptop, packet, handshake_run_packet(packet));
    cast_pass(&scene->cast, HANDSHAKE_RUN_WAY_NS);
    before = scene->cast.wire_count;
    arrive(scene, denied);
    reply = latest_to(&scene->cast, before, &scene->laptop->address);
    assert(reply != SIZE_MAX);
    scene->course.answers = count_to(&scene->cast, before, &scene->laptop->address);
    put_denied(load, scene, denied);
    put_cookie(load, scene, &scene->cast.wire[denied]);
    put_reply(load, scene, reply, &scene->cast.wire[denied]);
    cast_pass(&scene->cast, HANDSHAKE_RUN_WAY_NS);
    play_cookie(load, scene, reply);
    play_second(load, scene);
}

static void put_case(json_t *cases, json_t *courses, struct scene *scene)
{
    json_t *result = handshake_broken_result(&scene->course, courses);

    value_text(result, "name", "under_load");
    value_text(result, "title", "Server under load");
    value_format(result, "what", "A stranger sends %u first messages at once. The laptop’s arrives last.",
                 FLOOD);
    value_text(
        result, "next",
        "The server makes no Diffie-Hellman now. It refuses everybody without a right mac2 and sends a "
        "cookie to the address that the message came from. The laptop keeps its cookie; its next attempt, at "
        "the usual time, carries mac2 and is taken, flood or not. The detour at the end of the act shows the "
        "cookie.");
    value_put(cases, NULL, result);
}

json_t *handshake_load_new(const uint8_t seed[static CHANCE_SEED_BYTES], json_t *cases, json_t *courses)
{
    struct scene scene = {.course = {.happened = value_new_list(), .works_at_ns = VOLE_NEVER}};
    json_t *load = value_new_object();

    cast_init(&scene.cast, seed);
    cast_add_two(&scene.cast, &scene.laptop, &scene.server);
    value_number(load, "flood", FLOOD);
    value_number(load, "threshold", UNDER_LOAD_FROM);
    play(load, &scene);
    put_case(cases, courses, &scene);
    cast_fini(&scene.cast);
    return load;
}
