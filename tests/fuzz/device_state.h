/* SPDX-License-Identifier: MIT
 *
 * What the world of device_world.h consists of: its devices and their books (device_world.c), the network and
 * the inner packets (device_network.c).
 */
#ifndef DEVICE_STATE_H
#define DEVICE_STATE_H

#include "device_world.h"
#include "target.h"

#define WORLD_PACKETS   2000u
#define WORLD_SESSIONS  512u
#define WORLD_ROUTES    64u
#define LOAD_FROM       512u /* handshake messages that wait */
#define LOAD_PER_TICK   64u
#define SESSION_LIFE_NS (180 * WORLD_SECOND)

/* A peer as its device has it. Slot number: other * WORLD_KEYS + key. */
struct world_peer {
    struct vole_peer *peer; /* NULL: none */
    unsigned device, other, key;
    uint32_t places; /* bits: where it may be */
};

/* A session as one side of it sends. */
struct world_session {
    uint32_t index;          /* the receiver's */
    uint64_t birth_ns, next; /* its age; no counter below is used any more */
};

struct world_device {
    struct vole_device *device;
    unsigned number, key, place; /* key WORLD_KEYS: none */
    bool up;
    unsigned memory; /* counts peers that were forgotten */
    struct world_peer slots[WORLD_DEVICES * WORLD_KEYS];
    struct slow_route routes[WORLD_ROUTES]; /* owners are slots */
    size_t route_count;
    uint64_t random;
    uint32_t indices[4]; /* drawn lately, as its handshakes show them */
    unsigned drawn;
    unsigned queued;           /* at most so many handshake messages wait */
    uint64_t surely_loaded_ns; /* when it was under load for certain; 0: never */
    uint64_t loaded_ns;        /* when so many waited last that it is under load; 0: never */
    size_t ticks;
    struct world_session sessions[WORLD_SESSIONS]; /* that it may send on */
    size_t session_count;
};

/* An inner packet on its way. */
struct world_packet {
    unsigned sender, to, source, destination; /* devices; WORLD_NOBODY: it was refused */
    size_t length;
    bool delivered;
};

struct world {
    uint64_t monotonic_ns, boot_ns;
    int64_t wall_s; /* the wall clock less the boot clock */
    struct world_device devices[WORLD_DEVICES];
    struct world_datagram datagrams[WORLD_DATAGRAMS];
    size_t datagram_count;
    struct world_packet packets[WORLD_PACKETS];
    size_t packet_count;
    bool forged_index; /* somebody was told an index that nobody drew: counters say nothing any more */
    bool flooding;
    /* What the device that is called just now may do. */
    const struct vole_endpoint *answering; /* bytes from nobody came from here; NULL: none did */
    size_t delivered;                      /* inner packets, by all devices */
};

extern struct world world;
extern uint8_t world_public_keys[WORLD_DEVICES][WORLD_KEYS][VOLE_KEY_BYTES];

struct vole_time world_time(void);
struct world_peer *world_slot(unsigned device, unsigned other, unsigned key);
/* Lets a device do what is due. */
void world_settle(struct world_device *device);
void world_settle_all(void);
struct vole_endpoint world_endpoint(unsigned place);
/* WORLD_PLACES: no place of this world. */
unsigned world_place(const struct vole_endpoint *endpoint);
bool world_under_load(const struct world_device *device);
/* Queued messages of before count from now on. */
void world_note_load(struct world_device *device);

/* Hooks: context is the struct world_device. */
int network_take(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                 const uint8_t *datagram, size_t length);
void network_deliver(void *context, struct vole_peer *from, const uint8_t *packet, size_t length);
void network_forget(void);

#endif
