/* SPDX-License-Identifier: MIT
 *
 * The steps of protocol §4, in their order. C is the chaining key, H the hash, k the key of the next seal.
 *
 * A step is taken by several handshakes side by side, each in its lane. A lane whose Diffie-Hellman gave
 * zero, or whose seal did not open, takes the rest of the function's steps as well, with whatever it holds:
 * that is simpler than leaving, and nothing of it gets out, for the function that notices wipes it and says
 * so.
 */
#include "core/handshake.h"

#include "core/handshake_observer.h"
#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/kdf.h"
#include "crypto/memory.h"
#include "crypto/x25519.h"

#include <string.h>

/* HASH("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"), and HASH(that || "WireGuard v1 zx2c4 Jason@zx2c4.com") */
static const uint8_t initial_chaining_key[32] = {
    0x60, 0xe2, 0x6d, 0xae, 0xf3, 0x27, 0xef, 0xc0, 0x2e, 0xc3, 0x35, 0xe2, 0xa0, 0x25, 0xd2, 0xd0,
    0x16, 0xeb, 0x42, 0x06, 0xf8, 0x72, 0x77, 0xf5, 0x2d, 0x38, 0xd1, 0x98, 0x8b, 0x78, 0xcd, 0x36};
static const uint8_t initial_hash[32] = {0x22, 0x11, 0xb3, 0x61, 0x08, 0x1a, 0xc5, 0x66, 0x69, 0x12, 0x43,
                                         0xdb, 0x45, 0x8a, 0xd5, 0x32, 0x2d, 0x9c, 0x6c, 0x66, 0x22, 0x93,
                                         0xe8, 0xb7, 0x0e, 0xe1, 0x9c, 0x65, 0xba, 0x07, 0x9e, 0xf3};

/* One handshake among those that take a step together. Secret. */
struct lane {
    uint8_t *C, *H;       /* of the handshake or the initiation read */
    const uint8_t *bytes; /* what the next step takes in */
    uint8_t k[32];
    uint8_t secret[32]; /* of the last Diffie-Hellman */
    bool zero;          /* one of them was zero */
};

/* H = HASH(H || bytes) */
static void mix_hash(struct lane *lanes, size_t count, size_t length)
{
    struct blake2s_job jobs[HANDSHAKE_BATCH] = {{0}};

    for (size_t i = 0; i < count; i++)
        jobs[i] = (struct blake2s_job){.hash = lanes[i].H, .a = lanes[i].H, .b = lanes[i].bytes};
    blake2s_hash2_batch(jobs, count, 32, length);
    for (size_t i = 0; i < count; i++)
        handshake_observer_mixed_hash(i, lanes[i].bytes, length, lanes[i].H);
}

/* outputs 1: C = KDF1(C, bytes); 2: (C, k) = KDF2(C, bytes) */
static void mix_key(struct lane *lanes, size_t count, unsigned outputs)
{
    struct kdf_job jobs[HANDSHAKE_BATCH] = {{0}};

    for (size_t i = 0; i < count; i++)
        jobs[i] = (struct kdf_job){.key = lanes[i].C, .input = lanes[i].bytes, .t = {lanes[i].C, lanes[i].k}};
    kdf_batch(jobs, count, outputs, 32);
    for (size_t i = 0; i < count; i++)
        handshake_observer_mixed_key(i, lanes[i].bytes, outputs, lanes[i].C, lanes[i].k);
}

/* The same with the Diffie-Hellman. */
static void mix_secret(struct lane *lanes, size_t count, unsigned outputs)
{
    for (size_t i = 0; i < count; i++)
        lanes[i].bytes = lanes[i].secret;
    mix_key(lanes, count, outputs);
}

/* H starts from the responder's static public key; C and H before that are constants. */
static void begin(struct lane *lanes, size_t count, const uint8_t responder_static[static 32])
{
    uint8_t hash[32];

    blake2s_hash2(hash, initial_hash, sizeof initial_hash, responder_static, 32);
    for (size_t i = 0; i < count; i++) {
        memcpy(lanes[i].C, initial_chaining_key, 32);
        memcpy(lanes[i].H, hash, 32);
        handshake_observer_stands(i, lanes[i].C, lanes[i].H);
    }
}

