/* SPDX-License-Identifier: MIT
 *
 * Handshake messages taken together do what they do one by one. Two devices with equal keys, peers and random
 * bytes get the same messages, one device each by itself, the other in batches; after every batch all that
 * can be seen of them must be equal: outcomes, datagrams (to the byte), events, drop counters, and every
 * peer's endpoint, counters, sessions and timestamps. Only a cookie reply may leave earlier.
 *
 * Messages are drawn at random: valid, forged in every field, replayed, from strangers and from peers with
 * worthless keys, twice from one peer, responses, cookie replies and junk, under load and not.
 */
#include "core/constants.h"
#include "core/device.h"
#include "core/exchange.h"
#include "core/handshake_filter.h"
#include "crypto/processor.h"
#include "crypto/random.h"
#include "crypto/start.h"
#include "crypto/x25519.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEERS      10u /* the last has a public key of low order */
#define STRANGER   PEERS
#define MOST       48u
#define MOST_SENT  256u
#define REMEMBERED 64u
#define ROUNDS     90u
#if defined(__SANITIZE_ADDRESS__)
#define SEEDS 3u /* each takes ten times as long */
#else
#define SEEDS 5u
#endif
#define ADDRESSES 4u
#define START_NS  (1000 * NS_PER_SECOND)

struct bytes {
    size_t length;
    uint8_t bytes[256];
};

/* One of the two devices and what came out of it. */
struct side {
    struct vole_device *device;
    struct vole_peer *peers[PEERS];
    uint32_t drawn[64]; /* how often so many bytes were drawn */
    size_t sent_count, cookie_count, event_count;
    struct bytes sent[MOST_SENT], cookies[MOST_SENT];
    struct vole_endpoint sent_to[MOST_SENT], cookies_to[MOST_SENT];
    struct {
        enum vole_event_kind kind;
        unsigned peer;
    } events[MOST_SENT];
};

/* The other end of a peer, and the stranger. */
struct other {
    struct identity identity;
    struct remote_keys device;   /* as it knows the device */
    struct cookie_holder cookie; /* for what it sends */
    struct cookie_keys own_keys;
    uint64_t real_s;
    struct bytes last_initiation; /* of the device to it */
};

struct arrival {
    struct bytes message;
    struct vole_endpoint from;
    uint32_t queued;
};

static struct side sides[2]; /* 0: one by one */
static struct other others[PEERS + 1];
static struct identity device_identity;
static struct cookie_keys device_keys;
static struct arrival arrivals[MOST], remembered[REMEMBERED];
static struct vole_endpoint addresses[ADDRESSES];
static struct vole_time now;
static uint64_t seed, dice_state;
static unsigned outcomes_seen[VOLE_DROPPED + 1], drops_seen[VOLE_DROP_COUNT];

static uint32_t dice(uint32_t sides_of_it)
{
    dice_state = dice_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(dice_state >> 33) % sides_of_it;
}

static void dice_fill(uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)dice(256);
}

/* ---- hooks ---- */

/* Each size has a stream of its own, so that what is drawn for one purpose does not depend on how often
 * others drew before. */
static void draw(void *context, uint8_t *bytes, size_t length)
{
    struct side *side = context;
    uint8_t input[16] = {0}, output[32];

    assert_true(length <= sizeof output);
    bytes_store_le64(input, seed);
    bytes_store_le32(input + 8, (uint32_t)length);
    bytes_store_le32(input + 12, side->drawn[length]++);
    blake2s_hash(output, input, sizeof input);
    memcpy(bytes, output, length);
}

