/* SPDX-License-Identifier: MIT
 *
 * The people of the story and the world between them: real devices of libvole in virtual time, on a network
 * that hands nothing over by itself. What a member sends lies on the wire, whole and for good, until an act
 * hands it, or a spoilt copy of it, to somebody.
 *
 * Each member has a device, a key pair drawn from the seed and its name (so it is the same in every act), an
 * address, and a wall clock that may be set wrong. What happens to members is kept as it happens: datagrams
 * sent, packets delivered, events. Nothing here interprets it.
 *
 * One thread. Whoever has no memory ends (explain/value.h). Times are nanoseconds since the story began,
 * which is 2026-01-01 00:00:00 UTC on the members' wall clocks.
 */
#ifndef EXPLAIN_CAST_H
#define EXPLAIN_CAST_H

#include "explain/chance.h"
#include "vole.h"

#define CAST_BEGINS_S UINT64_C(1767225600)
#define CAST_MEMBERS  12

struct cast;

struct cast_member {
    struct cast *cast;
    const char *name; /* borrowed */
    struct vole_device *device;
    struct vole_endpoint address; /* where it is now; an act may change it */
    uint8_t private_key[VOLE_KEY_BYTES], public_key[VOLE_KEY_BYTES];
    int64_t clock_wrong_by_s; /* added to its wall clock */
    struct chance chance;     /* its device's */
};

/* A datagram that was sent. */
struct cast_datagram {
    uint64_t at_ns;
    const struct cast_member *sender;
    struct vole_endpoint from, to; /* from: where the sender was */
    uint8_t traffic_class;
    uint8_t *bytes;
    size_t length;
};

/* An inner packet that a member's device let through. */
struct cast_delivery {
    uint64_t at_ns;
    const struct cast_member *member;
    const struct cast_member *peer; /* whose packet it was */
    uint8_t *bytes;
    size_t length;
};

struct cast_event {
    uint64_t at_ns;
    const struct cast_member *member, *peer;
    enum vole_event_kind kind;
};

struct cast {
    const uint8_t *seed; /* borrowed */
    uint64_t now_ns;
    struct cast_member members[CAST_MEMBERS];
    size_t member_count;
    struct cast_datagram *wire; /* all that was ever sent, in order */
    size_t wire_count, wire_capacity;
    struct cast_delivery *deliveries;
    size_t delivery_count, delivery_capacity;
    struct cast_event *events;
    size_t event_count, event_capacity;
};

/* ---- the usual members (the same addresses in all acts) ---- */

extern const struct vole_endpoint cast_laptop_address;   /* 198.51.100.7:50123 */
extern const struct vole_endpoint cast_roamed_address;   /* 192.0.2.44:41414 */
extern const struct vole_endpoint cast_server_address;   /* 203.0.113.5:51820 */
extern const struct vole_endpoint cast_stranger_address; /* 192.0.2.66:40000 */

/* ---- life cycle ---- */

void cast_init(struct cast *cast, const uint8_t seed[static CHANCE_SEED_BYTES]);
/* Wipes and frees all. */
void cast_fini(struct cast *cast);
/* A member with a device that is up, without peers. cast and name must stay where they are. */
struct cast_member *cast_add(struct cast *cast, const char *name, const struct vole_endpoint *address);
/* The private key that a member of this name has. Not secret to who has the seed. */
void cast_private_key(uint8_t key[static VOLE_KEY_BYTES], const uint8_t seed[static CHANCE_SEED_BYTES],
                      const char *name);
/* The preshared key of the story. */
void cast_preshared_key(uint8_t key[static VOLE_KEY_BYTES], const uint8_t seed[static CHANCE_SEED_BYTES]);
/* Makes `of` a peer at `at`: allowed is a list of prefixes ("10.0.0.5/32, fd00::5/128", or "" ), preshared
 * NULL for none; its endpoint is known if knows_where. */
struct vole_peer *cast_introduce(struct cast_member *at, const struct cast_member *of, const char *allowed,
                                 const uint8_t *preshared, bool knows_where);
/* laptop and server with each other as peers: 10.0.0.2 and fd00::2 there, 10.0.0.5 and fd00::5 here, the
 * story's preshared key; only the laptop knows where the other is. */
void cast_add_two(struct cast *cast, struct cast_member **laptop, struct cast_member **server);

/* ---- what happens ---- */

/* Ends the program, in words, if what always happens did not: devices do all but that without memory. */
void cast_must(bool went);

/* A member's clocks. */
void cast_time(const struct cast_member *member, struct vole_time *now);
/* Lets time go on by ns, or until that moment; each device is ticked at each of its deadlines. What is sent
 * meanwhile stays on the wire. */
void cast_pass(struct cast *cast, uint64_t ns);
void cast_pass_until(struct cast *cast, uint64_t at_ns);
/* The earliest deadline of all members as story time, VOLE_NEVER if there is none. */
uint64_t cast_next_deadline(const struct cast *cast);
/* An application of the member sends this inner packet. */
enum vole_outcome cast_send(struct cast_member *member, const uint8_t *packet, size_t length);
/* Hands a copy of these bytes to the member, as if from there. The reason of a drop:
 * vole_device_last_drop(member->device). */
enum vole_outcome cast_hand(struct cast_member *to, const uint8_t *bytes, size_t length,
                            const struct vole_endpoint *from);
/* The same with what lies on the wire, unchanged, from where it was sent. */
enum vole_outcome cast_hand_datagram(struct cast_member *to, size_t number);
/* Hands all that was sent since number (0: the beginning) to whom it was sent to, and what they answer, until
 * nothing is left; what goes to nobody's address is lost. Returns the wire's new count. */
size_t cast_hand_all(struct cast *cast, size_t number);
/* The member who is at this address, or NULL. */
struct cast_member *cast_at(struct cast *cast, const struct vole_endpoint *address);
/* The member with this device's peer's key, or NULL. */
const struct cast_member *cast_of_peer(const struct cast *cast, const struct vole_peer *peer);

#endif
