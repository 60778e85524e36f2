/* SPDX-License-Identifier: MIT */
#include "explain/journey_broken.h"

#include "core/messages.h"
#include "core/outbound.h"
#include "explain/compose.h"
#include "explain/journey_run.h"
#include "explain/journey_way.h"
#include "explain/value.h"
#include "packet/checksum.h"
#include "packet/ip.h"

#include <assert.h>
#include <string.h>

#define MOST_DATAGRAM_BYTES 256
#define OUTER_IPV4_BYTES    (COMPOSE_IPV4_BYTES + COMPOSE_UDP_BYTES)
/* Long enough to see the keepalive that an authentic packet brings after 10 s, if nobody has anything to say.
 */
#define LISTEN_NS (12 * NS_PER_SECOND)

/* One run up to the question, which lies on the wire, and what is to arrive in its stead. */
struct trial {
    struct journey_run run;
    struct cast_datagram question; /* a copy: the wire's list moves; its bytes do not */
    size_t number;                 /* its place on the wire */
    uint8_t bytes[MOST_DATAGRAM_BYTES];
    size_t length;
    struct vole_endpoint from;
};

static void trial_begin(struct trial *trial, const uint8_t *seed)
{
    struct journey_run *run = &trial->run;
    uint8_t packet[JOURNEY_MOST_INNER_BYTES];

    journey_run_init(run, seed);
    (void)cast_send(run->laptop, packet, journey_question(packet));
    trial->number = run->cast.wire_count - 1;
    trial->question = run->cast.wire[trial->number];
    assert(trial->question.length <= MOST_DATAGRAM_BYTES);
    memcpy(trial->bytes, trial->question.bytes, trial->question.length);
    trial->length = trial->question.length;
    trial->from = trial->question.from;
    cast_pass(&run->cast, JOURNEY_TRAVEL_NS);
}

/* ---- verdicts ---- */

static const char *outcome_name(enum vole_outcome outcome)
{
    static const char *const names[] = {
        [VOLE_SENT] = "sent",           [VOLE_STAGED] = "staged",       [VOLE_DELIVERED] = "delivered",
        [VOLE_KEEPALIVE] = "keepalive", [VOLE_HANDSHAKE] = "handshake", [VOLE_COOKIE] = "cookie",
        [VOLE_DROPPED] = "dropped",
    };

    return names[outcome];
}

/* The station of the act at which a packet is dropped for that reason. */
static const char *station_of(enum vole_drop reason)
{
    switch (reason) {
    case VOLE_DROP_UNKNOWN_INDEX:
    case VOLE_DROP_SESSION_EXPIRED:
        return "index";
    case VOLE_DROP_DATA_UNREADABLE:
        return "open";
    case VOLE_DROP_REPLAYED:
        return "window";
    case VOLE_DROP_INNER_MALFORMED:
    case VOLE_DROP_INNER_LENGTH:
    case VOLE_DROP_SOURCE_NOT_ALLOWED:
        return "source";
    default:
        return "arrive";
    }
}

static void put_outcome(json_t *parent, const struct journey_run *run, enum vole_outcome outcome)
{
    enum vole_drop reason = vole_device_last_drop(run->server->device);
    bool dropped = outcome == VOLE_DROPPED;

    value_text(parent, "outcome", outcome_name(outcome));
    value_text(parent, "drop", dropped ? vole_drop_name(reason) : NULL);
    value_text(parent, "drop_text", dropped ? vole_drop_text(reason) : NULL);
    value_text(parent, "station", dropped ? station_of(reason) : "deliver");
}

static uint64_t window_top(const struct journey_run *run)
{
    const struct keypair *keypair =
        atomic_load_explicit(&run->laptop_at_server->keypairs.current, memory_order_acquire);

    return keypair == NULL ? 0 : atomic_load_explicit(&keypair->replay.top, memory_order_relaxed);
}

/* What the server sends from now on, while nobody's apps say a word. */
static void put_answers(json_t *parent, const char *name, struct journey_run *run)
{
    json_t *answers = value_list(parent, name);
    uint64_t began_ns = run->cast.now_ns;
    size_t first = run->cast.wire_count;

    cast_pass(&run->cast, LISTEN_NS);
    for (size_t i = first; i < run->cast.wire_count; i++) {
        const struct cast_datagram *datagram = &run->cast.wire[i];
        json_t *answer;

        if (datagram->sender != run->server)
            continue;
        answer = value_object(answers, NULL);
        value_seconds(answer, "after", datagram->at_ns - began_ns);
        value_number(answer, "length", datagram->length);
        value_endpoint(answer, "to", &datagram->to);
        value_bytes(answer, "bytes", datagram->bytes, datagram->length);
    }
}

