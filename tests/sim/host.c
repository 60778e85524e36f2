/* SPDX-License-Identifier: MIT
 *
 * A host and its books.
 */
#include "host.h"

#include "packet.h"
#include "scarcity.h"
#include "scenario.h"
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REAL_TIME_START_S UINT64_C(1700000000)
/* A full queue of 4096 handshakes at 64 a tick, and something for the timers. */
#define TICKS_AT_ONCE   80u
#define TICKS_IDLE      50u /* a second, besides what calls cause */
#define TICKS_PER_CALL  4u
#define ERASED_AFTER_NS (540 * SECOND_NS)
#define SILENCE_NS      (15333 * MS_NS)

/* ---- hooks ---- */

static void check_source(struct host *host, const struct vole_endpoint *to)
{
    if (to->source.family != 0 && (to->source.family != host->address.address.family ||
                                   memcmp(to->source.bytes, host->address.address.bytes, 16) != 0))
        world_fail(host->world, "source", "%s sends from an address it does not have", host->name);
}

static void check_endpoint(struct host *host, unsigned number, const struct vole_endpoint *to)
{
    const struct acquaintance *acquaintance = &host->acquaintances[number];

    if (!acquaintance->heard_unsure && !network_same_place(to, &acquaintance->heard_from) &&
        !network_same_place(to, &acquaintance->hears_from))
        world_fail(host->world, "endpoint", "%s does not send to where it last heard %s from", host->name,
                   host->world->hosts[number].name);
}

/* The first initiation of a life may wait for the disk. */
static void check_silence(struct host *host, unsigned number)
{
    struct acquaintance *acquaintance = &host->acquaintances[number];
    struct world *world = host->world;

    if (acquaintance->unanswered_ns == 0)
        acquaintance->unanswered_ns = world->now_ns;
    if (acquaintance->unanswered_ns + SILENCE_NS < world->now_ns && !world->scarce &&
        disk_due(host) == UINT64_MAX &&
        world->exchanges.last_initiation_ns[host->number][number] < acquaintance->unanswered_ns)
        world_fail(world, "silence",
                   "%s has heard nothing from %s for %.6f s, sends data, but does not initiate", host->name,
                   world->hosts[number].name, (double)(world->now_ns - acquaintance->unanswered_ns) / 1e9);
}

static int hook_send(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                     const uint8_t *datagram, size_t length)
{
    struct host *host = context;
    struct world *world = host->world;
    unsigned number = network_host_of(to);
    enum message type = exchanges_type(datagram, length);

    if (!host->up || !host->awake)
        world_fail(world, "down", "%s sends while it is down or asleep", host->name);
    if (number > world->host_count)
        world_fail(world, "no stranger", "%s sends to an address that is nobody's", host->name);
    check_source(host, to);
    world_note(world,
               type == MESSAGE_INITIATION     ? "sends initiation"
               : type == MESSAGE_RESPONSE     ? "sends response"
               : type == MESSAGE_COOKIE_REPLY ? "sends cookie reply"
               : length == DATA_LEAST_BYTES   ? "sends keepalive"
                                              : "sends data",
               host, &world->hosts[number], world->network.next_number,
               host->network_fails ? "refused" : NULL);
    exchanges_sent(world, host, number, datagram, length);
    if (type != MESSAGE_COOKIE_REPLY)
        check_endpoint(host, number, to);
    if (host->network_fails) {
        world->statistics.count[STATISTIC_DATAGRAMS_REFUSED]++;
        return -ENETUNREACH;
    }
    if (type != MESSAGE_COOKIE_REPLY)
        host->acquaintances[number].sent_bytes += length;
    if (type == MESSAGE_DATA && length > DATA_LEAST_BYTES && number < world->host_count)
        check_silence(host, number);
    network_send(world, host, to, traffic_class, datagram, length);
    return 0;
}