/* bytes: the ephemeral public keys. */
static void mix_ephemeral(struct lane *lanes, size_t count)
{
    mix_key(lanes, count, 1);
    mix_hash(lanes, count, 32);
}

/* (C, t, k) = KDF3(C, Q), H = HASH(H || t); bytes: the preshared keys. */
static void mix_preshared(struct lane *lanes, size_t count)
{
    struct kdf_job jobs[HANDSHAKE_BATCH] = {{0}};
    uint8_t temporary[HANDSHAKE_BATCH][32];

    for (size_t i = 0; i < count; i++) {
        jobs[i] = (struct kdf_job){
            .key = lanes[i].C, .input = lanes[i].bytes, .t = {lanes[i].C, temporary[i], lanes[i].k}};
        lanes[i].bytes = temporary[i];
    }
    kdf_batch(jobs, count, 3, 32);
    for (size_t i = 0; i < count; i++)
        handshake_observer_mixed_preshared(i, jobs[i].input, lanes[i].C, temporary[i], lanes[i].k);
    mix_hash(lanes, count, 32);
    memory_wipe(temporary, count * sizeof temporary[0]);
}

static void seal_and_hash(struct lane *lane, uint8_t *sealed, const uint8_t *plaintext, size_t length)
{
    aead_seal(sealed, plaintext, length, lane->H, 32, 0, lane->k);
    handshake_observer_sealed(0, plaintext, length);
    lane->bytes = sealed;
    mix_hash(lane, 1, length + AEAD_TAG_BYTES);
}

/* One lane after the other, then all hashes together. opened[i]: whether it is authentic. */
static void open_and_hash(struct lane *lanes, size_t count, uint8_t *const *plaintext,
                          const uint8_t *const *sealed, size_t sealed_length, bool *opened)
{
    for (size_t i = 0; i < count; i++) {
        opened[i] = aead_open(plaintext[i], sealed[i], sealed_length, lanes[i].H, 32, 0, lanes[i].k);
        handshake_observer_opened(i, plaintext[i], sealed_length - AEAD_TAG_BYTES, opened[i]);
        lanes[i].bytes = sealed[i];
    }
    mix_hash(lanes, count, sealed_length);
}

/* DH(private_key, public_key) as the lane's secret. False: it is zero. */
static bool exchange_now(struct lane *lane, const uint8_t *private_key, const uint8_t *public_key)
{
    handshake_observer_exchanges(private_key, public_key);
    return x25519(lane->secret, private_key, public_key);
}

/* The same for a batch of them. */
static struct x25519_job exchange(uint8_t *shared, const uint8_t *private_key, const uint8_t *public_key)
{
    handshake_observer_exchanges(private_key, public_key);
    return (struct x25519_job){.shared = shared, .private_key = private_key, .public_key = public_key};
}

/* ---- as initiator ---- */

enum handshake_result handshake_create_initiation(
    struct handshake *handshake, const struct identity *identity, const struct remote_keys *remote,
    const uint8_t ephemeral[static 32], const uint8_t timestamp[static TIMESTAMP_BYTES],
    uint32_t sender_index, uint8_t message[static INITIATION_BYTES])
{
    struct lane lane = {.C = handshake->chaining_key, .H = handshake->hash};
    enum handshake_result result = HANDSHAKE_ZERO_SECRET;

    memset(message, 0, INITIATION_BYTES);
    bytes_store_le32(message, MESSAGE_INITIATION);
    bytes_store_le32(message + INITIATION_SENDER, sender_index);
    begin(&lane, 1, remote->public_key);
    memcpy(handshake->ephemeral_private, ephemeral, 32);
    x25519_clamp(handshake->ephemeral_private);
    handshake_observer_exchanges(handshake->ephemeral_private, x25519_base_point);
    x25519_base(message + INITIATION_EPHEMERAL, handshake->ephemeral_private);
    lane.bytes = message + INITIATION_EPHEMERAL;
    mix_ephemeral(&lane, 1);
    if (!exchange_now(&lane, handshake->ephemeral_private, remote->public_key))
        goto out;
    mix_secret(&lane, 1, 2);
    seal_and_hash(&lane, message + INITIATION_STATIC, identity->public_key, 32);
    lane.bytes = remote->static_static;
    mix_key(&lane, 1, 2);
    seal_and_hash(&lane, message + INITIATION_TIMESTAMP, timestamp, TIMESTAMP_BYTES);
    handshake->state = HANDSHAKE_CREATED_INITIATION;
    result = HANDSHAKE_OK;
out:
    memory_wipe(&lane, sizeof lane);
    if (result != HANDSHAKE_OK)
        handshake_wipe(handshake);
    return result;
}