static int take(void *context, const struct vole_endpoint *to, uint8_t traffic_class, const uint8_t *datagram,
                size_t length)
{
    struct side *side = context;
    bool cookie = message_type(datagram, length) == MESSAGE_COOKIE_REPLY;
    struct bytes *copy = cookie ? &side->cookies[side->cookie_count] : &side->sent[side->sent_count];

    assert_true(side->cookie_count < MOST_SENT && side->sent_count < MOST_SENT &&
                length < sizeof copy->bytes);
    assert_int_equal(traffic_class == 0, cookie || message_type(datagram, length) == MESSAGE_TRANSPORT);
    copy->length = length;
    memcpy(copy->bytes, datagram, length);
    if (cookie)
        side->cookies_to[side->cookie_count++] = *to;
    else
        side->sent_to[side->sent_count++] = *to;
    return to->port % 7 == 0 ? -ENETUNREACH : to->port % 7 == 1;
}

static unsigned number_of(const struct side *side, const struct vole_peer *peer)
{
    for (unsigned i = 0; i < PEERS; i++)
        if (side->peers[i] == peer)
            return i;
    fail();
    return 0;
}

static void note(void *context, const struct vole_event *event)
{
    struct side *side = context;

    assert_true(side->event_count < MOST_SENT);
    side->events[side->event_count].kind = event->kind;
    side->events[side->event_count++].peer = number_of(side, event->peer);
}

/* ---- the world ---- */

static void make_identity(struct identity *identity)
{
    identity->present = true;
    dice_fill(identity->private_key, 32);
    x25519_clamp(identity->private_key);
    x25519_base(identity->public_key, identity->private_key);
}

static void make_others(void)
{
    make_identity(&device_identity);
    cookie_keys_init(&device_keys, device_identity.public_key);
    for (unsigned i = 0; i <= PEERS; i++) {
        struct other *other = &others[i];

        memset(other, 0, sizeof *other);
        make_identity(&other->identity);
        if (i == PEERS - 1)
            memset(other->identity.public_key, 0, 32);
        if (i % 2 == 1)
            dice_fill(other->device.preshared_key, 32);
        memcpy(other->device.public_key, device_identity.public_key, 32);
        (void)!x25519(other->device.static_static, other->identity.private_key, device_identity.public_key);
        cookie_keys_init(&other->own_keys, other->identity.public_key);
        other->real_s = 1000;
    }
}

static void make_side(struct side *side)
{
    struct device_options options = {.hooks = {.context = side, .send = take, .event = note, .random = draw},
                                     .staged_bytes = 1 << 16};

    memset(side, 0, sizeof *side);
    side->device = device_new(&options, &now);
    assert_non_null(side->device);
    vole_device_set_private_key(side->device, device_identity.private_key, &now);
    for (unsigned i = 0; i < PEERS; i++) {
        side->peers[i] = vole_peer_add(side->device, others[i].identity.public_key, &now, NULL);
        assert_non_null(side->peers[i]);
        vole_peer_set_preshared_key(side->peers[i], others[i].device.preshared_key);
        vole_peer_set_endpoint(side->peers[i], &addresses[i % ADDRESSES]);
    }
    vole_device_up(side->device, &now);
}

static void begin_world(uint64_t which)
{
    seed = dice_state = which;
    now = (struct vole_time){START_NS, START_NS, 5000, 0};
    for (unsigned i = 0; i < ADDRESSES; i++)
        addresses[i] = (struct vole_endpoint){.address = {4, {10, 0, 0, (uint8_t)(i + 1)}},
                                              .port = (uint16_t)(7000 + i)};
    make_others();
    memset(remembered, 0, sizeof remembered);
    make_side(&sides[0]);
    make_side(&sides[1]);
}

/* ---- what arrives ---- */

static void make_initiation(struct bytes *message, struct other *other)
{
    uint8_t ephemeral[32], timestamp[TIMESTAMP_BYTES];
    struct handshake handshake;

    dice_fill(ephemeral, 32);
    handshake_timestamp(timestamp, other->real_s++, 0);
    message->length = INITIATION_BYTES;
    assert_int_equal(handshake_create_initiation(&handshake, &other->identity, &other->device, ephemeral,
                                                 timestamp, dice(UINT32_MAX), message->bytes),
                     HANDSHAKE_OK);
}

