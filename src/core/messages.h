/* SPDX-License-Identifier: MIT
 *
 * The four messages as bytes on the wire (protocol §3). Kept as byte arrays with named offsets: no packed
 * structs, no byte order, no alignment to think about.
 */
#ifndef CORE_MESSAGES_H
#define CORE_MESSAGES_H

#include "packet/bytes.h"

#include <stddef.h>
#include <stdint.h>

enum message_type {
    MESSAGE_INVALID = 0,
    MESSAGE_INITIATION = 1,
    MESSAGE_RESPONSE = 2,
    MESSAGE_COOKIE_REPLY = 3,
    MESSAGE_TRANSPORT = 4
};

enum {
    MAC_BYTES = 16,
    TIMESTAMP_BYTES = 12,
    COOKIE_BYTES = 16,

    INITIATION_BYTES = 148,
    INITIATION_SENDER = 4,
    INITIATION_EPHEMERAL = 8,
    INITIATION_STATIC = 40,
    INITIATION_TIMESTAMP = 88,

    RESPONSE_BYTES = 92,
    RESPONSE_SENDER = 4,
    RESPONSE_RECEIVER = 8,
    RESPONSE_EPHEMERAL = 12,
    RESPONSE_EMPTY = 44,

    COOKIE_REPLY_BYTES = 64,
    COOKIE_REPLY_RECEIVER = 4,
    COOKIE_REPLY_NONCE = 8,
    COOKIE_REPLY_COOKIE = 32,

    TRANSPORT_HEADER_BYTES = 16,
    TRANSPORT_RECEIVER = 4,
    TRANSPORT_COUNTER = 8,
    TRANSPORT_MIN_BYTES = 32,

    HANDSHAKE_MAX_BYTES = INITIATION_BYTES
};

/* Type by first word (reserved bytes must be zero) and exact length; anything else is MESSAGE_INVALID. */
static inline enum message_type message_type(const uint8_t *datagram, size_t length)
{
    if (length < TRANSPORT_MIN_BYTES)
        return MESSAGE_INVALID;
    switch (bytes_load_le32(datagram)) {
    case MESSAGE_INITIATION:
        return length == INITIATION_BYTES ? MESSAGE_INITIATION : MESSAGE_INVALID;
    case MESSAGE_RESPONSE:
        return length == RESPONSE_BYTES ? MESSAGE_RESPONSE : MESSAGE_INVALID;
    case MESSAGE_COOKIE_REPLY:
        return length == COOKIE_REPLY_BYTES ? MESSAGE_COOKIE_REPLY : MESSAGE_INVALID;
    case MESSAGE_TRANSPORT:
        return MESSAGE_TRANSPORT;
    default:
        return MESSAGE_INVALID;
    }
}

/* mac1 and mac2 are the last 32 bytes of an initiation or response. */
static inline size_t message_mac1_offset(size_t length)
{
    return length - (size_t)2 * MAC_BYTES;
}

static inline size_t message_mac2_offset(size_t length)
{
    return length - MAC_BYTES;
}

#endif
