/* SPDX-License-Identifier: MIT
 *
 * The tags of a batch of packets, one pair after the other in groups of eight, in pieces: so that they can be
 * computed between the rounds of ChaCha20. For aead_avx512.c alone.
 *
 * aead_authenticator_advance() does what has to be done alone (beginnings and ends of groups and pairs, rows
 * that need masks) until the next thing to do is a step over full rows, which the caller may do together
 * with something else. When sealing, the tags are written behind the packets; when opening, they are
 * compared.
 */
#ifndef CRYPTO_AEAD_AUTHENTICATOR_AVX512_H
#define CRYPTO_AEAD_AUTHENTICATOR_AVX512_H

#include "crypto/aead.h"
#include "crypto/little_endian.h"
#include "crypto/poly1305_pair_avx512.h"

struct aead_authenticator {
    struct poly1305_group group;
    struct poly1305_pair pair;
    struct poly1305_message messages[POLY1305_GROUP];
    uint64_t tags[2 * POLY1305_GROUP];
    struct aead_packet *packets;
    const uint8_t (*keys)[POLY1305_KEY_BYTES]; /* one-time keys; complete before the first step */
    size_t count;
    size_t authentic; /* packets found so */
    size_t group_first;
    size_t group_count; /* packets in the present group; 0 if none was begun */
    size_t next;        /* the first packet that no pair was begun for */
    size_t passed;      /* all packets before this one are dealt with, but for the tags of the group */
    size_t available;   /* only packets before this one may be read */
    bool opening;
    bool pair_begun;
    bool short_only; /* no packet yet needed the higher powers */
};

static inline void aead_authenticator_init(struct aead_authenticator *authenticator,
                                           struct aead_packet *packets, size_t count,
                                           const uint8_t (*keys)[POLY1305_KEY_BYTES], bool opening)
{
    authenticator->packets = packets;
    authenticator->keys = keys;
    authenticator->count = count;
    authenticator->authentic = 0;
    authenticator->group_first = 0;
    authenticator->group_count = 0;
    authenticator->next = 0;
    authenticator->passed = 0;
    authenticator->available = opening ? count : 0;
    authenticator->opening = opening;
    authenticator->pair_begun = false;
}

static inline void aead_authenticator_write(struct aead_packet *packet, uint64_t low, uint64_t high)
{
    little_endian_store64(packet->bytes + packet->length, low);
    little_endian_store64(packet->bytes + packet->length + 8, high);
}

static inline bool aead_authenticator_compare(struct aead_packet *packet, uint64_t low, uint64_t high)
{
    low ^= little_endian_load64(packet->bytes + packet->length);
    high ^= little_endian_load64(packet->bytes + packet->length + 8);
    packet->authentic = (low | high) == 0;
    return packet->authentic;
}

static inline __attribute__((always_inline)) void aead_authenticator_group_start(
    struct aead_authenticator *authenticator)
{
    const size_t left = authenticator->count - authenticator->next;
    ptrdiff_t rows;

    authenticator->group_first = authenticator->next;
    authenticator->group_count = left < POLY1305_GROUP ? left : POLY1305_GROUP;
    for (size_t i = 0; i < authenticator->group_count; i++) {
        const struct aead_packet *packet = &authenticator->packets[authenticator->next + i];

        authenticator->messages[i] = poly1305_message_of(packet->bytes, packet->length);
    }
    rows = poly1305_rows_of(authenticator->messages, authenticator->group_count);
    authenticator->short_only &= rows <= 2;
    poly1305_group_start(&authenticator->group, authenticator->keys[authenticator->next], rows);
}

static inline __attribute__((always_inline)) void aead_authenticator_group_finish(
    struct aead_authenticator *authenticator)
{
    struct aead_packet *packet = &authenticator->packets[authenticator->group_first];
    const uint64_t *tags = authenticator->tags;

    poly1305_group_finish(&authenticator->group, authenticator->tags);
    for (size_t i = 0; i < authenticator->group_count; i++, packet++, tags++) {
        if (authenticator->opening)
            authenticator->authentic += aead_authenticator_compare(packet, tags[0], tags[POLY1305_GROUP]);
        else
            aead_authenticator_write(packet, tags[0], tags[POLY1305_GROUP]);
    }
    authenticator->group_count = 0;
}

static inline __attribute__((always_inline)) void aead_authenticator_pair_start(
    struct aead_authenticator *authenticator)
{
    const size_t first = authenticator->next - authenticator->group_first;
    /* An odd one at the end is its own partner. */
    const size_t second = first + 1 < authenticator->group_count ? first + 1 : first;

    poly1305_pair_start(&authenticator->pair, &authenticator->group, first / 2,
                        &authenticator->messages[first], &authenticator->messages[second]);
    authenticator->next += second - first + 1;
    authenticator->pair_begun = true;
}

/* Whether there are two more packets for a pair, or the one that is the last of all. */
static inline bool aead_authenticator_has_next(const struct aead_authenticator *authenticator)
{
    const size_t last =
        authenticator->next + 1 < authenticator->count ? authenticator->next + 1 : authenticator->next;

    return last < authenticator->available;
}

/* Does what has to be done alone. Returns how many steps over full rows are next; if none, nothing can be
 * done before more packets are available. */
static __attribute__((noinline)) size_t aead_authenticator_advance(struct aead_authenticator *authenticator)
{
    for (;;) {
        if (authenticator->pair_begun) {
            if (authenticator->pair.rows > 0)
                return poly1305_prepare(&authenticator->pair);
            authenticator->group.sum[authenticator->pair.index] = authenticator->pair.h;
            authenticator->pair_begun = false;
            authenticator->passed = authenticator->next;
        }
        if (authenticator->group_count > 0 &&
            authenticator->next == authenticator->group_first + authenticator->group_count)
            aead_authenticator_group_finish(authenticator);
        if (!aead_authenticator_has_next(authenticator))
            return 0;
        if (authenticator->group_count == 0)
            aead_authenticator_group_start(authenticator);
        aead_authenticator_pair_start(authenticator);
    }
}

/* Does all there is to do with the packets before this one, which are available. */
static __attribute__((noinline)) void aead_authenticator_pass(struct aead_authenticator *authenticator,
                                                              size_t packet)
{
    while (authenticator->passed < packet) {
        for (size_t steps = aead_authenticator_advance(authenticator); steps > 0; steps--)
            poly1305_step_run(&authenticator->pair, &authenticator->group);
    }
}

#endif
