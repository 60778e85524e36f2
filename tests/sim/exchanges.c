/* SPDX-License-Identifier: MIT
 *
 * Reading the wire.
 */
#include "exchanges.h"

#include "memory.h"
#include "packet.h"
#include "scenario.h"
#include "world.h"

#include <inttypes.h>
#include <string.h>

#define CHAINS          65536u
#define NONE            UINT32_MAX
#define SPACING_NS      (5 * SECOND_NS)
#define SESSION_LIFE_NS (180 * SECOND_NS)
#define LOAD_LINGERS_NS (1 * SECOND_NS)
#define REKEY_AFTER_NS  (120 * SECOND_NS)
#define LAST_MINUTE_NS  (165 * SECOND_NS)
#define REKEY_WITHIN_NS (5333 * MS_NS) /* an initiation just before may delay the next */

enum { SENDER_INDEX = 4, RECEIVER_INDEX = 4, RESPONSE_RECEIVER_INDEX = 8, COUNTER = 8, MAC2_BYTES = 16 };

void exchanges_init(struct exchanges *exchanges)
{
    *exchanges = (struct exchanges){.chains = memory_grow(NULL, CHAINS, sizeof(uint32_t))};
    memset(exchanges->chains, 0xff, CHAINS * sizeof(uint32_t));
}

void exchanges_fini(struct exchanges *exchanges)
{
    free(exchanges->list);
    free(exchanges->next);
    free(exchanges->chains);
}

static uint32_t read32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint64_t read64(const uint8_t *bytes)
{
    return read32(bytes) | (uint64_t)read32(bytes + 4) << 32;
}

enum message exchanges_type(const uint8_t *bytes, size_t length)
{
    static const size_t sizes[] = {0, INITIATION_BYTES, RESPONSE_BYTES, COOKIE_REPLY_BYTES};
    uint32_t word = length >= COOKIE_REPLY_BYTES / 2 ? read32(bytes) : 0;

    if (word == MESSAGE_DATA && length >= DATA_LEAST_BYTES)
        return MESSAGE_DATA;
    return word >= MESSAGE_INITIATION && word < MESSAGE_DATA && length == sizes[word] ? (enum message)word
                                                                                      : MESSAGE_NONE;
}

/* ---- finding an exchange by a host's index ---- */

static uint32_t *chain_of(struct exchanges *exchanges, unsigned host, uint32_t index)
{
    return &exchanges->chains[(index ^ host * 0x9e37u) % CHAINS];
}

/* The latest exchange in which this host drew this index. */
static struct exchange *find(struct exchanges *exchanges, unsigned host, uint32_t index, enum side *side)
{
    for (uint32_t i = *chain_of(exchanges, host, index); i != NONE; i = exchanges->next[i]) {
        struct exchange *exchange = &exchanges->list[i / 2];

        if (exchange->hosts[i % 2] == host && exchange->indices[i % 2] == index) {
            *side = (enum side)(i % 2);
            return exchange;
        }
    }
    return NULL;
}

static void enlist(struct exchanges *exchanges, uint32_t number, enum side side)
{
    const struct exchange *exchange = &exchanges->list[number];
    uint32_t *chain = chain_of(exchanges, exchange->hosts[side], exchange->indices[side]);

    exchanges->next[number * 2 + side] = *chain;
    *chain = number * 2 + side;
}

static uint32_t add(struct exchanges *exchanges, unsigned initiator, unsigned responder, uint32_t index)
{
    if (exchanges->count == exchanges->capacity) {
        exchanges->capacity = exchanges->capacity * 2 + 256;
        exchanges->list = memory_grow(exchanges->list, exchanges->capacity, sizeof *exchanges->list);
        exchanges->next =
            memory_grow(exchanges->next, (size_t)exchanges->capacity * 2, sizeof *exchanges->next);
    }
    exchanges->list[exchanges->count] =
        (struct exchange){.hosts = {initiator, responder}, .indices = {index, 0}};
    enlist(exchanges, exchanges->count, SIDE_INITIATOR);
    return exchanges->count++;
}

