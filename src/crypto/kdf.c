/* SPDX-License-Identifier: MIT
 *
 * See kdf.h. An HMAC key costs two blocks before the first byte of a message; the key of the expansion is
 * used up to three times, so both states that have taken it in are kept and copied.
 */
#include "crypto/kdf.h"

#include "crypto/blake2s.h"
#include "crypto/memory.h"

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
static void kdf(uint8_t *const *outputs, size_t count, const uint8_t key[static KDF_BYTES],
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
