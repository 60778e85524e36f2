/* SPDX-License-Identifier: MIT
 *
 * The steps of protocol §4, in their order. C is the chaining key, H the hash, k the key of the next seal.
 */
#include "core/handshake.h"

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

static void mix_hash(uint8_t hash[static 32], const uint8_t *bytes, size_t length)
{
    blake2s_hash2(hash, hash, 32, bytes, length);
}

/* H starts from the responder's static public key; C and H before that are constants. */
static void begin(uint8_t chaining_key[static 32], uint8_t hash[static 32],
                  const uint8_t responder_static[static 32])
{
    memcpy(chaining_key, initial_chaining_key, 32);
    memcpy(hash, initial_hash, 32);
    mix_hash(hash, responder_static, 32);
}

static void mix_ephemeral(uint8_t chaining_key[static 32], uint8_t hash[static 32],
                          const uint8_t ephemeral[static 32])
{
    kdf1(chaining_key, chaining_key, ephemeral, 32);
    mix_hash(hash, ephemeral, 32);
}

/* (C, k) = KDF2(C, DH); key NULL: C = KDF1(C, DH). False: the secret is zero. */
static bool mix_dh(uint8_t chaining_key[static 32], uint8_t *key, const uint8_t private_key[static 32],
                   const uint8_t public_key[static 32])
{
    uint8_t secret[32];
    bool nonzero = x25519(secret, private_key, public_key);

    if (nonzero && key != NULL)
        kdf2(chaining_key, key, chaining_key, secret, sizeof secret);
    else if (nonzero)
        kdf1(chaining_key, chaining_key, secret, sizeof secret);
    memory_wipe(secret, sizeof secret);
    return nonzero;
}

static void mix_preshared(uint8_t chaining_key[static 32], uint8_t hash[static 32], uint8_t key[static 32],
                          const uint8_t preshared_key[static 32])
{
    uint8_t temporary[32];

    kdf3(chaining_key, temporary, key, chaining_key, preshared_key, 32);
    mix_hash(hash, temporary, sizeof temporary);
    memory_wipe(temporary, sizeof temporary);
}

static void seal_and_hash(uint8_t *sealed, const uint8_t *plaintext, size_t length,
                          const uint8_t key[static 32], uint8_t hash[static 32])
{
    aead_seal(sealed, plaintext, length, hash, 32, 0, key);
    mix_hash(hash, sealed, length + AEAD_TAG_BYTES);
}

static bool open_and_hash(uint8_t *plaintext, const uint8_t *sealed, size_t sealed_length,
                          const uint8_t key[static 32], uint8_t hash[static 32])
{
    if (!aead_open(plaintext, sealed, sealed_length, hash, 32, 0, key))
        return false;
    mix_hash(hash, sealed, sealed_length);
    return true;
}

enum handshake_result handshake_create_initiation(
    struct handshake *handshake, const struct identity *identity, const struct remote_keys *remote,
    const uint8_t ephemeral[static 32], const uint8_t timestamp[static TIMESTAMP_BYTES],
    uint32_t sender_index, uint8_t message[static INITIATION_BYTES])
{
    uint8_t *C = handshake->chaining_key, *H = handshake->hash, key[32];
    enum handshake_result result = HANDSHAKE_ZERO_SECRET;

    memset(message, 0, INITIATION_BYTES);
    bytes_store_le32(message, MESSAGE_INITIATION);
    bytes_store_le32(message + INITIATION_SENDER, sender_index);
    begin(C, H, remote->public_key);
    memcpy(handshake->ephemeral_private, ephemeral, 32);
    x25519_clamp(handshake->ephemeral_private);
    x25519_base(message + INITIATION_EPHEMERAL, handshake->ephemeral_private);
    mix_ephemeral(C, H, message + INITIATION_EPHEMERAL);
    if (!mix_dh(C, key, handshake->ephemeral_private, remote->public_key))
        goto out;
    seal_and_hash(message + INITIATION_STATIC, identity->public_key, 32, key, H);
    kdf2(C, key, C, remote->static_static, 32);
    seal_and_hash(message + INITIATION_TIMESTAMP, timestamp, TIMESTAMP_BYTES, key, H);
    handshake->state = HANDSHAKE_CREATED_INITIATION;
    result = HANDSHAKE_OK;
out:
    memory_wipe(key, sizeof key);
    if (result != HANDSHAKE_OK)
        handshake_wipe(handshake);
    return result;
}