/* ---- what a host sends ---- */

static void check_spacing(struct world *world, const struct host *sender, unsigned to)
{
    struct exchanges *exchanges = &world->exchanges;
    uint64_t last = exchanges->last_initiation_ns[sender->number][to],
             response = exchanges->last_response_ns[sender->number][to];

    if (last != 0 && last + SPACING_NS > world->now_ns)
        world_fail(world, "spacing", "%s initiates to %s %.6f s after its last initiation", sender->name,
                   world->hosts[to].name, (double)(world->now_ns - last) / 1e9);
    if (last != 0 && last + SPACING_NS == world->now_ns && ++exchanges->exactly_spaced > 3)
        world_fail(world, "jitter", "%s initiates to %s exactly 5 s after its last initiation", sender->name,
                   world->hosts[to].name);
    if (response != 0 && response + SPACING_NS > world->now_ns)
        world_fail(world, "spacing", "%s initiates to %s %.6f s after its own response", sender->name,
                   world->hosts[to].name, (double)(world->now_ns - response) / 1e9);
}

/* Only sessions that both sides know and that were made since the network became calm count. Who answered
 * does not rekey by time: it initiates when the session is over. */
static void check_thrift(struct world *world, const struct host *sender, unsigned to)
{
    const struct exchanges *exchanges = &world->exchanges;
    uint64_t calm_since_ns = ledger_calm_since(world, sender->number, to),
             birth_ns = exchanges->confirmed_birth_ns[sender->number][to], life_ns = REKEY_AFTER_NS;

    if (exchanges->confirmed_birth_ns[to][sender->number] > birth_ns) {
        birth_ns = exchanges->confirmed_birth_ns[to][sender->number];
        life_ns = SESSION_LIFE_NS;
    }
    if (birth_ns > calm_since_ns && birth_ns + life_ns > world->now_ns)
        world_fail(world, "thrift", "%s initiates to %s, with a session only %.6f s old and nothing wrong",
                   sender->name, world->hosts[to].name, (double)(world->now_ns - birth_ns) / 1e9);
}

static void sent_initiation(struct world *world, struct host *sender, unsigned to, const uint8_t *bytes)
{
    static const uint8_t no_mac2[MAC2_BYTES];

    check_spacing(world, sender, to);
    check_thrift(world, sender, to);
    world->exchanges.last_initiation_ns[sender->number][to] = world->now_ns;
    if (network_initiation_under_way(world, to, sender->number))
        ledger_crossed(world, sender->number, to);
    (void)add(&world->exchanges, sender->number, to, read32(bytes + SENDER_INDEX));
    world->statistics.count[STATISTIC_INITIATIONS]++;
    world->statistics.count[STATISTIC_WITH_COOKIE] +=
        memcmp(bytes + INITIATION_BYTES - MAC2_BYTES, no_mac2, MAC2_BYTES) != 0;
}

static void sent_response(struct world *world, struct host *sender, unsigned to, const uint8_t *bytes)
{
    struct exchanges *exchanges = &world->exchanges;
    unsigned memory = sender->acquaintances[to].memory;
    enum side side;
    struct exchange *exchange = find(exchanges, to, read32(bytes + RESPONSE_RECEIVER_INDEX), &side);
    uint32_t number;

    if (exchange == NULL || side != SIDE_INITIATOR || exchange->hosts[SIDE_RESPONDER] != sender->number)
        world_fail(world, "answers", "%s answers an initiation that %s never sent it", sender->name,
                   world->hosts[to].name);
    number = (uint32_t)(exchange - exchanges->list);
    if (exchange->answered) {
        if (exchange->memory == memory)
            world_fail(world, "answers", "%s answers one initiation of %s twice", sender->name,
                       world->hosts[to].name);
        number = add(exchanges, to, sender->number, exchange->indices[SIDE_INITIATOR]);
        exchange = &exchanges->list[number];
    }
    exchange->answered = true;
    exchange->memory = memory;
    exchange->indices[SIDE_RESPONDER] = read32(bytes + SENDER_INDEX);
    exchange->birth_ns[SIDE_RESPONDER] = world->now_ns;
    enlist(exchanges, number, SIDE_RESPONDER);
    exchanges->last_response_ns[sender->number][to] = world->now_ns;
    exchanges->newest_birth_ns[sender->number][to] = world->now_ns;
    exchanges->has_next[sender->number][to] = true;
    world->statistics.count[STATISTIC_RESPONSES]++;
}

