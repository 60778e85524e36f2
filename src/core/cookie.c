/* SPDX-License-Identifier: MIT
 *
 * mac1 proves knowledge of the receiver's public key, mac2 of a cookie sent to that very address and port.
 */
#include "core/cookie.h"

#include "core/constants.h"
#include "crypto/memory.h"
#include "crypto/xaead.h"

#include <assert.h>
#include <string.h>

#define MOST_TOGETHER 16u

static void label_key(uint8_t key[static 32], const char label[static 8], const uint8_t public_key[static 32])
{
    blake2s_hash2(key, (const uint8_t *)label, 8, public_key, 32);
}

void cookie_keys_init(struct cookie_keys *keys, const uint8_t public_key[static 32])
{
    uint8_t mac1_key[32];

    label_key(mac1_key, "mac1----", public_key);
    blake2s_keyed_init(&keys->mac1, mac1_key, sizeof mac1_key);
    label_key(keys->cookie, "cookie--", public_key);
}

bool cookie_mac1_valid(const struct blake2s_keyed *mac1, const uint8_t *message, size_t length)
{
    uint8_t expected[MAC_BYTES];

    blake2s_keyed_mac(mac1, expected, message, message_mac1_offset(length));
    return memory_equal(expected, message + message_mac1_offset(length), MAC_BYTES);
}

void cookie_mac1_valid_many(const struct blake2s_keyed *mac1, const uint8_t *const *messages, size_t length,
                            bool *valid, size_t count)
{
    size_t offset = message_mac1_offset(length);
    uint8_t expected[MOST_TOGETHER][MAC_BYTES];
    struct blake2s_job jobs[MOST_TOGETHER] = {{0}};

    assert(count <= MOST_TOGETHER);
    for (size_t i = 0; i < count; i++)
        jobs[i] = (struct blake2s_job){.hash = expected[i], .a = messages[i]};
    blake2s_keyed_mac_batch(mac1, jobs, count, offset);
    for (size_t i = 0; i < count; i++)
        valid[i] = memory_equal(expected[i], messages[i] + offset, MAC_BYTES);
}

void cookie_add_macs(struct cookie_holder *holder, const struct cookie_keys *receiver, uint8_t *message,
                     size_t length, uint64_t boot_ns)
{
    uint8_t *mac1 = message + message_mac1_offset(length), *mac2 = message + message_mac2_offset(length);

    blake2s_keyed_mac(&receiver->mac1, mac1, message, message_mac1_offset(length));
    memcpy(holder->last_mac1, mac1, MAC_BYTES);
    holder->mac1_outstanding = true;
    if (holder->has_cookie && holder->birth_ns + COOKIE_MAX_AGE > boot_ns)
        blake2s_mac(mac2, holder->cookie, COOKIE_BYTES, message, message_mac2_offset(length));
    else
        memset(mac2, 0, MAC_BYTES);
}

static void draw_secret(struct cookie_maker *maker, cookie_random *random, void *context, uint64_t boot_ns)
{
    random(context, maker->secret, sizeof maker->secret);
    maker->secret_birth_ns = boot_ns;
}

void cookie_maker_init(struct cookie_maker *maker, cookie_random *random, void *context, uint64_t boot_ns)
{
    draw_secret(maker, random, context, boot_ns);
}

#define SOURCE_BYTES_MAX (16 + 2)

/* address || port in network order; returns how many bytes that is. */
static size_t source_bytes(uint8_t source[static SOURCE_BYTES_MAX], const struct vole_endpoint *from)
{
    size_t address_bytes = from->address.family == 4 ? 4 : 16;

    memcpy(source, from->address.bytes, address_bytes);
    bytes_store_be16(source + address_bytes, from->port);
    return address_bytes + 2;
}

/* MAC(secret, source). */
static void make_cookie(struct cookie_maker *maker, uint8_t cookie[static COOKIE_BYTES],
                        const struct vole_endpoint *from, cookie_random *random, void *context,
                        uint64_t boot_ns)
{
    uint8_t source[SOURCE_BYTES_MAX];

    if (maker->secret_birth_ns + COOKIE_SECRET_MAX_AGE <= boot_ns)
        draw_secret(maker, random, context, boot_ns);
    blake2s_mac(cookie, maker->secret, sizeof maker->secret, source, source_bytes(source, from));
}

/* Wipes the cookie. */
static bool mac2_is_of(uint8_t cookie[static COOKIE_BYTES], const uint8_t *message, size_t length)
{
    uint8_t expected[MAC_BYTES];

    blake2s_mac(expected, cookie, COOKIE_BYTES, message, message_mac2_offset(length));
    memory_wipe(cookie, COOKIE_BYTES);
    return memory_equal(expected, message + message_mac2_offset(length), MAC_BYTES);
}

bool cookie_mac2_valid(struct cookie_maker *maker, const struct vole_endpoint *from, const uint8_t *message,
                       size_t length, cookie_random *random, void *context, uint64_t boot_ns)
{
    uint8_t cookie[COOKIE_BYTES];

    make_cookie(maker, cookie, from, random, context, boot_ns);
    return mac2_is_of(cookie, message, length);
}

bool cookie_mac2_made_with(const struct blake2s_keyed *secret, const struct vole_endpoint *from,
                           const uint8_t *message, size_t length)
{
    uint8_t cookie[COOKIE_BYTES], source[SOURCE_BYTES_MAX];

    blake2s_keyed_mac(secret, cookie, source, source_bytes(source, from));
    return mac2_is_of(cookie, message, length);
}

void cookie_create_reply(struct cookie_maker *maker, const uint8_t cookie_key[static 32],
                         const struct vole_endpoint *from, const uint8_t *denied, size_t denied_length,
                         uint8_t reply[static COOKIE_REPLY_BYTES], cookie_random *random, void *context,
                         uint64_t boot_ns)
{
    uint8_t cookie[COOKIE_BYTES];

    make_cookie(maker, cookie, from, random, context, boot_ns);
    bytes_store_le32(reply, MESSAGE_COOKIE_REPLY);
    memcpy(reply + COOKIE_REPLY_RECEIVER, denied + 4, 4); /* the sender index of either message */
    random(context, reply + COOKIE_REPLY_NONCE, XAEAD_NONCE_BYTES);
    xaead_seal(reply + COOKIE_REPLY_COOKIE, cookie, sizeof cookie,
               denied + message_mac1_offset(denied_length), MAC_BYTES, reply + COOKIE_REPLY_NONCE,
               cookie_key);
    memory_wipe(cookie, sizeof cookie);
}

bool cookie_consume_reply(struct cookie_holder *holder, const uint8_t cookie_key[static 32],
                          const uint8_t reply[static COOKIE_REPLY_BYTES], uint64_t boot_ns, bool *unexpected)
{
    uint8_t cookie[COOKIE_BYTES];
    bool good;

    *unexpected = !holder->mac1_outstanding;
    if (*unexpected)
        return false;
    good = xaead_open(cookie, reply + COOKIE_REPLY_COOKIE, COOKIE_BYTES + 16, holder->last_mac1, MAC_BYTES,
                      reply + COOKIE_REPLY_NONCE, cookie_key);
    if (good) {
        memcpy(holder->cookie, cookie, sizeof cookie);
        holder->birth_ns = boot_ns;
        holder->has_cookie = true;
        holder->mac1_outstanding = false;
    }
    memory_wipe(cookie, sizeof cookie);
    return good;
}
