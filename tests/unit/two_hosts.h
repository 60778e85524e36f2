/* SPDX-License-Identifier: MIT
 *
 * Two hosts, each with a vole_device that knows the other, on a wire in virtual time: what tests of
 * timers, counters and whole handshakes stand on. Uses nothing but vole.h.
 *
 *     two_hosts_start(&hosts);
 *     two_hosts_send(&hosts, 0);                  // stages a packet, an initiation is on the wire
 *     two_hosts_deliver(&hosts);                  // carries everything that is on the wire to its receiver
 *     two_hosts_wait(&hosts, 10 * SECOND);        // lives through ten seconds, timer by timer
 *     assert_int_equal(two_hosts_count(&hosts, 0, TRANSPORT), 2);
 *     two_hosts_stop(&hosts);
 *
 * Host 0 has the inner address 10.0.0.1, host 1 10.0.0.2; outside 192.0.2.1:1001 and 192.0.2.2:1002.
 * Every datagram goes into a log in order of sending. While `connected` (which it is from the start),
 * two_hosts_wait() delivers at once; otherwise datagrams lie until two_hosts_deliver(), unless the sender
 * is `cut`: then they are lost, though still logged. Random bytes come from a generator with a fixed seed,
 * or are scripted.
 */
#ifndef TWO_HOSTS_H
#define TWO_HOSTS_H

#include "vole.h"

#define SECOND      UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)

enum { ANY_MESSAGE, INITIATION, RESPONSE, COOKIE_REPLY, TRANSPORT }; /* the types on the wire */
#define KEEPALIVE_BYTES 32
#define DATAGRAM_BYTES  2048

struct datagram {
    int from;         /* host number */
    uint64_t at_ns;   /* monotonic time of sending */
    bool on_the_wire; /* not yet delivered or lost */
    uint8_t traffic_class;
    struct vole_endpoint to; /* with the source it was asked to leave from */
    size_t length;
    uint8_t bytes[DATAGRAM_BYTES];
};

struct host {
    struct two_hosts *hosts;
    int number;
    struct vole_device *device;
    struct vole_peer *peer; /* the other host, NULL once removed */
    uint8_t private_key[32], public_key[32];
    struct vole_endpoint address; /* as others see it */
    uint8_t inner[4];
    bool cut;       /* what it sends is lost */
    int send_error; /* what its network says to a datagram, 0: taken; refused ones are not logged */
    unsigned refused;
    unsigned delivered; /* inner packets */
    size_t delivered_length;
    uint8_t delivered_packet[DATAGRAM_BYTES]; /* the last */
    struct vole_peer *delivered_from;
    unsigned events[VOLE_EVENT_KEYS_ERASED + 1];
    /* scripted randomness, used up by the next draws of that size; jitter is used for every other 4 bytes */
    const uint8_t *next_ephemeral;
    const uint32_t *next_index;
    const uint32_t *jitter_ns;
};

struct two_hosts {
    struct vole_time now;
    struct host host[2];
    struct datagram *log;
    size_t logged, capacity, forgotten; /* two_hosts_count and _nth look from forgotten on */
    bool connected;
    uint64_t random_state;
};

/* Makes both devices, up, with keys, peers, allowed IPs and endpoints, at monotonic time 1000 s. */
void two_hosts_start(struct two_hosts *hosts);
void two_hosts_stop(struct two_hosts *hosts);
/* As two_hosts_start, then a handshake by host 0, confirmed by a keepalive; the log is forgotten, counters
 * stay. */
void two_hosts_start_with_session(struct two_hosts *hosts);

/* An IPv4 packet of so many bytes (20 at least) from one inner address to another. */
size_t two_hosts_packet(uint8_t *packet, const uint8_t *source, const uint8_t *destination, size_t length);
/* Host `from` sends such a packet of 84 bytes to the other host. */
enum vole_outcome two_hosts_send(struct two_hosts *hosts, int from);
enum vole_outcome two_hosts_send_bytes(struct two_hosts *hosts, int from, size_t length);

/* Delivers what is on the wire, and the answers, until nothing is. Takes no time. */
void two_hosts_deliver(struct two_hosts *hosts);
/* Loses what is on the wire. */
void two_hosts_lose(struct two_hosts *hosts);
/* Hands host `to` a copy of this datagram, as often as wanted, as coming from the sender's address. */
enum vole_outcome two_hosts_receive(struct two_hosts *hosts, int to, const struct datagram *datagram);
enum vole_outcome two_hosts_receive_from(struct two_hosts *hosts, int to, const struct datagram *datagram,
                                         const struct vole_endpoint *from);
/* Lets time pass, ticking each host at each of its deadlines. */
void two_hosts_wait(struct two_hosts *hosts, uint64_t ns);
/* Moves the clocks without a tick. */
void two_hosts_advance(struct two_hosts *hosts, uint64_t ns);

/* Datagrams of a type by a host since the log was last forgotten. ANY_MESSAGE: of all types. */
size_t two_hosts_count(const struct two_hosts *hosts, int from, int type);
/* The nth of them, valid until something is sent. Fails the test if there is none. */
const struct datagram *two_hosts_nth(const struct two_hosts *hosts, int from, int type, size_t n);
const struct datagram *two_hosts_last(const struct two_hosts *hosts, int from, int type);
void two_hosts_forget(struct two_hosts *hosts);
struct vole_peer_state two_hosts_peer(const struct two_hosts *hosts, int host);
void two_hosts_random(struct two_hosts *hosts, uint8_t *bytes, size_t length);

#endif