/* A packet that waited since before the MTU became smaller is longer than it, and padded in its last part. */
static size_t longest(const struct host *sender)
{
    return PACKET_MOST_BYTES + VOLE_OVERHEAD + (sender->mtu == PACKET_MOST_BYTES ? 0 : 15);
}

/* The first data at 120 s or more asks for a new session, which is there soon. */
static void check_rekey(struct world *world, const struct host *sender, unsigned to,
                        struct exchange *exchange)
{
    if (exchange->birth_ns[SIDE_INITIATOR] + REKEY_AFTER_NS > world->now_ns)
        return;
    if (exchange->rekey_due_ns == 0)
        exchange->rekey_due_ns = world->now_ns;
    if (world->ledger.directions[sender->number][to].recovered &&
        exchange->rekey_due_ns + REKEY_WITHIN_NS + world->scenario->patience_ms * MS_NS < world->now_ns)
        world_fail(world, "rekey", "%s still sends %s data on a session that is due since %.6f s",
                   sender->name, world->hosts[to].name,
                   (double)(world->now_ns - exchange->rekey_due_ns) / 1e9);
}

static void sent_data(struct world *world, struct host *sender, unsigned to, const uint8_t *bytes,
                      size_t length)
{
    uint32_t index = read32(bytes + RECEIVER_INDEX);
    uint64_t counter = read64(bytes + COUNTER), age;
    enum side theirs, ours;
    struct exchange *exchange = find(&world->exchanges, to, index, &theirs);

    ours = theirs == SIDE_INITIATOR ? SIDE_RESPONDER : SIDE_INITIATOR;
    if (exchange == NULL || exchange->hosts[ours] != sender->number || exchange->birth_ns[ours] == 0)
        world_fail(world, "sessions", "%s sends %s data on a session the two do not have", sender->name,
                   world->hosts[to].name);
    if (ours == SIDE_RESPONDER && !exchange->confirmed)
        world_fail(world, "sessions", "%s sends %s data on a session that is not confirmed", sender->name,
                   world->hosts[to].name);
    age = world->now_ns - exchange->birth_ns[ours];
    if (age >= SESSION_LIFE_NS)
        world_fail(world, "age", "%s sends %s data on a session that is %.6f s old", sender->name,
                   world->hosts[to].name, (double)age / 1e9);
    if (exchange->birth_ns[ours] < sender->no_sending_ns)
        world_fail(world, "void", "%s sends %s data on a session that became void", sender->name,
                   world->hosts[to].name);
    if (ours == SIDE_INITIATOR)
        check_rekey(world, sender, to, exchange);
    if (counter < exchange->next_counter[ours])
        world_fail(world, "counters", "%s uses counter %" PRIu64 " for %s after %" PRIu64, sender->name,
                   counter, world->hosts[to].name, exchange->next_counter[ours] - 1);
    exchange->next_counter[ours] = counter + 1;
    if (length > DATA_LEAST_BYTES)
        ledger_flushed(world, sender->number, to);
    if (length > longest(sender))
        world_fail(world, "size", "%s sends %zu bytes of data at once", sender->name, length);
}