enum handshake_result handshake_consume_response(struct handshake *handshake, const struct identity *identity,
                                                 const struct remote_keys *remote,
                                                 const uint8_t message[static RESPONSE_BYTES])
{
    struct handshake copy = *handshake; /* a forged response must not disturb the pending handshake */
    struct lane lane = {.C = copy.chaining_key, .H = copy.hash};
    enum handshake_result result = HANDSHAKE_ZERO_SECRET;
    uint8_t nothing[1];
    bool opened;

    handshake_observer_stands(0, copy.chaining_key, copy.hash);
    memcpy(copy.remote_ephemeral, message + RESPONSE_EPHEMERAL, 32);
    copy.remote_index = bytes_load_le32(message + RESPONSE_SENDER);
    lane.bytes = copy.remote_ephemeral;
    mix_ephemeral(&lane, 1);
    if (!exchange_now(&lane, copy.ephemeral_private, copy.remote_ephemeral))
        goto out;
    mix_secret(&lane, 1, 1);
    if (!exchange_now(&lane, identity->private_key, copy.remote_ephemeral))
        goto out;
    mix_secret(&lane, 1, 1);
    lane.bytes = remote->preshared_key;
    mix_preshared(&lane, 1);
    open_and_hash(&lane, 1, (uint8_t *const[]){nothing}, (const uint8_t *const[]){message + RESPONSE_EMPTY},
                  AEAD_TAG_BYTES, &opened);
    result = HANDSHAKE_UNREADABLE;
    if (!opened)
        goto out;
    copy.state = HANDSHAKE_CONSUMED_RESPONSE;
    *handshake = copy;
    result = HANDSHAKE_OK;
out:
    memory_wipe(&lane, sizeof lane);
    memory_wipe(&copy, sizeof copy);
    return result;
}

/* ---- as responder ---- */

void handshake_read_initiations(struct initiation_job *jobs, size_t count, const struct identity *identity)
{
    struct lane lanes[HANDSHAKE_BATCH];
    struct x25519_job exchanges[HANDSHAKE_BATCH];
    uint8_t *keys[HANDSHAKE_BATCH] = {0};
    const uint8_t *sealed[HANDSHAKE_BATCH] = {0};
    bool opened[HANDSHAKE_BATCH];

    for (size_t i = 0; i < count; i++) {
        struct initiation_read *read = jobs[i].read;

        memcpy(read->remote_ephemeral, jobs[i].message + INITIATION_EPHEMERAL, 32);
        read->remote_index = bytes_load_le32(jobs[i].message + INITIATION_SENDER);
        lanes[i] = (struct lane){.C = read->chaining_key, .H = read->hash, .bytes = read->remote_ephemeral};
        exchanges[i] = exchange(lanes[i].secret, identity->private_key, read->remote_ephemeral);
        keys[i] = read->remote_static;
        sealed[i] = jobs[i].message + INITIATION_STATIC;
    }
    begin(lanes, count, identity->public_key);
    mix_ephemeral(lanes, count);
    x25519_batch(exchanges, count);
    mix_secret(lanes, count, 2);
    open_and_hash(lanes, count, keys, sealed, 32 + AEAD_TAG_BYTES, opened);
    for (size_t i = 0; i < count; i++) {
        jobs[i].result = !exchanges[i].nonzero ? HANDSHAKE_ZERO_SECRET
                         : !opened[i]          ? HANDSHAKE_UNREADABLE
                                               : HANDSHAKE_OK;
        if (jobs[i].result != HANDSHAKE_OK)
            memory_wipe(jobs[i].read, sizeof *jobs[i].read);
    }
    memory_wipe(lanes, count * sizeof lanes[0]);
}

