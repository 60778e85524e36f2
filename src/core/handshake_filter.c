/* SPDX-License-Identifier: MIT
 *
 * The filter: see handshake_filter.h.
 */
#include "core/handshake_filter.h"

/* Whether each of these messages, all of one type, has a right mac1. */
static void check_mac1(const struct filter_keys *keys, struct handshake_datagram *const *datagrams,
                       size_t count, size_t length)
{
    const uint8_t *messages[HANDSHAKE_FILTER_BATCH] = {0};
    bool valid[HANDSHAKE_FILTER_BATCH];

    for (size_t i = 0; i < count; i++)
        messages[i] = datagrams[i]->bytes;
    cookie_mac1_valid_many(&keys->mac1, messages, length, valid, count);
    for (size_t i = 0; i < count; i++)
        datagrams[i]->queued = valid[i];
}

/* What can be said without mac1: true if it is the next to be asked. */
static bool needs_mac1(const struct vole_device *device, const struct filter_keys *keys,
                       struct handshake_datagram *datagram, enum message_type type)
{
    datagram->queued = false;
    datagram->reason = VOLE_DROP_WRONG_MAC1;
    if (type == MESSAGE_INVALID || type == MESSAGE_TRANSPORT)
        datagram->reason = VOLE_DROP_MALFORMED;
    else if (keys == NULL)
        datagram->reason = VOLE_DROP_NO_PRIVATE_KEY;
    else if (handshake_queue_is_full(&device->queue))
        datagram->reason = VOLE_DROP_HANDSHAKE_QUEUE_FULL;
    else if (type == MESSAGE_COOKIE_REPLY)
        datagram->queued = true;
    else
        return true;
    return false;
}

/* Whether a message with a right mac1 may have one of the kept places. */
static bool is_proven(const struct vole_device *device, const struct filter_keys *keys,
                      const struct handshake_datagram *datagram)
{
    const uint8_t *bytes = datagram->bytes;

    switch (message_type(bytes, datagram->length)) {
    case MESSAGE_COOKIE_REPLY:
        return index_find(&device->indices, bytes_load_le32(bytes + COOKIE_REPLY_RECEIVER)) != NULL;
    case MESSAGE_RESPONSE:
        if (index_find(&device->indices, bytes_load_le32(bytes + RESPONSE_RECEIVER)) != NULL)
            return true;
        break;
    default:
        break;
    }
    return cookie_mac2_made_with(&keys->cookie_secret, datagram->from, bytes, datagram->length);
}

static bool enqueue(struct vole_device *device, const struct filter_keys *keys,
                    struct handshake_datagram *datagram)
{
    bool first = false;

    datagram->queued = (!handshake_queue_is_scarce(&device->queue) || is_proven(device, keys, datagram)) &&
                       handshake_queue_put(&device->queue, datagram->bytes, datagram->length, datagram->from,
                                           keys->generation, &first);
    datagram->reason = VOLE_DROP_HANDSHAKE_QUEUE_FULL;
    return first;
}

void handshake_filter(struct vole_device *device, struct handshake_datagram *datagrams, size_t count)
{
    const struct filter_keys *keys = atomic_load_explicit(&device->filter_keys, memory_order_acquire);
    struct handshake_datagram *initiations[HANDSHAKE_FILTER_BATCH], *responses[HANDSHAKE_FILTER_BATCH];
    size_t initiation_count = 0, response_count = 0;
    bool wake = false;

    for (size_t i = 0; i < count; i++) {
        enum message_type type = message_type(datagrams[i].bytes, datagrams[i].length);

        if (!needs_mac1(device, keys, &datagrams[i], type))
            continue;
        if (type == MESSAGE_INITIATION)
            initiations[initiation_count++] = &datagrams[i];
        else
            responses[response_count++] = &datagrams[i];
    }
    if (initiation_count > 0)
        check_mac1(keys, initiations, initiation_count, INITIATION_BYTES);
    if (response_count > 0)
        check_mac1(keys, responses, response_count, RESPONSE_BYTES);
    for (size_t i = 0; i < count; i++) {
        if (datagrams[i].queued)
            wake |= enqueue(device, keys, &datagrams[i]);
        if (!datagrams[i].queued)
            device_drop(device, datagrams[i].reason, 1);
    }
    if (wake && device->hooks.wake_control != NULL)
        device->hooks.wake_control(device->hooks.context);
}