static void hook_deliver(void *context, struct vole_peer *from, const uint8_t *packet, size_t length)
{
    struct host *host = context;
    const struct host *sender = vole_peer_context(from);

    if (host->acquaintances[sender->number].denied)
        world_fail(host->world, "right peer", "%s is delivered what %s may not send", host->name,
                   sender->name);
    ledger_deliver(host->world, host->number, sender->number, packet, length);
}

static void hook_event(void *context, const struct vole_event *event)
{
    static const struct {
        const char *words;
        enum statistic statistic;
    } events[] = {[VOLE_EVENT_HANDSHAKE_COMPLETE] = {"has a session", STATISTIC_SESSIONS},
                  [VOLE_EVENT_GAVE_UP] = {"gives up", STATISTIC_GAVE_UP},
                  [VOLE_EVENT_ENDPOINT_MOVED] = {"learns an endpoint", STATISTIC_ENDPOINTS_MOVED},
                  [VOLE_EVENT_KEYS_ERASED] = {"erases keys", STATISTIC_KEYS_ERASED}};
    struct host *host = context;
    const struct host *other = vole_peer_context(event->peer);

    world_note(host->world, events[event->kind].words, host, other, 0, NULL);
    if (host->number >= host->world->host_count)
        return; /* the stranger gives up all day */
    host->world->statistics.count[events[event->kind].statistic]++;
    if (event->kind == VOLE_EVENT_GAVE_UP)
        ledger_gave_up(host->world, host->number, other->number);
}

static void hook_random(void *context, uint8_t *bytes, size_t length)
{
    struct host *host = context;

    random_fill(&host->random, bytes, length);
}

static void hook_reserve(void *context, const uint8_t public_key[VOLE_KEY_BYTES], uint64_t until_s)
{
    disk_ask(context, public_key, until_s);
}

/* ---- life ---- */

struct vole_time host_time(const struct host *host)
{
    uint64_t now_ns = host->world->now_ns;

    return (struct vole_time){.monotonic_ns = host->monotonic_start_ns + now_ns - host->slept_ns,
                              .boot_ns = host->boot_start_ns + now_ns,
                              .real_s =
                                  REAL_TIME_START_S + now_ns / SECOND_NS + (uint64_t)host->clock_wrong_s,
                              .real_ns = (uint32_t)(now_ns % SECOND_NS)};
}

static void make_device(struct host *host)
{
    struct vole_options options = {
        .hooks = {host, hook_send, hook_deliver, hook_event, hook_random, hook_reserve},
        .staged_bytes = 1 << 20};
    struct vole_time now = host_time(host);

    host->device = vole_device_new(&options, &now);
    if (host->device == NULL && !host->world->scarce)
        world_fail(host->world, "memory", "no device could be made");
    for (; host->device == NULL; host->device = vole_device_new(&options, &now))
        world_note(host->world, "is refused a device", host, NULL, 0, NULL); /* its owner tries again */
    host_set_key(host, host->private_key);
    vole_device_set_mtu(host->device, host->mtu);
}

/* "alpha", ..., then "host 27". */
static void name_host(struct host *host, bool stranger)
{
    static const char *const names[] = {
        "alpha",   "bravo", "charlie", "delta",  "echo",     "foxtrot", "golf",   "hotel",  "india",
        "juliett", "kilo",  "lima",    "mike",   "november", "oscar",   "papa",   "quebec", "romeo",
        "sierra",  "tango", "uniform", "victor", "whisky",   "xray",    "yankee", "zulu"};

    if (stranger)
        snprintf(host->name, sizeof host->name, "stranger");
    else if (host->number < sizeof names / sizeof names[0])
        snprintf(host->name, sizeof host->name, "%s", names[host->number]);
    else
        snprintf(host->name, sizeof host->name, "host %u", host->number % 100 + 1);
}