enum handshake_result handshake_read_initiation(struct initiation_read *read, const struct identity *identity,
                                                const uint8_t message[static INITIATION_BYTES])
{
    struct initiation_job job = {.read = read, .message = message};

    handshake_read_initiations(&job, 1, identity);
    return job.result;
}

void handshake_read_timestamps(struct initiation_job *const *jobs, size_t count)
{
    struct lane lanes[HANDSHAKE_BATCH];
    uint8_t *timestamps[HANDSHAKE_BATCH] = {0};
    const uint8_t *sealed[HANDSHAKE_BATCH] = {0};
    bool opened[HANDSHAKE_BATCH];

    for (size_t i = 0; i < count; i++) {
        struct initiation_read *read = jobs[i]->read;

        lanes[i] =
            (struct lane){.C = read->chaining_key, .H = read->hash, .bytes = jobs[i]->remote->static_static};
        handshake_observer_stands(i, read->chaining_key, read->hash);
        timestamps[i] = jobs[i]->timestamp;
        sealed[i] = jobs[i]->message + INITIATION_TIMESTAMP;
    }
    mix_key(lanes, count, 2);
    open_and_hash(lanes, count, timestamps, sealed, TIMESTAMP_BYTES + AEAD_TAG_BYTES, opened);
    for (size_t i = 0; i < count; i++)
        jobs[i]->result = opened[i] ? HANDSHAKE_OK : HANDSHAKE_UNREADABLE;
    memory_wipe(lanes, count * sizeof lanes[0]);
}

enum handshake_result handshake_read_timestamp(struct initiation_read *read, const struct remote_keys *remote,
                                               const uint8_t message[static INITIATION_BYTES],
                                               uint8_t timestamp[static TIMESTAMP_BYTES])
{
    struct initiation_job job = {.read = read, .message = message, .remote = remote};

    handshake_read_timestamps((struct initiation_job *const[]){&job}, 1);
    memcpy(timestamp, job.timestamp, TIMESTAMP_BYTES);
    return job.result;
}

void handshake_commit_initiation(struct handshake *handshake, const struct initiation_read *read)
{
    handshake_wipe(handshake);
    memcpy(handshake->chaining_key, read->chaining_key, 32);
    memcpy(handshake->hash, read->hash, 32);
    memcpy(handshake->remote_ephemeral, read->remote_ephemeral, 32);
    handshake->remote_index = read->remote_index;
    handshake->state = HANDSHAKE_CONSUMED_INITIATION;
}

/* All three multiplications of each response in one batch: its public key, ee and se. */
static void multiply(struct response_job *jobs, struct lane *lanes, uint8_t (*se)[32], size_t count)
{
    struct x25519_job exchanges[3 * HANDSHAKE_BATCH], *next = exchanges;

    for (size_t i = 0; i < count; i++) {
        struct handshake *handshake = jobs[i].handshake;
        const uint8_t *ephemeral = handshake->ephemeral_private;

        *next++ = exchange(jobs[i].message + RESPONSE_EPHEMERAL, ephemeral, x25519_base_point);
        *next++ = exchange(lanes[i].secret, ephemeral, handshake->remote_ephemeral);
        *next++ = exchange(se[i], ephemeral, jobs[i].remote->public_key);
    }
    x25519_batch(exchanges, 3 * count);
    for (size_t i = 0; i < count; i++)
        lanes[i].zero = !exchanges[3 * i + 1].nonzero || !exchanges[3 * i + 2].nonzero;
}

