/* SPDX-License-Identifier: MIT
 *
 * The devices, how they are configured, and time.
 */
#include "device_state.h"

#define MOST_TICKS 2000u /* of one device at one moment, or in one stretch of time */

struct world world;
uint8_t world_public_keys[WORLD_DEVICES][WORLD_KEYS][VOLE_KEY_BYTES];

static const struct vole_prefix prefixes[WORLD_PREFIXES] = {
    {{4, {10, 0, 0, 1}}, 32},
    {{4, {10, 0, 0, 2}}, 32},
    {{4, {10, 0, 0, 3}}, 32},
    {{4, {10, 0, 0, 9}}, 30}, /* host bits do not count */
    {{4, {10, 1, 0, 0}}, 16},
    {{4, {10, 1, 1, 0}}, 24},
    {{4, {10}}, 8},
    {{4, {0}}, 0},
    {{6, {0xfd, [15] = 1}}, 128},
    {{6, {0xfd, [15] = 2}}, 128},
    {{6, {0xfd, [15] = 3}}, 128},
    {{6, {0xfd}}, 64},
    {{6, {0xfd, 0, 0, 1}}, 32},
    {{6, {0xfd, 0, 0, 1, 0, 1, 0xff}}, 48},
    {{6, {0xfd}}, 16},
    {{6, {0}}, 0},
};

static void fill_key(uint8_t key[static VOLE_KEY_BYTES], unsigned device, unsigned number)
{
    for (unsigned i = 0; i < VOLE_KEY_BYTES; i++)
        key[i] = (uint8_t)(device * 50 + number * 7 + i * 3 + 1);
}

struct vole_time world_time(void)
{
    int64_t wall_s = (int64_t)(world.boot_ns / WORLD_SECOND) + world.wall_s;

    return (struct vole_time){world.monotonic_ns, world.boot_ns, (uint64_t)(wall_s > 1 ? wall_s : 1),
                              (uint32_t)(world.boot_ns % WORLD_SECOND)};
}

struct vole_endpoint world_endpoint(unsigned place)
{
    uint8_t number = (uint8_t)(place + 1);
    struct vole_endpoint endpoint = {.port = (uint16_t)(1000 + place)};

    if (place % 2 == 0)
        endpoint.address = (struct vole_address){4, {192, 0, 2, number}};
    else
        endpoint.address = (struct vole_address){6, {0x20, 0x01, 0x0d, 0xb8, [15] = number}};
    return endpoint;
}

unsigned world_place(const struct vole_endpoint *endpoint)
{
    for (unsigned place = 0; place < WORLD_PLACES; place++) {
        struct vole_endpoint there = world_endpoint(place);

        if (memcmp(&there.address, &endpoint->address, sizeof there.address) == 0 &&
            there.port == endpoint->port)
            return place;
    }
    return WORLD_PLACES;
}

struct world_peer *world_slot(unsigned device, unsigned other, unsigned key)
{
    return &world.devices[device % WORLD_DEVICES]
                .slots[other % WORLD_DEVICES * WORLD_KEYS + key % WORLD_KEYS];
}

static unsigned slot_number(const struct world_peer *slot)
{
    return slot->other * WORLD_KEYS + slot->key;
}

/* ---- hooks ---- */

static void take_event(void *context, const struct vole_event *event)
{
    const struct world_device *device = context;
    const struct world_peer *slot = vole_peer_context(event->peer);

    target_hold(slot != NULL && slot->peer == event->peer && slot->device == device->number,
                "events are about peers");
    target_hold(world.answering == NULL, "nobody's bytes are no event");
}

static void draw(void *context, uint8_t *bytes, size_t length)
{
    struct world_device *device = context;

    for (size_t i = 0; i < length; i++) {
        device->random = device->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (uint8_t)(device->random >> 56);
    }
}

/* ---- load and time ---- */

bool world_under_load(const struct world_device *device)
{
    return device->loaded_ns != 0 && device->loaded_ns + WORLD_SECOND > world.boot_ns;
}

/* A message at hand counts as one that waits. */
void world_note_load(struct world_device *device)
{
    if (device->queued + 1 >= LOAD_FROM)
        device->loaded_ns = world.boot_ns;
}

void world_settle(struct world_device *device)
{
    struct vole_time now = world_time();
    size_t ticks = 0;

    while (vole_device_deadline(device->device) <= world.monotonic_ns) {
        target_hold(ticks++ < MOST_TICKS, "a device has enough of ticks at one moment");
        world_note_load(device);
        if (device->queued >= LOAD_FROM && device->key < WORLD_KEYS)
            device->surely_loaded_ns = world.boot_ns;
        vole_device_tick(device->device, &now);
        device->queued -= device->queued < LOAD_PER_TICK ? device->queued : LOAD_PER_TICK;
        device->ticks++;
    }
}