/* To the device's last initiation, still awaited or not. */
static bool make_response(struct bytes *message, const struct other *other)
{
    struct remote_keys device = other->device;
    struct initiation_read read;
    struct handshake handshake;
    uint8_t ephemeral[32];

    message->length = RESPONSE_BYTES;
    if (other->last_initiation.length == 0 ||
        handshake_read_initiation(&read, &other->identity, other->last_initiation.bytes) != HANDSHAKE_OK)
        return false;
    if (handshake_read_timestamp(&read, &device, other->last_initiation.bytes, ephemeral) != HANDSHAKE_OK)
        return false;
    handshake_commit_initiation(&handshake, &read);
    dice_fill(ephemeral, 32);
    return handshake_create_response(&handshake, &device, ephemeral, dice(UINT32_MAX), message->bytes) ==
           HANDSHAKE_OK;
}

static void dice_random(void *context, uint8_t *bytes, size_t length)
{
    (void)context;
    dice_fill(bytes, length);
}

static bool make_cookie_reply(struct bytes *message, const struct other *other)
{
    struct cookie_maker maker;

    if (other->last_initiation.length == 0)
        return false;
    cookie_maker_init(&maker, dice_random, NULL, now.boot_ns);
    message->length = COOKIE_REPLY_BYTES;
    cookie_create_reply(&maker, other->own_keys.cookie, &addresses[0], other->last_initiation.bytes,
                        INITIATION_BYTES, message->bytes, dice_random, NULL, now.boot_ns);
    return true;
}

/* Flips one bit before the macs; most fields are hit sooner or later. */
static void forge(struct bytes *message)
{
    message->bytes[4 + dice((uint32_t)message->length - 4 - 32)] ^= (uint8_t)(1u << dice(8));
}

static void make_junk(struct bytes *message)
{
    static const size_t lengths[] = {INITIATION_BYTES, RESPONSE_BYTES, COOKIE_REPLY_BYTES, 0, 31, 150};

    message->length = lengths[dice(6)];
    dice_fill(message->bytes, sizeof message->bytes);
    memset(message->bytes, 0, 4);
    message->bytes[0] = (uint8_t)dice(5);
}

static void arrive(struct arrival *arrival)
{
    unsigned who = dice(PEERS + 1);
    struct other *other = &others[who];
    struct bytes *message = &arrival->message;
    uint32_t kind = dice(24);

    arrival->from = addresses[dice(ADDRESSES)];
    if (kind == 0) {
        *arrival = remembered[dice(REMEMBERED)];
        return;
    }
    if (kind == 1 || (kind <= 5 && !make_response(message, other)) ||
        ((kind == 6 || kind == 7) && !make_cookie_reply(message, other))) {
        make_junk(message);
        return;
    }
    if (kind >= 8)
        make_initiation(message, other);
    if (kind % 4 == 3 && dice(3) == 0)
        forge(message);
    if (kind == 8)
        memset(message->bytes + INITIATION_EPHEMERAL, 0, 32); /* low order */
    if (message->length != COOKIE_REPLY_BYTES)
        cookie_add_macs(&other->cookie, &device_keys, message->bytes, message->length, now.boot_ns);
    if (kind == 9)
        message->bytes[message_mac1_offset(message->length) + dice(16)] ^= 1;
    remembered[dice(REMEMBERED)] = *arrival;
}

static void take_apart(struct side *side, const struct arrival *arrival, enum vole_outcome *outcome)
{
    *outcome = exchange_receive(side->device, arrival->message.bytes, arrival->message.length, &arrival->from,
                                arrival->queued, &now);
}

static void take_together(struct side *side, unsigned count, enum vole_outcome *outcomes)
{
    struct exchange_message messages[MOST];

    for (unsigned i = 0; i < count; i++)
        messages[i] = (struct exchange_message){.bytes = arrivals[i].message.bytes,
                                                .length = arrivals[i].message.length,
                                                .from = &arrivals[i].from,
                                                .queued = arrivals[i].queued};
    exchange_receive_batch(side->device, messages, count, &now);
    for (unsigned i = 0; i < count; i++)
        outcomes[i] = messages[i].outcome;
}