static bool same_place(const struct vole_endpoint *one, const struct vole_endpoint *other)
{
    return one->port == other->port && one->address.family == other->address.family &&
           memcmp(one->address.bytes, other->address.bytes, sizeof one->address.bytes) == 0;
}

/* Hands it over and tells everything that can be seen of it. */
static void put_verdict(json_t *parent, struct trial *trial)
{
    struct journey_run *run = &trial->run;
    struct vole_peer_state before, after;
    size_t deliveries = run->cast.delivery_count;
    uint64_t top = window_top(run);
    enum vole_outcome outcome;

    vole_peer_read(run->laptop_at_server, &before);
    outcome = cast_hand(run->server, trial->bytes, trial->length, &trial->from);
    vole_peer_read(run->laptop_at_server, &after);

    value_bytes(parent, "bytes", trial->bytes, trial->length);
    value_number(parent, "length", trial->length);
    value_endpoint(parent, "from", &trial->from);
    put_outcome(parent, run, outcome);
    value_number(parent, "top_before", top);
    value_number(parent, "top_after", window_top(run));
    value_number(parent, "received_before", before.received_bytes);
    value_number(parent, "received_after", after.received_bytes);
    value_endpoint(parent, "endpoint_before", &before.endpoint);
    value_endpoint(parent, "endpoint_after", &after.endpoint);
    value_truth(parent, "moved", !same_place(&before.endpoint, &after.endpoint));
    if (run->cast.delivery_count > deliveries)
        value_bytes(parent, "delivered", run->cast.deliveries[deliveries].bytes,
                    run->cast.deliveries[deliveries].length);
    else
        value_put(parent, "delivered", json_null());
    put_answers(parent, "answers", run);
}

/* ---- what is spoilt ---- */

static void leave_it(struct trial *trial)
{
    (void)trial;
}

static void hand_question(struct trial *trial)
{
    enum vole_outcome outcome = cast_hand_datagram(trial->run.server, trial->number);

    assert(outcome == VOLE_DELIVERED);
    (void)outcome;
}

static void replay_it(struct trial *trial)
{
    hand_question(trial);
    trial->from = cast_stranger_address;
}

/* Others, so many counters ahead of the question, overtake it. */
static void let_overtake(struct trial *trial, uint64_t ahead)
{
    struct journey_run *run = &trial->run;
    struct keypair *keypair =
        atomic_load_explicit(&run->server_at_laptop->keypairs.current, memory_order_acquire);
    uint64_t first;
    uint8_t packet[JOURNEY_MOST_INNER_BYTES];
    bool reserved = keypair_reserve(keypair, (uint32_t)(ahead - 1), &first);

    assert(reserved);
    (void)reserved;
    (void)cast_send(run->laptop, packet, journey_ping(packet, false, 2));
    (void)cast_hand_datagram(run->server, run->cast.wire_count - 1);
}

static void come_late(struct trial *trial)
{
    let_overtake(trial, REPLAY_WINDOW);
}

static void come_too_late(struct trial *trial)
{
    let_overtake(trial, REPLAY_WINDOW + 1);
}

static void come_from_elsewhere(struct trial *trial)
{
    trial->from = cast_roamed_address;
}

/* The laptop's next datagram, whatever its app says, comes instead of the question. */
static void send_instead(struct trial *trial, const uint8_t *packet, size_t length)
{
    struct journey_run *run = &trial->run;
    const struct cast_datagram *sent;

    (void)cast_send(run->laptop, packet, length);
    sent = &run->cast.wire[run->cast.wire_count - 1];
    assert(sent->length <= MOST_DATAGRAM_BYTES);
    memcpy(trial->bytes, sent->bytes, sent->length);
    trial->length = sent->length;
}

static void claim_foreign_source(struct trial *trial)
{
    const struct compose_way way = {.from = {4, {10, 0, 0, 99}},
                                    .to = {4, {10, 0, 0, 5}},
                                    .from_port = JOURNEY_LAPTOP_PORT,
                                    .to_port = JOURNEY_SERVER_PORT,
                                    .identification = 2};
    uint8_t packet[JOURNEY_MOST_INNER_BYTES];

    send_instead(trial, packet,
                 compose_udp(packet, &way, (const uint8_t *)JOURNEY_QUESTION, strlen(JOURNEY_QUESTION)));
}

