/* SPDX-License-Identifier: MIT
 *
 * mac1, mac2 and cookies, both sides (protocol §4.5, cookies §2-§4). Knows nothing of peers or queues.
 */
#ifndef CORE_COOKIE_H
#define CORE_COOKIE_H

#include "core/messages.h"
#include "crypto/blake2s.h"
#include "vole.h"

/* What a public key's owner is addressed with: derived from the public key alone. */
struct cookie_keys {
    struct blake2s_keyed mac1; /* of HASH("mac1----" || public key), ready to use */
    uint8_t cookie[32];        /* HASH("cookie--" || public key) */
};

/* The maker: decides that strangers must prove their address. Control only. */
struct cookie_maker {
    uint8_t secret[32];
    uint64_t secret_birth_ns; /* boot clock; replaced lazily after 120 s, without grace */
};

/* The holder: one per peer. Control only. Survives handshakes and interface down. */
struct cookie_holder {
    uint8_t last_mac1[MAC_BYTES];
    uint8_t cookie[COOKIE_BYTES];
    uint64_t birth_ns;
    bool has_cookie;
    bool mac1_outstanding; /* sent since the last accepted cookie */
};

typedef void cookie_random(void *context, uint8_t *bytes, size_t length);

void cookie_keys_init(struct cookie_keys *keys, const uint8_t public_key[static 32]);
/* Constant time. message is a whole initiation or response. */
bool cookie_mac1_valid(const struct blake2s_keyed *mac1, const uint8_t *message, size_t length);
/* The same of up to 16 messages of one length: valid[i] is written. */
void cookie_mac1_valid_many(const struct blake2s_keyed *mac1, const uint8_t *const *messages, size_t length,
                            bool *valid, size_t count);
/* Fills in mac1, and mac2 if a cookie younger than 115 s is held (zeros if not); remembers mac1. */
void cookie_add_macs(struct cookie_holder *holder, const struct cookie_keys *receiver, uint8_t *message,
                     size_t length, uint64_t boot_ns);

void cookie_maker_init(struct cookie_maker *maker, cookie_random *random, void *context, uint64_t boot_ns);
/* Whether mac2 proves that the sender received the cookie for this address and port. */
bool cookie_mac2_valid(struct cookie_maker *maker, const struct vole_endpoint *from, const uint8_t *message,
                       size_t length, cookie_random *random, void *context, uint64_t boot_ns);
/* The same for others than the maker, with its secret made ready by blake2s_keyed_init. It knows nothing of
 * the secret's age. Any thread. */
bool cookie_mac2_made_with(const struct blake2s_keyed *secret, const struct vole_endpoint *from,
                           const uint8_t *message, size_t length);
/* Writes the reply to a denied initiation or response. cookie_key is our own. */
void cookie_create_reply(struct cookie_maker *maker, const uint8_t cookie_key[static 32],
                         const struct vole_endpoint *from, const uint8_t *denied, size_t denied_length,
                         uint8_t reply[static COOKIE_REPLY_BYTES], cookie_random *random, void *context,
                         uint64_t boot_ns);
/* The holder's side: false if none is awaited (*unexpected) or it does not open; then nothing changes.
 * cookie_key is the sender's. */
bool cookie_consume_reply(struct cookie_holder *holder, const uint8_t cookie_key[static 32],
                          const uint8_t reply[static COOKIE_REPLY_BYTES], uint64_t boot_ns, bool *unexpected);

#endif