/* ---- are both the same? ---- */

static void assert_same_keypair(const struct keypair *a, const struct keypair *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a == NULL)
        return;
    assert_int_equal(a->entry.index, b->entry.index);
    assert_int_equal(a->remote_index, b->remote_index);
    assert_int_equal(a->initiator, b->initiator);
    assert_int_equal(a->unconfirmed, b->unconfirmed);
    assert_int_equal(a->birth_ns, b->birth_ns);
    assert_memory_equal(a->sending_key, b->sending_key, 32);
    assert_memory_equal(a->receiving_key, b->receiving_key, 32);
}

static void assert_same_peer(const struct vole_peer *a, const struct vole_peer *b)
{
    struct vole_peer_state states[2];

    vole_peer_read(a, &states[0]);
    vole_peer_read(b, &states[1]);
    assert_memory_equal(&states[0], &states[1], sizeof states[0]);
    assert_same_keypair(a->keypairs.previous, b->keypairs.previous);
    assert_same_keypair(a->keypairs.current, b->keypairs.current);
    assert_same_keypair(a->keypairs.next, b->keypairs.next);
    assert_memory_equal(&a->handshake, &b->handshake, sizeof a->handshake);
    assert_memory_equal(&a->cookie, &b->cookie, sizeof a->cookie);
    assert_int_equal(a->handshake_index.listed, b->handshake_index.listed);
    assert_memory_equal(a->latest_timestamp, b->latest_timestamp, TIMESTAMP_BYTES);
    assert_int_equal(a->last_initiation_received_ns, b->last_initiation_received_ns);
    assert_memory_equal(&a->drops, &b->drops, sizeof a->drops);
}

static void assert_same_sides(void)
{
    const struct side *a = &sides[0], *b = &sides[1];

    assert_int_equal(a->sent_count, b->sent_count);
    assert_int_equal(a->cookie_count, b->cookie_count);
    assert_int_equal(a->event_count, b->event_count);
    assert_memory_equal(a->sent, b->sent, a->sent_count * sizeof a->sent[0]);
    assert_memory_equal(a->sent_to, b->sent_to, a->sent_count * sizeof a->sent_to[0]);
    assert_memory_equal(a->cookies, b->cookies, a->cookie_count * sizeof a->cookies[0]);
    assert_memory_equal(a->cookies_to, b->cookies_to, a->cookie_count * sizeof a->cookies_to[0]);
    assert_memory_equal(a->events, b->events, a->event_count * sizeof a->events[0]);
    assert_memory_equal(&a->device->drops, &b->device->drops, sizeof a->device->drops);
    assert_int_equal(index_count(&a->device->indices), index_count(&b->device->indices));
    assert_int_equal(vole_device_deadline(a->device), vole_device_deadline(b->device));
    for (unsigned i = 0; i < PEERS; i++)
        assert_same_peer(a->peers[i], b->peers[i]);
}

/* ---- rounds ---- */

/* The other ends hear what the devices sent. */
static void listen(void)
{
    const struct side *side = &sides[0];

    for (size_t i = 0; i < side->sent_count; i++)
        for (unsigned p = 0; p < PEERS; p++)
            if (side->sent[i].length == INITIATION_BYTES &&
                cookie_mac1_valid(&others[p].own_keys.mac1, side->sent[i].bytes, INITIATION_BYTES))
                others[p].last_initiation = side->sent[i];
    for (size_t i = 0; i < side->cookie_count; i++)
        for (unsigned p = 0; p <= PEERS; p++) {
            bool unexpected;

            (void)cookie_consume_reply(&others[p].cookie, device_keys.cookie, side->cookies[i].bytes,
                                       now.boot_ns, &unexpected);
        }
}

static void forget_what_came(void)
{
    for (unsigned s = 0; s < 2; s++) {
        sides[s].sent_count = sides[s].cookie_count = sides[s].event_count = 0;
        memset(sides[s].sent, 0, sizeof sides[s].sent);
        memset(sides[s].cookies, 0, sizeof sides[s].cookies);
    }
}