void host_init(struct host *host, struct world *world, unsigned number)
{
    *host = (struct host){
        .world = world, .number = number, .awake = true, .mtu = 1420, .busy = world->scenario->queued};
    name_host(host, number == world->host_count);
    random_init(&host->random, world->order.seed, 100 + number);
    host->monotonic_start_ns = random_between(&host->random, 1, UINT64_C(1) << 50);
    host->boot_start_ns = random_between(&host->random, 1, UINT64_C(1) << 50);
    host->address = network_address(number, 0, random_chance(&host->random, 500000));
    random_fill(&host->random, host->private_key, sizeof host->private_key);
    make_device(host);
}

void host_fini(struct host *host)
{
    vole_device_free(host->device);
    *host = (struct host){0};
}

/* ---- acquaintances ---- */

static void make_peer(struct host *host, const struct host *other)
{
    struct acquaintance *acquaintance = &host->acquaintances[other->number];
    struct vole_prefix inner[] = {packet_address(other->number, false), packet_address(other->number, true)};
    struct vole_time now = host_time(host);

    acquaintance->peer = vole_peer_add(host->device, other->public_key, &now, NULL);
    if (acquaintance->peer == NULL || vole_peer_allow(acquaintance->peer, &inner[0]) != 0 ||
        vole_peer_allow(acquaintance->peer, &inner[1]) != 0) {
        if (!host->world->scarce)
            world_fail(host->world, "memory", "no peer could be made");
        world_note(host->world, "is refused a peer", host, other, 0, NULL);
        if (acquaintance->peer != NULL)
            vole_peer_remove(acquaintance->peer);
        acquaintance->peer = NULL;
        return;
    }
    acquaintance->denied = false;
    acquaintance->sent_bytes = acquaintance->received_least_bytes = acquaintance->received_most_bytes = 0;
    vole_peer_set_context(acquaintance->peer, host->world->hosts + other->number);
    vole_peer_set_preshared_key(acquaintance->peer, acquaintance->preshared_key);
    acquaintance->heard_from = (struct vole_endpoint){0};
    acquaintance->heard_unsure = false;
    if (acquaintance->knows_address) {
        acquaintance->heard_from = other->address;
        vole_peer_set_endpoint(acquaintance->peer, &other->address);
    }
    vole_peer_set_persistent_keepalive(acquaintance->peer, acquaintance->keepalive_s, &now);
    vole_peer_flush(acquaintance->peer, &now);
    host_settle(host);
}

void host_meet(struct host *host, const struct host *other, bool knows_address, uint16_t keepalive_s,
               const uint8_t preshared_key[VOLE_KEY_BYTES])
{
    struct acquaintance *acquaintance = &host->acquaintances[other->number];

    acquaintance->knows_address = knows_address;
    acquaintance->keepalive_s = keepalive_s;
    memcpy(acquaintance->preshared_key, preshared_key, VOLE_KEY_BYTES);
    make_peer(host, other);
}

void host_deny(struct host *host, const struct host *other)
{
    struct acquaintance *acquaintance = &host->acquaintances[other->number];

    if (acquaintance->peer == NULL)
        return;
    acquaintance->denied = true;
    vole_peer_disallow_all(acquaintance->peer);
    world_note(host->world, "denies a peer all addresses", host, other, 0, NULL);
}

void host_allow(struct host *host, const struct host *other)
{
    struct acquaintance *acquaintance = &host->acquaintances[other->number];
    struct vole_prefix inner[] = {packet_address(other->number, false), packet_address(other->number, true)};

    if (!acquaintance->denied || acquaintance->peer == NULL)
        return;
    if (vole_peer_allow(acquaintance->peer, &inner[0]) != 0 ||
        vole_peer_allow(acquaintance->peer, &inner[1]) != 0)
        world_fail(host->world, "memory", "no addresses could be allowed");
    acquaintance->denied = false;
    world_note(host->world, "allows a peer its addresses", host, other, 0, NULL);
}

