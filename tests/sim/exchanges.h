/* SPDX-License-Identifier: MIT
 *
 * The rules about datagrams, as somebody sees them who reads every datagram but has no key: an exchange is an
 * initiation, the response to it, and the session that follows.
 *
 *   spacing       initiations to one peer, and an initiation after an own response, are 5 s apart
 *   jitter        but not exactly 5 s, again and again
 *   answers       a response answers an initiation that was sent to this host, and each only once
 *   no stranger   nothing but cookie replies goes to anybody who is no peer, and those only under load
 *   sessions      data is sent on a session this host knows of, by its responder only after data was received
 *   counters      on each session's direction counters only grow: no (index, counter) is ever used twice
 *   age           nothing is sent or accepted on a session older than 180 s, nor refused on a younger one
 *   void          nothing is sent on a session of before the key changed, or the host was cloned; and neither
 *                 sent nor accepted on one of before it went down or was suspended
 *   thrift        on a calm network nobody initiates while there is a session younger than 120 s, or 180 s if
 *                 it was the responder
 *   rekey         and an initiator who sends does not stay on an older one
 *   last minute   an initiator who receives at 165 s or more has asked for a new one
 *   silence       who sends data and hears nothing for 15.333 s has initiated, or waits for its disk
 *   endpoint      what is sent to a peer goes to where it was last heard from, or was configured to be since
 *   erased        no session is kept 540 s after the last one was derived
 *   size          a datagram is at most MTU + 32 bytes, and handshakes have exactly their size
 *
 * Ages are the world's time, which is what every host's boot clock shows.
 */
#ifndef SIM_EXCHANGES_H
#define SIM_EXCHANGES_H

#include "host.h"

enum message { MESSAGE_NONE, MESSAGE_INITIATION, MESSAGE_RESPONSE, MESSAGE_COOKIE_REPLY, MESSAGE_DATA };
enum { INITIATION_BYTES = 148, RESPONSE_BYTES = 92, COOKIE_REPLY_BYTES = 64, DATA_LEAST_BYTES = 32 };

enum side { SIDE_INITIATOR, SIDE_RESPONDER };

struct exchange {
    unsigned hosts[2];        /* by side */
    uint32_t indices[2];      /* drawn by that side */
    uint64_t birth_ns[2];     /* of the session, as that side has it; 0: not yet */
    uint64_t next_counter[2]; /* that side sends none below */
    uint64_t rekey_due_ns;    /* when its initiator first sent on it at 120 s or more; 0: not yet */
    bool last_minute;         /* its initiator received on it at 165 s or more */
    unsigned memory;          /* of the responder, when it answered */
    bool answered, confirmed;
};

struct exchanges {
    struct exchange *list;
    uint32_t *next; /* chains, by exchange number * 2 + side */
    uint32_t count, capacity;
    uint32_t *chains;                                      /* by host and index */
    uint64_t last_initiation_ns[WORLD_HOSTS][WORLD_HOSTS]; /* 0: none that counts */
    bool has_next[WORLD_HOSTS][WORLD_HOSTS];               /* the first host answered and was not confirmed */
    unsigned exactly_spaced;                               /* initiations exactly 5 s after the one before */
    uint64_t last_response_ns[WORLD_HOSTS][WORLD_HOSTS];
    uint64_t newest_birth_ns[WORLD_HOSTS][WORLD_HOSTS];    /* of any session, as the first host has it */
    uint64_t confirmed_birth_ns[WORLD_HOSTS][WORLD_HOSTS]; /* of the latest, [initiator][responder] */
};

/* What exchanges_arriving() assumed, to be taken back if it did not come true. */
struct exchange_arrival {
    bool known;            /* it belongs to an exchange */
    uint32_t number;       /* which one */
    enum side side;        /* the receiving one */
    bool began, confirmed; /* assumed by this arrival */
};

void exchanges_init(struct exchanges *exchanges);
void exchanges_fini(struct exchanges *exchanges);
enum message exchanges_type(const uint8_t *bytes, size_t length);
/* Judges a datagram a host is about to send. */
void exchanges_sent(struct world *world, struct host *sender, unsigned to, const uint8_t *bytes,
                    size_t length);
/* Around handing a datagram to a device, which may send on the new session before it returns. arrived:
 * whether it was found to be authentic and new, whatever became of its contents. */
struct exchange_arrival exchanges_arriving(struct world *world, struct host *receiver,
                                           const struct datagram *datagram);
bool exchanges_arrived(struct world *world, struct host *receiver, const struct exchange_arrival *arrival,
                       enum message type, enum vole_outcome outcome);
/* Memory was refused meanwhile: whatever the datagram was to begin may not have begun. */
void exchanges_refused(struct world *world, struct exchange_arrival *arrival);
/* A handshake message was queued: what it begins, it will begin later, if at all. */
void exchanges_queued(struct world *world, const struct host *receiver,
                      const struct exchange_arrival *arrival);
/* The device may initiate at once: it went down, got another key, was cloned, or made the peer anew. */
void exchanges_excuse(struct world *world, unsigned host, unsigned other);

#endif