static void pass_time(void)
{
    static const uint64_t steps[] = {1, 5, 19, 20, 21, 100, 1500, 5001};
    uint64_t step = steps[dice(8)] * NS_PER_MS;

    now.monotonic_ns += step;
    now.boot_ns += step;
    now.real_s += step / NS_PER_SECOND;
    for (unsigned i = dice(3); i > 0; i--) {
        unsigned who = dice(PEERS);

        exchange_initiate(sides[0].peers[who], false, &now);
        exchange_initiate(sides[1].peers[who], false, &now);
    }
}

static void live_a_round(void)
{
    unsigned count = 1 + dice(MOST);
    enum vole_outcome outcomes[2][MOST];
    bool loaded = dice(3) == 0;

    pass_time();
    listen();
    forget_what_came();
    for (unsigned i = 0; i < count; i++) {
        arrive(&arrivals[i]);
        arrivals[i].queued =
            loaded && dice(4) == 0 ? UNDER_LOAD_FROM + dice(2) : 1 + dice(UNDER_LOAD_FROM - 1);
    }
    for (unsigned i = 0; i < count; i++)
        take_apart(&sides[0], &arrivals[i], &outcomes[0][i]);
    take_together(&sides[1], count, outcomes[1]);
    assert_memory_equal(outcomes[0], outcomes[1], count * sizeof outcomes[0][0]);
    assert_same_sides();
    for (unsigned i = 0; i < count; i++)
        outcomes_seen[outcomes[0][i]]++;
    listen();
}

static void live(void **state)
{
    (void)state;
    for (int step = PROCESSOR_PLAIN; step <= PROCESSOR_AVX512; step++) {
        processor_limit((enum processor_step)step);
        for (uint64_t which = 1; which <= SEEDS; which++) {
            begin_world(which * 1000 + (uint64_t)step);
            /* Less than the 120 s after which a cookie secret is drawn from the same stream as ephemerals. */
            for (unsigned i = 0; i < ROUNDS && now.boot_ns < START_NS + 119 * NS_PER_SECOND; i++)
                live_a_round();
            for (unsigned reason = 0; reason < VOLE_DROP_COUNT; reason++)
                drops_seen[reason] += (unsigned)vole_device_drops(sides[0].device, (enum vole_drop)reason);
            vole_device_free(sides[0].device);
            vole_device_free(sides[1].device);
        }
    }
    processor_limit(PROCESSOR_AVX512);
}

/* So that the test above compares what it says. */
static void everything_occurred(void **state)
{
    static const enum vole_drop reasons[] = {VOLE_DROP_MALFORMED,
                                             VOLE_DROP_WRONG_MAC1,
                                             VOLE_DROP_COOKIE_REQUIRED,
                                             VOLE_DROP_SOURCE_RATE,
                                             VOLE_DROP_INITIATION_UNREADABLE,
                                             VOLE_DROP_UNKNOWN_PEER,
                                             VOLE_DROP_WEAK_KEY,
                                             VOLE_DROP_INITIATION_FORGED,
                                             VOLE_DROP_INITIATION_REPLAYED,
                                             VOLE_DROP_INITIATION_TOO_SOON,
                                             VOLE_DROP_RESPONSE_UNEXPECTED,
                                             VOLE_DROP_RESPONSE_UNREADABLE,
                                             VOLE_DROP_COOKIE_UNEXPECTED,
                                             VOLE_DROP_COOKIE_UNREADABLE,
                                             VOLE_DROP_SEND_FAILED};

    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (drops_seen[reasons[i]] == 0)
            fail_msg("no message was dropped as \"%s\"", vole_drop_name(reasons[i]));
    assert_true(outcomes_seen[VOLE_HANDSHAKE] > 500);
    assert_true(outcomes_seen[VOLE_COOKIE] > 0);
}

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"a_batch_does_what_its_messages_do_one_by_one", live, NULL, NULL, NULL},
        cmocka_unit_test(everything_occurred),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