void world_settle_all(void)
{
    for (unsigned i = 0; i < WORLD_DEVICES; i++)
        world_settle(&world.devices[i]);
}

void world_pass(uint64_t ns, bool connected)
{
    uint64_t end_ns = world.monotonic_ns + ns;

    for (size_t steps = 0;; steps++) {
        uint64_t next_ns = end_ns;

        if (connected)
            world_deliver(false);
        for (unsigned i = 0; i < WORLD_DEVICES; i++) {
            uint64_t deadline_ns = vole_device_deadline(world.devices[i].device);

            next_ns = deadline_ns < next_ns ? deadline_ns : next_ns;
        }
        target_hold(next_ns >= world.monotonic_ns && steps < MOST_TICKS, "time goes on");
        if (world.monotonic_ns == end_ns)
            return;
        world.boot_ns += next_ns - world.monotonic_ns;
        world.monotonic_ns = next_ns;
        world_settle_all();
    }
}

void world_sleep(uint64_t ns)
{
    world.boot_ns += ns;
    world_settle_all();
}

void world_set_wall_clock(int64_t difference_s)
{
    world.wall_s = difference_s;
}

/* ---- devices ---- */

static void forget_routes(struct world_device *device, unsigned slot)
{
    size_t kept = 0;

    for (size_t i = 0; i < device->route_count; i++)
        if (device->routes[i].owner != (int)slot)
            device->routes[kept++] = device->routes[i];
    device->route_count = kept;
}

static void forget_peer(struct world_peer *slot)
{
    slot->peer = NULL;
    slot->places = 0;
    world.devices[slot->device].memory++;
    forget_routes(&world.devices[slot->device], slot_number(slot));
}

void world_set_key(unsigned device, unsigned key)
{
    struct world_device *ours = &world.devices[device % WORLD_DEVICES];
    struct vole_time now = world_time();
    uint8_t private_key[VOLE_KEY_BYTES] = {0};

    ours->key = key % (WORLD_KEYS + 1);
    if (ours->key < WORLD_KEYS) {
        fill_key(private_key, ours->number, ours->key);
        if (ours->slots[ours->number * WORLD_KEYS + ours->key].peer != NULL)
            forget_peer(&ours->slots[ours->number * WORLD_KEYS + ours->key]);
    }
    vole_device_set_private_key(ours->device, private_key, &now);
    world_settle(ours);
}

void world_set_up(unsigned device, bool up)
{
    struct world_device *ours = &world.devices[device % WORLD_DEVICES];
    struct vole_time now = world_time();

    ours->up = up;
    if (up)
        vole_device_up(ours->device, &now);
    else
        vole_device_down(ours->device, &now);
    if (!up)
        ours->queued = 0;
    world_settle(ours);
}

void world_suspend(unsigned device)
{
    vole_device_suspend(world.devices[device % WORLD_DEVICES].device);
}

void world_clone(unsigned device)
{
    vole_device_cloned(world.devices[device % WORLD_DEVICES].device);
}

void world_forget_sources(unsigned device)
{
    vole_device_forget_sources(world.devices[device % WORLD_DEVICES].device);
}

void world_set_mtu(unsigned device, uint32_t mtu)
{
    vole_device_set_mtu(world.devices[device % WORLD_DEVICES].device, mtu);
}

void world_move(unsigned device, unsigned place)
{
    place %= WORLD_FLOOD;
    for (unsigned i = 0; i < WORLD_DEVICES; i++)
        if (world.devices[i].place == place)
            return;
    world.devices[device % WORLD_DEVICES].place = place;
}

/* ---- peers ---- */

void world_add_peer(unsigned device, unsigned other, unsigned key)
{
    struct world_peer *slot = world_slot(device, other, key);
    struct world_device *ours = &world.devices[slot->device];
    struct vole_time now = world_time();
    int error = 1;

    slot->peer = vole_peer_add(ours->device, world_public_keys[slot->other][slot->key], &now, &error);
    target_hold(error == 0, "there is memory");
    target_hold((slot->peer == NULL) ==
                    (slot->other == ours->number && slot->key == ours->key && ours->number != WORLD_STRANGER),
                "only a device itself is not its peer");
    if (slot->peer != NULL)
        vole_peer_set_context(slot->peer, slot);
    world_settle(ours);
}

void world_remove_peer(unsigned device, unsigned other, unsigned key)
{
    struct world_peer *slot = world_slot(device, other, key);

    if (slot->peer == NULL)
        return;
    vole_peer_remove(slot->peer);
    forget_peer(slot);
}

void world_set_preshared_key(unsigned device, unsigned other, unsigned key, uint8_t preshared)
{
    struct world_peer *slot = world_slot(device, other, key);
    uint8_t bytes[VOLE_KEY_BYTES] = {preshared};

    if (slot->peer != NULL)
        vole_peer_set_preshared_key(slot->peer, bytes);
}