void host_set_keepalive(struct host *host, const struct host *other, uint16_t seconds)
{
    struct acquaintance *acquaintance = &host->acquaintances[other->number];
    struct vole_time now = host_time(host);

    acquaintance->keepalive_s = seconds;
    world_note(host->world, "sets a persistent keepalive", host, other, seconds, NULL);
    if (acquaintance->peer != NULL)
        vole_peer_set_persistent_keepalive(acquaintance->peer, seconds, &now);
    host_settle(host);
}

void host_part(struct host *host, const struct host *other)
{
    struct acquaintance *acquaintance = &host->acquaintances[other->number];

    if (acquaintance->peer == NULL)
        return;
    vole_peer_remove(acquaintance->peer);
    acquaintance->peer = NULL;
    acquaintance->memory++;
    acquaintance->unanswered_ns = 0;
    exchanges_excuse(host->world, host->number, other->number);
    ledger_flushed(host->world, host->number, other->number); /* what waited is gone */
    stranger_forget(host->world, host);
    world_note(host->world, "removes peer", host, other, 0, NULL);
}

void host_meet_again(struct host *host, const struct host *other)
{
    host_part(host, other);
    world_note(host->world, "adds peer", host, other, 0, NULL);
    make_peer(host, other);
}

/* The device begins anew with this peer. */
static void excuse(struct host *host, unsigned other)
{
    host->acquaintances[other].unanswered_ns = 0;
    exchanges_excuse(host->world, host->number, other);
}

static void excuse_all(struct host *host)
{
    for (unsigned other = 0; other < WORLD_HOSTS; other++)
        excuse(host, other);
}

void host_set_key(struct host *host, const uint8_t private_key[VOLE_KEY_BYTES])
{
    struct vole_time now = host_time(host);

    if (memcmp(host->private_key, private_key, VOLE_KEY_BYTES) != 0)
        disk_end(host, true);
    memmove(host->private_key, private_key, VOLE_KEY_BYTES);
    vole_public_key(host->public_key, host->private_key);
    excuse_all(host);
    host->no_sending_ns = host->world->now_ns;
    world_note(host->world, "sets its private key", host, NULL, 0, NULL);
    vole_device_set_private_key(host->device, host->private_key, &now);
    host_settle(host);
}

void host_set_key_again(struct host *host)
{
    static const uint8_t none[VOLE_KEY_BYTES];
    uint8_t key[VOLE_KEY_BYTES];

    memcpy(key, host->private_key, sizeof key);
    host_set_key(host, none);
    host_set_key(host, key);
}

void host_set_preshared_key(struct host *host, const struct host *other, const uint8_t key[VOLE_KEY_BYTES])
{
    struct acquaintance *acquaintance = &host->acquaintances[other->number];

    memcpy(acquaintance->preshared_key, key, VOLE_KEY_BYTES);
    world_note(host->world, "sets a preshared key", host, other, 0, NULL);
    if (acquaintance->peer != NULL)
        vole_peer_set_preshared_key(acquaintance->peer, key);
}

/* ---- states ---- */

void host_up(struct host *host)
{
    struct vole_time now = host_time(host);

    host->up = true;
    world_note(host->world, "goes up", host, NULL, 0, NULL);
    vole_device_up(host->device, &now);
    host_settle(host);
}

void host_down(struct host *host)
{
    struct vole_time now = host_time(host);

    host->no_sending_ns = host->no_receiving_ns = host->world->now_ns;
    host->up = false; /* already now: it may not say good-bye */
    world_note(host->world, "goes down", host, NULL, 0, NULL);
    vole_device_down(host->device, &now);
    excuse_all(host);
    host_settle(host);
}

void host_sleep(struct host *host, bool suspend)
{
    if (suspend) {
        vole_device_suspend(host->device);
        host->no_sending_ns = host->no_receiving_ns = host->world->now_ns;
    }
    world_note(host->world, "falls asleep", host, NULL, suspend, NULL);
    host->awake = false;
    host->asleep_since_ns = host->world->now_ns;
}

