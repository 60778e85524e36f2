/* SPDX-License-Identifier: MIT
 *
 * Noise_IKpsk2 as WireGuard uses it (protocol §4): four messages steps over fixed arrays. Knows nothing of
 * peers, sockets, time or memory: keys, random bytes, timestamps and indices come in as arguments.
 * Functions that fail change nothing but their scratch, so a forged message never disturbs a pending
 * handshake. mac1 and mac2 are not written or checked here (cookie.h).
 *
 * A responder's steps take up to HANDSHAKE_BATCH handshakes at once, because Diffie-Hellmans and hashes of
 * many cost little more than of one (crypto/x25519.h, crypto/blake2s.h). The functions with a plural name do
 * that; none of the handshakes of a batch knows of another, and one that fails harms no other. Those for a
 * single message are batches of one.
 */
#ifndef CORE_HANDSHAKE_H
#define CORE_HANDSHAKE_H

#include "core/messages.h"
#include "vole.h"

#define HANDSHAKE_BATCH 16u

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

/* An initiation of a batch; the caller owns all memory. */
struct initiation_job {
    struct initiation_read *read;
    const uint8_t *message;           /* INITIATION_BYTES */
    const struct remote_keys *remote; /* for the second step */
    uint8_t timestamp[TIMESTAMP_BYTES];
    enum handshake_result result; /* of the last step */
};

/* A response of a batch. */
struct response_job {
    struct handshake *handshake;
    const struct remote_keys *remote;
    uint8_t ephemeral[32]; /* random; secret, wiped by whoever drew it */
    uint32_t sender_index;
    uint8_t message[RESPONSE_BYTES];
    enum handshake_result result;
};

/* The session that comes out of a handshake. Secret. */
struct session_keys {
    uint8_t sending[32], receiving[32];
    uint32_t remote_index;
    bool initiator; /* we were */
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
void handshake_read_initiations(struct initiation_job *jobs, size_t count, const struct identity *identity);
/* §4.2 steps 8-9: the timestamp, which the caller must compare before it commits. read goes on to be used. */
VOLE_MUST_CHECK enum handshake_result handshake_read_timestamp(struct initiation_read *read,
                                                               const struct remote_keys *remote,
                                                               const uint8_t message[static INITIATION_BYTES],
                                                               uint8_t timestamp[static TIMESTAMP_BYTES]);
void handshake_read_timestamps(struct initiation_job *const *jobs, size_t count);
/* Overwrites the handshake with what was read; state becomes CONSUMED_INITIATION. */
void handshake_commit_initiation(struct handshake *handshake, const struct initiation_read *read);
/* §4.3. Writes all of message but the macs; state becomes CREATED_RESPONSE. */
VOLE_MUST_CHECK enum handshake_result handshake_create_response(struct handshake *handshake,
                                                                const struct remote_keys *remote,
                                                                const uint8_t ephemeral[static 32],
                                                                uint32_t sender_index,
                                                                uint8_t message[static RESPONSE_BYTES]);
void handshake_create_responses(struct response_job *jobs, size_t count);
/* §4.4: only if the state is CREATED_INITIATION (the caller's duty); state becomes CONSUMED_RESPONSE. */
VOLE_MUST_CHECK enum handshake_result handshake_consume_response(
    struct handshake *handshake, const struct identity *identity, const struct remote_keys *remote,
    const uint8_t message[static RESPONSE_BYTES]);
/* §5.1: both transport keys, by our role, then wipes the handshake. */
void handshake_derive(struct handshake *handshake, uint8_t sending_key[static 32],
                      uint8_t receiving_key[static 32], bool *initiator);
void handshake_derive_many(struct handshake *const *handshakes, struct session_keys *keys, size_t count);
void handshake_wipe(struct handshake *handshake);
/* §4.6: TAI64N of a wall-clock time, rounded down to 2^24 ns. */
void handshake_timestamp(uint8_t timestamp[static TIMESTAMP_BYTES], uint64_t real_s, uint32_t real_ns);

#endif