void exchanges_sent(struct world *world, struct host *sender, unsigned to, const uint8_t *bytes,
                    size_t length)
{
    enum message type = exchanges_type(bytes, length);

    if (type == MESSAGE_NONE)
        world_fail(world, "size", "%s sends %zu bytes that are no message", sender->name, length);
    if (type == MESSAGE_COOKIE_REPLY) {
        if (sender->flooded_ns == 0 || sender->flooded_ns + LOAD_LINGERS_NS < world->now_ns)
            world_fail(world, "no stranger", "%s sends a cookie reply without being under load",
                       sender->name);
        world->statistics.count[STATISTIC_COOKIES_SENT]++;
        return;
    }
    if (to >= WORLD_HOSTS || sender->acquaintances[to].peer == NULL)
        world_fail(world, "no stranger", "%s speaks to somebody who is no peer", sender->name);
    if (sender->number >= world->host_count)
        return; /* the stranger may do what it likes */
    switch (type) {
    case MESSAGE_INITIATION:
        sent_initiation(world, sender, to, bytes);
        break;
    case MESSAGE_RESPONSE:
        sent_response(world, sender, to, bytes);
        break;
    default:
        sent_data(world, sender, to, bytes, length);
    }
}

void exchanges_excuse(struct world *world, unsigned host, unsigned other)
{
    world->exchanges.last_initiation_ns[host][other] = 0;
    world->exchanges.last_response_ns[host][other] = 0;
}

/* ---- what a host receives ---- */

/* A session that was never confirmed takes the place of the old one, which is then destroyed at once
 * (protocol §5.2): what the other side still sends on that one, until it hears of the new session, is lost.
 */
static void derived_as_initiator(struct world *world, const struct host *receiver, unsigned other)
{
    bool *has_next = &world->exchanges.has_next[receiver->number][other];

    if (*has_next)
        ledger_expired(world, other, receiver->number,
                       world->now_ns + world->network.links[receiver->number][other].delay_most_ns);
    *has_next = false;
}

struct exchange_arrival exchanges_arriving(struct world *world, struct host *receiver,
                                           const struct datagram *datagram)
{
    struct exchange_arrival arrival = {0};
    enum message type = exchanges_type(datagram->bytes, datagram->length);
    struct exchange *exchange;

    if (datagram->damaged || (type != MESSAGE_RESPONSE && type != MESSAGE_DATA))
        return arrival;
    exchange =
        find(&world->exchanges, receiver->number,
             read32(datagram->bytes + (type == MESSAGE_DATA ? RECEIVER_INDEX : RESPONSE_RECEIVER_INDEX)),
             &arrival.side);
    if (exchange == NULL)
        return arrival;
    arrival.known = true;
    arrival.number = (uint32_t)(exchange - world->exchanges.list);
    /* A response that was queued may have been refused: the next copy counts, unless there was data. */
    if (type == MESSAGE_RESPONSE && exchange->answered && exchange->next_counter[SIDE_INITIATOR] == 0 &&
        read32(datagram->bytes + SENDER_INDEX) == exchange->indices[SIDE_RESPONDER]) {
        arrival.began = true;
        derived_as_initiator(world, receiver, exchange->hosts[SIDE_RESPONDER]);
        exchange->birth_ns[SIDE_INITIATOR] = world->now_ns;
    }
    if (type == MESSAGE_DATA && arrival.side == SIDE_RESPONDER && !exchange->confirmed)
        arrival.confirmed = exchange->confirmed = true;
    return arrival;
}

/* Dropped, but only after it was found to be authentic and new. */
static bool was_authentic(const struct host *receiver)
{
    enum vole_drop reason = vole_device_last_drop(receiver->device);

    return reason == VOLE_DROP_INNER_MALFORMED || reason == VOLE_DROP_INNER_LENGTH ||
           reason == VOLE_DROP_SOURCE_NOT_ALLOWED;
}

static void check_age(struct world *world, struct host *receiver, const struct exchange_arrival *arrival,
                      bool accepted)
{
    const struct exchange *exchange = arrival->known ? &world->exchanges.list[arrival->number] : NULL;
    uint64_t age;

    if (exchange == NULL || exchange->birth_ns[arrival->side] == 0) {
        if (accepted)
            world_fail(world, "sessions", "%s accepts data on a session it does not have", receiver->name);
        return;
    }
    age = world->now_ns - exchange->birth_ns[arrival->side];
    if (accepted && age >= SESSION_LIFE_NS)
        world_fail(world, "age", "%s accepts data on a session that is %.6f s old", receiver->name,
                   (double)age / 1e9);
    if (accepted && exchange->birth_ns[arrival->side] < receiver->no_receiving_ns)
        world_fail(world, "void", "%s accepts data on a session that was erased", receiver->name);
    if (!accepted && vole_device_last_drop(receiver->device) == VOLE_DROP_SESSION_EXPIRED) {
        if (age < SESSION_LIFE_NS)
            world_fail(world, "age", "%s refuses data on a session that is only %.6f s old", receiver->name,
                       (double)age / 1e9);
        ledger_expired(world, exchange->hosts[!arrival->side], receiver->number, world->now_ns);
    }
}