void host_wake(struct host *host)
{
    host->slept_ns += host->world->now_ns - host->asleep_since_ns;
    host->awake = true;
    for (unsigned other = 0; other < WORLD_HOSTS; other++)
        host->acquaintances[other].unanswered_ns = 0; /* timers stood still */
    world_note(host->world, "wakes", host, NULL, 0, NULL);
    host_settle(host);
}

void host_clone(struct host *host)
{
    excuse_all(host);
    host->no_sending_ns = host->world->now_ns;
    world_note(host->world, "is cloned", host, NULL, 0, NULL);
    vole_device_cloned(host->device);
    host_settle(host);
}

void host_begin_anew(struct host *host, bool orderly)
{
    bool up = host->up, had_peer[WORLD_HOSTS];

    world_note(host->world, orderly ? "ends" : "crashes", host, NULL, 0, NULL);
    disk_end(host, orderly);
    host->up = false; /* it may not say good-bye */
    for (unsigned other = 0; other < WORLD_HOSTS; other++) {
        had_peer[other] = host->acquaintances[other].peer != NULL;
        host_part(host, &host->world->hosts[other]);
    }
    host->no_sending_ns = host->no_receiving_ns = host->world->now_ns;
    vole_device_free(host->device);
    host->device = NULL;
    world_note(host->world, "begins anew", host, NULL, 0, NULL);
    make_device(host);
    if (up)
        host_up(host);
    for (unsigned other = 0; other < WORLD_HOSTS; other++)
        if (had_peer[other])
            make_peer(host, &host->world->hosts[other]);
}

void host_move(struct host *host)
{
    host->moves++;
    host->address = network_address(host->number, host->moves, random_chance(&host->random, 500000));
    world_note(host->world, "moves", host, NULL, host->moves, NULL);
    vole_device_forget_sources(host->device);
}

/* ---- packets ---- */

static void count_call(struct host *host)
{
    uint64_t second = host->world->now_ns / SECOND_NS;

    if (second != host->second) {
        host->second = second;
        host->ticks_this_second = host->calls_this_second = 0;
    }
    host->calls_this_second++;
}

enum vole_outcome host_send(struct host *host, const uint8_t *packet, size_t length)
{
    struct vole_time now = host_time(host);

    count_call(host);
    return vole_device_send(host->device, packet, length, &now);
}

/* A datagram came from some host; whose peer it was for, an attacker may have lied about. */
static void count_received(struct host *host, unsigned sender, size_t least, size_t most)
{
    host->acquaintances[sender].received_least_bytes += least;
    host->acquaintances[sender].received_most_bytes += most;
}

enum vole_outcome host_receive(struct host *host, struct datagram *datagram)
{
    enum message type = exchanges_type(datagram->bytes, datagram->length);
    struct exchange_arrival arrival = exchanges_arriving(host->world, host, datagram);
    struct vole_endpoint from = datagram->from;
    struct vole_time now = host_time(host);
    struct acquaintance *sender = &host->acquaintances[datagram->sender];
    uint64_t refused = scarcity_refused();
    enum vole_outcome outcome;

    count_call(host);
    sender->hears_from = from;
    from.source = datagram->to.address;
    outcome = vole_device_receive(host->device, datagram->bytes, datagram->length, &from,
                                  datagram->traffic_class, &now);
    if (scarcity_refused() != refused)
        exchanges_refused(host->world, &arrival);
    if (exchanges_arrived(host->world, host, &arrival, type, outcome) && outcome != VOLE_COOKIE) {
        sender->heard_from = from;
        sender->heard_unsure = false;
        sender->unanswered_ns = 0;
    }
    sender->hears_from = (struct vole_endpoint){0};
    if (outcome == VOLE_HANDSHAKE || outcome == VOLE_KEEPALIVE || outcome == VOLE_DELIVERED)
        count_received(host, datagram->sender, datagram->length, datagram->length);
    return outcome;
}

