/* SPDX-License-Identifier: MIT
 *
 * See kdf.h. An HMAC key costs two blocks before the first byte of a message; the key of the expansion is
 * used up to three times, so both states that have taken it in are kept and copied.
 */
#include "crypto/kdf.h"

#include "crypto/blake2s.h"
#include "crypto/blake2s_lanes.h"
#include "crypto/little_endian.h"
#include "crypto/memory.h"

#include <stdbool.h>
#include <string.h>

/* An HMAC key, taken in: hashes that have seen key xor ipad and key xor opad. */
struct hmac_key {
    struct blake2s inner;
    struct blake2s outer;
};

static void hmac_key_init(struct hmac_key *hmac, const uint8_t *key, size_t key_length)
{
    uint8_t block[BLAKE2S_BLOCK_BYTES] = {0};

    if (key_length > sizeof(block))
        blake2s_hash(block, key, key_length);
    else if (key_length > 0)
        memcpy(block, key, key_length);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36;
    blake2s_init(&hmac->inner, BLAKE2S_HASH_BYTES);
    blake2s_update(&hmac->inner, block, sizeof(block));
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    blake2s_init(&hmac->outer, BLAKE2S_HASH_BYTES);
    blake2s_update(&hmac->outer, block, sizeof(block));
    memory_wipe(block, sizeof(block));
}

/* HMAC(the key, a ‖ b). mac may overlap a and b. */
static void hmac_key_run(const struct hmac_key *hmac, uint8_t mac[static KDF_BYTES], const uint8_t *a,
                         size_t a_length, const uint8_t *b, size_t b_length)
{
    struct blake2s state = hmac->inner;
    uint8_t inner[BLAKE2S_HASH_BYTES];

    blake2s_update(&state, a, a_length);
    blake2s_update(&state, b, b_length);
    blake2s_final(&state, inner);
    state = hmac->outer;
    blake2s_update(&state, inner, sizeof(inner));
    blake2s_final(&state, mac);
    memory_wipe(inner, sizeof(inner));
}

void hmac_blake2s(uint8_t mac[static KDF_BYTES], const uint8_t *key, size_t key_length, const uint8_t *bytes,
                  size_t length)
{
    struct hmac_key hmac;

    hmac_key_init(&hmac, key, key_length);
    hmac_key_run(&hmac, mac, bytes, length, NULL, 0);
    memory_wipe(&hmac, sizeof(hmac));
}

/* Fills outputs[0..count), skipping those that are NULL. They are written only after key and input have
 * been read for the last time, which is what lets them be the same memory. */
static void expand(uint8_t *const *outputs, size_t count, const uint8_t key[static KDF_BYTES],
                   const uint8_t *input, size_t length)
{
    struct hmac_key hmac;
    uint8_t t[KDF_BYTES];
    size_t t_length = 0;

    hmac_blake2s(t, key, KDF_BYTES, input, length);
    hmac_key_init(&hmac, t, sizeof(t));
    for (size_t i = 0; i < count; i++) {
        const uint8_t number = (uint8_t)(i + 1);

        hmac_key_run(&hmac, t, t, t_length, &number, sizeof(number));
        t_length = sizeof(t);
        if (outputs[i])
            memcpy(outputs[i], t, sizeof(t));
    }
    memory_wipe(t, sizeof(t));
    memory_wipe(&hmac, sizeof(hmac));
}

static void kdf(uint8_t *const *outputs, size_t count, const uint8_t key[static KDF_BYTES],
                const uint8_t *input, size_t length)
{
    expand(outputs, count, key, input, length);
    memory_wipe_stack();
}

void kdf1(uint8_t *t1, const uint8_t key[static KDF_BYTES], const uint8_t *input, size_t length)
{
    kdf((uint8_t *const[]){t1}, 1, key, input, length);
}

void kdf2(uint8_t *t1, uint8_t *t2, const uint8_t key[static KDF_BYTES], const uint8_t *input, size_t length)
{
    kdf((uint8_t *const[]){t1, t2}, 2, key, input, length);
}

void kdf3(uint8_t *t1, uint8_t *t2, uint8_t *t3, const uint8_t key[static KDF_BYTES], const uint8_t *input,
          size_t length)
{
    kdf((uint8_t *const[]){t1, t2, t3}, 3, key, input, length);
}

/* ---- sixteen at once ---- */

/* The same as struct hmac_key, in each lane. */
struct hmac_lanes {
    struct blake2s_lanes inner, outer;
};