enum handshake_result handshake_read_initiation(struct initiation_read *read, const struct identity *identity,
                                                const uint8_t message[static INITIATION_BYTES])
{
    enum handshake_result result = HANDSHAKE_OK;
    uint8_t key[32];

    begin(read->chaining_key, read->hash, identity->public_key);
    memcpy(read->remote_ephemeral, message + INITIATION_EPHEMERAL, 32);
    read->remote_index = bytes_load_le32(message + INITIATION_SENDER);
    mix_ephemeral(read->chaining_key, read->hash, read->remote_ephemeral);
    if (!mix_dh(read->chaining_key, key, identity->private_key, read->remote_ephemeral))
        result = HANDSHAKE_ZERO_SECRET;
    else if (!open_and_hash(read->remote_static, message + INITIATION_STATIC, 32 + AEAD_TAG_BYTES, key,
                            read->hash))
        result = HANDSHAKE_UNREADABLE;
    memory_wipe(key, sizeof key);
    if (result != HANDSHAKE_OK)
        memory_wipe(read, sizeof *read);
    return result;
}

enum handshake_result handshake_read_timestamp(struct initiation_read *read, const struct remote_keys *remote,
                                               const uint8_t message[static INITIATION_BYTES],
                                               uint8_t timestamp[static TIMESTAMP_BYTES])
{
    uint8_t key[32];
    bool good;

    kdf2(read->chaining_key, key, read->chaining_key, remote->static_static, 32);
    good = open_and_hash(timestamp, message + INITIATION_TIMESTAMP, TIMESTAMP_BYTES + AEAD_TAG_BYTES, key,
                         read->hash);
    memory_wipe(key, sizeof key);
    return good ? HANDSHAKE_OK : HANDSHAKE_UNREADABLE;
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

enum handshake_result handshake_create_response(struct handshake *handshake, const struct remote_keys *remote,
                                                const uint8_t ephemeral[static 32], uint32_t sender_index,
                                                uint8_t message[static RESPONSE_BYTES])
{
    uint8_t *C = handshake->chaining_key, *H = handshake->hash, key[32];
    enum handshake_result result = HANDSHAKE_ZERO_SECRET;

    memset(message, 0, RESPONSE_BYTES);
    bytes_store_le32(message, MESSAGE_RESPONSE);
    bytes_store_le32(message + RESPONSE_SENDER, sender_index);
    bytes_store_le32(message + RESPONSE_RECEIVER, handshake->remote_index);
    memcpy(handshake->ephemeral_private, ephemeral, 32);
    x25519_clamp(handshake->ephemeral_private);
    x25519_base(message + RESPONSE_EPHEMERAL, handshake->ephemeral_private);
    mix_ephemeral(C, H, message + RESPONSE_EPHEMERAL);
    if (!mix_dh(C, NULL, handshake->ephemeral_private, handshake->remote_ephemeral) ||
        !mix_dh(C, NULL, handshake->ephemeral_private, remote->public_key))
        goto out;
    mix_preshared(C, H, key, remote->preshared_key);
    seal_and_hash(message + RESPONSE_EMPTY, NULL, 0, key, H);
    handshake->state = HANDSHAKE_CREATED_RESPONSE;
    result = HANDSHAKE_OK;
out:
    memory_wipe(key, sizeof key);
    if (result != HANDSHAKE_OK)
        handshake_wipe(handshake);
    return result;
}

enum handshake_result handshake_consume_response(struct handshake *handshake, const struct identity *identity,
                                                 const struct remote_keys *remote,
                                                 const uint8_t message[static RESPONSE_BYTES])
{
    struct handshake copy = *handshake; /* a forged response must not disturb the pending handshake */
    enum handshake_result result = HANDSHAKE_ZERO_SECRET;
    uint8_t key[32], nothing[1];

    memcpy(copy.remote_ephemeral, message + RESPONSE_EPHEMERAL, 32);
    copy.remote_index = bytes_load_le32(message + RESPONSE_SENDER);
    mix_ephemeral(copy.chaining_key, copy.hash, copy.remote_ephemeral);
    if (!mix_dh(copy.chaining_key, NULL, copy.ephemeral_private, copy.remote_ephemeral) ||
        !mix_dh(copy.chaining_key, NULL, identity->private_key, copy.remote_ephemeral))
        goto out;
    mix_preshared(copy.chaining_key, copy.hash, key, remote->preshared_key);
    result = HANDSHAKE_UNREADABLE;
    if (!open_and_hash(nothing, message + RESPONSE_EMPTY, AEAD_TAG_BYTES, key, copy.hash))
        goto out;
    copy.state = HANDSHAKE_CONSUMED_RESPONSE;
    *handshake = copy;
    result = HANDSHAKE_OK;
out:
    memory_wipe(key, sizeof key);
    memory_wipe(&copy, sizeof copy);
    return result;
}

void handshake_derive(struct handshake *handshake, uint8_t sending_key[static 32],
                      uint8_t receiving_key[static 32], bool *initiator)
{
    *initiator = handshake->state == HANDSHAKE_CONSUMED_RESPONSE;
    /* The first key is the initiator's for sending. */
    if (*initiator)
        kdf2(sending_key, receiving_key, handshake->chaining_key, NULL, 0);
    else
        kdf2(receiving_key, sending_key, handshake->chaining_key, NULL, 0);
    handshake_wipe(handshake);
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
