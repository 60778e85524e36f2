/* SPDX-License-Identifier: MIT */
#include "explain/cast.h"

#include "config/address.h"
#include "core/constants.h"
#include "crypto/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clocks begin here: no reading may be 0, and a host has been running for a while. */
#define RUNNING_FOR_NS (1000 * NS_PER_SECOND)

const struct vole_endpoint cast_laptop_address = {.address = {4, {198, 51, 100, 7}}, .port = 50123};
const struct vole_endpoint cast_roamed_address = {.address = {4, {192, 0, 2, 44}}, .port = 41414};
const struct vole_endpoint cast_server_address = {.address = {4, {203, 0, 113, 5}}, .port = 51820};
const struct vole_endpoint cast_stranger_address = {.address = {4, {192, 0, 2, 66}}, .port = 40000};

void cast_must(bool went)
{
    if (went)
        return;
    fputs("vole explain: not enough memory\n", stderr);
    exit(1);
}

static void *had(void *pointer)
{
    cast_must(pointer != NULL);
    return pointer;
}

/* Room for one more of size bytes each. */
static void *grown(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity == 0 ? 64 : 2 * *capacity;
    return had(reallocarray(array, *capacity, size));
}

static uint8_t *copied(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = had(malloc(length + 1));

    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

/* ---- what devices say ---- */

static int keep_datagram(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                         const uint8_t *datagram, size_t length)
{
    struct cast_member *sender = context;
    struct cast *cast = sender->cast;

    cast->wire = grown(cast->wire, cast->wire_count, &cast->wire_capacity, sizeof *cast->wire);
    cast->wire[cast->wire_count++] = (struct cast_datagram){.at_ns = cast->now_ns,
                                                            .sender = sender,
                                                            .from = sender->address,
                                                            .to = *to,
                                                            .traffic_class = traffic_class,
                                                            .bytes = copied(datagram, length),
                                                            .length = length};
    return 0;
}

static void keep_delivery(void *context, struct vole_peer *from, const uint8_t *packet, size_t length)
{
    struct cast_member *member = context;
    struct cast *cast = member->cast;

    cast->deliveries =
        grown(cast->deliveries, cast->delivery_count, &cast->delivery_capacity, sizeof *cast->deliveries);
    cast->deliveries[cast->delivery_count++] = (struct cast_delivery){.at_ns = cast->now_ns,
                                                                      .member = member,
                                                                      .peer = cast_of_peer(cast, from),
                                                                      .bytes = copied(packet, length),
                                                                      .length = length};
}

static void keep_event(void *context, const struct vole_event *event)
{
    struct cast_member *member = context;
    struct cast *cast = member->cast;

    cast->events = grown(cast->events, cast->event_count, &cast->event_capacity, sizeof *cast->events);
    cast->events[cast->event_count++] = (struct cast_event){.at_ns = cast->now_ns,
                                                            .member = member,
                                                            .peer = cast_of_peer(cast, event->peer),
                                                            .kind = event->kind};
}

static void draw(void *context, uint8_t *bytes, size_t length)
{
    struct cast_member *member = context;

    chance_bytes(&member->chance, bytes, length);
}

/* ---- life cycle ---- */

void cast_init(struct cast *cast, const uint8_t seed[static CHANCE_SEED_BYTES])
{
    *cast = (struct cast){.seed = seed};
}

void cast_fini(struct cast *cast)
{
    for (size_t i = 0; i < cast->member_count; i++)
        vole_device_free(cast->members[i].device);
    for (size_t i = 0; i < cast->wire_count; i++)
        free(cast->wire[i].bytes);
    for (size_t i = 0; i < cast->delivery_count; i++)
        free(cast->deliveries[i].bytes);
    free(cast->wire);
    free(cast->deliveries);
    free(cast->events);
    memory_wipe(cast, sizeof *cast);
}

void cast_private_key(uint8_t key[static VOLE_KEY_BYTES], const uint8_t seed[static CHANCE_SEED_BYTES],
                      const char *name)
{
    struct chance chance;
    char purpose[64];

    (void)snprintf(purpose, sizeof purpose, "private key of %s", name);
    chance_init(&chance, seed, purpose);
    chance_bytes(&chance, key, VOLE_KEY_BYTES);
    key[0] &= 248; /* as vole genkey writes them */
    key[31] = (uint8_t)((key[31] & 127) | 64);
    memory_wipe(&chance, sizeof chance);
}

void cast_preshared_key(uint8_t key[static VOLE_KEY_BYTES], const uint8_t seed[static CHANCE_SEED_BYTES])
{
    struct chance chance;

    chance_init(&chance, seed, "preshared key");
    chance_bytes(&chance, key, VOLE_KEY_BYTES);
    memory_wipe(&chance, sizeof chance);
}

struct cast_member *cast_add(struct cast *cast, const char *name, const struct vole_endpoint *address)
{
    struct cast_member *member = &cast->members[cast->member_count];
    struct vole_options options = {.hooks = {member, keep_datagram, keep_delivery, keep_event, draw, NULL},
                                   .staged_bytes = 1 << 20};
    struct vole_time now;

    assert(cast->member_count < CAST_MEMBERS);
    cast->member_count++;
    *member = (struct cast_member){.cast = cast, .name = name, .address = *address};
    chance_init(&member->chance, cast->seed, name);
    cast_private_key(member->private_key, cast->seed, name);
    vole_public_key(member->public_key, member->private_key);
    cast_time(member, &now);
    member->device = had(vole_device_new(&options, &now));
    vole_device_set_mtu(member->device, VOLE_DEFAULT_MTU);
    vole_device_set_private_key(member->device, member->private_key, &now);
    vole_device_up(member->device, &now);
    return member;
}

static void allow(struct vole_peer *peer, const char *allowed)
{
    while (*allowed != '\0') {
        size_t length = strcspn(allowed, ", ");
        struct vole_prefix prefix;
        int error = length == 0 ? 0 : address_read_prefix(&prefix, allowed, length);

        assert(error == 0);
        if (length != 0 && error == 0 && vole_peer_allow(peer, &prefix) != 0)
            (void)had(NULL);
        allowed += length + (allowed[length] != '\0');
    }
}

struct vole_peer *cast_introduce(struct cast_member *at, const struct cast_member *of, const char *allowed,
                                 const uint8_t *preshared, bool knows_where)
{
    struct vole_time now;
    struct vole_peer *peer;

    cast_time(at, &now);
    peer = had(vole_peer_add(at->device, of->public_key, &now, NULL));
    if (preshared != NULL)
        vole_peer_set_preshared_key(peer, preshared);
    if (knows_where)
        vole_peer_set_endpoint(peer, &of->address);
    allow(peer, allowed);
    vole_peer_flush(peer, &now);
    return peer;
}

void cast_add_two(struct cast *cast, struct cast_member **laptop, struct cast_member **server)
{
    uint8_t preshared[VOLE_KEY_BYTES];

    cast_preshared_key(preshared, cast->seed);
    *laptop = cast_add(cast, "laptop", &cast_laptop_address);
    *server = cast_add(cast, "server", &cast_server_address);
    (void)cast_introduce(*laptop, *server, "10.0.0.5/32, fd00::5/128", preshared, true);
    (void)cast_introduce(*server, *laptop, "10.0.0.2/32, fd00::2/128", preshared, false);
    memory_wipe(preshared, sizeof preshared);
}

/* ---- what happens ---- */

void cast_time(const struct cast_member *member, struct vole_time *now)
{
    uint64_t at_ns = member->cast->now_ns;
    uint64_t right_s = CAST_BEGINS_S + at_ns / NS_PER_SECOND;

    *now = (struct vole_time){.monotonic_ns = RUNNING_FOR_NS + at_ns,
                              .boot_ns = RUNNING_FOR_NS + at_ns,
                              .real_s = right_s + (uint64_t)member->clock_wrong_by_s,
                              .real_ns = (uint32_t)(at_ns % NS_PER_SECOND)};
}

uint64_t cast_next_deadline(const struct cast *cast)
{
    uint64_t next = VOLE_NEVER;

    for (size_t i = 0; i < cast->member_count; i++) {
        uint64_t deadline = vole_device_deadline(cast->members[i].device);

        if (deadline < next)
            next = deadline;
    }
    if (next == VOLE_NEVER)
        return VOLE_NEVER;
    return next > RUNNING_FOR_NS ? next - RUNNING_FOR_NS : 0;
}

static void tick_who_is_due(struct cast *cast)
{
    for (size_t i = 0; i < cast->member_count; i++) {
        struct cast_member *member = &cast->members[i];
        struct vole_time now;

        cast_time(member, &now);
        if (vole_device_deadline(member->device) <= now.monotonic_ns)
            vole_device_tick(member->device, &now);
    }
}

void cast_pass_until(struct cast *cast, uint64_t at_ns)
{
    uint64_t next;

    while ((next = cast_next_deadline(cast)) <= at_ns) {
        if (next > cast->now_ns)
            cast->now_ns = next;
        tick_who_is_due(cast);
    }
    if (at_ns > cast->now_ns)
        cast->now_ns = at_ns;
}

void cast_pass(struct cast *cast, uint64_t ns)
{
    cast_pass_until(cast, cast->now_ns + ns);
}

enum vole_outcome cast_send(struct cast_member *member, const uint8_t *packet, size_t length)
{
    struct vole_time now;

    cast_time(member, &now);
    return vole_device_send(member->device, packet, length, &now);
}

enum vole_outcome cast_hand(struct cast_member *to, const uint8_t *bytes, size_t length,
                            const struct vole_endpoint *from)
{
    struct vole_endpoint way = *from;
    struct vole_time now;
    enum vole_outcome outcome;
    uint8_t *copy = copied(bytes, length);

    cast_time(to, &now);
    way.source = to->address.address;
    outcome = vole_device_receive(to->device, copy, length, &way, 0, &now);
    free(copy);
    return outcome;
}

enum vole_outcome cast_hand_datagram(struct cast_member *to, size_t number)
{
    const struct cast_datagram *datagram = &to->cast->wire[number];
    struct vole_endpoint from;

    cast_must(number < to->cast->wire_count);
    from = datagram->from;
    return cast_hand(to, datagram->bytes, datagram->length, &from);
}

size_t cast_hand_all(struct cast *cast, size_t number)
{
    for (; number < cast->wire_count; number++) {
        struct vole_endpoint to = cast->wire[number].to;
        struct cast_member *member = cast_at(cast, &to);

        if (member != NULL)
            (void)cast_hand_datagram(member, number);
    }
    return cast->wire_count;
}

struct cast_member *cast_at(struct cast *cast, const struct vole_endpoint *address)
{
    for (size_t i = 0; i < cast->member_count; i++) {
        const struct vole_endpoint *own = &cast->members[i].address;

        if (own->port == address->port && own->address.family == address->address.family &&
            memcmp(own->address.bytes, address->address.bytes, sizeof own->address.bytes) == 0)
            return &cast->members[i];
    }
    return NULL;
}

const struct cast_member *cast_of_peer(const struct cast *cast, const struct vole_peer *peer)
{
    struct vole_peer_state state;
    const struct cast_member *found = NULL;

    vole_peer_read(peer, &state);
    for (size_t i = 0; i < cast->member_count && found == NULL; i++)
        if (memcmp(cast->members[i].public_key, state.public_key, VOLE_KEY_BYTES) == 0)
            found = &cast->members[i];
    memory_wipe(&state, sizeof state);
    return found;
}
