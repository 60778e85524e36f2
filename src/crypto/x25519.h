/* SPDX-License-Identifier: MIT
 *
 * DH of protocol §1: X25519 (RFC 7748), keys and secrets being strings of 32 bytes.
 *
 * Private keys are used as if clamped, whether they are or not; the top bit of a public key is ignored.
 * Public keys of low order (they are accepted in configurations) have only one possible secret, all zero:
 * such a result is a failure here, so nobody can forget to check. Everything runs in time independent of
 * the private key. The caller wipes shared secrets.
 */
#ifndef CRYPTO_X25519_H
#define CRYPTO_X25519_H

#include "vole.h"

/* One exchange of a batch. The caller owns all memory; shared must not overlap another job's keys. */
struct x25519_job {
    uint8_t *shared;            /* 32 bytes, written */
    const uint8_t *private_key; /* 32 bytes */
    const uint8_t *public_key;  /* 32 bytes */
    bool nonzero;               /* written: what x25519() returns */
};

/* The secret shared by this private key and that public key. False, with shared all zero, if it is zero:
 * drop the message or do not send. shared may be one of the keys. */
VOLE_MUST_CHECK bool x25519(uint8_t shared[static 32], const uint8_t private_key[static 32],
                            const uint8_t public_key[static 32]);
/* The public key of a private key, which may be the same memory. Any 32 bytes are a private key. */
void x25519_base(uint8_t public_key[static 32], const uint8_t private_key[static 32]);
/* Makes 32 random bytes a private key in the form in which it is stored and shown (RFC 7748 §5). */
void x25519_clamp(uint8_t private_key[static 32]);
/* The u coordinate of the base point: an exchange with it is x25519_base(). Give this very pointer: a batch
 * knows a shorter way for it where there is one. */
extern const uint8_t x25519_base_point[32];
/* Does count exchanges, none being allowed; each as x25519(). Where the processor has vectors, up to eight
 * together take little longer than one, so collect what does not depend on each other. */
void x25519_batch(struct x25519_job *jobs, size_t count);

#endif