void world_set_endpoint(unsigned device, unsigned other, unsigned key, unsigned place)
{
    struct world_peer *slot = world_slot(device, other, key);
    struct vole_endpoint endpoint = world_endpoint(place % WORLD_PLACES);

    if (slot->peer == NULL)
        return;
    slot->places |= 1u << place % WORLD_PLACES;
    vole_peer_set_endpoint(slot->peer, &endpoint);
}

void world_set_keepalive(unsigned device, unsigned other, unsigned key, uint16_t seconds)
{
    struct world_peer *slot = world_slot(device, other, key);
    struct vole_time now = world_time();

    if (slot->peer == NULL)
        return;
    vole_peer_set_persistent_keepalive(slot->peer, seconds, &now);
    world_settle(&world.devices[slot->device]);
}

static void forget_route(struct world_device *device, const struct vole_prefix *prefix)
{
    size_t kept = 0;

    for (size_t i = 0; i < device->route_count; i++)
        if (!slow_prefix_equal(&device->routes[i].prefix, prefix))
            device->routes[kept++] = device->routes[i];
    device->route_count = kept;
}

void world_allow(unsigned device, unsigned other, unsigned key, unsigned prefix)
{
    struct world_peer *slot = world_slot(device, other, key);
    struct world_device *ours = &world.devices[slot->device];
    const struct vole_prefix *wanted = &prefixes[prefix % WORLD_PREFIXES];

    if (slot->peer == NULL)
        return;
    forget_route(ours, wanted);
    ours->routes[ours->route_count++] = (struct slow_route){*wanted, (int)slot_number(slot)};
    target_hold(vole_peer_allow(slot->peer, wanted) == 0, "there is memory");
}

void world_disallow(unsigned device, unsigned other, unsigned key, unsigned prefix)
{
    struct world_peer *slot = world_slot(device, other, key);
    struct world_device *ours = &world.devices[slot->device];
    const struct vole_prefix *wanted = &prefixes[prefix % WORLD_PREFIXES];

    if (slot->peer == NULL)
        return;
    for (size_t i = 0; i < ours->route_count; i++)
        if (ours->routes[i].owner == (int)slot_number(slot) &&
            slow_prefix_equal(&ours->routes[i].prefix, wanted)) {
            forget_route(ours, wanted);
            break;
        }
    target_hold(vole_peer_disallow(slot->peer, wanted) == 0, "there is memory");
}

void world_disallow_all(unsigned device, unsigned other, unsigned key)
{
    struct world_peer *slot = world_slot(device, other, key);

    if (slot->peer == NULL)
        return;
    vole_peer_disallow_all(slot->peer);
    forget_routes(&world.devices[slot->device], slot_number(slot));
}

void world_handshake(unsigned device, unsigned other, unsigned key)
{
    struct world_peer *slot = world_slot(device, other, key);
    struct vole_time now = world_time();

    if (slot->peer == NULL)
        return;
    vole_peer_handshake(slot->peer, &now);
    world_settle(&world.devices[slot->device]);
}

void world_flush(unsigned device, unsigned other, unsigned key)
{
    struct world_peer *slot = world_slot(device, other, key);
    struct vole_time now = world_time();

    if (slot->peer == NULL)
        return;
    vole_peer_flush(slot->peer, &now);
    world_settle(&world.devices[slot->device]);
}

/* ---- books ---- */

static void check_peer(const struct world_device *device, const struct world_peer *slot)
{
    struct vole_prefix allowed[WORLD_ROUTES];
    struct vole_peer_state state;
    size_t count = vole_peer_allowed(slot->peer, allowed, WORLD_ROUTES), found = 0;

    target_hold(vole_peer_find(device->device, world_public_keys[slot->other][slot->key]) == slot->peer,
                "a peer is found");
    vole_peer_read(slot->peer, &state);
    target_hold(!state.has_endpoint || (slot->places >> world_place(&state.endpoint) & 1u) != 0,
                "a peer is where it was configured or heard");
    target_hold(state.has_endpoint == (slot->places != 0) || !state.has_endpoint, "a peer is nowhere else");
    target_hold(!state.has_session || device->up, "a device that is down has no session");
    for (size_t i = 0; i < device->route_count; i++)
        if (device->routes[i].owner == (int)slot_number(slot)) {
            target_hold(found < count && slow_prefix_equal(&device->routes[i].prefix, &allowed[found]),
                        "a peer has the allowed IPs that it was given");
            found++;
        }
    target_hold(found == count, "a peer has no other allowed IPs");
}