/* The request is refused only if an initiation or a response was sent less than 5 s before. */
static void check_last_minute(struct world *world, struct host *receiver, struct exchange *exchange)
{
    const struct exchanges *exchanges = &world->exchanges;
    unsigned other = exchange->hosts[SIDE_RESPONDER];
    uint64_t birth_ns = exchange->birth_ns[SIDE_INITIATOR],
             asked_ns = exchanges->last_initiation_ns[receiver->number][other];

    if (exchange->last_minute || birth_ns + LAST_MINUTE_NS > world->now_ns ||
        birth_ns < exchanges->newest_birth_ns[receiver->number][other] || birth_ns < receiver->no_sending_ns)
        return;
    exchange->last_minute = true;
    if (exchanges->last_response_ns[receiver->number][other] > asked_ns)
        asked_ns = exchanges->last_response_ns[receiver->number][other];
    if (asked_ns + SPACING_NS < world->now_ns && !world->scarce)
        world_fail(world, "last minute", "%s receives from %s on a session %.6f s old and asks for no other",
                   receiver->name, world->hosts[other].name, (double)(world->now_ns - birth_ns) / 1e9);
}

static void note_session(struct world *world, struct host *receiver, const struct exchange_arrival *arrival,
                         enum message type)
{
    struct exchanges *exchanges = &world->exchanges;
    struct exchange *exchange = &exchanges->list[arrival->number];

    if (type == MESSAGE_RESPONSE && arrival->began)
        exchanges->newest_birth_ns[receiver->number][exchange->hosts[SIDE_RESPONDER]] = world->now_ns;
    if (type == MESSAGE_DATA && arrival->confirmed) {
        unsigned other = exchange->hosts[SIDE_INITIATOR];

        exchanges->has_next[receiver->number][other] = false;
        exchanges->confirmed_birth_ns[other][receiver->number] = exchange->birth_ns[SIDE_RESPONDER];
    }
    if (arrival->began || arrival->confirmed)
        ledger_flush_due(world, receiver->number, exchange->hosts[!arrival->side]);
    if (type == MESSAGE_DATA && arrival->side == SIDE_INITIATOR)
        check_last_minute(world, receiver, exchange);
}

void exchanges_queued(struct world *world, const struct host *receiver,
                      const struct exchange_arrival *arrival)
{
    if (arrival->began)
        world->exchanges
            .newest_birth_ns[receiver->number][world->exchanges.list[arrival->number].hosts[SIDE_RESPONDER]] =
            world->now_ns;
}

void exchanges_refused(struct world *world, struct exchange_arrival *arrival)
{
    if (!arrival->began)
        return;
    world->exchanges.list[arrival->number].birth_ns[SIDE_INITIATOR] = 0;
    *arrival = (struct exchange_arrival){0};
}

bool exchanges_arrived(struct world *world, struct host *receiver, const struct exchange_arrival *arrival,
                       enum message type, enum vole_outcome outcome)
{
    bool accepted = outcome != VOLE_DROPPED || (type == MESSAGE_DATA && was_authentic(receiver));

    if (!accepted && arrival->began)
        world->exchanges.list[arrival->number].birth_ns[SIDE_INITIATOR] = 0;
    if (!accepted && arrival->confirmed)
        world->exchanges.list[arrival->number].confirmed = false;
    if (type == MESSAGE_DATA)
        check_age(world, receiver, arrival, accepted);
    if (accepted && arrival->known)
        note_session(world, receiver, arrival, type);
    return accepted;
}