bool host_queue(struct host *host, const struct datagram *datagram)
{
    struct exchange_arrival arrival = exchanges_arriving(host->world, host, datagram);
    struct vole_endpoint from = datagram->from;
    bool queued;

    count_call(host);
    from.source = datagram->to.address;
    queued = vole_device_queue(host->device, datagram->bytes, datagram->length, &from);
    if (queued) {
        count_received(host, datagram->sender, 0, datagram->length);
        host->acquaintances[datagram->sender].heard_unsure = true;
        exchanges_queued(host->world, host, &arrival);
        host->acquaintances[datagram->sender].unanswered_ns = 0;
    }
    return queued;
}

/* ---- time ---- */

static uint64_t device_deadline(const struct host *host)
{
    uint64_t deadline_ns, passed_ns = host->monotonic_start_ns - host->slept_ns;

    deadline_ns = vole_device_deadline(host->device);
    if (deadline_ns == VOLE_NEVER)
        return UINT64_MAX;
    /* passed_ns may have wrapped below zero by then: all of this is modulo 2^64 */
    return deadline_ns == 0 || deadline_ns <= passed_ns + host->world->now_ns ? host->world->now_ns
                                                                              : deadline_ns - passed_ns;
}

uint64_t host_deadline(const struct host *host)
{
    uint64_t deadline_ns;

    if (host->device == NULL || !host->awake)
        return UINT64_MAX;
    deadline_ns = device_deadline(host);
    return deadline_ns < disk_due(host) ? deadline_ns : disk_due(host);
}

void host_settle(struct host *host)
{
    struct world *world = host->world;
    struct vole_time now = host_time(host);

    for (unsigned ticks = 0; host_deadline(host) <= world->now_ns; ticks++) {
        if (ticks == TICKS_AT_ONCE)
            world_fail(world, "progress", "%s wants to be ticked for ever at the same moment", host->name);
        if (disk_due(host) <= world->now_ns) {
            disk_answer(host);
            continue;
        }
        vole_device_tick(host->device, &now);
        world->statistics.count[STATISTIC_TICKS]++;
        count_call(host);
        host->calls_this_second--;
        host->ticks_this_second++;
    }
    if (host->ticks_this_second > TICKS_IDLE + TICKS_PER_CALL * host->calls_this_second)
        world_fail(world, "progress",
                   "%s was ticked %" PRIu64 " times within a second with %" PRIu64 " calls", host->name,
                   host->ticks_this_second, host->calls_this_second);
}

/* ---- books ---- */

static void audit_peer(struct host *host, unsigned other)
{
    const struct acquaintance *acquaintance = &host->acquaintances[other];
    const char *whom = host->world->hosts[other].name;
    struct vole_peer_state state;

    vole_peer_read(acquaintance->peer, &state);
    if (state.sent_bytes != acquaintance->sent_bytes)
        world_fail(host->world, "counters of bytes",
                   "%s counts %" PRIu64 " bytes sent to %s, it were %" PRIu64, host->name, state.sent_bytes,
                   whom, acquaintance->sent_bytes);
    if (state.received_bytes < acquaintance->received_least_bytes ||
        state.received_bytes > acquaintance->received_most_bytes)
        world_fail(host->world, "counters of bytes",
                   "%s counts %" PRIu64 " bytes received from %s, it were %" PRIu64 " to %" PRIu64,
                   host->name, state.received_bytes, whom, acquaintance->received_least_bytes,
                   acquaintance->received_most_bytes);
    if (state.has_session && host->awake &&
        host->world->exchanges.newest_birth_ns[host->number][other] + host->slept_ns + ERASED_AFTER_NS <
            host->world->now_ns)
        world_fail(host->world, "erased", "%s still has a session with %s", host->name, whom);
    if (state.has_endpoint && network_host_of(&state.endpoint) != other)
        world_fail(host->world, "no stranger", "%s believes %s at somebody else's address", host->name, whom);
}

void host_audit(struct host *host)
{
    for (unsigned other = 0; other < host->world->host_count; other++)
        if (host->acquaintances[other].peer != NULL)
            audit_peer(host, other);
}
