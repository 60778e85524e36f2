/* SPDX-License-Identifier: MIT
 *
 * A small world for the device target: three devices that may know each other, a stranger (a device that
 * knows all of them and whom nobody knows), one clock, addresses, and a network that does as it is told.
 *
 * The world keeps books beside the devices and compares:
 *
 *   right peer    an inner packet is delivered once, as it was sent, at the device that its sender's table of
 *                 allowed IPs named, as coming from its sender, from an address which is the sender's just
 * then authentic     nothing is accepted but what a device sent; a stranger's bytes, and a device's that were
 *                 changed, are dropped and answered by nothing but a cookie reply under load
 *   once          nothing is accepted twice, and no data that is older than 180 s
 *   where         datagrams go only to where a peer was configured to be, or came from with something new
 *   sessions      data is sent on sessions that there are, no older than 180 s, no counter twice
 *   down          a device that is down neither sends nor takes
 *   tables        peers, endpoints and allowed IPs are what was configured
 *   progress      a device wants a bounded number of ticks; the network's traffic ends
 *   again         devices that are configured rightly talk again within 40 s, whatever was before
 *
 * All numbers of devices, keys and addresses are taken modulo how many there are, so any input means
 * something. One world at a time, in one thread. Whatever does not hold ends the process.
 */
#ifndef DEVICE_WORLD_H
#define DEVICE_WORLD_H

#include "slow_inner.h"

#include "vole.h"

#define WORLD_DEVICES   4u /* the last one is the stranger */
#define WORLD_STRANGER  3u
#define WORLD_KEYS      2u /* private keys that a device may have */
#define WORLD_PLACES    16u
#define WORLD_FLOOD     15u /* a place where nobody is */
#define WORLD_INSIDE    12u /* inner addresses */
#define WORLD_PREFIXES  16u
#define WORLD_DATAGRAMS 3000u
#define WORLD_SECOND    UINT64_C(1000000000)
#define WORLD_NOBODY    UINT32_MAX

/* What went over the network. */
struct world_datagram {
    uint8_t *bytes;
    size_t length;
    unsigned sender, from; /* device, place */
    struct vole_endpoint to;
    bool under_way;
    uint64_t sent_ns;
    unsigned accepted[WORLD_DEVICES]; /* by each device: its memory then + 1; 0: not for certain */
};

void world_begin(void);
void world_end(void);
/* Compares all books. */
void world_check(void);
/* No more room in the books: the input had better end. */
bool world_full(void);

/* ---- time and network ---- */

/* Lets time pass; connected: whatever is sent arrives at once. */
void world_pass(uint64_t ns, bool connected);
void world_sleep(uint64_t ns);
void world_set_wall_clock(int64_t difference_s);
/* Everything under way arrives, in order of sending or the other way round; or is lost. */
void world_deliver(bool reversed);
void world_lose(void);
/* The nth last datagram; NULL: there is none. */
const struct world_datagram *world_recall(unsigned back);
/* The device that is at this endpoint; WORLD_NOBODY. */
unsigned world_whose(const struct vole_endpoint *place);
/* Hands a device bytes from a place, at once or by its queue. */
void world_inject(unsigned device, const uint8_t *bytes, size_t length, unsigned place, bool queue);
/* More handshake messages than a device works off calmly, from nobody, with what only needs its public key.
 */
void world_flood(unsigned device, unsigned count);
/* Writes the macs that somebody can who knows nothing but the device's public key. */
void world_sign(unsigned device, uint8_t *message, size_t length);
/* An index that the device has drawn lately. */
uint32_t world_index(unsigned device, unsigned back);

/* ---- devices ---- */

/* Hands a device an inner packet with such addresses. */
void world_send(unsigned device, unsigned source, unsigned destination, size_t length);
void world_move(unsigned device, unsigned place);
void world_set_up(unsigned device, bool up);
void world_suspend(unsigned device);
void world_clone(unsigned device);
void world_forget_sources(unsigned device);
void world_set_mtu(unsigned device, uint32_t mtu);
/* key WORLD_KEYS: none. */
void world_set_key(unsigned device, unsigned key);

/* ---- peers: whose they are, and with which of his keys ---- */

void world_add_peer(unsigned device, unsigned other, unsigned key);
void world_remove_peer(unsigned device, unsigned other, unsigned key);
void world_set_preshared_key(unsigned device, unsigned other, unsigned key, uint8_t preshared);
void world_set_endpoint(unsigned device, unsigned other, unsigned key, unsigned place);
void world_set_keepalive(unsigned device, unsigned other, unsigned key, uint16_t seconds);
void world_allow(unsigned device, unsigned other, unsigned key, unsigned prefix);
void world_disallow(unsigned device, unsigned other, unsigned key, unsigned prefix);
void world_disallow_all(unsigned device, unsigned other, unsigned key);
void world_handshake(unsigned device, unsigned other, unsigned key);
void world_flush(unsigned device, unsigned other, unsigned key);

/* Everybody is configured rightly; then everybody hears the others. */
void world_recover(void);

#endif