/* Begins with keys of 32 bytes, which lie in key as the first half of a block. alone: nothing follows the key
 * in the inner hash, so that its block is the last. */
static void hmac_lanes_init(struct hmac_lanes *hmac, const uint32_t key[8][BLAKE2S_LANES], size_t count,
                            bool alone)
{
    struct blake2s_lanes_block block;

    for (size_t i = 0; i < 16; i++)
        for (size_t n = 0; n < BLAKE2S_LANES; n++)
            block.word[i][n] = (i < 8 ? key[i][n] : 0) ^ UINT32_C(0x36363636);
    blake2s_lanes_init(&hmac->inner, BLAKE2S_HASH_BYTES);
    blake2s_lanes_compress(&hmac->inner, &block, count, BLAKE2S_BLOCK_BYTES, alone);
    for (size_t i = 0; i < 16; i++)
        for (size_t n = 0; n < BLAKE2S_LANES; n++)
            block.word[i][n] ^= UINT32_C(0x36363636) ^ UINT32_C(0x5c5c5c5c);
    blake2s_lanes_init(&hmac->outer, BLAKE2S_HASH_BYTES);
    blake2s_lanes_compress(&hmac->outer, &block, count, BLAKE2S_BLOCK_BYTES, false);
    memory_wipe(&block, sizeof(block));
}

/* mac = HMAC(the keys, messages of length 0..64 bytes); 0 only if the keys were taken in alone. */
static void hmac_lanes_run(const struct hmac_lanes *hmac, struct blake2s_lanes *mac,
                           const struct blake2s_lanes_block *message, size_t count, size_t length)
{
    struct blake2s_lanes_block digest = {.word = {{0}}};
    struct blake2s_lanes inner = hmac->inner;

    if (length > 0)
        blake2s_lanes_compress(&inner, message, count, BLAKE2S_BLOCK_BYTES + length, true);
    memcpy(digest.word, inner.h, sizeof(inner.h));
    *mac = hmac->outer;
    blake2s_lanes_compress(mac, &digest, count, BLAKE2S_BLOCK_BYTES + BLAKE2S_HASH_BYTES, true);
    memory_wipe(&digest, sizeof(digest));
    memory_wipe(&inner, sizeof(inner));
}

static void kdf_lanes(const struct kdf_job *jobs, size_t count, unsigned outputs, size_t length)
{
    struct blake2s_lanes_block block = {.word = {{0}}};
    struct blake2s_lanes t = {.h = {{0}}};
    struct hmac_lanes hmac;

    for (size_t n = 0; n < count; n++) {
        blake2s_lanes_put(&block, n, 0, jobs[n].input, length);
        for (size_t i = 0; i < KDF_BYTES / 4; i++)
            t.h[i][n] = little_endian_load32(jobs[n].key + 4 * i);
    }
    hmac_lanes_init(&hmac, t.h, count, length == 0);
    hmac_lanes_run(&hmac, &t, &block, count, length);
    hmac_lanes_init(&hmac, t.h, count, false);
    memset(&block, 0, sizeof(block));
    for (unsigned i = 0; i < outputs; i++) {
        /* The first message is only the number, the next ones begin with the output before. */
        for (size_t n = 0; n < BLAKE2S_LANES; n++)
            block.word[i == 0 ? 0 : KDF_BYTES / 4][n] = i + 1;
        if (i > 0)
            memcpy(block.word, t.h, sizeof(t.h));
        hmac_lanes_run(&hmac, &t, &block, count, i == 0 ? 1 : KDF_BYTES + 1);
        for (size_t n = 0; n < count; n++)
            if (jobs[n].t[i])
                blake2s_lanes_get(&t, n, jobs[n].t[i], KDF_BYTES);
    }
    memory_wipe(&block, sizeof(block));
    memory_wipe(&t, sizeof(t));
    memory_wipe(&hmac, sizeof(hmac));
    memory_wipe_stack();
}

void kdf_batch(const struct kdf_job *jobs, size_t count, unsigned outputs, size_t length)
{
    for (size_t taken; count > 0; jobs += taken, count -= taken) {
        taken = count < BLAKE2S_LANES ? count : BLAKE2S_LANES;
        if (blake2s_lanes_pay(taken) && length <= BLAKE2S_BLOCK_BYTES) {
            kdf_lanes(jobs, taken, outputs, length);
            continue;
        }
        for (size_t i = 0; i < taken; i++)
            kdf(jobs[i].t, outputs, jobs[i].key, jobs[i].input, length);
    }
}
