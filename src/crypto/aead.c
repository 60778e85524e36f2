/* SPDX-License-Identifier: MIT
 *
 * See aead.h. Single messages are libsodium's; batches go to the widest kernel that the processor has, and
 * where there is none are loops over single ones.
 */
#include "crypto/aead.h"

#include "crypto/aead_kernels.h"
#include "crypto/little_endian.h"
#include "crypto/memory.h"
#include "crypto/processor.h"

#include <assert.h>
#include <sodium.h>

static_assert(AEAD_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "key size of RFC 8439");
static_assert(AEAD_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag size of RFC 8439");

#define NONCE_BYTES crypto_aead_chacha20poly1305_ietf_NPUBBYTES

static void nonce_from_counter(uint8_t nonce[static NONCE_BYTES], uint64_t counter)
{
    little_endian_store32(nonce, 0);
    little_endian_store64(nonce + 4, counter);
}

/* The library's, which leaves pieces of the key on the stack. */
static void seal_one(uint8_t *sealed, const uint8_t *plaintext, size_t length, const uint8_t *data,
                     size_t data_length, uint64_t counter, const uint8_t key[static AEAD_KEY_BYTES])
{
    uint8_t nonce[NONCE_BYTES];

    nonce_from_counter(nonce, counter);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, plaintext, length, data, data_length, NULL, nonce,
                                              key);
}

static bool open_one(uint8_t *plaintext, const uint8_t *sealed, size_t sealed_length, const uint8_t *data,
                     size_t data_length, uint64_t counter, const uint8_t key[static AEAD_KEY_BYTES])
{
    uint8_t nonce[NONCE_BYTES];

    if (sealed_length < AEAD_TAG_BYTES)
        return false;
    nonce_from_counter(nonce, counter);
    return crypto_aead_chacha20poly1305_ietf_decrypt(plaintext, NULL, NULL, sealed, sealed_length, data,
                                                     data_length, nonce, key) == 0;
}

void aead_seal(uint8_t *sealed, const uint8_t *plaintext, size_t length, const uint8_t *data,
               size_t data_length, uint64_t counter, const uint8_t key[static AEAD_KEY_BYTES])
{
    seal_one(sealed, plaintext, length, data, data_length, counter, key);
    memory_wipe_stack();
}

bool aead_open(uint8_t *plaintext, const uint8_t *sealed, size_t sealed_length, const uint8_t *data,
               size_t data_length, uint64_t counter, const uint8_t key[static AEAD_KEY_BYTES])
{
    bool authentic = open_one(plaintext, sealed, sealed_length, data, data_length, counter, key);

    memory_wipe_stack();
    return authentic;
}

static void seal_each(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    for (size_t i = 0; i < count; i++)
        seal_one(packets[i].bytes, packets[i].bytes, packets[i].length, NULL, 0, packets[i].counter, key);
    memory_wipe_stack();
}

static size_t open_each(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    size_t authentic = 0;

    for (size_t i = 0; i < count; i++) {
        struct aead_packet *packet = &packets[i];

        packet->authentic = open_one(packet->bytes, packet->bytes, packet->length + AEAD_TAG_BYTES, NULL, 0,
                                     packet->counter, key);
        authentic += packet->authentic;
    }
    memory_wipe_stack();
    return authentic;
}

#if defined(__x86_64__)
/* Blocks of ChaCha20, the key blocks among them, from which on sixteen lanes are worth their beginnings and
 * ends (bench/crypto/aead). */
#define WIDE_FROM_BLOCKS 8

/* The step whose kernel is the quickest here for so few blocks. */
static enum processor_step step_for(const struct aead_packet *packets, size_t count)
{
    enum processor_step step = processor_step();
    size_t blocks = 0;

    if (step < PROCESSOR_AVX512)
        return step;
    for (size_t i = 0; i < count && blocks < WIDE_FROM_BLOCKS; i++)
        blocks += 1 + (packets[i].length + 63) / 64;
    return blocks < WIDE_FROM_BLOCKS ? PROCESSOR_AVX2 : step;
}
#else
static enum processor_step step_for(const struct aead_packet *packets, size_t count)
{
    (void)packets;
    (void)count;
    return processor_step();
}
#endif

void aead_seal_batch(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    switch (step_for(packets, count)) {
#if defined(__x86_64__)
    case PROCESSOR_AVX512:
        aead_avx512_seal(packets, count, key);
        break;
    case PROCESSOR_AVX2:
        aead_avx2_seal(packets, count, key);
        break;
#endif
    default:
        seal_each(packets, count, key);
    }
}

size_t aead_open_batch(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    switch (step_for(packets, count)) {
#if defined(__x86_64__)
    case PROCESSOR_AVX512:
        return aead_avx512_open(packets, count, key);
    case PROCESSOR_AVX2:
        return aead_avx2_open(packets, count, key);
#endif
    default:
        return open_each(packets, count, key);
    }
}