void world_check(void)
{
    for (unsigned i = 0; i < WORLD_DEVICES; i++) {
        const struct world_device *device = &world.devices[i];
        size_t peers = 0;

        for (unsigned slot = 0; slot < WORLD_DEVICES * WORLD_KEYS; slot++)
            if (device->slots[slot].peer != NULL) {
                check_peer(device, &device->slots[slot]);
                peers++;
            }
        target_hold(vole_peer_count(device->device) == peers, "there are no other peers");
    }
}

/* ---- beginning and end ---- */

static void make_device(unsigned number)
{
    struct world_device *device = &world.devices[number];
    struct vole_options options = {.hooks = {.context = device,
                                             .send = network_take,
                                             .deliver = network_deliver,
                                             .event = take_event,
                                             .random = draw},
                                   .staged_bytes = 65536};
    struct vole_time now = world_time();

    device->number = device->place = number;
    device->random = number + 1;
    for (unsigned i = 0; i < WORLD_DEVICES * WORLD_KEYS; i++) {
        device->slots[i].device = number;
        device->slots[i].other = i / WORLD_KEYS;
        device->slots[i].key = i % WORLD_KEYS;
    }
    device->device = vole_device_new(&options, &now);
    target_hold(device->device != NULL, "there is memory");
}

/* The stranger's keys, as the others might have them for peers, are such that nobody can shake hands with. */
static void make_public_keys(void)
{
    for (unsigned device = 0; device < WORLD_DEVICES; device++)
        for (unsigned key = 0; key < WORLD_KEYS; key++) {
            uint8_t private_key[VOLE_KEY_BYTES];

            fill_key(private_key, device, key);
            vole_public_key(world_public_keys[device][key], private_key);
        }
    memset(world_public_keys[WORLD_STRANGER], 0, sizeof world_public_keys[WORLD_STRANGER]);
    world_public_keys[WORLD_STRANGER][1][0] = 1;
}

static void make_friends(unsigned device, unsigned other)
{
    world_add_peer(device, other, 0);
    world_allow(device, other, 0, other);
    world_allow(device, other, 0, other + 8);
}

void world_begin(void)
{
    if (world_public_keys[0][0][0] == 0 && world_public_keys[0][0][1] == 0)
        make_public_keys();
    memset(&world, 0, sizeof world);
    world.monotonic_ns = 1000 * WORLD_SECOND;
    world.boot_ns = 2000 * WORLD_SECOND;
    world.wall_s = 1700000000;
    for (unsigned i = 0; i < WORLD_DEVICES; i++) {
        make_device(i);
        world_set_key(i, 0);
        world_set_up(i, true);
    }
    for (unsigned i = 0; i < WORLD_DEVICES; i++)
        for (unsigned other = 0; other < WORLD_STRANGER; other++)
            if (i != other) {
                make_friends(i, other);
                if (i == 0 || other == 0 || i == WORLD_STRANGER)
                    world_set_endpoint(i, other, 0, other);
            }
}

void world_end(void)
{
    for (unsigned i = 0; i < WORLD_DEVICES; i++)
        vole_device_free(world.devices[i].device);
    network_forget();
}

/* ---- again ---- */

static void configure_rightly(unsigned device)
{
    world_set_key(device, 0);
    world_set_mtu(device, VOLE_DEFAULT_MTU);
    world_set_up(device, true);
    for (unsigned other = 0; other < WORLD_DEVICES; other++)
        for (unsigned key = 0; key < WORLD_KEYS; key++)
            if (other == device || other == WORLD_STRANGER || key != 0)
                world_remove_peer(device, other, key);
    for (unsigned other = 0; other < WORLD_STRANGER; other++) {
        if (other == device)
            continue;
        world_add_peer(device, other, 0);
        world_disallow_all(device, other, 0);
        world_set_preshared_key(device, other, 0, 0);
        world_set_keepalive(device, other, 0, 0);
    }
    for (unsigned other = 0; other < WORLD_STRANGER; other++) {
        if (other == device)
            continue;
        make_friends(device, other);
        world_set_endpoint(device, other, 0, world.devices[other].place);
        world_flush(device, other, 0);
    }
}

/* The wall clock goes where nobody's timestamps were. */
void world_recover(void)
{
    unsigned rounds = 40;
    size_t first = 0;

    world_lose();
    world_set_wall_clock(2000000000);
    for (unsigned device = 0; device < WORLD_STRANGER; device++)
        configure_rightly(device);
    while (rounds-- > 0 && !world_full()) {
        first = world.packet_count;
        for (unsigned device = 0; device < WORLD_STRANGER; device++) {
            for (unsigned other = 0; other < WORLD_STRANGER; other++)
                if (device != other)
                    world_send(device, device, other, 100);
            world_pass(WORLD_SECOND / 3, true); /* at once, their initiations would cross again and again */
        }
    }
    for (size_t i = first; i < world.packet_count && !world_full(); i++)
        target_hold(world.packets[i].delivered, "who is configured rightly is heard again");
}
