/* SPDX-License-Identifier: MIT
 *
 * BLAKE2s (RFC 7693): HASH and MAC of protocol §1.
 *
 * The output length is a parameter of the hash: 16 bytes of output are not the first half of 32. HASH is
 * unkeyed with 32 bytes of output, MAC is BLAKE2s' own keyed mode with 16. (The KDF uses neither but HMAC,
 * see kdf.h.) Portable C, any endianness, no tables indexed by secrets, no branch on them.
 *
 * A keyed hash begins with a block that holds only the key. struct blake2s_keyed keeps what is known after
 * that block, so that a MAC under a long-lived key (mac1) saves one block of work. It is as secret as its
 * key. States are plain memory of the caller, may be copied to branch off, and are wiped by final; whoever
 * abandons one before that, or ends a struct blake2s_keyed, wipes it with memory_wipe().
 *
 * Batches are many messages of equal length. Where the processor has vectors, sixteen take little longer than
 * one, so collect what does not depend on each other.
 *
 * Byte strings of length 0 may be NULL. Outputs may overlap inputs, in a batch those of the same job.
 */
#ifndef CRYPTO_BLAKE2S_H
#define CRYPTO_BLAKE2S_H

#include <stddef.h>
#include <stdint.h>

#define BLAKE2S_BLOCK_BYTES 64
#define BLAKE2S_HASH_BYTES  32
#define BLAKE2S_KEY_BYTES   32 /* at most */
#define BLAKE2S_MAC_BYTES   16

/* A hash in progress. */
struct blake2s {
    uint32_t h[8];                      /* chaining value */
    uint64_t counter;                   /* bytes compressed so far, a key block included */
    size_t used;                        /* bytes waiting in block; never compressed before more follow */
    size_t output_length;               /* bytes that final writes */
    uint8_t block[BLAKE2S_BLOCK_BYTES]; /* the tail that final will need */
};

/* A key ready for MACs with 16 bytes of output. */
struct blake2s_keyed {
    uint32_t h[8];                    /* chaining value after the key block */
    uint8_t empty[BLAKE2S_MAC_BYTES]; /* MAC of the empty message: its key block is the last one, so h does
                                         not lead there */
};

/* Starts a hash with output_length (1..32) bytes of output. */
void blake2s_init(struct blake2s *state, size_t output_length);
/* The same under a key of key_length (0..32) bytes; 0 is the unkeyed hash. */
void blake2s_init_keyed(struct blake2s *state, size_t output_length, const uint8_t *key, size_t key_length);
/* Adds length bytes to the message. */
void blake2s_update(struct blake2s *state, const uint8_t *bytes, size_t length);
/* Writes the state's output_length bytes to hash and wipes the state. */
void blake2s_final(struct blake2s *state, uint8_t *hash);

/* HASH(bytes) */
void blake2s_hash(uint8_t hash[static BLAKE2S_HASH_BYTES], const uint8_t *bytes, size_t length);
/* HASH(a ‖ b) */
void blake2s_hash2(uint8_t hash[static BLAKE2S_HASH_BYTES], const uint8_t *a, size_t a_length,
                   const uint8_t *b, size_t b_length);
/* MAC(key, bytes); protocol §1 uses keys of 32 and 16 bytes, any of 1..32 works. */
void blake2s_mac(uint8_t mac[static BLAKE2S_MAC_BYTES], const uint8_t *key, size_t key_length,
                 const uint8_t *bytes, size_t length);

/* Prepares a key of key_length (1..32) bytes. */
void blake2s_keyed_init(struct blake2s_keyed *keyed, const uint8_t *key, size_t key_length);
/* MAC(that key, bytes). Any number of threads may use one keyed at once. */
void blake2s_keyed_mac(const struct blake2s_keyed *keyed, uint8_t mac[static BLAKE2S_MAC_BYTES],
                       const uint8_t *bytes, size_t length);

/* One message of a batch: a ‖ b. */
struct blake2s_job {
    uint8_t *hash; /* 32 bytes, written; of MACs 16 */
    const uint8_t *a, *b;
};

/* Each job's hash = HASH(a ‖ b), all a being a_length bytes and all b b_length. */
void blake2s_hash2_batch(const struct blake2s_job *jobs, size_t count, size_t a_length, size_t b_length);
/* Each job's hash = MAC(that key, a), all a being length bytes; b is not looked at. */
void blake2s_keyed_mac_batch(const struct blake2s_keyed *keyed, const struct blake2s_job *jobs, size_t count,
                             size_t length);

#endif
