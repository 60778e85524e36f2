/* SPDX-License-Identifier: MIT
 *
 * Where handshake.c can be watched, value by value. These functions are empty, and a compiler leaves nothing
 * of them or of their calls: the programs that carry traffic cannot show a secret here.
 * Who explains handshakes compiles the core a second time, with a header of this name found earlier that
 * keeps what it is told (src/explain/observed/core). Each call comes after its step. lane: which of the
 * handshakes side by side (handshake.c). Pointers are borrowed; a missing plaintext is NULL.
 */
#ifndef CORE_HANDSHAKE_OBSERVER_H
#define CORE_HANDSHAKE_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A function of handshake.c begins or goes on from here. */
static inline void handshake_observer_stands(size_t lane, const uint8_t C[static 32],
                                             const uint8_t H[static 32])
{
    (void)lane, (void)C, (void)H;
}

/* The keys of a Diffie-Hellman; its result is what is mixed in by and by. Before it, unlike the others. */
static inline void handshake_observer_exchanges(const uint8_t private_key[static 32],
                                                const uint8_t public_key[static 32])
{
    (void)private_key, (void)public_key;
}

static inline void handshake_observer_mixed_hash(size_t lane, const uint8_t *bytes, size_t length,
                                                 const uint8_t H[static 32])
{
    (void)lane, (void)bytes, (void)length, (void)H;
}

/* outputs: 1, C alone; 2, C and k. */
static inline void handshake_observer_mixed_key(size_t lane, const uint8_t bytes[static 32], unsigned outputs,
                                                const uint8_t C[static 32], const uint8_t k[static 32])
{
    (void)lane, (void)bytes, (void)outputs, (void)C, (void)k;
}

/* bytes: the preshared key. */
static inline void handshake_observer_mixed_preshared(size_t lane, const uint8_t bytes[static 32],
                                                      const uint8_t C[static 32],
                                                      const uint8_t temporary[static 32],
                                                      const uint8_t k[static 32])
{
    (void)lane, (void)bytes, (void)C, (void)temporary, (void)k;
}

static inline void handshake_observer_sealed(size_t lane, const uint8_t *plaintext, size_t length)
{
    (void)lane, (void)plaintext, (void)length;
}

/* length: of the plaintext, which is to be read only if it opened. */
static inline void handshake_observer_opened(size_t lane, const uint8_t *plaintext, size_t length,
                                             bool opened)
{
    (void)lane, (void)plaintext, (void)length, (void)opened;
}

#endif