void handshake_create_responses(struct response_job *jobs, size_t count)
{
    struct lane lanes[HANDSHAKE_BATCH];
    uint8_t se[HANDSHAKE_BATCH][32];

    for (size_t i = 0; i < count; i++) {
        struct handshake *handshake = jobs[i].handshake;
        uint8_t *message = jobs[i].message;

        memset(message, 0, RESPONSE_BYTES);
        bytes_store_le32(message, MESSAGE_RESPONSE);
        bytes_store_le32(message + RESPONSE_SENDER, jobs[i].sender_index);
        bytes_store_le32(message + RESPONSE_RECEIVER, handshake->remote_index);
        memcpy(handshake->ephemeral_private, jobs[i].ephemeral, 32);
        x25519_clamp(handshake->ephemeral_private);
        lanes[i] = (struct lane){
            .C = handshake->chaining_key, .H = handshake->hash, .bytes = message + RESPONSE_EPHEMERAL};
        handshake_observer_stands(i, handshake->chaining_key, handshake->hash);
    }
    multiply(jobs, lanes, se, count);
    mix_ephemeral(lanes, count);
    mix_secret(lanes, count, 1);
    for (size_t i = 0; i < count; i++)
        lanes[i].bytes = se[i];
    mix_key(lanes, count, 1);
    for (size_t i = 0; i < count; i++)
        lanes[i].bytes = jobs[i].remote->preshared_key;
    mix_preshared(lanes, count);
    for (size_t i = 0; i < count; i++) {
        aead_seal(jobs[i].message + RESPONSE_EMPTY, NULL, 0, lanes[i].H, 32, 0, lanes[i].k);
        handshake_observer_sealed(i, NULL, 0);
        lanes[i].bytes = jobs[i].message + RESPONSE_EMPTY;
    }
    mix_hash(lanes, count, AEAD_TAG_BYTES);
    for (size_t i = 0; i < count; i++) {
        jobs[i].result = lanes[i].zero ? HANDSHAKE_ZERO_SECRET : HANDSHAKE_OK;
        jobs[i].handshake->state = HANDSHAKE_CREATED_RESPONSE;
        if (lanes[i].zero)
            handshake_wipe(jobs[i].handshake);
    }
    memory_wipe(se, count * sizeof se[0]);
    memory_wipe(lanes, count * sizeof lanes[0]);
}

enum handshake_result handshake_create_response(struct handshake *handshake, const struct remote_keys *remote,
                                                const uint8_t ephemeral[static 32], uint32_t sender_index,
                                                uint8_t message[static RESPONSE_BYTES])
{
    struct response_job job = {.handshake = handshake, .remote = remote, .sender_index = sender_index};
    enum handshake_result result;

    memcpy(job.ephemeral, ephemeral, 32);
    handshake_create_responses(&job, 1);
    memcpy(message, job.message, RESPONSE_BYTES);
    result = job.result;
    memory_wipe(&job, sizeof job);
    return result;
}

/* ---- both ---- */

void handshake_derive_many(struct handshake *const *handshakes, struct session_keys *keys, size_t count)
{
    struct kdf_job jobs[HANDSHAKE_BATCH] = {{0}};

    for (size_t i = 0; i < count; i++) {
        uint8_t *sending = keys[i].sending, *receiving = keys[i].receiving;

        keys[i].initiator = handshakes[i]->state == HANDSHAKE_CONSUMED_RESPONSE;
        keys[i].remote_index = handshakes[i]->remote_index;
        /* The first key is the initiator's for sending. */
        jobs[i] = (struct kdf_job){.key = handshakes[i]->chaining_key, .t = {receiving, sending}};
        if (keys[i].initiator) {
            jobs[i].t[0] = sending;
            jobs[i].t[1] = receiving;
        }
    }
    kdf_batch(jobs, count, 2, 0);
    for (size_t i = 0; i < count; i++)
        handshake_wipe(handshakes[i]);
}

void handshake_derive(struct handshake *handshake, uint8_t sending_key[static 32],
                      uint8_t receiving_key[static 32], bool *initiator)
{
    struct session_keys keys;

    handshake_derive_many(&handshake, &keys, 1);
    memcpy(sending_key, keys.sending, 32);
    memcpy(receiving_key, keys.receiving, 32);
    *initiator = keys.initiator;
    memory_wipe(&keys, sizeof keys);
}

void handshake_wipe(struct handshake *handshake)
{
    memory_wipe(handshake, sizeof *handshake);
    handshake->state = HANDSHAKE_ZEROED;
}

void handshake_timestamp(uint8_t timestamp[static TIMESTAMP_BYTES], uint64_t real_s, uint32_t real_ns)
{
    bytes_store_be64(timestamp, UINT64_C(0x400000000000000a) + real_s);
    bytes_store_be32(timestamp + 8, real_ns & ~UINT32_C(0xffffff)); /* 2^24 ns: the spacing of initiations */
}