/* The laptop is hostile, and its WireGuard seals what a right one would not. */
static void seal_instead(struct trial *trial, const uint8_t *inside, size_t length)
{
    struct journey_run *run = &trial->run;
    struct run *sealed = run->laptop->device->run;
    struct vole_endpoint to;
    struct vole_time now;
    enum run_state state;

    cast_time(run->laptop, &now);
    run_reset(sealed, run->server_at_laptop);
    memcpy(run_place(sealed, length), inside, length);
    run_add(sealed, length, false, VOLE_DEFAULT_MTU);
    state = outbound_prepare(run->laptop->device, sealed, &to, &now);
    assert(state == RUN_SEALED && sealed->packets[0].length <= MOST_DATAGRAM_BYTES);
    (void)state;
    trial->length = sealed->packets[0].length;
    memcpy(trial->bytes, sealed->bytes, trial->length);
}

static void seal_no_packet(struct trial *trial)
{
    static const char text[] = "SSH-2.0-whatever\r\n"; /* "S" is no IP version */

    seal_instead(trial, (const uint8_t *)text, strlen(text));
}

static void lie_about_length(struct trial *trial)
{
    uint8_t packet[JOURNEY_MOST_INNER_BYTES];
    size_t length = journey_question(packet);

    bytes_store_be16(packet + 2, (uint16_t)(length + 1000));
    checksum_ipv4_header(packet, IP_V4_HEADER_BYTES);
    seal_instead(trial, packet, length);
}

static void guess_index(struct trial *trial)
{
    for (unsigned i = 0; i < 4; i++)
        trial->bytes[TRANSPORT_RECEIVER + i] ^= 0x5a;
    trial->from = cast_stranger_address;
}

/* Everything that can be seen on the wire is right, but the stranger has no key. */
static void forge_tag(struct trial *trial)
{
    bytes_store_le64(trial->bytes + TRANSPORT_COUNTER, bytes_load_le64(trial->bytes + TRANSPORT_COUNTER) + 1);
    memset(trial->bytes + TRANSPORT_HEADER_BYTES, 0, trial->length - TRANSPORT_HEADER_BYTES);
    trial->from = cast_stranger_address;
}

static void cut_last_byte(struct trial *trial)
{
    trial->length--;
}

static void cut_short(struct trial *trial)
{
    trial->length = TRANSPORT_MIN_BYTES - 1;
}

static void come_after_expiry(struct trial *trial)
{
    cast_pass(&trial->run.cast, REJECT_AFTER_TIME);
}

static void scan_port(struct trial *trial)
{
    static const char hello[] = "Hello? Is there a server on this port?";

    trial->length = strlen(hello);
    memcpy(trial->bytes, hello, trial->length);
    trial->from = cast_stranger_address;
}

static const struct {
    const char *name, *title, *text;
    void (*spoil)(struct trial *trial);
} spoilings[] = {
    {"untouched", "Leave it as it is", "The datagram arrives as it was sent.", leave_it},
    {"replayed", "Send it again",
     "A stranger has recorded the datagram. It has arrived; now the stranger sends the very same bytes "
     "again.",
     replay_it},
    {"late", "Let it come late", "The datagram is held up until one arrives that was sent 8128 later.",
     come_late},
    {"too_late", "One packet later still", "The same, but the one that overtook it was sent 8129 later.",
     come_too_late},
    {"foreign_source", "Claim another source",
     "The laptop has the right keys, but its packet says that it comes from 10.0.0.99.",
     claim_foreign_source},
    {"elsewhere", "Send it from another address",
     "The same bytes arrive from another address: the laptop has moved, or somebody passes them on.",
     come_from_elsewhere},
    {"unknown_index", "Guess a session", "A stranger sends the datagram to a receiver index of their own.",
     guess_index},
    {"forged", "Forge one",
     "A stranger saw receiver index and counter, writes the next counter, and guesses the rest.", forge_tag},
    {"cut", "Cut off a byte", "The last byte is missing.", cut_last_byte},
    {"short", "Cut it to 31 bytes", "Shorter than the shortest message.", cut_short},
    {"expired", "Deliver it after three minutes", "The datagram arrives 180 s later, untouched.",
     come_after_expiry},
    {"not_ip", "Seal no packet", "The laptop seals something that is no IP packet.", seal_no_packet},
    {"wrong_length", "Lie about the length", "The packet inside claims to be 1000 bytes longer than it is.",
     lie_about_length},
    {"scanner", "Knock on the port",
     "A stranger sends text to the server's port, to see whether somebody answers.", scan_port},
};

