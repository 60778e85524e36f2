/* SPDX-License-Identifier: MIT
 *
 * A host: one vole_device, its clocks, its address, its acquaintances, and what its owner may do with it.
 *
 * Clocks: boot runs with the world; monotonic stands still while the host is asleep; both start at some
 * random reading. After every call the device is ticked as its deadline demands, and asked again.
 * The host keeps its own books (bytes, what was asked of the device) to compare with the device's.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "disk.h"
#include "random.h"

#include <vole.h>

#define WORLD_HOSTS 65u /* one of them for the stranger */

struct world;
struct datagram;

/* What this host knows of another one, indexed by the other's number. */
struct acquaintance {
    struct vole_peer *peer; /* NULL: none */
    uint8_t preshared_key[VOLE_KEY_BYTES];
    uint16_t keepalive_s;
    bool knows_address; /* configured with an endpoint, else it waits to be spoken to */
    bool denied;        /* it has no allowed IPs just now */
    struct vole_endpoint heard_from, hears_from; /* where it last spoke from; and maybe does just now */
    bool heard_unsure;                           /* a queued handshake may have come from elsewhere */
    uint64_t unanswered_ns; /* when it first sent data since it last heard anything; 0: not since */
    unsigned memory;        /* counts how often the peer was made anew: replays of before may pass */
    uint64_t sent_bytes;    /* what the device's counters must read */
    uint64_t received_least_bytes;
    uint64_t received_most_bytes; /* handshakes that were queued may or may not have been accepted */
};

struct host {
    struct world *world;
    unsigned number;
    char name[12];
    struct vole_device *device;
    struct random_source random; /* hooks.random */
    struct disk disk;            /* hooks.reserve */
    int64_t clock_wrong_s;       /* its wall clock, less the world's */
    uint8_t private_key[VOLE_KEY_BYTES], public_key[VOLE_KEY_BYTES];
    struct vole_endpoint address; /* where it can be reached now */
    unsigned moves;               /* how often that changed: part of the address */
    struct acquaintance acquaintances[WORLD_HOSTS];
    uint32_t mtu;

    bool up, awake;
    bool network_fails;                      /* every send is refused */
    bool busy;                               /* handshakes are queued instead of worked on */
    uint64_t flooded_ns;                     /* when it was last under a flood; 0: never */
    uint64_t no_sending_ns, no_receiving_ns; /* on sessions born before */
    uint64_t monotonic_start_ns, boot_start_ns, slept_ns, asleep_since_ns;

    uint64_t second; /* the world's, for the two below */
    uint64_t ticks_this_second, calls_this_second;
};

void host_init(struct host *host, struct world *world, unsigned number);
void host_fini(struct host *host);
struct vole_time host_time(const struct host *host);
/* Makes the other a peer with one IPv4 and one IPv6 address. */
void host_meet(struct host *host, const struct host *other, bool knows_address, uint16_t keepalive_s,
               const uint8_t preshared_key[VOLE_KEY_BYTES]);
/* Takes the other's allowed IPs away, and gives them back. */
void host_deny(struct host *host, const struct host *other);
void host_allow(struct host *host, const struct host *other);
void host_set_keepalive(struct host *host, const struct host *other, uint16_t seconds);
/* Removes the other. */
void host_part(struct host *host, const struct host *other);
/* Removes the other and makes it anew with its present key and the same configuration. While memory is scarce
 * this may be refused: then there is no such peer. */
void host_meet_again(struct host *host, const struct host *other);
void host_set_key(struct host *host, const uint8_t private_key[VOLE_KEY_BYTES]);
/* Takes the private key away, and gives it back. */
void host_set_key_again(struct host *host);
void host_set_preshared_key(struct host *host, const struct host *other, const uint8_t key[VOLE_KEY_BYTES]);
void host_up(struct host *host);
void host_down(struct host *host);
/* suspend: tell the device, as the kernel does before the machine sleeps. */
void host_sleep(struct host *host, bool suspend);
void host_wake(struct host *host);
void host_clone(struct host *host);
/* Its process ends, in order or not, and begins anew with the same configuration. */
void host_begin_anew(struct host *host, bool orderly);
/* Takes a new address, of either family. */
void host_move(struct host *host);

/* Hands the device an inner packet, a datagram, a datagram to queue. */
enum vole_outcome host_send(struct host *host, const uint8_t *packet, size_t length);
enum vole_outcome host_receive(struct host *host, struct datagram *datagram);
bool host_queue(struct host *host, const struct datagram *datagram);
/* In the world's time, when the device wants to be ticked; UINT64_MAX: never, or asleep. */
uint64_t host_deadline(const struct host *host);
/* Ticks the device until it wants nothing more at this moment. */
void host_settle(struct host *host);
/* Compares the device's counters and endpoints with the host's books. */
void host_audit(struct host *host);

#endif
