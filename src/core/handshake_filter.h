/* SPDX-License-Identifier: MIT
 *
 * The worker's filter for handshake messages: what is malformed, or has no right mac1, goes no further, so
 * that strangers who do not know our public key cost control nothing. The rest is queued for control, which
 * is woken if it may be asleep. Cookie replies are queued as they are.
 *
 * Under load the last quarter of the queue is kept for messages that strangers cannot make: initiations and
 * responses with a right mac2, whose sender got a cookie where it says it is, and answers to messages of
 * ours, known by our random index in them. So who was asked for a cookie comes through whatever the flood.
 * Control decides about all of them as ever (cookies §2).
 *
 * The cheapest question comes first: type and length; whether the queue has room at all; then mac1, of as
 * many messages together as the caller has collected; then, if only kept places are left, index and mac2.
 * Any thread, in a read section.
 */
#ifndef CORE_HANDSHAKE_FILTER_H
#define CORE_HANDSHAKE_FILTER_H

#include "core/device.h"

#define HANDSHAKE_FILTER_BATCH 16u

/* What workers must know for it. Written once, published by control in device->filter_keys; secret. */
struct filter_keys {
    struct blake2s_keyed mac1;
    uint32_t generation;                /* of the identity */
    struct blake2s_keyed cookie_secret; /* of the cookie maker, */
    uint64_t cookie_secret_birth_ns;    /* which renews it */
};

struct handshake_datagram {
    const uint8_t *bytes;
    size_t length;
    const struct vole_endpoint *from;
    bool queued;           /* written; if not: */
    enum vole_drop reason; /* written, and counted */
};

/* Filters at most HANDSHAKE_FILTER_BATCH datagrams that are no transport datagrams, in order. */
void handshake_filter(struct vole_device *device, struct handshake_datagram *datagrams, size_t count);

#endif