/* Plays it twice, in worlds that differ in nothing but that the spoilt datagram arrives in the first. */
static void put_trial(json_t *object, const uint8_t *seed, void (*spoil)(struct trial *trial))
{
    struct trial trial;

    trial_begin(&trial, seed);
    spoil(&trial);
    put_verdict(object, &trial);
    journey_run_fini(&trial.run);

    trial_begin(&trial, seed);
    spoil(&trial);
    put_answers(object, "answers_without", &trial.run);
    journey_run_fini(&trial.run);
    value_seconds(object, "listened", LISTEN_NS);
    value_truth(object, "silent", json_array_size(json_object_get(object, "answers")) == 0);
    value_truth(object, "unnoticed",
                json_equal(json_object_get(object, "answers"), json_object_get(object, "answers_without")));
}

json_t *journey_trials_new(const uint8_t seed[static CHANCE_SEED_BYTES])
{
    json_t *trials = value_new_list();

    for (size_t i = 0; i < sizeof spoilings / sizeof spoilings[0]; i++) {
        json_t *object = value_object(trials, NULL);

        value_text(object, "name", spoilings[i].name);
        value_text(object, "title", spoilings[i].title);
        value_text(object, "text", spoilings[i].text);
        put_trial(object, seed, spoilings[i].spoil);
    }
    return trials;
}

/* ---- one bit ---- */

/* Which part of the outer packet a byte belongs to. */
static const char *part_of(size_t byte, size_t length)
{
    if (byte < COMPOSE_IPV4_BYTES)
        return "outer IP header";
    if (byte < OUTER_IPV4_BYTES)
        return "UDP header";
    byte -= OUTER_IPV4_BYTES;
    if (byte < TRANSPORT_RECEIVER)
        return byte == 0 ? "type" : "reserved";
    if (byte < TRANSPORT_COUNTER)
        return "receiver";
    if (byte < TRANSPORT_HEADER_BYTES)
        return "counter";
    return byte < length - OUTER_IPV4_BYTES - AEAD_TAG_BYTES ? "sealed packet" : "tag";
}

/* What the kernel's own check of the packet says, before WireGuard sees it. NULL: right. */
static const char *wrong_checksum(const uint8_t *packet, size_t length)
{
    if (!checksum_ipv4_header_valid(packet, COMPOSE_IPV4_BYTES))
        return "IPv4 header checksum";
    return checksum_transport_valid(packet, length, COMPOSE_IPV4_BYTES, IP_PROTOCOL_UDP) ? NULL
                                                                                         : "UDP checksum";
}

/* Whether it was dropped. */
static bool put_flip(json_t *list, struct trial *trial, const uint8_t *outer, size_t length, size_t byte)
{
    json_t *flip = value_object(list, NULL);
    uint8_t spoilt[MOST_DATAGRAM_BYTES + COMPOSE_MOST_BYTES];
    enum vole_outcome outcome;

    memcpy(spoilt, outer, length);
    spoilt[byte] ^= 1;
    value_number(flip, "byte", byte);
    value_text(flip, "part", part_of(byte, length));
    value_bytes(flip, "before", outer + byte, 1);
    value_bytes(flip, "after", spoilt + byte, 1);
    value_bytes(flip, "packet", spoilt, length);
    value_text(flip, "kernel", wrong_checksum(spoilt, length));
    if (byte < OUTER_IPV4_BYTES)
        return false;
    /* Somebody who spoils it on purpose makes the UDP checksum right again. */
    outcome =
        cast_hand(trial->run.server, spoilt + OUTER_IPV4_BYTES, length - OUTER_IPV4_BYTES, &trial->from);
    put_outcome(flip, &trial->run, outcome);
    return outcome == VOLE_DROPPED;
}

json_t *journey_flips_new(const uint8_t seed[static CHANCE_SEED_BYTES])
{
    json_t *object = value_new_object(), *list = value_list(object, "bytes"), *then;
    struct trial trial;
    uint8_t outer[MOST_DATAGRAM_BYTES + COMPOSE_MOST_BYTES];
    size_t length, dropped = 0;

    trial_begin(&trial, seed);
    length = journey_outer(outer, &trial.question, trial.number, false);
    value_bytes(object, "packet", outer, length);
    journey_way_put_outer(value_list(object, "fields"), outer, length);
    value_number(object, "headers", OUTER_IPV4_BYTES);
    for (size_t byte = 0; byte < length; byte++)
        dropped += put_flip(list, &trial, outer, length, byte);
    then = value_object(object, "then");
    put_answers(then, "answers", &trial.run);
    value_seconds(then, "listened", LISTEN_NS);
    value_truth(then, "silent", json_array_size(json_object_get(then, "answers")) == 0);
    value_number(then, "spoilt", length - OUTER_IPV4_BYTES);
    value_number(then, "dropped", dropped);
    put_outcome(then, &trial.run, cast_hand_datagram(trial.run.server, trial.number));
    journey_run_fini(&trial.run);
    return object;
}
