/* SPDX-License-Identifier: MIT
 *
 * Noise_IKpsk2 as WireGuard uses it (protocol §4): four messages steps over fixed arrays. Knows nothing of
 * peers, sockets, time or memory: keys, random bytes, timestamps and indices come in as arguments.
 * Functions that fail change nothing but their scratch, so a forged message never disturbs a pending
 * handshake. mac1 and mac2 are not written or checked here (cookie.h).
 */
#ifndef CORE_HANDSHAKE_H
#define CORE_HANDSHAKE_H

#include "core/messages.h"
#include "vole.h"

enum handshake_state {
    HANDSHAKE_ZEROED,
    HANDSHAKE_CREATED_INITIATION,
    HANDSHAKE_CONSUMED_INITIATION,
    HANDSHAKE_CREATED_RESPONSE,
    HANDSHAKE_CONSUMED_RESPONSE
};

/* Our own static key pair. Secret. */
struct identity {
    bool present;
    uint8_t private_key[32];
    uint8_t public_key[32];
};

/* What we know of the other side before a handshake. Secret but for the first. */
struct remote_keys {
    uint8_t public_key[32];
    uint8_t preshared_key[32]; /* zeros: none */
    uint8_t static_static[32]; /* DH of both static keys */
};

/* One handshake in progress. Secret; wiped by handshake_wipe. */
struct handshake {
    enum handshake_state state;
    uint32_t remote_index;
    uint8_t chaining_key[32]; /* C */
    uint8_t hash[32];         /* H */
    uint8_t ephemeral_private[32];
    uint8_t remote_ephemeral[32];
};

/* An initiation half read: the sender's static key is known, the peer must now be found. Secret. */
struct initiation_read {
    uint8_t chaining_key[32];
    uint8_t hash[32];
    uint8_t remote_ephemeral[32];
    uint8_t remote_static[32];
    uint32_t remote_index;
};

enum handshake_result {
    HANDSHAKE_OK,
    HANDSHAKE_ZERO_SECRET, /* a Diffie-Hellman gave zero */
    HANDSHAKE_UNREADABLE   /* an authentication tag was wrong */
};

/* §4.1. ephemeral: 32 random bytes. Writes all of message but the macs; state becomes CREATED_INITIATION. */
VOLE_MUST_CHECK enum handshake_result handshake_create_initiation(
    struct handshake *handshake, const struct identity *identity, const struct remote_keys *remote,
    const uint8_t ephemeral[static 32], const uint8_t timestamp[static TIMESTAMP_BYTES],
    uint32_t sender_index, uint8_t message[static INITIATION_BYTES]);
/* §4.2 steps 5-6: up to the sender's static key. */
VOLE_MUST_CHECK enum handshake_result handshake_read_initiation(
    struct initiation_read *read, const struct identity *identity,
    const uint8_t message[static INITIATION_BYTES]);
/* §4.2 steps 8-9: the timestamp, which the caller must compare before it commits. read goes on to be used. */
VOLE_MUST_CHECK enum handshake_result handshake_read_timestamp(struct initiation_read *read,
                                                               const struct remote_keys *remote,
                                                               const uint8_t message[static INITIATION_BYTES],
                                                               uint8_t timestamp[static TIMESTAMP_BYTES]);
/* Overwrites the handshake with what was read; state becomes CONSUMED_INITIATION. */
void handshake_commit_initiation(struct handshake *handshake, const struct initiation_read *read);
/* §4.3. Writes all of message but the macs; state becomes CREATED_RESPONSE. */
VOLE_MUST_CHECK enum handshake_result handshake_create_response(struct handshake *handshake,
                                                                const struct remote_keys *remote,
                                                                const uint8_t ephemeral[static 32],
                                                                uint32_t sender_index,
                                                                uint8_t message[static RESPONSE_BYTES]);
/* §4.4: only if the state is CREATED_INITIATION (the caller's duty); state becomes CONSUMED_RESPONSE. */
VOLE_MUST_CHECK enum handshake_result handshake_consume_response(
    struct handshake *handshake, const struct identity *identity, const struct remote_keys *remote,
    const uint8_t message[static RESPONSE_BYTES]);
/* §5.1: both transport keys, by our role, then wipes the handshake. */
void handshake_derive(struct handshake *handshake, uint8_t sending_key[static 32],
                      uint8_t receiving_key[static 32], bool *initiator);
void handshake_wipe(struct handshake *handshake);
/* §4.6: TAI64N of a wall-clock time, rounded down to 2^24 ns. */
void handshake_timestamp(uint8_t timestamp[static TIMESTAMP_BYTES], uint64_t real_s, uint32_t real_ns);

#endif
